"""Check 15: a disk that fills up in the middle of a run is said, waited for, and costs nothing that
was written before."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.events import Event
from swe_agent.settings.load import load
from swe_agent.solve import RunRequest, resume, solve
from swe_agent.trajectory import full_disk
from swe_agent.trajectory.log import read_log
from tests.conftest import BASE_IMAGE
from tests.solve.conftest import BREAK, FIX, SUBMIT, TEST_COMMAND, call, write_script
from tests.trajectory.conftest import small_disk

__all__ = ["small_disk"]
pytestmark = pytest.mark.docker
REPLIES = [call("shell", command="seq 1 9000"), BREAK, call("run_tests"), FIX, SUBMIT]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(full_disk, "PAUSE_S", 0.02)


@pytest.fixture
def disk(small_disk: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
    return small_disk


def fill(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return


def begin(
    project: Path,
    run: Path,
    also: Callable[[Event], None],
    say: Callable[[str], None],
    wait_s: float,
) -> str:
    """Solve with the run's folder on the small disk; the verdict."""
    script = write_script(project.parent / "script.jsonl", REPLIES)
    overrides = {
        "model": f"scripted/{script}",
        "sandbox.image": BASE_IMAGE,
        "tests.commands": (TEST_COMMAND,),
        "engine.away_timeout_s": wait_s,
    }
    loaded = load(overrides=overrides, repository=project)
    request = RunRequest(project, "test_add fails", loaded, run, say=say)
    return solve(request, also).verdict


def events(run: Path) -> list[str]:
    return [line.event.type for line in read_log(run / "events.jsonl")]


MOMENTS = [
    "tool_called",
    "rolled_back",
    pytest.param("model_replied", marks=pytest.mark.soak),
    pytest.param("tests_ran", marks=pytest.mark.soak),
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_waits_for_room_and_goes_on(project: Path, disk: Path, moment: str) -> None:
    run, said, seen = disk / "run", list[str](), list[Event]()

    def also(event: Event) -> None:
        seen.append(event)
        if event.type == moment and not said:
            fill(disk)

    def say(text: str) -> None:
        said.append(text)
        if text.startswith("No space"):
            assert events(run) == [event.type for event in seen]
            (disk / "filler").unlink()

    assert begin(project, run, also, say, 60.0) == "verified"
    assert [text.split(" for ")[0] for text in said] == ["No space is left", "There is room again."]
    assert "nothing is spent" in said[0]
    assert events(run) == [event.type for event in seen]
    assert events(run)[-1] == "run_finished"
    assert not list(run.rglob("*.part"))


def test_a_run_that_waits_in_vain_is_whole_and_can_be_resumed(project: Path, disk: Path) -> None:
    run, seen = disk / "run", list[Event]()

    def also(event: Event) -> None:
        seen.append(event)
        if event.type == "tool_returned":
            fill(disk)

    with pytest.raises(EnvironmentFault, match="No space left") as fault:
        begin(project, run, also, lambda _: None, 0.1)
    assert "Make room" in fault.value.next_step
    assert events(run) == [event.type for event in seen]
    calls = events(run).count("model_replied")
    (disk / "filler").unlink()
    assert resume(run, lambda _: None).verdict == "verified"
    assert events(run).count("model_replied") == len(REPLIES)
    assert calls < len(REPLIES)


def test_a_run_cannot_begin_on_a_full_disk(project: Path, disk: Path) -> None:
    fill(disk)
    with pytest.raises(EnvironmentFault, match="No space left"):
        begin(project, disk / "run", lambda _: None, lambda _: None, 60.0)
