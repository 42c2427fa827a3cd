"""What the host knows of the sandbox's work tree, and how the two are brought together: absorb and
restore.

The sandbox is asked for a listing and for the bytes of what changed; nothing on the host ever opens
a path that the sandbox chose.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from swe_agent.core.protocols import Entry
from swe_agent.runtime.listing import FindKind, Listing, Row, read_single, single_code
from swe_agent.runtime.session import CHUNK_BYTES, Session, path_quoted, paths_quoted
from swe_agent.runtime.store import TreeStore
from swe_agent.runtime.tarball import tar_of_entries

_BATCH_BYTES = 8_000_000
_BATCH_WORDS = 100_000
_TRIES = 5
"""How often a file that shrinks while it is read is looked at again."""
_FOLDER_MODE, _FILE_MODE = 0o755, 0o644
"""What the broker makes without being told: its umask is 022."""
_FEW = 3
"""Up to this many entries are put back one by one, more as a tar."""
STORED_BYTES = 200_000_000
"""A larger file is noted, not stored: no source file is this long."""
_TOO_LONG = "paths in it are longer than a program can open"
_NAMED = 20
"""So many of the paths that are not stored are named."""


class Worktree:
    """The tree as of the last listing, kept in step by `absorb`, `write` and `restore`."""

    def __init__(self, session: Session, store: TreeStore, find: FindKind) -> None:
        self._session, self._store, self._find = session, store, find
        self._known: dict[str, Row | None] = {}
        """The row that each path was taken over with; None: its content is not sure."""
        self._unstored: dict[str, Row] = {}
        self._given: frozenset[str] = frozenset()
        """Those of them that every sandbox of this environment begins with."""
        self._too_long: dict[str, str] = {}
        self.tree = store.empty

    def bare(self) -> "Worktree":
        """The same tree, with nothing known of its files."""
        bare = Worktree(self._session, self._store, self._find)
        bare.tree = self.tree
        return bare

    def left_out(self) -> dict[str, str]:
        """Paths that commands made and the tree does not hold, with the reason; the first of
        many."""
        rows = ((path, self._unstored[path]) for path in self._unstored.keys() - self._given)
        told = {path: why for path, row in rows if (why := _why_unstored(row))}
        return dict(sorted(told.items())[:_NAMED]) | self._too_long

    def adopt(self, tree: str, listing: Listing) -> None:
        """Take the listing of a sandbox that was filled with `tree` and has run nothing yet.

        Raises:
            SandboxLost: the stream ended.
        """
        self.tree = tree
        for path, entry in self._store.walk(tree):
            row = listing.rows.get(path)
            if row is None or row.kind != entry.kind:
                self._known[path] = None
            elif row.kind != "file" or (row.size_bytes, row.mode) == (entry.size_bytes, entry.mode):
                self._known[path] = row
        self.absorb(listing)
        self._given = frozenset(self._unstored)

    def absorb(self, listing: Listing) -> None:
        """Bring the tree up to date with a listing.

        Raises:
            SandboxLost: the stream ended.
        """
        rows = listing.rows
        changed = {
            path: row
            for path, row in rows.items()
            if (known := self._known.get(path)) is not row and not (known and row.is_still(known))
        }
        gone = self._known.keys() - rows.keys()
        changes: dict[str, Entry | None] = dict.fromkeys(gone)
        changes |= self._fetched(changed)
        self.tree = self._store.overlay(self.tree, changes)
        for path in gone:
            del self._known[path]
            self._unstored.pop(path, None)
        for path, row in changed.items():
            self._known[path] = None if row.racy else row
            self._unstored.pop(path, None)
            if changes[path] is None:
                self._unstored[path] = row
        self._too_long = {listing.too_long_in: _TOO_LONG} if listing.too_long_in else {}

    def is_plain(self, path: str) -> bool:
        """Whether a path is a file, or nothing yet, that no link leads to."""
        *folders, _ = path.split("/")
        above = ("/".join(folders[:count]) for count in range(1, len(folders) + 1))
        kinds = [entry.kind for place in above if (entry := self._store.find(self.tree, place))]
        itself = self._store.find(self.tree, path)
        return all(kind == "folder" for kind in kinds) and (not itself or itself.kind == "file")

    def noted(self, path: str, content: bytes, row: Row) -> None:
        """A tool wrote `content` to `path`, a plain one: take it over without a listing."""
        key = self._store.put(content)
        entry = Entry("file", key, len(content), row.mode)
        self.tree = self._store.overlay(self.tree, {path: entry})
        self._known[path] = None if row.racy else row
        folder = path.rpartition("/")[0]
        while folder:
            self._known.setdefault(folder, None)
            folder = folder.rpartition("/")[0]

    def forgotten(self, path: str) -> None:
        """A tool deleted `path`, a plain one."""
        self.tree = self._store.overlay(self.tree, {path: None})
        self._known.pop(path, None)

    def restore(self, tree: str) -> None:
        """Make the sandbox's tree equal to `tree`; the caller takes a listing, absorbs it and
        compares. What is neither file, link nor folder does not survive it."""
        changes = self._store.diff(self.tree, tree)
        wanted = {path: entry for path, (_, entry) in changes.items() if entry is not None}
        gone = {
            self._topmost(path, tree)
            for path, (old, new) in changes.items()
            if old is not None and not (new and old.kind == new.kind == "folder")
        }
        gone |= {
            path
            for path, row in self._unstored.items()
            if row.kind != "file" or any(f"{want}/".startswith(f"{path}/") for want in wanted)
        }
        modes = self._opened(changes.keys() | gone, tree)
        tickets = []
        for batch in _word_batches(sorted(gone)):
            words = paths_quoted(batch)
            opened = f"find {words} -type d -exec chmod u+rwx {{}} \\; 2>/dev/null"
            code = f"rm -rf {words} 2>/dev/null || {{ {opened}; rm -rf {words}; }}"
            tickets.append(self._session.ask_later(code))
        made = {
            path: replace(entry, mode=_FOLDER_MODE) if entry.kind == "folder" else entry
            for path, entry in wanted.items()
        }
        if len(made) <= _FEW or not self._unpacked(made):
            for path, entry in made.items():
                tickets += self._put(path, entry)
        for ticket in tickets:
            self._session.collect(ticket)
        self._chmod(modes)
        self._known |= dict.fromkeys(changes.keys() | modes.keys())

    def _opened(self, paths: Iterable[str], tree: str) -> dict[str, int]:
        """Open the read-only folders in which something has to change; returns the modes that the
        folders of these paths need in the end."""
        modes: dict[str, int] = {}
        locked: dict[str, int] = {}
        seen: set[str] = set()
        for path in paths:
            folder = path
            while folder and folder not in seen:
                seen.add(folder)
                was, now = self._store.find(self.tree, folder), self._store.find(tree, folder)
                is_locked = was is not None and was.kind == "folder" and was.mode & 0o300 != 0o300
                if is_locked:
                    locked[folder] = 0o755
                if now and now.kind == "folder":
                    mode = was.mode if was and was.kind == "folder" else _FOLDER_MODE
                    if is_locked or mode != now.mode:
                        modes[folder] = now.mode
                folder = folder.rpartition("/")[0]
        self._chmod(locked)
        return modes

    def _chmod(self, modes: dict[str, int]) -> None:
        """Set the modes of folders, the deepest first."""
        for mode in set(modes.values()):
            paths = [path for path in modes if modes[path] == mode]
            for batch in _word_batches(sorted(paths, reverse=True)):
                self._session.ask(f"chmod {mode:o} {paths_quoted(batch)}")

    def _unpacked(self, entries: dict[str, Entry]) -> bool:
        """Send many entries as one tar; False where the sandbox cannot unpack it."""
        chunks = _chunked(tar_of_entries(self._store, entries))
        tickets = self._session.write_later(chunks, '"$swe_home/bundle"')
        codes = [self._session.collect(ticket).code for ticket in tickets]
        return not any(codes) and self._session.ask("unpack").code == 0

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
            return [self._session.ask_later(f"mkdir -p {word}")]
        if entry.kind == "link":
            target = self._store.get(entry.blob).decode("utf-8", "surrogateescape")
            target = "'" + target.replace("'", "'\\''") + "'"
            return [self._session.ask_later(f"{ready}ln -s -- {target} {word}")]
        if entry.kind != "file":
            return []
        chunks = self._store.blobs.chunks(entry.blob, CHUNK_BYTES)
        tickets = self._session.write_later(chunks, word, ready)
        if entry.mode != _FILE_MODE:
            tickets.append(self._session.ask_later(f"chmod {entry.mode:o} {word}"))
        return tickets

    def _fetched(self, rows: dict[str, Row]) -> dict[str, Entry | None]:
        """The entries of changed rows, with their bytes in the store; None for what is not
        stored."""
        entries: dict[str, Entry | None] = dict.fromkeys(rows)
        files: dict[str, Row] = {}
        for path, row in rows.items():
            if row.kind == "file" and row.size_bytes <= STORED_BYTES:
                files[path] = row
            elif row.kind == "link":
                key = self._store.put(self._target(path, row))
                entries[path] = Entry("link", key, 0, 0o777)
            elif row.kind == "folder":
                entries[path] = Entry("folder", "", 0, row.mode)
        small = {path: row for path, row in files.items() if row.size_bytes <= _BATCH_BYTES}
        for batch in _size_batches(small):
            entries |= self._batch(batch)
        for path in files.keys() - small.keys():
            entries[path] = self._large(path, files[path])
        return entries

    def _batch(self, batch: Sequence[tuple[str, Row]]) -> dict[str, Entry | None]:
        """Many files in one reply, cut by the sizes that the listing told; one by one if those are
        off."""
        reply = self._session.ask("cat " + paths_quoted(path for path, _ in batch))
        if reply.code == 0 and len(reply.content) == sum(row.size_bytes for _, row in batch):
            entries: dict[str, Entry | None] = {}
            at = 0
            for path, row in batch:
                content = reply.content[at : at + row.size_bytes]
                at += row.size_bytes
                entries[path] = Entry("file", self._store.put(content), row.size_bytes, row.mode)
            return entries
        return {path: self._single(path, row) for path, row in batch}

    def _single(self, path: str, row: Row) -> Entry | None:
        """One file, locked or growing as it may be; None where it is gone."""
        word = path_quoted(path)
        code = f"head -c {_BATCH_BYTES} {word}"
        if not row.mode & 0o400:
            code = f"chmod u+r {word} && {code}; c=$?; chmod {row.mode:o} {word}; exit $c"
        reply = self._session.ask(code)
        if reply.code:
            return None
        return Entry("file", self._store.put(reply.content), len(reply.content), row.mode)

    def _large(self, path: str, row: Row | None) -> Entry | None:
        """A file in pieces; one that grows is taken as long as it was, one that shrinks is looked
        at again."""
        for _ in range(_TRIES):
            if row is None or row.kind != "file" or row.size_bytes > STORED_BYTES:
                return None
            if row.size_bytes <= _BATCH_BYTES or not row.mode & 0o400:
                return self._single(path, row)
            try:
                pieces = self._pieces(path, row.size_bytes)
                key = self._store.blobs.put_stream(row.size_bytes, pieces)
            except ValueError:
                reply = self._session.ask(single_code(self._find, path))
                row = read_single(reply.content, self._find, path)
            else:
                return Entry("file", key, row.size_bytes, row.mode)
        return None

    def _pieces(self, path: str, size_bytes: int) -> Iterator[bytes]:
        per = _BATCH_BYTES // CHUNK_BYTES
        for skip in range(0, -(-size_bytes // CHUNK_BYTES), per):
            code = f"dd if={path_quoted(path)} bs={CHUNK_BYTES} skip={skip} count={per} 2>/dev/null"
            yield self._session.ask(code).content[: size_bytes - skip * CHUNK_BYTES]

    def _target(self, path: str, row: Row) -> bytes:
        if row.target:
            return row.target.encode("utf-8", "surrogateescape")
        content = self._session.ask(f"readlink {path_quoted(path)}").content
        return content.removesuffix(b"\n")


def _why_unstored(row: Row) -> str:
    """Empty for a file that was gone when it was read."""
    if row.kind == "file":
        return f"larger than {STORED_BYTES // 10**6} MB" if row.size_bytes > STORED_BYTES else ""
    return "neither a file nor a link nor a folder"


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
