"""Two batches side by side: flips, how sure a difference is, and what each costs. Pure."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, fsum
from statistics import median

from swe_agent.jobs.tally import Tally, Tried

SEED = 42
ROUNDS = 10_000
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference of means (second less first) and where it lies with 95 % confidence."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Spread:
    """How a quantity is distributed over the common instances."""

    total: float
    mean: float
    median: float
    p90: float


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity in both batches."""

    name: str
    first: Spread
    second: Spread
    difference: Interval


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two batches over the instances that both have."""

    names: tuple[str, str]
    by: tuple[str, str]
    """What says that an instance is resolved, in each."""
    common: tuple[str, ...]
    only: tuple[tuple[str, ...], tuple[str, ...]]
    """Instances that one batch alone has."""
    resolved: tuple[int, int]
    gained: tuple[str, ...]
    """Resolved by the second alone."""
    lost: tuple[str, ...]
    """Resolved by the first alone."""
    difference: Interval
    """Of the resolved share."""
    p_value: float
    """How often chance alone splits the flips so unevenly (exact McNemar test, two-sided)."""
    quantities: tuple[Quantity, ...]
    failures: dict[str, tuple[int, int]]
    """Failure class to how often it came, in each."""


def compare(first: Tally, second: Tally) -> Comparison:
    """The comparison over the common instances."""
    common = tuple(sorted(first.rows.keys() & second.rows.keys()))
    pairs = [(first.rows[name], second.rows[name]) for name in common]
    gained = tuple(a.id for a, b in pairs if b.resolved and not a.resolved)
    lost = tuple(a.id for a, b in pairs if a.resolved and not b.resolved)
    return Comparison(
        names=(first.name, second.name),
        by=(first.by, second.by),
        common=common,
        only=(
            tuple(sorted(first.rows.keys() - second.rows.keys())),
            tuple(sorted(second.rows.keys() - first.rows.keys())),
        ),
        resolved=(sum(a.resolved for a, _ in pairs), sum(b.resolved for _, b in pairs)),
        gained=gained,
        lost=lost,
        difference=paired_interval([float(b.resolved) - a.resolved for a, b in pairs]),
        p_value=mcnemar(len(gained), len(lost)),
        quantities=tuple(
            Quantity(
                name,
                spread_of([getattr(a, name) for a, _ in pairs]),
                spread_of([getattr(b, name) for _, b in pairs]),
                paired_interval([float(getattr(b, name)) - getattr(a, name) for a, b in pairs]),
            )
            for name in ("cost_usd", "steps", "duration_s")
        ),
        failures=_failures(pairs),
    )


def paired_interval(
    differences: Sequence[float], rounds: int = ROUNDS, seed: int = SEED
) -> Interval:
    """The mean of paired differences with its bootstrap interval; the same input gives the same.

    Instances are drawn with replacement, each with both its sides.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, the percentile interval.

    >>> paired_interval([1.0, 1.0, 1.0])
    Interval(mean=1.0, low=1.0, high=1.0)
    """
    count = len(differences)
    if not count:
        return Interval(0.0, 0.0, 0.0)
    mean = fsum(differences) / count
    if len(set(differences)) == 1:
        return Interval(mean, mean, mean)
    draw = random.Random(seed)
    means = sorted(sum(draw.choices(differences, k=count)) / count for _ in range(rounds))
    tail = (1 - CONFIDENCE) / 2
    return Interval(mean, _at(means, tail), _at(means, 1 - tail))


def mcnemar(gained: int, lost: int) -> float:
    """The two-sided probability of so uneven a split of the flips if both were equally likely.

    Source: McNemar, Psychometrika 12, 1947, in its exact form.

    >>> mcnemar(0, 0), mcnemar(1, 0), round(mcnemar(10, 2), 4)
    (1.0, 1.0, 0.0386)
    """
    flips = gained + lost
    tail = sum(comb(flips, k) for k in range(min(gained, lost) + 1))
    return min(1.0, 2 * tail / (1 << flips))


def spread_of(values: Sequence[float]) -> Spread:
    """Total, mean, median and 90th percentile; zeros where there is no value.

    >>> spread_of([1, 2, 3, 10])
    Spread(total=16.0, mean=4.0, median=2.5, p90=10)
    """
    if not values:
        return Spread(0.0, 0.0, 0.0, 0.0)
    total = fsum(values)
    return Spread(total, total / len(values), median(values), _at(sorted(values), 0.9))


def _at(ordered: Sequence[float], share: float) -> float:
    """The value below which that share of them lies (nearest rank)."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _failures(pairs: Sequence[tuple[Tried, Tried]]) -> dict[str, tuple[int, int]]:
    first = Counter(a.failure for a, _ in pairs if a.failure)
    second = Counter(b.failure for _, b in pairs if b.failure)
    return {name: (first[name], second[name]) for name in sorted(first.keys() | second.keys())}
