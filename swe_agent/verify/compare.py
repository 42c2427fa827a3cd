"""Two test reports side by side: what an iteration won and what it lost."""

from collections.abc import Iterable
from dataclasses import dataclass

from swe_agent.core.task import TestReport
from swe_agent.verify.reports import passes


@dataclass(frozen=True, slots=True)
class Progress:
    """What changed between two rounds of tests; ids are sorted."""

    fixed: tuple[str, ...]
    """Targets that did not pass before and do now."""
    lost: tuple[str, ...]
    """Guards that do not pass any more (failing, skipped or gone)."""
    still_failing: tuple[str, ...]
    """Targets that do not pass now."""
    score: float
    """Share of targets (else of known tests) that pass now, less 1 per lost guard; at most 1."""


def progress(
    before: TestReport, after: TestReport, targets: Iterable[str], guards: Iterable[str]
) -> Progress:
    """What `after` won and lost against `before`.

    >>> red, green = TestReport(outcomes={"a": "failed"}), TestReport(outcomes={"a": "passed"})
    >>> progress(red, green, ["a"], [])
    Progress(fixed=('a',), lost=(), still_failing=(), score=1.0)
    """
    wanted = sorted(set(targets))
    still_failing = tuple(test for test in wanted if not passes(after, test))
    fixed = tuple(t for t in wanted if t not in still_failing and not passes(before, t))
    lost = lost_guards(after, guards)
    if wanted:
        share = 1 - len(still_failing) / len(wanted)
    else:
        known = len(before.outcomes.keys() | after.outcomes.keys())
        share = len(after.passed) / known if known else 0.0
    return Progress(fixed, lost, still_failing, share - len(lost))


def lost_guards(after: TestReport, guards: Iterable[str]) -> tuple[str, ...]:
    """Guards that do not pass, sorted; one that was not run counts as lost."""
    return tuple(sorted(test for test in set(guards) if after.outcomes.get(test) != "passed"))


def guards_of(reports: Iterable[TestReport]) -> frozenset[str]:
    """Tests that passed in every report: those that a patch must not lose."""
    passed = [report.passed for report in reports]
    return frozenset.intersection(*passed) if passed else frozenset()


def failing_of(reports: Iterable[TestReport]) -> frozenset[str]:
    """Tests that failed or broke in every report."""
    failed = [report.failed for report in reports]
    return frozenset.intersection(*failed) if failed else frozenset()
