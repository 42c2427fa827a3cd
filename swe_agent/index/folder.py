"""A work tree on the host's disk as a `TreeReader`; unchanged files are known by their stat."""

import hashlib
import os
import stat
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from swe_agent.core.protocols import Entry, TreeReader
from swe_agent.index.cache import Stat

_FRESH_NS = 50_000_000
"""A file touched so shortly ago may change again within the clock's tick: it is not trusted."""
_LARGEST_READ = 20_000_000
_MOST_KEPT = 50_000_000
"""Bytes of files that are kept from hashing to parsing; others are read twice."""


class FolderTree:
    """The named files of a folder; links and what is gone have no entry."""

    def __init__(self, root: Path, paths: Iterable[str], known: Mapping[str, Stat]) -> None:
        """`known`: stats of an earlier look, by path."""
        self._root, self._paths, self._known = str(root), sorted(paths), known
        self.stats: dict[str, Stat] = {}
        """What was seen now, for the next look."""
        self._read: dict[str, bytes] = {}
        self._room = _MOST_KEPT

    @property
    def changed(self) -> bool:
        """Whether the stats seen differ from those known."""
        return self.stats != self._known

    def paths(self) -> Iterable[str]:
        """The files given, sorted."""
        return self._paths

    def entry(self, path: str) -> Entry | None:
        """A regular file's size and hash."""
        try:
            status = os.lstat(f"{self._root}/{path}")  # a Path costs as much as the call
            if not stat.S_ISREG(status.st_mode):
                return None
            seen = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
            known = self._known.get(path)
            if known is not None and known[:4] == seen:
                self.stats[path] = known
                return Entry("file", known[4], seen[0])
            content = self._content(path)
        except OSError:
            return None
        key = hashlib.sha256(content).hexdigest()
        if time.time_ns() - max(seen[1], seen[2]) > _FRESH_NS:
            self.stats[path] = (*seen, key)
        if self._room >= len(content):
            self._read[path] = content
            self._room -= len(content)
        return Entry("file", key, seen[0])

    def read(self, path: str) -> bytes:
        """A file's bytes (at most 20 MB); KeyError if there are none."""
        content = self._read.pop(path, None)
        if content is not None:
            return content
        try:
            return self._content(path)
        except OSError as error:
            raise KeyError(path) from error

    def _content(self, path: str) -> bytes:
        with Path(f"{self._root}/{path}").open("rb") as file:
            return file.read(_LARGEST_READ)


_NEVER = frozenset({"node_modules", "__pycache__", "venv", "build", "dist"})


def walked(root: Path, most: int = 200_000) -> list[str]:
    """Files of a folder that is no repository, without hidden and machine-made folders."""
    found: list[str] = []
    for folder, names, files in os.walk(root):
        names[:] = sorted(n for n in names if n not in _NEVER and not n.startswith("."))
        inner = Path(folder).relative_to(root).as_posix()
        found += [name if inner == "." else f"{inner}/{name}" for name in files]
        if len(found) > most:
            break
    return found


if TYPE_CHECKING:
    _reader: type[TreeReader] = FolderTree
