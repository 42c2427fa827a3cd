"""Each wait for the engine has a limit of its own: for a start, for a pull, for set-up."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest

from swe_agent.core.errors import EngineAway, EnvironmentFault
from swe_agent.runtime.box import Limits
from swe_agent.runtime.docker import start_box
from swe_agent.runtime.environment import DockerSandboxes
from swe_agent.runtime.pull import pull_image
from swe_agent.runtime.recipe import Recipe
from swe_agent.runtime.setup import SetUp
from swe_agent.runtime.store import TreeStore

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"

Engine = Callable[..., docker.DockerClient]


@pytest.fixture
def stalling() -> Iterator[Engine]:
    """Makes clients of an engine that answers every request with these bytes and then falls
    silent, or goes away."""
    held: list[socket.socket] = []

    def made(answer: bytes, timeout_s: float, *, goes: bool = False) -> docker.DockerClient:
        listener = socket.create_server(("127.0.0.1", 0))
        held.append(listener)

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                    held.append(connection)
                    connection.recv(1 << 16)
                    connection.sendall(answer)
                    if goes:
                        connection.close()
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        url = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        return docker.DockerClient(base_url=url, version="1.41", timeout=timeout_s)

    yield made
    for one in held:
        one.close()


def chunk(text: str) -> bytes:
    return f"{len(text):x}\r\n{text}\r\n".encode()


def test_a_pull_that_stalls_ends_at_its_own_limit(stalling: Engine) -> None:
    client = stalling(STREAM + chunk('{"status": "Pulling"}\r\n'), 600)
    with pytest.raises(EnvironmentFault, match="pulling a/b:1 took more than 1 s") as fault:
        pull_image(client, "a/b:1", 1)
    assert "engine.pull_timeout_s" in fault.value.next_step


def test_a_pull_that_never_begins_ends_at_its_own_limit(stalling: Engine) -> None:
    with pytest.raises(EnvironmentFault, match="took more than 1 s"):
        pull_image(stalling(b"", 600), "a/b:1", 1)


def test_a_pull_may_take_longer_than_a_start(stalling: Engine) -> None:
    client = stalling(STREAM + chunk('{"status": "Pulling"}\r\n'), 0.3)
    with pytest.raises(EnvironmentFault, match=r"took more than 1\.5 s"):
        pull_image(client, "a/b:1", 1.5)


def test_an_engine_that_goes_away_under_a_pull_is_told(stalling: Engine) -> None:
    client = stalling(STREAM + chunk('{"status": "Pulling"}\r\n'), 600, goes=True)
    with pytest.raises(EnvironmentFault, match="cannot be pulled"):
        pull_image(client, "a/b:1", 20)


def test_what_the_registry_says_is_told(stalling: Engine) -> None:
    client = stalling(STREAM + chunk('{"error": "no such\\u001b[31m image"}\r\n') + chunk(""), 600)
    with pytest.raises(EnvironmentFault, match="cannot be pulled: no such") as fault:
        pull_image(client, "a/b:1", 20)
    assert "\x1b" not in fault.value.message


def test_a_start_that_stalls_ends_at_its_own_limit(stalling: Engine, tmp_path: Path) -> None:
    recipe = Recipe("a/b:1", "run", "/workspace", "1000:1000")
    with (
        closing(TreeStore(tmp_path / "store")) as store,
        pytest.raises(EngineAway, match="does not answer"),
    ):
        start_box(stalling(b"", 0.5), recipe, store, store.empty)


@pytest.mark.docker
def test_set_up_that_takes_too_long_is_stopped_with_what_it_said(
    engine: docker.DockerClient, base_image: str, tmp_path: Path
) -> None:
    with closing(TreeStore(tmp_path / "store")) as store:
        sandboxes = DockerSandboxes(engine, store, "waiting", Limits(), tmp_path)
        setup = SetUp(base_image, ("echo one", "echo two; sleep 60"), timeout_s=3, network=False)
        with pytest.raises(EnvironmentFault, match="took more than 3 s") as fault:
            sandboxes.prepare(setup, store.empty)
    assert "two" in fault.value.message
