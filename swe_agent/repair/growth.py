"""Bottom-up enumeration of terms: from names and constants to what one or two operations make of
them, the cheapest first, one for each behaviour in the recorded states.

Source: Alur et al., FMCAD 2013, "Syntax-Guided Synthesis" (observational equivalence); Nguyen et
al., ICSE 2013, "SemFix".
"""

import operator
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from swe_agent.repair.terms import (
    ATOM,
    COMPARISON,
    LOGIC,
    Term,
    behaviour,
    of_one,
    of_two,
)

FIRST_LIMIT = 40
"""Terms of one operation on which those of two are built."""
LEAF_LIMIT = 14
ASKED_LIMIT = 90
JOINED_LIMIT = 12
"""Conditions that are joined by `and` and `or`."""
KEPT = {1: 16, 2: 8, 3: 4}
"""Terms of one behaviour that are kept, by the count of states: a few states tell little apart."""
KEPT_ELSE = 2
_SIGNS: tuple[tuple[str, Callable[..., bool]], ...] = ((">", operator.gt), ("<", operator.lt))
_ORDERED = {int, float, str}
"""Types of which any two values can be compared."""
_LITERAL = re.compile(r"-?\d|'[^']*'$|\"[^\"]*\"$|\[\]$|\{\}$|(True|False|None)$")


@dataclass(slots=True)
class Grown:
    """Terms in order of cost, few of each behaviour."""

    states: int
    terms: list[Term] = field(default_factory=list)
    _of: dict[str, int] = field(default_factory=dict)
    _texts: set[str] = field(default_factory=set)

    def add(self, terms: Iterable[Term]) -> list[Term]:
        """Those that are new here, the cheapest first."""
        fresh = []
        for term in sorted(terms, key=lambda t: (t.cost, t.text)):
            key = behaviour(term.values)
            if term.text in self._texts or self._of.get(key, 0) >= KEPT.get(self.states, KEPT_ELSE):
                continue
            self._of[key] = self._of.get(key, 0) + 1
            self._texts.add(term.text)
            fresh.append(term)
        self.terms = sorted([*self.terms, *fresh], key=lambda t: (t.cost, t.text))
        return fresh


def grown(leaves: list[Term]) -> Grown:
    """Values: the leaves, one operation on them, and one more on those."""
    found = Grown(len(leaves[0].values) if leaves else 0)
    first = found.add(leaves)[:LEAF_LIMIT]
    second = found.add([*_singles(first), *_pairs(first, first)])[:FIRST_LIMIT]
    turned = _pairs(first, second, is_turned=True)
    found.add([*_singles(second), *_pairs(second, first), *turned])
    return found


def wrapped(core: Term, leaves: list[Term], around: list[Term]) -> Grown:
    """What can be made of one term that stands already: an operation on it, alone or with another
    term.
    """
    found = Grown(len(core.values))
    found.add([core])
    turned = _pairs(around, [core], is_turned=True)
    found.add([*_singles([core]), *_pairs([core], around), *turned])
    second = [term for term in found.terms if term.text != core.text][:FIRST_LIMIT]
    found.add([*_pairs(second, leaves), *_pairs(leaves, second, is_turned=True)])
    found.terms = [term for term in found.terms if term.text != core.text]
    return found


def asked(values: list[Term], leaves: list[Term]) -> Grown:
    """Conditions: flags among the values, comparisons of values with leaves, and two of the
    cheapest joined.
    """
    found = Grown(len(leaves[0].values) if leaves else 0)
    flags = [term for term in values if term.kind is bool]
    plain = [term for term in values if term.kind is not bool and not _is_fixed(term)]
    rank = {term.text: place for place, term in enumerate(leaves) if not _is_fixed(term)}
    pairs = (
        made
        for one in plain[:ASKED_LIMIT]
        for two in leaves
        if one.text != two.text
        for made in of_two(one, two, True, rank.get(two.text, 99) < rank.get(one.text, -1))
    )
    turned = (term for flag in flags for term in of_one(flag))
    found.add([*flags, *turned, *pairs, *_begun(leaves)])
    found.add(_both(found.terms[:JOINED_LIMIT]))
    return found


def _begun(leaves: list[Term]) -> Iterator[Term]:
    """Conditions about a variable that is None at first: whether it is, or is less or more."""
    for held in leaves:
        empty = [value is None for value in held.values]
        if not any(empty):
            continue
        yield Term(f"{held.text} is None", tuple(empty), held.cost + 0.4, COMPARISON)
        kinds = {type(value) for value in held.values} - {type(None)}
        for other in leaves if kinds <= _ORDERED else ():
            if kinds and ({other.kind} == kinds or {other.kind, *kinds} <= {int, float}):
                columns = list(zip(other.values, held.values, strict=True))
                for sign, decides in _SIGNS:
                    values = tuple(b is None or decides(a, b) for a, b in columns)
                    text = f"{held.text} is None or {other.text} {sign} {held.text}"
                    yield Term(text, values, held.cost + other.cost + 0.4, LOGIC)


def _both(terms: list[Term]) -> Iterator[Term]:
    for place, one in enumerate(terms):
        for two in terms[place + 1 :]:
            cost = one.cost + two.cost + 1.0
            columns = list(zip(one.values, two.values, strict=True))
            left, right = one.operand(COMPARISON), two.operand(COMPARISON)
            both = tuple(bool(a) and bool(b) for a, b in columns)
            yield Term(f"{left} and {right}", both, cost, LOGIC)
            either = tuple(bool(a) or bool(b) for a, b in columns)
            yield Term(f"{left} or {right}", either, cost, LOGIC)


def _singles(terms: list[Term]) -> Iterator[Term]:
    for term in terms:
        if not _is_fixed(term):
            yield from of_one(term)


def _pairs(ones: list[Term], twos: list[Term], is_turned: bool = False) -> Iterator[Term]:
    for at, one in enumerate(ones):
        for place, two in enumerate(twos):
            if not (_is_fixed(one) and _is_fixed(two)):
                again = is_turned or (ones is twos and place < at)
                yield from of_two(one, two, is_turned=again)


def _is_fixed(term: Term) -> bool:
    """Whether a term is a literal."""
    return _LITERAL.match(term.text) is not None and term.binds == ATOM
