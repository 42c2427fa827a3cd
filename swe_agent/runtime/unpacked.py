"""A tree of the store as files in an empty folder of the user's.

What the tree says came from a sandbox: nothing is written through a link, outside the folder, or
with special rights.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from swe_agent.core.errors import EnvironmentFault, UsageFault
from swe_agent.core.protocols import Entry
from swe_agent.core.text import visible
from swe_agent.runtime.store import TreeStore

_CHUNK_BYTES = 1 << 20


def unpack_tree(store: TreeStore, tree: str, folder: Path) -> int:
    """Write a tree into a folder that is not there yet, or empty, and compare; returns how many
    files and links it has.

    Raises:
        UsageFault: the folder is not empty, or the tree has a name that no folder may hold.
        EnvironmentFault: it cannot be written, or is not as it was stored.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageFault(f"{visible(str(folder))} is not empty.", "Name a new folder.")
        entries = list(_checked(store.walk(tree)))
        for path, entry in entries:
            _made(store, folder / path, entry)
        for path, entry in entries:
            if entry.kind == "link":  # last: nothing is written through one
                (folder / path).symlink_to(os.fsdecode(store.get(entry.blob)))
        for path, entry in reversed(entries):
            if entry.kind == "folder":
                (folder / path).chmod(entry.mode & 0o777)
            elif not _is_same(folder / path, entry, store):
                raise EnvironmentFault(f"{visible(path)} was not written as it is stored.")
    except OSError as error:
        raise EnvironmentFault(
            f"The tree cannot be written to {visible(str(folder))}: {error.strerror}.",
            "Check the disk and the folder's permissions.",
        ) from error
    return sum(entry.kind != "folder" for _, entry in entries)


def _checked(entries: Iterator[tuple[str, Entry]]) -> Iterator[tuple[str, Entry]]:
    for path, entry in entries:
        name = path.rpartition("/")[2]
        if name in ("", ".", "..", ".git") or "\0" in name:
            raise UsageFault(f"The tree has an entry {visible(path)!r}, which is not written.")
        if entry.kind in ("file", "link", "folder"):
            yield path, entry


def _made(store: TreeStore, place: Path, entry: Entry) -> None:
    if entry.kind == "folder":
        place.mkdir(mode=0o700)
    elif entry.kind == "file":
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(place, flags, 0o600), "wb") as stream:
            for chunk in store.blobs.chunks(entry.blob, _CHUNK_BYTES):
                stream.write(chunk)
            os.fchmod(stream.fileno(), entry.mode & 0o777)


def _is_same(place: Path, entry: Entry, store: TreeStore) -> bool:
    if entry.kind == "link":
        return os.fsencode(place.readlink()) == store.get(entry.blob)
    if not entry.mode & 0o400 and os.geteuid():
        return place.lstat().st_size == entry.size_bytes  # nobody may read it
    with os.fdopen(os.open(place, os.O_RDONLY | os.O_NOFOLLOW), "rb") as stream:
        is_file = stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
        return is_file and hashlib.file_digest(stream, "sha256").hexdigest() == entry.blob
