"""A Docker engine of a test's own, in a network of its own: it may be stopped, or have no room."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import BASE_IMAGE


class PrivateEngine:
    """A dockerd that the test may stop and start."""

    def __init__(self, folder: Path, flags: Sequence[str] = ()) -> None:
        self.folder, self.flags, self.socket = folder, flags, folder / "docker.sock"
        self.data = folder / "root"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        place = {"data-root": "root", "exec-root": "exec", "pidfile": "pid"}
        flags = [f"--{flag}={self.folder / name}" for flag, name in place.items()]
        flags += ["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-masq=false"]
        flags += self.flags
        command = ["unshare", "-n", "dockerd", f"-H=unix://{self.socket}", *flags]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def stop(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=300)

    def wait(self) -> None:
        deadline = time.monotonic() + 300
        while self.docker("version").returncode:
            assert time.monotonic() < deadline, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.2)

    def docker(
        self, *arguments: str, stdin: bytes | None = None
    ) -> "subprocess.CompletedProcess[bytes]":
        command = ["docker", "-H", f"unix://{self.socket}", *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, check=False)


@contextmanager
def private_engine(disk_mb: int = 0, flags: Sequence[str] = ()) -> Iterator[PrivateEngine]:
    """A running engine that has the base image.

    Args:
        disk_mb: size of a small file system that its images and containers lie on; 0: the host's.
        flags: more options of dockerd.
    """
    if os.geteuid() != 0 or not shutil.which("dockerd"):
        pytest.skip("a private engine needs root and dockerd")
    # A socket's path has at most 107 bytes, and containerd's lies deep: pytest's own folder is too
    # long.
    folder = Path(tempfile.mkdtemp(prefix="engine-"))
    engine = PrivateEngine(folder, flags)
    engine.data.mkdir()
    if disk_mb:
        options = ["mount", "-t", "tmpfs", "-o", f"size={disk_mb}m", "none", str(engine.data)]
        subprocess.run(options, check=True)
    engine.start()
    try:
        engine.wait()
        save = ["docker", "save", BASE_IMAGE]
        image = subprocess.run(save, capture_output=True, check=True).stdout
        assert engine.docker("load", stdin=image).returncode == 0
        yield engine
    finally:
        engine.stop()
        # Told to leave containers alone, it leaves its folder mounted on itself too.
        if disk_mb or "--live-restore" in flags:
            subprocess.run(["umount", "-l", str(engine.data)], check=True)
        shutil.rmtree(folder, ignore_errors=True)
