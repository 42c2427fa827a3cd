"""Check 18: a run leaves nothing behind and touches nobody else's."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import docker
import pytest
from docker.errors import APIError

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.events import Event
from swe_agent.runtime.recipe import RUN_LABEL
from tests.conftest import BASE_IMAGE
from tests.patience import comes_true
from tests.solve.conftest import FIX, RUN, SUBMIT, TEST_COMMAND, Play, call, write_script

pytestmark = pytest.mark.docker


def kept(client: docker.DockerClient, run: str = RUN) -> list[str]:
    """Containers of a run, in any state."""
    found = client.api.containers(all=True, filters={"label": f"{RUN_LABEL}={run}"})
    return [one["Id"] for one in found]


def volumes_and_networks(client: docker.DockerClient) -> set[str]:
    rows = client.api.volumes()["Volumes"] or []
    return {row["Name"] for row in rows} | {row["Id"] for row in client.api.networks()}


@pytest.mark.parametrize(
    "way", ["ends", pytest.param("fails", marks=pytest.mark.soak), "loses its sandbox"]
)
def test_nothing_is_left_and_a_strangers_container_stays(
    engine: docker.DockerClient,
    base_image: str,
    play: Play,
    way: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    own = tmp_path / "tmp"
    own.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(own))
    before = volumes_and_networks(engine)
    stranger = engine.api.create_container(base_image, ["sleep", "99"], name="swe-agent-stranger")
    engine.api.start(stranger["Id"])

    def also(event: Event) -> None:
        if way == "loses its sandbox" and event.type == "tool_returned":
            for one in kept(engine):
                with suppress(APIError):  # the run itself is taking it away
                    engine.api.remove_container(one, force=True)

    try:
        leave = call("shell", command="setsid sleep 99 & echo 1 >/tmp/x")
        if way == "fails":
            with pytest.raises(EnvironmentFault):
                play([leave], tests__commands=("python3 -m pytest no_such_folder",))
        else:
            assert play([leave, FIX, SUBMIT], also=also).result.verdict == "verified"
        assert engine.api.inspect_container(stranger["Id"])["State"]["Running"]
    finally:
        engine.api.remove_container(stranger["Id"], force=True)
    assert kept(engine) == []
    assert volumes_and_networks(engine) <= before
    assert list(own.iterdir()) == []
    names = {thread.name for thread in threading.enumerate()}
    assert not names & {"checkpoint", "warm-up"}


@pytest.mark.soak
def test_a_batch_that_is_killed_and_gone_on_with_leaves_nothing(
    engine: docker.DockerClient, project: Path, tmp_path: Path
) -> None:
    """24 tasks, 6 workers; commands leave processes and files behind, and the kill meets them."""
    before = volumes_and_networks(engine)
    ids = [f"left-{os.getpid()}-{number}" for number in range(24)]
    row = {"repo": str(project), "issue": "x", "test": TEST_COMMAND, "image": BASE_IMAGE}
    tasks, own = tmp_path / "tasks.jsonl", tmp_path / "tmp"
    tasks.write_text("".join(json.dumps(row | {"id": one}) + "\n" for one in ids))
    own.mkdir()
    leave = call("shell", command="setsid sleep 999 & echo 1 >/tmp/x")
    script = write_script(tmp_path / "script.jsonl", [leave, FIX, SUBMIT])
    program = Path(sys.executable).with_name("swe-agent")
    options = ("-m", f"scripted/{script}", "-w", "6", "--json", "-o", tmp_path / "out")
    argv = [str(word) for word in (program, "batch", tasks, *options)]
    env = os.environ | {"TMPDIR": str(own)}

    def left() -> list[str]:
        return [box for one in ids for box in kept(engine, one)]

    killed = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)
    assert killed.stdout is not None
    assert killed.stdout.readline()
    assert left(), "some are at work"
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert comes_true(lambda: not left())
    done = subprocess.run(argv, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    totals = json.loads((tmp_path / "out/results.json").read_bytes())["totals"]
    assert totals["verdicts"] == {"verified": len(ids)}
    assert left() == []
    assert volumes_and_networks(engine) <= before
    assert [one.name for one in own.iterdir()] == []
