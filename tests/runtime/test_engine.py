"""Where no engine answers, the sentence fits what was found and says what to do."""

import json
import os
import socket
from pathlib import Path

import pytest

from swe_agent.core.errors import EnvironmentFault, ExitCode, UsageFault
from swe_agent.runtime import engine
from swe_agent.runtime.endpoints import Endpoint, Source, Trouble, candidates
from swe_agent.runtime.engine import connect, diagnosis, find_engine


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No engine but those that a test makes."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


def _dead_socket(place: Path) -> str:
    """A socket that nothing listens on."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(place))
    return f"unix://{place}"


def test_docker_host_is_tried_alone_and_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("DOCKER_HOST", _dead_socket(tmp_path / "d.sock"))

    with pytest.raises(EnvironmentFault) as caught:
        connect()

    assert "DOCKER_HOST" in caught.value.message
    assert str(tmp_path / "d.sock") in caught.value.message
    assert caught.value.exit_code == ExitCode.ENVIRONMENT


def test_docker_host_over_the_network_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")

    with pytest.raises(EnvironmentFault, match=r"DOCKER_HOST is .*[Rr]efused"):
        connect()


def test_docker_host_that_is_no_address_is_a_usage_fault(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCKER_HOST", "banana")

    with pytest.raises(UsageFault, match="banana"):
        find_engine()


def test_the_chosen_docker_context_is_honoured(tmp_path: Path):
    meta = tmp_path / ".docker" / "contexts" / "meta" / "abc" / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(
        json.dumps({"Name": "mine", "Endpoints": {"docker": {"Host": "unix:///x/y.sock"}}})
    )
    (tmp_path / ".docker" / "config.json").write_text('{"currentContext": "mine"}')

    assert candidates() == [Endpoint("unix:///x/y.sock", "context")]


def test_rootless_and_podman_sockets_are_candidates(tmp_path: Path):
    urls = {endpoint.source: endpoint.url for endpoint in candidates()}

    assert urls["rootless"] == f"unix://{tmp_path}/run/docker.sock"
    assert {"docker", "desktop", "podman"} <= urls.keys()


def test_a_listening_socket_is_taken_before_a_dead_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    _dead_socket(tmp_path / "run" / "docker.sock")
    place = tmp_path / "run" / "podman" / "podman.sock"
    place.parent.mkdir()
    monkeypatch.setattr("swe_agent.runtime.endpoints.DEFAULT_SOCKET", str(tmp_path / "none"))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        listening.listen()

        assert find_engine() == Endpoint(f"unix://{place}", "podman")


@pytest.mark.parametrize(
    ("source", "trouble", "says", "next_step"),
    [
        ("docker", "denied", "Permission denied", "newgrp docker"),
        ("podman", "denied", "Permission denied", "podman.socket"),
        ("docker", "refused", "is not running", ""),
        ("desktop", "refused", "Docker Desktop is installed but not running", "Start Docker"),
        ("rootless", "refused", "rootless", "systemctl --user start docker"),
        ("podman", "refused", "podman", "podman.socket"),
        ("context", "missing", "docker context", "docker context use default"),
        ("DOCKER_HOST", "missing", "DOCKER_HOST", "unset it"),
    ],
)
def test_each_trouble_has_its_sentence(source: Source, trouble: Trouble, says, next_step):
    fault = diagnosis([Endpoint("unix:///s.sock", source, trouble)])

    assert says in fault.message
    assert next_step in fault.next_step


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open any socket")
def test_a_socket_of_others_is_denied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("DOCKER_HOST", _dead_socket(tmp_path / "d.sock"))
    (tmp_path / "d.sock").chmod(0)

    with pytest.raises(EnvironmentFault, match="Permission denied"):
        find_engine()


@pytest.mark.parametrize(
    ("installed", "says"),
    [
        (["dockerd"], "its engine is not running"),
        (["podman"], "podman is installed"),
        (["docker"], "docker client is installed"),
        ([], "no Docker engine on this machine"),
    ],
    ids=["dockerd", "podman", "client", "nothing"],
)
def test_no_socket_at_all_says_what_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, installed, says
):
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in installed:
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(engine.sys, "platform", "linux")
    missing = [Endpoint(f"unix://{tmp_path}/{i}", "docker", "missing") for i in range(2)]

    fault = diagnosis(missing)

    assert says in fault.message
    assert fault.next_step


@pytest.mark.docker
def test_a_running_engine_answers(monkeypatch: pytest.MonkeyPatch):
    client = connect()

    assert client.ping()
    client.close()
