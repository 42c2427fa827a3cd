"""Spectrum-based fault localization: which lines and functions failing tests run and passing ones
do not. Coverage is collected by `coverage`; nothing here runs code.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from swe_agent.index.corpus import Corpus

Formula = Callable[[int, int, int], float]
"""Failing and passing tests that cover a place, and failing tests in all."""
Line = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Covered:
    """One test's result and the lines that it ran."""

    test: str
    has_failed: bool
    lines: Mapping[str, frozenset[int]]
    """By path."""


def ochiai(failed: int, passed: int, total_failed: int) -> float:
    """Suspiciousness of a place, in [0, 1]; 0.0 when no failing test covers it.

    Args:
        failed: failing tests that cover the place.
        passed: passing tests that cover the place.
        total_failed: failing tests in the run, at least 1.

    Raises:
        ValueError: if `failed` exceeds `total_failed`.

    Source: Abreu, Zoeteweij, van Gemund, PRDC 2006, "An Evaluation of Similarity Coefficients for
    Software Fault Localization".

    >>> ochiai(1, 0, 1), ochiai(1, 3, 1), ochiai(0, 5, 1)
    (1.0, 0.5, 0.0)
    """
    _check(failed, total_failed)
    if failed == 0:
        return 0.0
    return failed / math.sqrt(total_failed * (failed + passed))


def dstar(failed: int, passed: int, total_failed: int) -> float:
    """Suspiciousness of a place with the exponent 2, at least 0; infinite when all failing tests
    and no passing one cover it. Arguments and errors as of `ochiai`.

    Source: Wong, Debroy, Gao, Li, IEEE Transactions on Reliability 63(1), 2014, "The DStar Method
    for Effective Software Fault Localization".

    >>> dstar(2, 1, 2), dstar(2, 0, 2), dstar(1, 1, 2)
    (4.0, inf, 0.5)
    """
    _check(failed, total_failed)
    others = passed + total_failed - failed
    if failed == 0:
        return 0.0
    return math.inf if others == 0 else failed**2 / others


def suspicious_lines(runs: Sequence[Covered], formula: Formula = ochiai) -> dict[Line, float]:
    """Suspiciousness of each line that a failing test covers; empty where none fails."""
    total_failed = sum(run.has_failed for run in runs)
    failed = _counts(run for run in runs if run.has_failed)
    passed = _counts(run for run in runs if not run.has_failed)
    return {
        line: formula(count, passed.get(line, 0), total_failed) for line, count in failed.items()
    }


def suspicious_units(lines: Mapping[Line, float], corpus: Corpus) -> dict[int, float]:
    """Suspiciousness of each function of the corpus: that of its most suspicious line.

    A function's first line does not count: defining it runs that line.
    """
    found: dict[int, float] = {}
    for (path, line), score in lines.items():
        for number in corpus.by_path.get(path, ()):
            place = corpus.places[number]
            if place.kind == "function" and place.first < line <= place.last:
                found[number] = max(found.get(number, 0.0), score)
    return found


def _counts(runs: Iterable[Covered]) -> dict[Line, int]:
    counts: dict[Line, int] = {}
    for run in runs:
        for path, lines in run.lines.items():
            for line in lines:
                counts[path, line] = counts.get((path, line), 0) + 1
    return counts


def _check(failed: int, total_failed: int) -> None:
    if failed > total_failed or total_failed < 1:
        raise ValueError(f"{failed} of {total_failed} failing tests")
