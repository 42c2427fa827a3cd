"""What the host knows of the sandbox's work tree, and how the two are brought together: absorb and
restore.

The sandbox is asked for a listing and for the bytes of what changed; nothing on the host ever opens
a path that the sandbox chose.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from swe_agent.core.errors import SandboxLost
from swe_agent.core.protocols import Entry
from swe_agent.runtime.listing import FindKind, Row, parse
from swe_agent.runtime.session import CHUNK_BYTES, Session, path_quoted, paths_quoted
from swe_agent.runtime.store import TreeStore
from swe_agent.runtime.tarball import tar_of_entries

_BATCH_BYTES = 8_000_000
_BATCH_WORDS = 100_000
_FEW = 3
"""Up to this many entries are put back one by one, more as a tar."""
STORED_BYTES = 200_000_000
"""A larger file is noted, not stored: no source file is this long."""


class Worktree:
    """The tree as of the last listing, kept in step by `absorb`, `write` and `restore`."""

    def __init__(self, session: Session, store: TreeStore, find: FindKind) -> None:
        self._session, self._store, self._find = session, store, find
        self._known: dict[str, tuple[object, ...] | None] = {}
        self.tree = store.empty

    def adopt(self, tree: str, listing: bytes) -> None:
        """Take the listing of a sandbox that was filled with `tree` and has run nothing yet.

        Raises:
            SandboxLost: the stream ended.
        """
        rows = parse(listing, self._find)
        self.tree = tree
        for path, entry in self._store.walk(tree):
            row = rows.get(path)
            if row is None or row.kind != entry.kind:
                self._known[path] = None
            elif row.kind != "file" or (row.size_bytes, row.mode) == (entry.size_bytes, entry.mode):
                self._known[path] = replace(row, racy=False).signature()
        self._absorb(rows)

    def absorb(self, listing: bytes) -> int:
        """Bring the tree up to date with a listing; returns how many entries changed.

        Raises:
            SandboxLost: the stream ended.
        """
        return self._absorb(parse(listing, self._find))

    def noted(self, path: str, content: bytes, row_of: bytes) -> None:
        """A tool wrote `content` to `path`: take it over without a listing.

        Args:
            path: repository-relative.
            content: the file's bytes as written.
            row_of: the reply to `listing.single_code`.
        """
        rows = parse(row_of, self._find)
        row = rows.get(path)
        if row is None or row.kind != "file":
            self._known.pop(path, None)
            return
        key = self._store.put(content)
        entry = Entry("file", key, len(content), row.mode)
        self.tree = self._store.overlay(self.tree, {path: entry})
        self._known[path] = row.signature()
        folder = path.rpartition("/")[0]
        while folder:
            self._known.setdefault(folder, None)
            folder = folder.rpartition("/")[0]

    def forgotten(self, path: str) -> None:
        """A tool deleted `path`."""
        self.tree = self._store.overlay(self.tree, {path: None})
        self._known.pop(path, None)

    def restore(self, tree: str) -> None:
        """Make the sandbox's tree equal to `tree`; the caller takes a listing, absorbs it and
        compares."""
        changes = self._store.diff(self.tree, tree)
        gone = {
            self._topmost(path, tree)
            for path, (old, new) in changes.items()
            if old is not None and not (new and old.kind == new.kind == "folder")
        }
        for batch in _word_batches(sorted(gone)):
            self._session.ask(f"rm -rf {paths_quoted(batch)}")
        wanted = {path: entry for path, (_, entry) in changes.items() if entry is not None}
        if len(wanted) <= _FEW or not self._unpacked(wanted):
            for path, entry in wanted.items():
                for ticket in self._put(path, entry):
                    self._session.collect(ticket)
        self._known |= dict.fromkeys(changes)

    def _unpacked(self, entries: dict[str, Entry]) -> bool:
        """Send many entries as one tar; False where the sandbox cannot unpack it."""
        into = 'cat "$swe_home/taken" >"$swe_home/bundle"'
        for chunk in _chunked(tar_of_entries(self._store, entries)):
            if self._session.collect(self._session.hand_over(chunk, into)).code:
                return False
            into = 'cat "$swe_home/taken" >>"$swe_home/bundle"'
        return self._session.ask("unpack").code == 0

    def _topmost(self, path: str, tree: str) -> str:
        """The path itself, or the highest folder above it that `tree` does not have."""
        folder = path.rpartition("/")[0]
        while folder:
            kept = self._store.find(tree, folder)
            if kept and kept.kind == "folder":
                break
            path, folder = folder, folder.rpartition("/")[0]
        return path

    def _put(self, path: str, entry: Entry) -> list[str]:
        """Requests that make one entry where nothing is."""
        word = path_quoted(path)
        folder = path.rpartition("/")[0]
        ready = f"mkdir -p {path_quoted(folder)} && " if folder else ""
        if entry.kind == "folder":
            return [self._session.ask_later(f"mkdir -p {word} && chmod {entry.mode:o} {word}")]
        if entry.kind == "link":
            target = self._store.get(entry.blob).decode("utf-8", "surrogateescape")
            target = "'" + target.replace("'", "'\\''") + "'"
            return [self._session.ask_later(f"{ready}ln -s -- {target} {word}")]
        if entry.kind != "file":
            return []
        tickets = []
        into = f'{ready}cat "$swe_home/taken" >'
        if not entry.size_bytes:
            tickets.append(self._session.ask_later(f"{ready}: >{word}"))
        for chunk in self._store.blobs.chunks(entry.blob, CHUNK_BYTES):
            tickets.append(self._session.hand_over(chunk, f"{into} {word}"))
            into = 'cat "$swe_home/taken" >>'
        tickets.append(self._session.ask_later(f"chmod {entry.mode:o} {word}"))
        return tickets

    def _absorb(self, rows: dict[str, Row]) -> int:
        changed = {
            path: row
            for path, row in rows.items()
            if self._known.get(path) is None or self._known[path] != row.signature()
        }
        gone = [path for path in self._known if path not in rows]
        changes: dict[str, Entry | None] = dict.fromkeys(gone)
        changes |= self._fetched(changed)
        before = self.tree
        self.tree = self._store.overlay(self.tree, changes)
        for path in gone:
            del self._known[path]
        for path, row in changed.items():
            self._known[path] = row.signature()
        return len(self._store.diff(before, self.tree)) if before != self.tree else 0

    def _fetched(self, rows: dict[str, Row]) -> dict[str, Entry]:
        """The entries of changed rows, with their bytes in the store."""
        entries: dict[str, Entry] = {}
        files: dict[str, Row] = {}
        for path, row in rows.items():
            if row.kind == "file" and row.size_bytes <= STORED_BYTES:
                files[path] = row
            elif row.kind == "link":
                key = self._store.put(self._target(path, row))
                entries[path] = Entry("link", key, 0, 0o777)
            elif row.kind == "folder":
                entries[path] = Entry("folder", "", 0, row.mode)
            else:
                entries[path] = Entry("other", "", row.size_bytes, row.mode)
        small = {path: row for path, row in files.items() if row.size_bytes <= _BATCH_BYTES}
        for batch in _size_batches(small):
            entries |= self._batch(batch)
        for path in files.keys() - small.keys():
            entries[path] = self._large(path, files[path])
        return entries

    def _batch(self, batch: Sequence[tuple[str, Row]]) -> dict[str, Entry]:
        """Many files in one reply, cut by the sizes that the listing told; one by one if those are
        off."""
        reply = self._session.ask("cat " + paths_quoted(path for path, _ in batch))
        if reply.code == 0 and len(reply.content) == sum(row.size_bytes for _, row in batch):
            entries, at = {}, 0
            for path, row in batch:
                content = reply.content[at : at + row.size_bytes]
                at += row.size_bytes
                entries[path] = Entry("file", self._store.put(content), row.size_bytes, row.mode)
            return entries
        if len(batch) > 1:
            return {path: entry for one in batch for path, entry in self._batch([one]).items()}
        path, row = batch[0]
        if reply.code:
            return {path: Entry("other", "", row.size_bytes, row.mode)}
        return {path: Entry("file", self._store.put(reply.content), len(reply.content), row.mode)}

    def _large(self, path: str, row: Row) -> Entry:
        try:
            key = self._store.blobs.put_stream(row.size_bytes, self._pieces(path, row.size_bytes))
        except ValueError as error:
            raise SandboxLost(f"{path} changed while it was saved") from error
        return Entry("file", key, row.size_bytes, row.mode)

    def _pieces(self, path: str, size_bytes: int) -> Iterator[bytes]:
        per = _BATCH_BYTES // CHUNK_BYTES
        for skip in range(0, -(-size_bytes // CHUNK_BYTES), per):
            code = f"dd if={path_quoted(path)} bs={CHUNK_BYTES} skip={skip} count={per} 2>/dev/null"
            yield self._session.ask(code).content

    def _target(self, path: str, row: Row) -> bytes:
        if row.target:
            return row.target.encode("utf-8", "surrogateescape")
        content = self._session.ask(f"readlink {path_quoted(path)}").content
        return content.removesuffix(b"\n")


def _chunked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in chunks that one `take` can carry."""
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        while len(buffer) >= CHUNK_BYTES:
            yield bytes(buffer[:CHUNK_BYTES])
            del buffer[:CHUNK_BYTES]
    yield bytes(buffer)


def _word_batches(paths: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    length = 0
    for path in paths:
        if batch and length + len(path) > _BATCH_WORDS:
            yield batch
            batch, length = [], 0
        batch.append(path)
        length += len(path) + 6
    if batch:
        yield batch


def _size_batches(rows: dict[str, Row]) -> Iterator[list[tuple[str, Row]]]:
    batch: list[tuple[str, Row]] = []
    size = length = 0
    for path, row in rows.items():
        if batch and (size + row.size_bytes > _BATCH_BYTES or length + len(path) > _BATCH_WORDS):
            yield batch
            batch, size, length = [], 0, 0
        batch.append((path, row))
        size += row.size_bytes
        length += len(path) + 6
    if batch:
        yield batch
