"""What the index keeps of one file: its imports, and its text in units, each with counted terms.

A record depends on the file's path (its language) and bytes alone, so it is kept by their hash.
"""

import marshal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import cast

from swe_agent.index.grammars import OTHER_NAMES, language_of
from swe_agent.index.languages import QUERIES
from swe_agent.index.outline import Definition, Outline, is_parsable, outline
from swe_agent.index.terms import count_into, literal_shingles

FORMAT = f"8-{sys.version_info[0]}.{sys.version_info[1]}"
"""Changes whenever records of before cannot be read or would differ."""
CODE = 2
"""What a word of code counts, in halves; of documentation, 1: it tells of much that happens
elsewhere."""
NAME = 2 * CODE
"""What a word of a unit's name counts besides."""
MODULE = ""
"""Qualified name of the unit that holds what lies outside functions and classes."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of a file that is ranked on its own: an outermost function or method, a class or
    module without those."""

    qualified: str
    kind: str
    """`function`, `class` or `module`."""
    first: int
    last: int
    terms: dict[str, int]
    """Counts in halves, its name's words among them."""
    calls: tuple[str, ...] = ()
    """Names called in it, each once."""
    bases: tuple[str, ...] = ()
    """Last names of what a class inherits from."""


@dataclass(frozen=True, slots=True)
class Record:
    """One file in the index."""

    imports: tuple[str, ...]
    """Each import statement on one line."""
    units: tuple[Unit, ...]


def is_source(path: str) -> bool:
    """Whether some grammar's suffix is the path's."""
    suffix = path.rpartition(".")[2].lower()
    return OTHER_NAMES.get(suffix, suffix) in QUERIES


def record_of(path: str, content: bytes) -> Record:
    """The record of a file's bytes; without units where it is not text that people write."""
    if not is_parsable(content) or language_of(path, content) is None:
        return Record((), ())
    found = outline(path, content)
    lines = content.decode("utf-8", "replace").split("\n")
    return Record(tuple(text for text, _ in found.imports), tuple(_units(found, lines)))


def _units(found: Outline, lines: list[str]) -> list[Unit]:
    """The file cut into units; each line belongs to the innermost unit around it."""
    places = [Definition(MODULE, "class", 1, len(lines))]
    owner = [0] * len(lines)
    function_end = 0
    for definition in found.definitions:
        if definition.first <= function_end and definition.last <= function_end:
            continue
        if definition.kind == "function":
            function_end = definition.last
        first, last = definition.first - 1, min(definition.last, len(lines))
        owner[first:last] = [len(places)] * (last - first)
        places.append(definition)
    called: list[set[str]] = [set() for _ in places]
    for callee, line in found.calls:
        called[owner[min(line, len(lines)) - 1]].add(callee)
    terms = _terms(found, lines, owner, places)
    return [
        Unit(
            place.qualified,
            place.kind if place.qualified else "module",
            place.first,
            place.last,
            counts,
            tuple(sorted(calls)),
            tuple(base.rpartition(".")[2] for base in place.bases),
        )
        for place, counts, calls in zip(places, terms, called, strict=True)
    ]


def _terms(
    found: Outline, lines: list[str], owner: list[int], places: list[Definition]
) -> Iterator[dict[str, int]]:
    """Counted terms of each place, of the lines that it owns."""
    marks = [2 * place for place in owner]  # odd: documentation
    for first, last in found.docs:
        marks[first - 1 : last] = [mark | 1 for mark in marks[first - 1 : last]]
    pieces: list[list[str]] = [[] for _ in range(2 * len(places))]
    start = 0
    for mark, run in groupby(marks):
        end = start + len(list(run))
        pieces[mark] += lines[start:end]
        start = end
    for place, code, documentation in zip(places, pieces[::2], pieces[1::2], strict=True):
        text = "\n".join(code)
        terms = dict.fromkeys(literal_shingles(text), CODE)
        count_into(terms, text, CODE)
        count_into(terms, "\n".join(documentation))
        count_into(terms, place.qualified, NAME)
        yield terms


def packed(record: Record) -> bytes:
    """A record as bytes for the cache."""
    units = [
        (u.qualified, u.kind, u.first, u.last, u.terms, u.calls, u.bases) for u in record.units
    ]
    return marshal.dumps((record.imports, units))


def unpacked(content: bytes) -> Record:
    """The record that `packed` made bytes of.

    Raises:
        ValueError, EOFError, TypeError: the bytes are damaged.
    """
    imports, units = cast(
        "tuple[tuple[str, ...],"
        " list[tuple[str, str, int, int, dict[str, int], tuple[str, ...], tuple[str, ...]]]]",
        marshal.loads(content),
    )
    return Record(imports, tuple(Unit(*unit) for unit in units))
