"""A tree as one uncompressed tar stream, made here from the store: regular files, folders and links
only."""

import tarfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from swe_agent.core.protocols import Entry
from swe_agent.runtime.gitdir import GitDir
from swe_agent.runtime.store import TreeStore

_BLOCK = 512
_END = b"\0" * (2 * _BLOCK)
_GIT_FOLDERS_BYTES = 8 * _BLOCK
_OLD_S = 946_684_800
"""The time that a filled tree's files bear: 2000, older than whatever set-up builds of them. Zip
archives, and so wheels, know no year before 1980."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a sandbox is filled with, to be unpacked at `/`."""

    store: TreeStore
    tree: str | None
    """What goes into `root`; None: nothing of the repository."""
    root: str
    """Absolute folder of the repository inside; it is made."""
    uid: int
    """Owner and group of everything."""
    private: tuple[str, ...] = ()
    """Absolute folders to make for the owner alone."""
    git: GitDir | None = None
    """What goes into the private folder's `git`, if there is one."""

    def tar(self) -> Iterator[bytes]:
        """All of it."""
        yield from self._folders()
        yield from self.members()

    def folders(self) -> bytes:
        """A tar of the private folders and `root` alone."""
        return b"".join(self._folders()) + _END

    def members(self) -> Iterator[bytes]:
        """A tar of what is in these folders."""
        if self.tree is not None:
            for path, entry in self.store.walk(self.tree):
                yield from _member(self.store, f"{self.root}/{path}", entry, self.uid)
        if self.git is not None:
            yield from _git_members(self.git, f"{self.private[0]}/git", self.uid)
        yield _END

    def most_bytes(self) -> int:
        """A size that `members` does not pass; 0 where there are none."""
        size = 0
        for path, entry in self.store.walk(self.tree) if self.tree is not None else ():
            target = self.store.blobs.size_bytes(entry.blob) if entry.kind == "link" else 0
            name = len(self.root) + len(path.encode("utf-8", "surrogateescape"))
            size += _BLOCK + _padded(entry.size_bytes) + _long(name) + _long(target)
        if self.git is not None:
            size += _GIT_FOLDERS_BYTES + _padded(self.git.pack.stat().st_size)
            size += sum(_BLOCK + _padded(len(content)) for content in self.git.files.values())
        return size + len(_END) if size else 0

    def _folders(self) -> Iterator[bytes]:
        for folder in self.private:
            yield _header(folder, Entry("folder", mode=0o700), self.uid)
        if self.tree is not None:
            yield _header(self.root, Entry("folder", mode=0o755), self.uid)


def _padded(size_bytes: int) -> int:
    return -(-size_bytes // _BLOCK) * _BLOCK


def _long(length: int) -> int:
    """Most that a name takes which does not fit its field of 100 bytes."""
    return 2 * _BLOCK + _padded(length) if length > 90 else 0


def _git_members(git: GitDir, folder: str, uid: int) -> Iterator[bytes]:
    for name in ("", "/refs", "/refs/heads", "/refs/tags", "/objects", "/objects/pack", "/info"):
        yield _header(folder + name, Entry("folder", mode=0o755), uid)
    for name, content in git.files.items():
        yield _header(f"{folder}/{name}", Entry("file", size_bytes=len(content)), uid)
        yield content + b"\0" * (-len(content) % _BLOCK)
    size = git.pack.stat().st_size
    yield _header(f"{folder}/{git.pack_name}", Entry("file", size_bytes=size), uid)
    with git.pack.open("rb") as pack:
        while chunk := pack.read(1 << 20):
            yield chunk
    yield b"\0" * (-size % _BLOCK)


def tar_of_entries(store: TreeStore, entries: Mapping[str, Entry]) -> Iterator[bytes]:
    """Some entries by their repository-relative paths, to be unpacked in the repository by its
    owner. They are as new as anything that is written, so what was built of others is built anew.
    """
    now_s = int(time.time())
    for path, entry in entries.items():
        yield from _member(store, f"./{path}", entry, 0, now_s)
    yield _END


def _member(
    store: TreeStore, path: str, entry: Entry, uid: int, time_s: int = _OLD_S
) -> Iterator[bytes]:
    if entry.kind == "link":
        target = store.get(entry.blob).decode("utf-8", "surrogateescape")
        yield _header(path, entry, uid, target, time_s)
    elif entry.kind == "folder":
        yield _header(path, entry, uid, time_s=time_s)
    elif entry.kind == "file":
        yield _header(path, entry, uid, time_s=time_s)
        yield from store.blobs.chunks(entry.blob)
        yield b"\0" * (-entry.size_bytes % _BLOCK)


def _header(path: str, entry: Entry, uid: int, target: str = "", time_s: int = _OLD_S) -> bytes:
    member = tarfile.TarInfo(path.lstrip("/"))
    member.mtime = time_s
    member.mode, member.uid, member.gid = entry.mode, uid, uid
    if entry.kind == "folder":
        member.type = tarfile.DIRTYPE
    elif entry.kind == "link":
        member.type, member.linkname = tarfile.SYMTYPE, target
    else:
        member.size = entry.size_bytes
    return member.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
