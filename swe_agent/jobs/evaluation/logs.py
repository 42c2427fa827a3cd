"""A grading log as test statuses, or why it grades nothing."""

import re
from dataclasses import dataclass, field
from typing import Literal

from swe_agent.jobs.evaluation.markers import (
    END,
    ERROR,
    EXIT_CODE,
    FAILED,
    FATAL,
    START,
    StatusMap,
)
from swe_agent.jobs.evaluation.parsers import Parser

Tier = Literal["environment", "ambiguous"]
"""Whether a patch of source could not have caused it, or might have."""

_EXIT_CODE = re.compile(rf"{re.escape(EXIT_CODE)}:\s*(-?\d+)")
_RAN = re.compile(
    "|".join(
        (
            r"Executed [1-9]\d* of \d+",
            r"TOTAL: [1-9]\d* (?:SUCCESS|FAILED)",
            r"[1-9]\d* passing",
            r"Tests:\s+[1-9]\d*",
            r"Test Suites:\s+(?:\d+ \w+, )*[1-9]\d* total",
            r"^# tests [1-9]\d*",
            r"[1-9]\d* specs?, \d+ failures?",
            r"': ok$",
        )
    ),
    re.MULTILINE,
)
"""Signs that a runner whose reader names failures alone did run tests; a count of 0 is none."""
_SIGNS: tuple[tuple[str, Tier, str], ...] = (
    ("browser_launch_failed", "environment", r"Failed to (?:launch|connect to the bus)"),
    ("display_unavailable", "environment", r"cannot open display|Missing X server"),
    ("display_unavailable", "environment", r"unable to open X display"),
    ("out_of_memory", "environment", r"OutOfMemoryError|Cannot allocate memory|^Killed$"),
    ("container_unavailable", "environment", r"Cannot connect to the Docker daemon"),
    ("container_unavailable", "environment", r"Error response from daemon"),
    ("network_unreachable", "environment", r"Temporary failure in name resolution"),
    ("network_unreachable", "environment", r"Could not resolve host"),
    ("missing_module", "ambiguous", r"ModuleNotFoundError|MODULE_NOT_FOUND|Cannot find module"),
    ("no_tests_collected", "ambiguous", r"collected 0 items|no tests ran"),
    ("tests_timed_out", "ambiguous", r"Timeout error: \d+ seconds exceeded"),
)
_COMPILED = tuple((why, tier, re.compile(sign, re.MULTILINE)) for why, tier, sign in _SIGNS)


@dataclass(frozen=True, slots=True)
class Infra:
    """What of the environment seems to have failed; a hint, which never changes a grade."""

    reason: str
    tier: Tier


@dataclass(frozen=True, slots=True)
class Reading:
    """What a log says."""

    statuses: StatusMap = field(default_factory=dict)
    why_not: str = ""
    """Why it grades nothing; empty where it does."""
    exit_code: int | None = None
    """How the test command ended, where the log says it."""

    @property
    def grades(self) -> bool:
        return not self.why_not


def read_log(content: str, parser: Parser) -> Reading:
    """The statuses between the markers; in the whole log where there are none between them.

    A run that ended badly although its log names no failure is not the run that the log tells of:
    it grades nothing.
    """
    fatal = next((mark for mark in FATAL if mark in content), None)
    if fatal:
        return Reading(why_not=fatal.removeprefix(">>>>> ").lower())
    if START not in content or END not in content:
        return Reading(why_not="the log has no test output: the test patch may not apply")
    code = exit_code_of(content)
    statuses = parser(content.split(START)[1].split(END)[0]) or parser(content)
    if not statuses and not _RAN.search(content):
        return Reading(why_not="no test ran", exit_code=code)
    is_bad = any(status in (FAILED, ERROR) for status in statuses.values())
    if code and statuses and not is_bad:
        why_not = f"the tests ended with {code}, but the log names no failure"
        return Reading(why_not=why_not, exit_code=code)
    return Reading(statuses, exit_code=code)


def holds_foreign_markers(content: str) -> bool:
    """Whether a log has markers that its script did not write: the tests printed some, so that
    what it says of them may be made up. A hint, which never changes a grade."""
    return max(content.count(START), content.count(END)) > 1


def exit_code_of(content: str) -> int | None:
    """How the test command ended; None where the log does not say."""
    match = _EXIT_CODE.search(content)
    return int(match[1]) if match else None


def infra_of(*texts: str) -> Infra | None:
    """The first known sign of a broken environment in these logs."""
    whole = "\n".join(texts)
    for why, tier, sign in _COMPILED:
        if sign.search(whole):
            return Infra(why, tier)
    return None
