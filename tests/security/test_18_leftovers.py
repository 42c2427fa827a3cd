"""Check 18: a run leaves nothing behind and touches nobody else's."""

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
from tests.solve.conftest import FIX, RUN, SUBMIT, Play, call

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
