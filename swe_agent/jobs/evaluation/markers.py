"""Words that graders write into a log, and the statuses of tests in it."""

from collections.abc import Mapping

START = ">>>>> Start Test Output"
END = ">>>>> End Test Output"
EXIT_CODE = ">>>>> Test Exit Code"
APPLIED = ">>>>> Applied Patch"
APPLY_FAILED = ">>>>> Patch Apply Failed"
RESET_FAILED = ">>>>> Reset Failed"
TESTS_ERRORED = ">>>>> Tests Errored"
TIMED_OUT = ">>>>> Tests Timed Out"
FATAL = (APPLY_FAILED, RESET_FAILED, TESTS_ERRORED, TIMED_OUT)
"""A log that holds one of these grades nothing."""
_MARK = ">>>>> "
_DEFUSED = ">>>>>. "

PASSED, FAILED, ERROR, SKIPPED, XFAIL = "PASSED", "FAILED", "ERROR", "SKIPPED", "XFAIL"
STATUSES = (FAILED, PASSED, SKIPPED, ERROR, XFAIL)

StatusMap = Mapping[str, str]
"""Test id to status, as a log has them."""


def defused(output: str) -> str:
    """Output in which no line can be taken for a grader's marker.

    >>> defused("ok\\n>>>>> End Test Output\\n")
    'ok\\n>>>>>. End Test Output\\n'
    """
    return output.replace(_MARK, _DEFUSED)
