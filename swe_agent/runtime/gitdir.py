"""A git repository for the sandbox, written by the host from a tree: one commit, no history, no git
run anywhere.

Commands in the sandbox may want `git status`, and build tools the nearest version tag. Making it
there with `git add` costs more than all else of a start; here it is one pack of stored (not
deflated) objects, its index, and the staging index without stat data, which git fills in when it
first looks.
Source: the formats of git's documentation, gitformat-pack(5) and gitformat-index(5).
"""

import hashlib
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path

from swe_agent.core.protocols import Entry
from swe_agent.runtime.deep import Deep, deeply
from swe_agent.runtime.store import TreeStore

LARGEST_BYTES = 20_000_000
"""A larger file is left out of the commit."""
_COMMIT, _TREE, _BLOB = 1, 2, 3
_NAMES = {_COMMIT: b"commit", _TREE: b"tree", _BLOB: b"blob"}
_AUTHOR = b"swe-agent <swe-agent@localhost> 0 +0000"
_CONFIG = b"""[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
[gc]
\tauto = 0
[user]
\tname = swe-agent
\temail = swe-agent@localhost
"""
PACK = "base.pack"
"""The base's files as git has them: as large as the tree."""


@dataclass(frozen=True, slots=True)
class GitDir:
    """What goes into `.git`: small files in memory, the pack on disk."""

    files: dict[str, bytes]
    """By name inside `.git`."""
    pack: Path
    pack_name: str


def write_git(store: TreeStore, tree: str, tag: str, folder: Path) -> GitDir:
    """Make the repository's parts.

    Args:
        store: has the tree.
        tree: what the one commit holds.
        tag: put on the commit, if not empty and a plain name.
        folder: where the pack is written; an equal one is written over.

    Raises:
        EnvironmentFault: the pack cannot be written.
    """
    place = folder / PACK
    pack, staged, commit, checksum = store.blobs.patiently(lambda: _packed(store, tree, place))
    name = f"objects/pack/pack-{checksum.hex()}"
    files = {
        "HEAD": b"ref: refs/heads/main\n",
        "config": _CONFIG,
        "refs/heads/main": commit + b"\n",
        "index": _index(staged),
        f"{name}.idx": pack.index(checksum),
    }
    if tag and tag.isprintable() and not set(tag) & set(" ~^:?*[\\") and ".." not in tag:
        files["packed-refs"] = b"%s refs/tags/%s\n" % (commit, tag.encode())
    return GitDir(files, place, f"{name}.pack")


def forget_git(folder: Path) -> None:
    """Take away what `write_git` wrote there; it is made anew when it is needed again."""
    (folder / PACK).unlink(missing_ok=True)


def _packed(
    store: TreeStore, tree: str, place: Path
) -> tuple["_Pack", list[tuple[bytes, Entry, bytes]], bytes, bytes]:
    """Write the pack of the one commit: it, what is staged, the commit's id and the checksum.

    Raises:
        OSError: it cannot be written; nothing of it is left.
    """
    fresh = place.with_name(f"{PACK}.{os.getpid()}")
    staged: list[tuple[bytes, Entry, bytes]] = []
    try:
        with fresh.open("wb") as file:
            pack = _Pack(file)
            root = deeply(_tree(store, tree, b"", pack, staged))
            who = (root.hex().encode(), _AUTHOR, _AUTHOR)
            body = b"tree %s\nauthor %s\ncommitter %s\n\nbase\n" % who
            commit = pack.add(_COMMIT, body).hex().encode()
            checksum = pack.end()
        fresh.replace(place)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    return pack, staged, commit, checksum


