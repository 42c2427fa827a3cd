"""A tree as one uncompressed tar stream, made here from the store: regular files, folders and links
only."""

import tarfile
from collections.abc import Iterator, Mapping, Sequence

from swe_agent.core.protocols import Entry
from swe_agent.runtime.gitdir import GitDir
from swe_agent.runtime.store import TreeStore

_BLOCK = 512


def tar_of(
    store: TreeStore,
    tree: str | None,
    root: str,
    uid: int,
    private: Sequence[str] = (),
    git: GitDir | None = None,
) -> Iterator[bytes]:
    """The stream, to be unpacked at `/`.

    Args:
        store: has the tree.
        tree: what goes into `root`; None: nothing of the repository.
        root: absolute folder of the repository inside; it is made.
        uid: owner and group of everything.
        private: absolute folders to make for the owner alone.
        git: what goes into the private folder's `git`, if there is one.
    """
    for folder in private:
        yield _header(folder, Entry("folder", mode=0o700), uid)
    if tree is not None:
        yield _header(root, Entry("folder", mode=0o755), uid)
        for path, entry in store.walk(tree):
            yield from _member(store, f"{root}/{path}", entry, uid)
    if git is not None:
        yield from _git_members(git, f"{private[0]}/git", uid)
    yield b"\0" * (2 * _BLOCK)


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
    owner."""
    for path, entry in entries.items():
        yield from _member(store, f"./{path}", entry, 0)
    yield b"\0" * (2 * _BLOCK)


def _member(store: TreeStore, path: str, entry: Entry, uid: int) -> Iterator[bytes]:
    if entry.kind == "link":
        target = store.get(entry.blob).decode("utf-8", "surrogateescape")
        yield _header(path, entry, uid, target)
    elif entry.kind == "folder":
        yield _header(path, entry, uid)
    elif entry.kind == "file":
        yield _header(path, entry, uid)
        yield from store.blobs.chunks(entry.blob)
        yield b"\0" * (-entry.size_bytes % _BLOCK)


def _header(path: str, entry: Entry, uid: int, target: str = "") -> bytes:
    member = tarfile.TarInfo(path.lstrip("/"))
    member.mode, member.uid, member.gid = entry.mode, uid, uid
    if entry.kind == "folder":
        member.type = tarfile.DIRTYPE
    elif entry.kind == "link":
        member.type, member.linkname = tarfile.SYMTYPE, target
    else:
        member.size = entry.size_bytes
    return member.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
