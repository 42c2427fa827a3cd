"""What the index keeps of one file: its outline, and its text in units, each with counted terms.

A record depends on the file's path (its language) and bytes alone, so it is kept by their hash.
"""

import marshal
import sys
from dataclasses import dataclass
from typing import cast

from swe_agent.index.grammars import OTHER_NAMES, language_of
from swe_agent.index.languages import QUERIES
from swe_agent.index.outline import Definition, Outline, is_parsable, outline
from swe_agent.index.terms import counted, literal_shingles

FORMAT = f"6-{sys.version_info[0]}.{sys.version_info[1]}"
"""Changes whenever records of before cannot be read or would differ."""
CODE = 2
"""What a word of code counts, in halves."""
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
    """Counts in halves: what stands in documentation counts half."""
    calls: tuple[str, ...] = ()
    """Names called in it, each once."""
    bases: tuple[str, ...] = ()
    """Last names of what a class inherits from."""


@dataclass(frozen=True, slots=True)
class Record:
    """One file in the index."""

    outline: Outline
    units: tuple[Unit, ...]


def is_source(path: str) -> bool:
    """Whether some grammar's suffix is the path's."""
    suffix = path.rpartition(".")[2].lower()
    return OTHER_NAMES.get(suffix, suffix) in QUERIES


def record_of(path: str, content: bytes) -> Record:
    """The record of a file's bytes; without units where it is not text that people write."""
    if not is_parsable(content) or language_of(path, content) is None:
        return Record(Outline(), ())
    found = outline(path, content)
    text = content.decode("utf-8", "replace")
    return Record(found, tuple(_units(found, text.split("\n"))))


def _units(found: Outline, lines: list[str]) -> list[Unit]:
    """The file cut into units; each line belongs to the innermost unit around it."""
    places: list[Definition | None] = [None]
    owner = [0] * (len(lines) + 2)
    function_end = 0
    for definition in found.definitions:
        if definition.first <= function_end and definition.last <= function_end:
            continue
        if definition.kind == "function":
            function_end = definition.last
        places.append(definition)
        span = range(definition.first, min(definition.last, len(lines)) + 1)
        owner[span.start : span.stop] = [len(places) - 1] * len(span)
    called: list[set[str]] = [set() for _ in places]
    for callee, at in found.calls:
        called[owner[min(at, len(lines))]].add(callee)
    documented = {number for first, last in found.docs for number in range(first, last + 1)}
    pieces: list[tuple[list[str], list[str]]] = [([], []) for _ in places]
    for number, line in enumerate(lines, 1):
        pieces[owner[number]][number in documented].append(line)
    units = []
    for place, (code, documentation), calls in zip(places, pieces, called, strict=True):
        terms = _weighed("\n".join(code), "\n".join(documentation))
        names = tuple(sorted(calls))
        if place is None:
            units.append(Unit(MODULE, "module", 1, len(lines), terms, names))
            continue
        bases = tuple(base.rpartition(".")[2] for base in place.bases)
        units.append(
            Unit(place.qualified, place.kind, place.first, place.last, terms, names, bases)
        )
    return units


def _weighed(code: str, documentation: str) -> dict[str, int]:
    """Counts in halves. A docstring tells of much that happens elsewhere, so it weighs less."""
    terms = {
        term: CODE * count for term, count in {**literal_shingles(code), **counted(code)}.items()
    }
    for term, count in counted(documentation).items():
        terms[term] = terms.get(term, 0) + count
    return terms


def packed(record: Record) -> bytes:
    """A record as bytes for the cache."""
    out = record.outline
    definitions = [(d.qualified, d.kind, d.first, d.last, d.bases) for d in out.definitions]
    units = [
        (u.qualified, u.kind, u.first, u.last, u.terms, u.calls, u.bases) for u in record.units
    ]
    return marshal.dumps((out.language, definitions, out.calls, out.imports, units))


def unpacked(content: bytes) -> Record:
    """The record that `packed` made bytes of.

    Raises:
        ValueError, EOFError, TypeError: the bytes are damaged.
    """
    language, definitions, calls, imports, units = cast(
        "tuple[str, list[tuple[str, str, int, int, tuple[str, ...]]],"
        " tuple[tuple[str, int], ...], tuple[tuple[str, int], ...],"
        " list[tuple[str, str, int, int, dict[str, int], tuple[str, ...], tuple[str, ...]]]]",
        marshal.loads(content),
    )
    return Record(
        Outline(
            language,
            tuple(
                Definition(q, "class" if k == "class" else "function", f, e, b)
                for q, k, f, e, b in definitions
            ),
            calls,
            imports,
        ),
        tuple(Unit(*unit) for unit in units),
    )
