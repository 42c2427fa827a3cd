"""An engine that stops in the middle of a run, and comes back: a private one, in a network
namespace of its own."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from swe_agent.core.events import Event
from tests.conftest import BASE_IMAGE
from tests.solve.conftest import FIX, SUBMIT, Play, call

pytestmark = [pytest.mark.docker, pytest.mark.soak]
AWAY_S = 60.0


class PrivateEngine:
    """A dockerd that the test may stop and start."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.socket = folder, folder / "docker.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        place = {"data-root": "root", "exec-root": "exec", "pidfile": "pid"}
        flags = [f"--{flag}={self.folder / name}" for flag, name in place.items()]
        flags += ["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-masq=false"]
        command = ["unshare", "-n", "dockerd", f"-H=unix://{self.socket}", *flags]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def stop(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=60)

    def wait(self) -> None:
        deadline = time.monotonic() + 60
        while self.docker("version").returncode:
            assert time.monotonic() < deadline, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.2)

    def docker(
        self, *arguments: str, stdin: bytes | None = None
    ) -> "subprocess.CompletedProcess[bytes]":
        command = ["docker", "-H", f"unix://{self.socket}", *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, check=False)


@pytest.fixture
def private(monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateEngine]:
    if os.geteuid() != 0 or not shutil.which("dockerd"):
        pytest.skip("a private engine needs root and dockerd")
    # A socket's path has at most 107 bytes, and containerd's lies deep: pytest's own folder is too
    # long.
    folder = Path(tempfile.mkdtemp(prefix="engine-"))
    engine = PrivateEngine(folder)
    engine.start()
    engine.wait()
    image = subprocess.run(["docker", "save", BASE_IMAGE], capture_output=True, check=True).stdout
    assert engine.docker("load", stdin=image).returncode == 0
    monkeypatch.setenv("DOCKER_HOST", f"unix://{engine.socket}")
    yield engine
    engine.stop()
    shutil.rmtree(folder, ignore_errors=True)


def test_a_run_waits_for_its_engine_and_spends_nothing_meanwhile(
    private: PrivateEngine, play: Play
) -> None:
    seen: list[tuple[float, str]] = []
    away: list[float] = []

    def interrupt() -> None:
        private.stop()
        away.append(time.monotonic())
        time.sleep(AWAY_S)
        away.append(time.monotonic())
        private.start()

    def watch(event: Event) -> None:
        seen.append((time.monotonic(), event.type))
        if event.type == "tool_called" and event.call.name == "shell" and not away:
            away.clear()
            threading.Thread(target=interrupt).start()

    replies = [FIX, call("shell", command="sleep 2; cat calc.py"), SUBMIT]
    played = play(replies, also=watch)
    assert played.result.verdict == "verified"
    assert played.result.steps == 3
    assert not [at for at, kind in seen if kind == "model_called" and away[0] + 1 < at < away[1]]
    assert not [text for text in played.observations() if "engine" in text or "docker" in text]
