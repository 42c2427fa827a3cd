"""What the index keeps between runs: one SQLite file a repository, in the user's cache folder.

It holds records by the hash of a file's bytes, the stats that tell which files changed, and the
merged corpus. A cache that cannot be read or written is done without, never an error.
"""

import contextlib
import hashlib
import marshal
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from swe_agent.index.corpus import Corpus
from swe_agent.index.record import FORMAT

CACHE_HOME = "SWE_AGENT_CACHE_HOME"
"""Environment variable that names the cache folder."""
KEPT_REPOSITORIES = 20
Stat = tuple[int, int, int, int, str]
"""Size, mtime and ctime in nanoseconds, inode; then the hash of the bytes."""

_TABLES = """
create table if not exists records (key text primary key, body blob) without rowid;
create table if not exists kept (name text primary key, body blob) without rowid;
"""
_DAMAGED = (ValueError, EOFError, TypeError, zlib.error)


def cache_home() -> Path:
    """The user's cache folder; it need not exist."""
    named = os.environ.get(CACHE_HOME)
    if named:
        return Path(named).expanduser().absolute()
    import platformdirs

    return platformdirs.user_cache_path("swe-agent")


class Cache:
    """The kept records of one repository."""

    def __init__(self, root: str, home: Path | None = None) -> None:
        """Open or make the file for the repository at `root`; nothing is kept if that fails."""
        folder = (home or cache_home()) / f"index-{FORMAT}"
        name = hashlib.sha256(os.fsencode(root)).hexdigest()[:24] + ".sqlite"
        self._rows: sqlite3.Connection | None = None
        with contextlib.suppress(OSError, sqlite3.Error):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _drop_oldest(folder, name)
            self._rows = sqlite3.connect(folder / name, timeout=5)
            self._rows.executescript("pragma journal_mode=wal; pragma synchronous=normal;")
            self._rows.executescript(_TABLES)

    def records(self, keys: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Those of the keys that are kept, with their packed records."""
        wanted = list(keys)
        for start in range(0, len(wanted), 500):
            chunk = wanted[start : start + 500]
            marks = ",".join("?" * len(chunk))
            for key, body in self._read(
                f"select key, body from records where key in ({marks})", chunk
            ):
                with contextlib.suppress(zlib.error):
                    yield str(key), zlib.decompress(body)

    def keep_records(self, records: Mapping[str, bytes]) -> None:
        """Keep packed records by their keys."""
        # level 0: only the checksum is wanted; squeezing costs a cold start more than it saves
        rows = [(key, zlib.compress(body, 0)) for key, body in records.items()]
        self._write("insert or replace into records values (?, ?)", rows)

    def corpus(self) -> Corpus | None:
        """The corpus as last kept."""
        body = self._kept("corpus")
        try:
            return Corpus.unpacked(body) if body else None
        except _DAMAGED:
            return None

    def keep_corpus(self, corpus: Corpus) -> None:
        """Keep the corpus, and forget records of files that are no longer in it."""
        self._write("insert or replace into kept values ('corpus', ?)", [(corpus.packed(),)])
        alive = set(corpus.keys.values())
        gone = [(k,) for (k,) in self._read("select key from records", []) if k not in alive]
        if len(gone) > len(alive):
            self._write("delete from records where key = ?", gone)

    def stats(self) -> dict[str, Stat]:
        """What was known of each file's bytes, by path."""
        body = self._kept("stats")
        try:
            found: dict[str, Stat] = marshal.loads(body) if body else {}
        except _DAMAGED:
            return {}
        return found

    def keep_stats(self, stats: Mapping[str, Stat]) -> None:
        """Keep the stats of all files."""
        body = marshal.dumps(dict(stats))
        self._write("insert or replace into kept values ('stats', ?)", [(body,)])

    def close(self) -> None:
        if self._rows is not None:
            self._rows.close()

    def _kept(self, name: str) -> bytes | None:
        for (body,) in self._read("select body from kept where name = ?", [name]):
            return bytes(body)
        return None

    def _read(self, sql: str, values: list[str]) -> list[tuple[Any, ...]]:
        if self._rows is None:
            return []
        try:
            return self._rows.execute(sql, values).fetchall()
        except sqlite3.Error:
            return []

    def _write(self, sql: str, rows: Sequence[tuple[str | bytes, ...]]) -> None:
        if self._rows is None:
            return
        with contextlib.suppress(sqlite3.Error), self._rows:
            self._rows.executemany(sql, rows)


def _drop_oldest(folder: Path, name: str) -> None:
    """Make room: the repositories that were not looked at for longest go."""
    files = sorted(folder.glob("*.sqlite"), key=lambda file: file.stat().st_mtime)
    for file in [f for f in files if f.name != name][: max(0, len(files) - KEPT_REPOSITORIES)]:
        for suffix in ("", "-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
