"""What writes more than it may is stopped; who makes room is not."""

from pathlib import Path

import docker
import pytest

from swe_agent.runtime import disk_limit
from swe_agent.runtime.box import Box, Limits
from swe_agent.runtime.bubblewrap import Plan, counted_bytes, start_bubblewrap
from swe_agent.runtime.disk_limit import DiskWatch
from swe_agent.runtime.docker import start_box
from swe_agent.runtime.recipe import recipe_for
from swe_agent.runtime.sandbox import BrokerSandbox
from swe_agent.runtime.store import TreeStore
from tests.backends import need_bubblewrap

MB = 1 << 20


def stops(sizes: list[int | None]) -> list[bool]:
    """Whether each look at these sizes, under a limit of 100 MB, stops something."""
    stopped: list[bool] = []
    left = iter(sizes)
    watch = DiskWatch(lambda: next(left), lambda: None, 100)
    for _ in sizes:
        watch.look()
        stopped.append(watch.stopped_at_mb() == 100)
    return stopped


def test_growth_over_the_limit_is_stopped_and_making_room_is_not() -> None:
    sizes = [10 * MB, 101 * MB, 101 * MB, 90 * MB, 110 * MB, 105 * MB, None, 108 * MB]
    assert stops(sizes) == [False, True, False, False, True, False, False, True]


@pytest.mark.parametrize("said", [b"", b"\n", b"du: killed\n"])
def test_a_count_that_a_command_killed_is_none(said: bytes) -> None:
    with pytest.raises(ValueError, match="int"):
        counted_bytes(said)


@pytest.mark.docker
@pytest.mark.parametrize("way", ["run", "execute"])
def test_a_command_that_fills_the_disk_is_stopped_and_told(
    engine: docker.DockerClient,
    base_image: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    monkeypatch.setattr(disk_limit, "PERIOD_S", 0.1)
    store = TreeStore(tmp_path / "store")
    recipe = recipe_for(engine, base_image, "disk", Limits(memory_mb=256, disk_mb=100))
    box = start_box(engine, recipe, store, store.empty)
    is_stopped_at_its_limit(box, recipe.root, tmp_path, way)


@pytest.mark.parametrize("way", ["run", "execute"])
def test_a_command_that_fills_the_disk_without_an_engine_is_stopped_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    need_bubblewrap()
    monkeypatch.setattr(disk_limit, "PERIOD_S", 0.1)
    box = start_bubblewrap(Plan(Limits(memory_mb=256, disk_mb=100)))
    is_stopped_at_its_limit(box, box.root, tmp_path, way)


def is_stopped_at_its_limit(box: Box, root: str, tmp_path: Path, way: str) -> None:
    """Fill the disk; then make room and go on."""
    store = TreeStore(tmp_path / "store")
    try:
        sandbox = BrokerSandbox(box, store, root, tmp_path)
        sandbox.begin(store.empty, ())
        fill = "i=0; while :; do head -c 4000000 /dev/zero >f$i; i=$((i+1)); sleep 0.02; done"
        result = getattr(sandbox, way)(fill, 120)
        assert (result.disk_limit_mb, result.timed_out) == (100, False)
        assert result.exit_code != 0
        assert sandbox.run("rm f*; echo room", 60).output == b"room\n"
        again = sandbox.run("head -c 1000000 /dev/zero >g; echo fits", 60)
        assert (again.output, again.disk_limit_mb) == (b"fits\n", 0)
    finally:
        box.close()
