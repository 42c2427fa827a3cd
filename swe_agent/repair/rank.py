"""In which order candidates are tried, and which of those that pass is kept."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from swe_agent.repair.templates.template import Template

TABLE = Path(__file__).parent / "in_projects.tsv"
"""Priors in projects: the geometric mean of a template's prior and of how often it made the
author's change, per candidate, in some hundred small fixes of thirteen public projects; of the
family `variants`, of `variable throughout` and of `rest`, which were not measured there, the least
that is usual.
"""
_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"|\b\d+\b")
_IDLE = re.compile(r"\b1 \* |\* 1\b|[+-] 0\b|//? 1\b")
"""Computing with a number that changes nothing."""
_TYPE = re.compile(r"\b[A-Z]\w*(?:Error|Exception|Iteration|Warning)\b")
_USUAL = {"0", "1", "2", "''", '""'}

BOOSTS: tuple[tuple[str, frozenset[str], float], ...] = (
    (
        r"RecursionError|maximum recursion",
        frozenset(
            {"argument order", "recursion argument", "off by one", "boundary", "early exit"}
            | {"condition case", "relative argument", "kept item"}
        ),
        1.5,
    ),
    (
        r"IndexError|out of range|StopIteration|empty",
        frozenset(
            {"comparator", "off by one", "slice bounds", "range bounds", "loop end"}
            | {"condition case", "boundary", "early exit"}
        ),
        1.3,
    ),
    (
        r"'?NoneType'?",
        frozenset(("null guard", "early exit", "forgotten result", "skip", "first value")),
        1.8,
    ),
    (
        r"[Tt]imeout|timed out",
        frozenset(("loop end", "comparator", "off by one", "arithmetic", "operand order", "power")),
        1.3,
    ),
    (r"ZeroDivisionError", frozenset(("early exit", "condition case", "operand order")), 1.8),
    (r"KeyError", frozenset(("variable", "condition case", "argument order", "text")), 1.3),
    (r"TypeError", frozenset(("missing call", "needless call", "variable", "rebinding")), 1.3),
    (r"AttributeError", frozenset(("attribute", "function", "variable", "null guard")), 1.3),
    (r"is not|!= None|None !=", frozenset(("forgotten result",)), 1.3),
    (r"DID NOT RAISE|not raised", frozenset(("raised",)), 3.0),
)
"""What a failure's text says about the kind of fault: pattern, templates that fit, and by how much.
"""


@dataclass(frozen=True, slots=True)
class Weights:
    """What the failures say about the templates: a factor for each one that they favour."""

    factors: dict[str, float]
    raised: frozenset[str] = frozenset()
    """Types of exceptions that the failures name."""
    more: tuple[Template, ...] = ()
    """Templates that were made for this search."""
    in_project: bool = False
    """Whether the fault is somewhere in a project, not in a handful of functions: its fixes are of
    other kinds.
    """

    def prior(self, template: Template) -> float:
        """How often such a change is the right one where the fault is; 0.0: it is not tried."""
        return in_projects(template) if self.in_project else template.prior

    def of(self, template: Template, text: str = "") -> float:
        """The template's prior in the light of the failures, for a variant with this text;
        0.0 where that speaks of an exception that no failure names.
        """
        prior = self.prior(template) * self.factors.get(template.name, 1.0)
        if not template.of_failure:
            return prior
        return prior if self.raised & set(_TYPE.findall(text)) else 0.0


def weights_from(
    failures: str, more: tuple[Template, ...] = (), in_project: bool = False
) -> Weights:
    """The weights that the failures' texts speak for.

    >>> weights_from("IndexError: list index out of range").factors["off by one"]
    1.3
    """
    factors: dict[str, float] = {}
    for pattern, names, factor in BOOSTS:
        if re.search(pattern, failures):
            for name in names:
                factors[name] = max(factor, factors.get(name, 1.0))
    return Weights(factors, frozenset(_TYPE.findall(failures)), more, in_project)


def in_projects(template: Template) -> float:
    """A template's prior among the fixes of real projects."""
    return _in_projects().get(template.name, template.prior)


@cache
def _in_projects() -> dict[str, float]:
    rows = TABLE.read_text(encoding="utf-8").splitlines()
    return {name: float(prior) for name, prior in (row.split("\t") for row in rows)}


COMPANY = 0.5
"""Part of its own weight that a candidate gives to each one that behaves alike."""


PLAIN = 0.25
"""Part of the heaviest one's weight that the plainest of those that behave alike has to have."""


def likeliness(
    weighed: Sequence[tuple[float, int, tuple[str, ...]]],
) -> list[tuple[float, int, float]]:
    """Sort keys, least first, of candidates that pass, from their weights, sizes and behaviours.

    Candidates that behave alike stand together, by their heaviest one and a part of the others';
    among them the smallest comes first that is not much less likely. Without a behaviour each
    stands alone.

    >>> likeliness([(0.5, 9, ("int 1",)), (0.4, 9, ("int 2",)), (0.3, 8, ("int 2",))])
    [(-0.5, 9, -0.5), (-0.55, 9, -0.4), (-0.55, 8, -0.3)]
    """
    together: dict[tuple[str, ...], list[float]] = {}
    for weight, _, behaviour in weighed:
        together.setdefault(behaviour, []).append(weight)
    keys = []
    for weight, size, behaviour in weighed:
        alike = together[behaviour] if behaviour else [weight]
        top = max(alike)
        rank = size if weight >= PLAIN * top else sys.maxsize
        keys.append((-(top + COMPANY * (sum(alike) - top)), rank, -weight))
    return keys


def naturalness(old: str, new: str, tests: str) -> float:
    """How general a change looks, in (0, 1]: lower for long or idle changes and for values from the
    tests.

    >>> naturalness("x < 3", "x > 3", ""), naturalness("x < 100", "x < 417", "f(417)")
    (1.0, 0.2)
    """
    grown = abs(len(new) - len(old))
    value = 1.0 / (1.0 + grown / 80)
    fresh = set(_LITERAL.findall(new)) - set(_LITERAL.findall(old)) - _USUAL
    if any(re.search(rf"(?<!\w){re.escape(literal)}(?!\w)", tests) for literal in fresh):
        value *= 0.2
    if len(_IDLE.findall(new)) > len(_IDLE.findall(old)):
        value *= 0.4
    return value if new.strip() else value * 0.6
