"""A file of the work tree against the one that was committed, by its bytes: no filter is run."""

import hashlib
import os
import stat
from pathlib import Path

from swe_agent.core.errors import UsageFault
from swe_agent.core.text import visible
from swe_agent.runtime.hostgit import answered, at, run_git

SUBMODULE = "160000"
"""Git's mode of a repository inside a repository."""


def committed_files(root: Path, head: str) -> dict[str, tuple[str, str]]:
    """Path to (mode, blob hash) of every file and link in a commit; empty where `head` is."""
    if not head:
        return {}
    answer = answered(run_git(["ls-tree", "-r", "-z", "--full-tree", head], root, at(root)), root)
    rows: dict[str, tuple[str, str]] = {}
    for row in answer.fields:
        described, _, path = row.partition("\t")
        mode, _, key = described.split(" ")
        if mode != SUBMODULE:
            rows[path] = (mode, key)
    return rows


def is_clean(root: Path, path: str, committed: tuple[str, str]) -> bool:
    """Whether the work tree's bytes, kind and mode are the committed ones.

    Filters are not run, so a file that git would convert (line ends, large files kept elsewhere)
    counts as changed.

    Raises:
        UsageFault: the file cannot be read.
    """
    mode, key = committed
    place = root / path
    found = mode_of(place)
    try:
        if stat.S_ISLNK(found):
            return mode == "120000" and blob_hash(os.fsencode(place.readlink()), key) == key
        if not stat.S_ISREG(found):
            return False
        expected = "100755" if found & stat.S_IXUSR else "100644"
        return mode.replace("100664", "100644") == expected and _file_hash(place, key) == key
    except PermissionError as error:
        raise UsageFault(
            f"{visible(str(place))} cannot be read.",
            "Make it readable for you, or let git ignore it.",
        ) from error
    except OSError:
        return False


def blob_hash(content: bytes, like: str) -> str:
    """Git's hash of these bytes, of the same kind as `like` (SHA-256 where that has 64 digits)."""
    return _hasher(len(content), like, content).hexdigest()


def mode_of(path: Path) -> int:
    """The kind and mode of what is there, links not followed; 0 where nothing is."""
    try:
        return path.lstat().st_mode
    except OSError:
        return 0


def _file_hash(place: Path, like: str) -> str:
    with place.open("rb") as stream:
        hasher = _hasher(os.fstat(stream.fileno()).st_size, like)
        while block := stream.read(1 << 20):
            hasher.update(block)
    return hasher.hexdigest()


def _hasher(size_bytes: int, like: str, content: bytes = b"") -> "hashlib._Hash":
    """Git's hash of a blob: SHA-1, or SHA-256 in a repository that was made so."""
    start = b"blob %d\0" % size_bytes + content
    if len(like) == 64:
        return hashlib.sha256(start)
    return hashlib.sha1(start, usedforsecurity=False)
