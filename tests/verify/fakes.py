"""Honest stand-ins: a sandbox that runs commands in a folder, and a tree store in memory."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from swe_agent.core.errors import ToolFailure
from swe_agent.core.events import Checkpoint
from swe_agent.core.protocols import CommandResult, Entry, Sandbox, TreeReader


class FolderSandbox:
    """Runs commands in a folder of this machine, for code that the tests themselves wrote."""

    shell = "sh"

    def __init__(self, folder: Path, python: str = sys.executable) -> None:
        self.folder = folder
        tools = folder.parent / f"{folder.name}-bin"
        tools.mkdir(exist_ok=True)
        for name in ("python", "python3"):
            (tools / name).unlink(missing_ok=True)
            (tools / name).write_text(f'#!/bin/sh\nexec {python} "$@"\n')
            (tools / name).chmod(0o755)
        self.env = {"PATH": f"{tools}:/usr/bin:/bin", "HOME": str(folder.parent), "LANG": "C.UTF-8"}

    @property
    def root(self) -> str:
        return str(self.folder)

    def run(self, command: str, timeout_s: float, idle_s: float | None = None) -> CommandResult:
        return self.execute(command, timeout_s)

    def execute(self, command: str, timeout_s: float) -> CommandResult:
        start = time.monotonic()
        with tempfile.TemporaryFile() as output:
            child = subprocess.Popen(
                ["/bin/sh", "-c", command],
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            timed_out = False
            try:
                code = child.wait(timeout_s)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
                code, timed_out = 124, True
            output.seek(0)
            said = output.read()
        code = 128 - code if code < 0 else code
        return CommandResult(code, said, len(said), time.monotonic() - start, timed_out)

    def read_file(self, path: str, limit_bytes: int = 10_000_000) -> bytes:
        try:
            content = (self.folder / path).read_bytes()
        except OSError as error:
            raise ToolFailure(str(error)) from error
        if len(content) > limit_bytes:
            raise ToolFailure("too large")
        return content

    def write_file(self, path: str, content: bytes) -> None:
        whole = self.folder / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_bytes(content)

    def replace_file(self, path: str, before: bytes, after: bytes) -> bool:
        if self.read_file(path) != before:
            return False
        self.write_file(path, after)
        return True

    def remove_file(self, path: str) -> None:
        (self.folder / path).unlink(missing_ok=True)

    def discard(self, path: str) -> None:
        shutil.rmtree(path, ignore_errors=True)

    def tree(self) -> TreeReader:
        raise NotImplementedError

    def checkpoint(self) -> Checkpoint:
        raise NotImplementedError

    def restore(self, checkpoint: Checkpoint) -> None:
        raise NotImplementedError

    def lost_environment(self) -> tuple[str, ...]:
        return ()

    def sweep(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        return


_proof: type[Sandbox] = FolderSandbox


class MemoryTree:
    """A tree of plain files."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)

    def paths(self) -> list[str]:
        return sorted(self.files)

    def entry(self, path: str) -> Entry | None:
        if path not in self.files:
            return None
        blob = hashlib.sha256(self.files[path]).hexdigest()
        return Entry("file", blob=blob, size_bytes=len(self.files[path]))

    def read(self, path: str) -> bytes:
        return self.files[path]


_reads: type[TreeReader] = MemoryTree


class MemoryStore:
    """Trees and blobs by hash; trees hold plain files."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.trees: dict[str, dict[str, Entry]] = {}

    def put(self, content: bytes) -> str:
        key = hashlib.sha256(content).hexdigest()
        self.blobs[key] = content
        return key

    def put_stream(self, size_bytes: int, chunks: Iterable[bytes]) -> str:
        content = b"".join(chunks)
        assert len(content) == size_bytes
        return self.put(content)

    def get(self, key: str) -> bytes:
        return self.blobs[key]

    def tree(self, files: Mapping[str, str]) -> str:
        entries = {
            path: Entry("file", blob=self.put(text.encode()), size_bytes=len(text.encode()))
            for path, text in files.items()
        }
        return self._keep(entries)

    def overlay(self, tree_hash: str, changes: Mapping[str, Entry | None]) -> str:
        entries = {**self.trees[tree_hash], **changes}
        return self._keep({path: entry for path, entry in entries.items() if entry is not None})

    def diff(self, a: str, b: str) -> dict[str, tuple[Entry | None, Entry | None]]:
        old, new = self.trees[a], self.trees[b]
        return {
            path: (old.get(path), new.get(path))
            for path in sorted(old.keys() | new.keys())
            if old.get(path) != new.get(path)
        }

    def files(self, tree_hash: str) -> dict[str, bytes]:
        return {path: self.get(entry.blob) for path, entry in self.trees[tree_hash].items()}

    def _keep(self, entries: dict[str, Entry]) -> str:
        listing = "\n".join(f"{path} {entries[path].blob}" for path in sorted(entries))
        key = hashlib.sha256(listing.encode()).hexdigest()
        self.trees[key] = entries
        return key


class Folders:
    """Fresh sandboxes under one folder, each filled from a tree of the store."""

    def __init__(self, store: MemoryStore, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.opened: list[str] = []

    @contextmanager
    def fresh(self, tree_hash: str) -> Iterator[Sandbox]:
        self.opened.append(tree_hash)
        root = self.folder / f"box{len(self.opened)}"
        root.mkdir()
        fill(root, {path: raw.decode() for path, raw in self.store.files(tree_hash).items()})
        yield FolderSandbox(root)


def fill(folder: Path, files: Mapping[str, str]) -> None:
    """Write the files, folders included."""
    for path, text in files.items():
        whole = folder / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(text)
