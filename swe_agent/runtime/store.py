"""Work trees in the host's own object store: one small object a folder, so a change rewrites only
its chain of folders.

A folder's object is JSON, `{name: [kind, mode, hash, size]}` with sorted names; the hash of a tree
is its root folder's. No git ever reads what lies here.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from swe_agent.core.errors import UsageFault
from swe_agent.core.protocols import BlobStore, Entry, EntryKind, TreeReader
from swe_agent.runtime.deep import Deep, deeply
from swe_agent.trajectory.blobs import Blobs
from swe_agent.trajectory.full_disk import DiskPatience

_Folder = dict[str, Entry]
_FOLDER_MODE = 0o755


class TreeStore:
    """Trees and blobs of one run."""

    def __init__(self, folder: Path, patience: DiskPatience | None = None) -> None:
        """Open or make the store in `folder`; where the disk is full, `patience` waits.

        Raises:
            EnvironmentFault: it cannot be made or read.
        """
        self.blobs = Blobs(folder, patience)
        self._folder = lru_cache(maxsize=20_000)(self._parsed)
        self.empty = self._save({})

    def put(self, content: bytes) -> str:
        """Store bytes; see `Blobs.put`."""
        return self.blobs.put(content)

    def put_stream(self, size_bytes: int, chunks: Iterable[bytes]) -> str:
        """Store bytes that come in chunks; see `Blobs.put_stream`."""
        return self.blobs.put_stream(size_bytes, chunks)

    def get(self, key: str) -> bytes:
        """Bytes by hash; KeyError if there are none."""
        return self.blobs.get(key)

    def flush(self) -> None:
        """Put all that was stored on disk for good."""
        self.blobs.flush()

    def close(self) -> None:
        self.blobs.close()

    def reader(self, tree: str) -> "StoredTree":
        """A read-only view.

        Raises:
            KeyError: there is no such tree.
        """
        self._folder(tree)
        return StoredTree(self, tree)

    def overlay(self, tree: str, changes: Mapping[str, Entry | None]) -> str:
        """The tree with some paths replaced (folders are made as needed) and those of None deleted.

        A folder that loses its last entry stays, empty; deleting a folder deletes what is in it.
        """
        nested = _nested(changes)
        return deeply(self._overlaid(tree, nested, _that_put(nested)))

    def diff(self, old: str, new: str) -> dict[str, tuple[Entry | None, Entry | None]]:
        """Paths whose entries differ, sorted, with the old and the new one. Equal folders are not
        even read.

        A folder is listed itself only where it is empty on the side that has it, or its mode
        differs.
        """
        return dict(sorted(self._differences(old, new)))

    def entries(self, tree: str, prefix: str = "") -> Iterator[tuple[str, Entry]]:
        """All files, links and empty folders below `prefix`, sorted by path within each folder."""
        for path, entry in self.walk(tree, prefix):
            if entry.kind != "folder" or entry.blob == self.empty:
                yield path, entry

    def children(self, tree: str) -> Iterable[tuple[str, Entry]]:
        """What lies directly in a folder, sorted by name."""
        return self._folder(tree).items()

    def walk(self, tree: str, prefix: str = "") -> Iterator[tuple[str, Entry]]:
        """All entries, each folder before what is in it."""
        above = [(prefix, iter(self._folder(tree).items()))]
        while above:
            prefix, left = above[-1]
            for name, entry in left:
                yield prefix + name, entry
                if entry.kind == "folder":
                    above.append((f"{prefix}{name}/", iter(self._folder(entry.blob).items())))
                    break
            else:
                above.pop()

    def find(self, tree: str, path: str) -> Entry | None:
        """The entry at a path; folders included."""
        here = tree
        entry: Entry | None = None
        for name in path.split("/"):
            if entry is not None:
                if entry.kind != "folder":
                    return None
                here = entry.blob
            entry = self._folder(here).get(name)
            if entry is None:
                return None
        return entry

    def _overlaid(self, tree: str, changes: "_Changes", that_put: set[int]) -> Deep[str]:
        folder = dict(self._folder(tree))
        for name, change in changes.items():
            was = folder.get(name)
            below = was if was and was.kind == "folder" else None
            if isinstance(change, dict):
                if not below and id(change) not in that_put:
                    continue
                mode = below.mode if below else _FOLDER_MODE
                own = change.get("")
                if isinstance(own, Entry):
                    mode = own.mode
                rest = {key: value for key, value in change.items() if key}
                inner = yield self._overlaid(below.blob if below else self.empty, rest, that_put)
                folder[name] = Entry("folder", inner, 0, mode)
            elif change is None:
                folder.pop(name, None)
            elif change.kind == "folder":
                folder[name] = Entry("folder", below.blob if below else self.empty, 0, change.mode)
            else:
                folder[name] = change
        return self._save(folder)

    def _differences(
        self, old: str, new: str
    ) -> Iterator[tuple[str, tuple[Entry | None, Entry | None]]]:
        pairs = [("", old, new)]
        while pairs:
            prefix, old, new = pairs.pop()
            before, after = self._folder(old), self._folder(new)
            for name in before.keys() | after.keys():
                was, now = before.get(name), after.get(name)
                if was == now:
                    continue
                path = prefix + name
                was_tree = was.blob if was and was.kind == "folder" else None
                now_tree = now.blob if now and now.kind == "folder" else None
                if was_tree is None and now_tree is None:
                    yield path, (was, now)
                    continue
                shallow_old = was if was_tree is None or was_tree == self.empty else None
                shallow_new = now if now_tree is None or now_tree == self.empty else None
                if was_tree and now_tree and was and now and was.mode != now.mode:
                    yield path, (was, now)
                elif shallow_old != shallow_new:
                    yield path, (shallow_old, shallow_new)
                if was_tree != now_tree:
                    pairs.append((path + "/", was_tree or self.empty, now_tree or self.empty))

    def _parsed(self, tree: str) -> _Folder:
        rows = json.loads(self.blobs.get(tree))
        return {
            name: Entry(cast("EntryKind", kind), blob, size, mode)
            for name, (kind, mode, blob, size) in rows.items()
        }

    def _save(self, folder: _Folder) -> str:
        rows = {
            name: [entry.kind, entry.mode, entry.blob, entry.size_bytes]
            for name, entry in sorted(folder.items())
        }
        return self.blobs.put(json.dumps(rows, separators=(",", ":")).encode())


def damaged(run: str, key: str) -> UsageFault:
    """What is raised where a run's store lacks what its log names."""
    return UsageFault(
        f"The checkpoints of the run {run} are damaged: {key} is missing.",
        "It cannot be gone on with; its patch, if there is one, is as it was.",
    )


