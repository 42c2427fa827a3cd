"""The repository as a graph in SQLite: symbols, calls, inheritance, imports; read-only SQL."""

import re
import sqlite3
import time
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from swe_agent.index.corpus import Corpus, Place

SCHEMA = """files(path)
symbols(id, path, name, qualified, kind, first_line, last_line)
  kind: function, class or module (code outside both; its name is empty)
calls(caller, name)            caller: a symbols.id; name: what is called, without its receiver
edges(caller, callee)          both symbols.id; where at most 5 functions have the called name,
                               and callers import them
bases(class, base)             class: a symbols.id; base: name of what it inherits from
imports(path, text)            one import statement a row"""
_TABLES = """
create table files(path text primary key);
create table symbols(id integer primary key, path, name, qualified, kind, first_line, last_line);
create table calls(caller integer, name text);
create table edges(caller integer, callee integer);
create table bases(class integer, base text);
create table imports(path text, text text);
"""
_INDEXES = """
create index symbol_names on symbols(name); create index symbol_paths on symbols(path);
create index call_names on calls(name); create index callers on calls(caller);
create index edge_callers on edges(caller); create index edge_callees on edges(callee);
"""
MOST_NAMESAKES = 5
"""A called name that more functions have is no edge: it says nothing about which is meant."""
_SEEN_SHARE = 0.1
"""Of a name's callers; where fewer import what has the name, only theirs are edges."""
_TOGETHER = frozenset({"go", "java", "cs"})
_FOLDERS_OWN = frozenset({"__init__", "index", "mod", "lib"})
"""Names of files that are imported by their folder's."""
_WORD = re.compile(r"\w+")
Words = Mapping[str, Set[str]]
LIMIT_S = 5.0
MOST_ROWS = 200
_LONGEST_VALUE = 100_000
_ALLOWED = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query came to."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    is_cut: bool
    """Whether there are more rows."""


class Graph:
    """One corpus as tables in memory."""

    def __init__(self, corpus: Corpus) -> None:
        self._rows = sqlite3.connect(":memory:")
        self._rows.executescript(_TABLES)
        insert = self._rows.executemany
        insert("insert into files values (?)", [(_plain(path),) for path in sorted(corpus.by_path)])
        insert("insert into symbols values (?,?,?,?,?,?,?)", _symbols(corpus))
        insert("insert into calls values (?,?)", _calls(corpus))
        insert("insert into edges values (?,?)", edges(corpus))
        alive = [n for n in corpus.bases if corpus.places[n].length]
        insert("insert into bases values (?,?)", ((n, b) for n in alive for b in corpus.bases[n]))
        texts = ((_plain(path), text) for path, rows in corpus.imports.items() for text in rows)
        insert("insert into imports values (?,?)", texts)
        self._rows.executescript(_INDEXES)
        self._rows.commit()
        self._rows.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
        self._rows.set_authorizer(
            lambda action, *_: sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY
        )

    def ask(self, sql: str, limit_s: float = LIMIT_S) -> Answer:
        """Rows of one SELECT, at most 200.

        Raises:
            ValueError: it is no valid query of these tables, changes something, or takes too long.
        """
        end = time.monotonic() + limit_s
        self._rows.set_progress_handler(lambda: time.monotonic() > end, 10_000)
        try:
            cursor = self._rows.execute(sql)
            rows = cursor.fetchmany(MOST_ROWS + 1)
        except sqlite3.OperationalError as error:
            if str(error) == "interrupted":
                raise ValueError(f"it took over {limit_s:g} s") from error
            raise ValueError(str(error)) from error
        except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
            raise ValueError(str(error)) from error
        columns = tuple(column[0] for column in cursor.description or ())
        return Answer(columns, tuple(rows[:MOST_ROWS]), len(rows) > MOST_ROWS)


def edges(corpus: Corpus, words: Words | None = None) -> Iterator[tuple[int, int]]:
    """Calls between units, by name, those of one callee in a row; a name that many share has none.

    Args:
        corpus: the repository.
        words: what `imported_words` gives, where the caller has it.
    """
    every = _callers(corpus, corpus.named.keys())
    return _edges(corpus, every, imported_words(corpus) if words is None else words)


def edges_at(corpus: Corpus, numbers: Set[int]) -> Iterator[tuple[int, int]]:
    """Those of the edges that begin or end at one of the units."""
    own = {corpus.places[n].qualified.rpartition(".")[2] for n in numbers}
    names = own.union(*(corpus.calls[n] for n in numbers)) & corpus.named.keys()
    found = _edges(corpus, _callers(corpus, names), imported_words(corpus))
    return (edge for edge in found if not numbers.isdisjoint(edge))


def imported_words(corpus: Corpus) -> Words:
    """The words of each file's imports, and its folder where that needs none."""
    found = {}
    for path, texts in corpus.imports.items():
        words = set(_WORD.findall(" ".join(texts)))
        folder, _, name = path.rpartition("/")
        if name.rpartition(".")[2] in _TOGETHER:
            words.add(f"/{folder}")
        found[path] = words
    return found


def _callers(corpus: Corpus, names: Set[str]) -> dict[str, list[int]]:
    """The units that call something by each of the names."""
    found: dict[str, list[int]] = {}
    for number, called in enumerate(corpus.calls):
        if not names.isdisjoint(called) and corpus.places[number].length:
            for name in called:
                if name in names:
                    found.setdefault(name, []).append(number)
    return found


def _edges(
    corpus: Corpus, callers: Mapping[str, list[int]], words: Words
) -> Iterator[tuple[int, int]]:
    """Pairs of caller and callee.

    Most calls of `append` mean a list's, whoever else defines one: where few callers of a name
    import what defines it, the others mean something else.
    """
    places = corpus.places
    paths = [place.path for place in places]
    for name, numbers in callers.items():
        callees = [n for n in corpus.named[name] if places[n].length]
        if not 0 < len(callees) <= MOST_NAMESAKES:
            continue
        every, near = [], []
        for callee in callees:
            own, marks = paths[callee], _marks(places[callee])
            others = [n for n in numbers if n != callee]
            every += [(n, callee) for n in others]
            near += [
                (n, callee)
                for n in others
                if paths[n] == own or not words[paths[n]].isdisjoint(marks)
            ]
        yield from every if len(near) >= _SEEN_SHARE * len(every) else near


def _marks(place: Place) -> tuple[str, ...]:
    """What an import of the place would say; or its folder, where files of one need no imports."""
    folder, _, name = place.path.rpartition("/")
    stem, _, suffix = name.rpartition(".")
    shown = folder.rpartition("/")[2] if stem in _FOLDERS_OWN or suffix == "go" else stem
    outer = place.qualified.partition(".")[0]
    return (shown, outer, f"/{folder}") if suffix in _TOGETHER else (shown, outer)


def _plain(path: str) -> str:
    """A path as SQLite takes it: bytes that are not UTF-8 become question marks."""
    return path.encode("utf-8", "replace").decode()


def _symbols(corpus: Corpus) -> Iterator[tuple[int, str, str, str, str, int, int]]:
    for number, place in enumerate(corpus.places):
        if place.length:
            name = place.qualified.rpartition(".")[2]
            row = (_plain(place.path), name, place.qualified, place.kind, place.first, place.last)
            yield number, *row


def _calls(corpus: Corpus) -> Iterator[tuple[int, str]]:
    for number, names in enumerate(corpus.calls):
        if corpus.places[number].length:
            for name in names:
                yield number, name
