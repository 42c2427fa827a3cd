"""Grades from statuses: which listed tests hold, and whether the task is resolved. Pure."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from swe_agent.core.messages import Record
from swe_agent.jobs.evaluation.logs import Infra, Reading
from swe_agent.jobs.evaluation.markers import ERROR, FAILED, PASSED, SKIPPED, XFAIL, StatusMap
from swe_agent.jobs.tasks_instance import AnswerKey

Aim = Literal["fixed", "kept"]


class Held(Record):
    """Listed tests, by whether they hold."""

    success: tuple[str, ...] = ()
    failure: tuple[str, ...] = ()


class TestsStatus(Record):
    """Every listed test; the last two lists are part of the format and stay empty."""

    __test__ = False

    FAIL_TO_PASS: Held = Held()
    PASS_TO_PASS: Held = Held()
    FAIL_TO_FAIL: Held = Held()
    PASS_TO_FAIL: Held = Held()


class Grade(Record):
    """One instance, in the official report's words."""

    patch_is_None: bool = False
    patch_exists: bool = False
    patch_successfully_applied: bool = False
    resolved: bool = False
    infra_failure: bool = False
    infra_failure_reason: str | None = None
    tests_status: TestsStatus | None = None
    error: str = Field("", exclude=True)
    """Why the log grades nothing, for a reader; not part of the official format."""


def grade(key: AnswerKey, patch: str | None, reading: Reading, infra: Infra | None) -> Grade:
    """The grade that a log gives a patch. Where a task lists no tests, its command has to end with
    0."""
    if patch is None:
        return Grade(patch_is_None=True)
    lists_none = not key.fail_to_pass and not key.pass_to_pass
    if not reading.grades and not (lists_none and reading.exit_code is not None):
        return Grade(
            patch_exists=True,
            infra_failure=infra is not None and infra.tier == "environment",
            infra_failure_reason=infra.reason if infra else None,
            error=reading.why_not,
        )
    status = tests_status(key, reading.statuses)
    return Grade(
        patch_exists=True,
        patch_successfully_applied=True,
        resolved=reading.exit_code == 0 if lists_none else is_resolved(status),
        tests_status=status,
    )


def tests_status(key: AnswerKey, statuses: StatusMap) -> TestsStatus:
    """Which of the listed tests hold."""
    fail_only = key.eval_type == "fail_only"
    return TestsStatus(
        FAIL_TO_PASS=_held(key.fail_to_pass, statuses, "fixed", fail_only),
        PASS_TO_PASS=_held(key.pass_to_pass, statuses, "kept", fail_only),
    )


def is_resolved(status: TestsStatus) -> bool:
    """Whether every listed test holds."""
    return not status.FAIL_TO_PASS.failure and not status.PASS_TO_PASS.failure


def holds(test: str, statuses: StatusMap, aim: Aim) -> bool | None:
    """Whether a test does what is asked of it; None where its status says neither.

    A skipped test is not fixed, but it is kept.
    """
    known = _found(test, statuses)
    status = statuses[known] if known is not None else None
    if status in (PASSED, XFAIL) or (aim == "kept" and status == SKIPPED):
        return True
    return False if status in (None, FAILED, ERROR, SKIPPED) else None


def _held(tests: Iterable[str], statuses: StatusMap, aim: Aim, fail_only: bool) -> Held:
    """A log that names failures alone says by silence that a test passed."""
    success: list[str] = []
    failure: list[str] = []
    for test in tests:
        does = statuses.get(test) != FAILED if fail_only else holds(test, statuses, aim)
        if does is not None:
            (success if does else failure).append(test)
    return Held(success=tuple(success), failure=tuple(failure))


def _found(test: str, statuses: StatusMap) -> str | None:
    """The name under which a log has a test.

    Published lists hold names that were cut off inside their parameters; such a one stands for all
    that begin with it, where these agree.
    """
    if test in statuses:
        return test
    if test.count("[") > test.count("]"):
        begins = [name for name in statuses if name.startswith(test)]
        if begins and len({statuses[name] in (PASSED, XFAIL) for name in begins}) == 1:
            return begins[0]
    return None