class StoredTree:
    """One tree of a store, seen as a whole."""

    def __init__(self, store: TreeStore, tree: str) -> None:
        self._store, self.tree = store, tree

    def paths(self) -> Iterable[str]:
        """Every file and link, sorted."""
        return sorted(
            path for path, entry in self._store.entries(self.tree) if entry.kind != "folder"
        )

    def entry(self, path: str) -> Entry | None:
        """The entry at a path; folders included."""
        return self._store.find(self.tree, path)

    def read(self, path: str) -> bytes:
        """A file's bytes, or a link's target; KeyError if there is neither."""
        entry = self.entry(path)
        if entry is None or entry.kind not in ("file", "link"):
            raise KeyError(path)
        return self._store.get(entry.blob)


_Changes = dict[str, "Entry | _Changes | None"]


def _nested(changes: Mapping[str, Entry | None]) -> _Changes:
    """Flat paths as nested folders. A folder with an entry of its own and changes below it keeps
    its entry under ""."""
    top: _Changes = {}
    for path, entry in sorted(changes.items()):
        *folders, name = path.split("/")
        here = top
        for folder in folders:
            inner = _below(here, folder, deleting=entry is None)
            if inner is None:
                break
            here = inner
        else:
            here[name] = entry
    return top


def _below(here: _Changes, folder: str, *, deleting: bool) -> _Changes | None:
    """The changes inside a folder; None where there is nothing left in it to delete."""
    inner = here.get(folder, {})
    if isinstance(inner, dict):
        here[folder] = inner
        return inner
    if deleting and (inner is None or inner.kind != "folder"):
        return None
    fresh: _Changes = {"": inner} if isinstance(inner, Entry) and inner.kind == "folder" else {}
    here[folder] = fresh
    return fresh


def _that_put(changes: _Changes) -> set[int]:
    """Ids of the folders of changes that put something somewhere below."""
    folders = [changes]
    for folder in folders:  # grows: those above come before those below
        folders += [change for change in folder.values() if isinstance(change, dict)]
    found: set[int] = set()
    for folder in reversed(folders):
        if any(
            id(change) in found if isinstance(change, dict) else change is not None
            for change in folder.values()
        ):
            found.add(id(folder))
    return found


if TYPE_CHECKING:
    _reader: type[TreeReader] = StoredTree
    _blobs: type[BlobStore] = TreeStore
