"""A sandbox over a plain folder, for tests of tools: real files, a real shell, no isolation.

`cd` and `export` do not last: the tools under test do not need it.
"""

import hashlib
import shutil
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from swe_agent.aci.shelf import Shelf
from swe_agent.aci.tool import PastCall, ToolLimits, Workbench
from swe_agent.core.errors import ToolFailure
from swe_agent.core.events import Checkpoint
from swe_agent.core.protocols import BlobStore, CommandResult, Entry, Sandbox, TreeReader
from swe_agent.core.task import TestReport

KEPT_BYTES = 64_000


class FolderTree:
    """The folder as it is when asked."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def paths(self) -> Iterable[str]:
        found = (path for path in self._root.rglob("*") if path.is_symlink() or path.is_file())
        names = (path.relative_to(self._root).as_posix() for path in found)
        return sorted(name for name in names if ".git" not in name.split("/"))

    def entry(self, path: str) -> Entry | None:
        place = self._root / path
        if place.is_symlink():
            return Entry("link")
        if place.is_dir():
            return Entry("folder")
        return Entry("file", size_bytes=place.stat().st_size) if place.is_file() else None

    def read(self, path: str) -> bytes:
        place = self._root / path
        if place.is_symlink():
            return str(place.readlink()).encode()
        if not place.is_file():
            raise KeyError(path)
        return place.read_bytes()


class LocalSandbox:
    """Runs commands in the folder with the host's sh."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def root(self) -> str:
        return str(self._root)

    @property
    def shell(self) -> str:
        return "sh"

    def run(self, command: str, timeout_s: float, idle_s: float | None = None) -> CommandResult:
        """Takes every command for silent: `idle_s` is a shorter time-out."""
        began = time.monotonic()
        timed_out = False
        try:
            ran = subprocess.run(
                ["sh", "-c", command],
                cwd=self._root,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=min(timeout_s, idle_s or timeout_s),
                check=False,
            )
            code, output = ran.returncode, ran.stdout
        except subprocess.TimeoutExpired as fault:
            code, output, timed_out = 124, fault.stdout or b"", True
        spool = None
        total = len(output)
        if total > 2 * KEPT_BYTES:
            spool = self._root.parent / f"spool-{time.monotonic_ns()}"
            spool.write_bytes(output)
            output = output[:KEPT_BYTES] + b"\n[... cut ...]\n" + output[-KEPT_BYTES:]
        spent = time.monotonic() - began
        silent = timed_out and bool(idle_s) and spent < timeout_s
        return CommandResult(code, output, total, spent, timed_out, silent, spool=spool)

    def execute(self, command: str, timeout_s: float) -> CommandResult:
        return self.run(command, timeout_s)

    def read_file(self, path: str, limit_bytes: int = 10_000_000) -> bytes:
        place = self._root / path
        if not place.is_file():
            raise ToolFailure(f"{path}: no such file")
        if place.stat().st_size > limit_bytes:
            raise ToolFailure(f"{path}: larger than {limit_bytes} bytes")
        return place.read_bytes()

    def write_file(self, path: str, content: bytes) -> None:
        place = self._root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)

    def replace_file(self, path: str, before: bytes, after: bytes) -> bool:
        if self.read_file(path) != before:
            return False
        self.write_file(path, after)
        return True

    def remove_file(self, path: str) -> None:
        (self._root / path).unlink(missing_ok=True)

    def discard(self, path: str) -> None:
        shutil.rmtree(self._root / path, ignore_errors=True)

    def tree(self) -> TreeReader:
        return FolderTree(self._root)

    def checkpoint(self) -> Checkpoint:
        raise NotImplementedError("no tool takes a checkpoint: the attempt does")

    def restore(self, checkpoint: Checkpoint) -> None:
        raise NotImplementedError("no tool takes the tree back: the attempt does")

    def lost_environment(self) -> tuple[str, ...]:
        return ()

    def sweep(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None: ...


class MemoryBlobs:
    """Blobs in a dict."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put(self, content: bytes) -> str:
        key = hashlib.sha256(content).hexdigest()
        self.kept[key] = content
        return key

    def put_stream(self, size_bytes: int, chunks: Iterable[bytes]) -> str:
        content = b"".join(chunks)
        assert len(content) == size_bytes
        return self.put(content)

    def get(self, key: str) -> bytes:
        return self.kept[key]


class Bench:
    """A workbench around any sandbox; `report` is what its tests say."""

    def __init__(self, sandbox: Sandbox, limits: ToolLimits | None = None) -> None:
        self.sandbox = sandbox
        self.blobs: BlobStore = MemoryBlobs()
        self.limits = limits or ToolLimits()
        self.test_commands: tuple[str, ...] = ("pytest",)
        self.report = TestReport()
        self.asked: list[tuple[str, ...]] = []
        self.calls: list[PastCall] = []
        self.shelf = Shelf()

    def past(self) -> Sequence[PastCall]:
        return self.calls

    def run_tests(self, targets: tuple[str, ...]) -> TestReport:
        self.asked.append(targets)
        return self.report


if TYPE_CHECKING:
    _sandbox: type[Sandbox] = LocalSandbox
    _bench: type[Workbench] = Bench