class _Pack:
    """A pack as it is written: every object once, stored."""

    def __init__(self, file: BufferedWriter) -> None:
        self._file, self._digest, self._at = file, hashlib.sha1(usedforsecurity=False), 0
        self._objects: dict[bytes, tuple[int, int]] = {}
        self._write(b"PACK" + struct.pack(">II", 2, 0))

    def add(self, kind: int, content: bytes) -> bytes:
        """The object's id, in binary."""
        head = b"%s %d\0" % (_NAMES[kind], len(content))
        key = hashlib.sha1(head + content, usedforsecurity=False).digest()
        if key not in self._objects:
            raw = _size(kind, len(content)) + zlib.compress(content, 0)
            self._objects[key] = (self._at, zlib.crc32(raw))
            self._write(raw)
        return key

    def end(self) -> bytes:
        """Write the count and the checksum; returns the checksum."""
        self._file.flush()
        head = b"PACK" + struct.pack(">II", 2, len(self._objects))
        self._file.seek(0)
        self._file.write(head)
        self._file.flush()
        digest = hashlib.sha1(usedforsecurity=False)
        with Path(self._file.name).open("rb") as written:
            while chunk := written.read(1 << 20):
                digest.update(chunk)
        self._file.seek(0, 2)
        self._file.write(digest.digest())
        return digest.digest()

    def index(self, checksum: bytes) -> bytes:
        """The `.idx` that belongs to it, version 2."""
        keys = sorted(self._objects)
        counts = [0] * 256
        for key in keys:
            counts[key[0]] += 1
        fanout = [sum(counts[: at + 1]) for at in range(256)]
        body = b"\xfftOc" + struct.pack(">I", 2) + struct.pack(">256I", *fanout) + b"".join(keys)
        body += b"".join(struct.pack(">I", self._objects[key][1]) for key in keys)
        body += b"".join(struct.pack(">I", self._objects[key][0]) for key in keys) + checksum
        return body + hashlib.sha1(body, usedforsecurity=False).digest()

    def _write(self, raw: bytes) -> None:
        self._file.write(raw)
        self._at += len(raw)


def _tree(
    store: TreeStore,
    tree: str,
    prefix: bytes,
    pack: _Pack,
    staged: list[tuple[bytes, Entry, bytes]],
) -> Deep[bytes]:
    """Write a folder and what is in it, and return its id. As git does, a folder with nothing to
    commit is left out: it has no id, unless it is the root."""
    rows: list[tuple[bytes, bytes, bytes]] = []
    for name, entry in store.children(tree):
        raw = name.encode("utf-8", "surrogateescape")
        if entry.kind == "folder":
            key = yield _tree(store, entry.blob, prefix + raw + b"/", pack, staged)
            if key:
                rows.append((raw + b"/", b"40000", key))
        elif entry.kind in ("file", "link") and entry.size_bytes <= LARGEST_BYTES:
            key = pack.add(_BLOB, store.get(entry.blob))
            rows.append((raw, b"%o" % _mode(entry), key))
            staged.append((prefix + raw, entry, key))
    if prefix and not rows:
        return b""
    body = b"".join(
        mode + b" " + name.removesuffix(b"/") + b"\0" + key for name, mode, key in sorted(rows)
    )
    return pack.add(_TREE, body)


def _index(staged: list[tuple[bytes, Entry, bytes]]) -> bytes:
    """The staging index, version 2, with no stat data."""
    body = (
        b"DIRC" + struct.pack(">II", 2, len(staged)) + b"".join(_staged(sorted(staged, key=_path)))
    )
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def _path(row: tuple[bytes, Entry, bytes]) -> bytes:
    return row[0]


def _staged(rows: list[tuple[bytes, Entry, bytes]]) -> Iterator[bytes]:
    for path, entry, key in rows:
        head = struct.pack(">10I", 0, 0, 0, 0, 0, 0, _mode(entry), 0, 0, 0)
        row = head + key + struct.pack(">H", min(len(path), 0xFFF)) + path
        yield row + b"\0" * (8 - len(row) % 8)


def _mode(entry: Entry) -> int:
    if entry.kind == "link":
        return 0o120000
    return 0o100755 if entry.executable else 0o100644


def _size(kind: int, size: int) -> bytes:
    """An object's header in a pack: its kind and size, seven bits a byte after the first four."""
    byte, size = kind << 4 | size & 15, size >> 4
    raw = bytearray()
    while size:
        raw.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    raw.append(byte)
    return bytes(raw)
