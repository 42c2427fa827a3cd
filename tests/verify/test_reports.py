"""Recorders' lines and printed summaries, read as outcomes."""

import json

import pytest

from swe_agent.verify.reports import from_records, from_summary, last_lines

SUMMARY = """\
tests/test_a.py .F
=================================== PASSES ====================================
=========================== short test summary info ============================
PASSED tests/test_a.py::test_p[[z] - y]
SKIPPED [1] tests/test_a.py:15: unconditional skip
XFAIL tests/test_a.py::test_xf - known - long ago
XPASS tests/test_a.py::test_xp
ERROR tests/test_a.py::test_setup - ValueError: fixture - broke
FAILED tests/test_a.py::test_p[c - d] - AssertionError: assert [1] - 2
SUBFAILED[why](i=1) tests/test_a.py::test_sub - AssertionError: 1 == 1
========= 2 failed, 1 passed, 1 skipped, 1 xfailed, 1 xpassed, 1 error in 1.02s =========
"""


def lines(*records: object) -> bytes:
    return b"\n".join(json.dumps(record).encode() for record in records)


def test_a_printed_summary_is_read_with_its_odd_ids() -> None:
    outcomes = from_summary(SUMMARY)
    assert outcomes is not None
    at = "tests/test_a.py::"
    assert outcomes.statuses == {
        f"{at}test_p[[z] - y]": "passed",
        f"{at}test_xf": "skipped",
        f"{at}test_xp": "passed",
        f"{at}test_setup": "error",
        f"{at}test_p[c - d]": "failed",
        f"{at}test_sub": "failed",
    }


@pytest.mark.parametrize(
    "output",
    ["", "1 passed", SUMMARY.replace("1 passed,", "2 passed,"), SUMMARY.rsplit("\n", 2)[0]],
    ids=["empty", "no summary", "counts differ", "no last line"],
)
def test_a_summary_that_cannot_be_trusted_is_none(output: str) -> None:
    assert from_summary(output) is None


def test_tests_without_outcome_are_errors_where_a_session_died() -> None:
    outcomes = from_records(
        lines(["begin", "s"], ["collected", "s", ["a", "b"]], ["test", "s", "a", "passed", ""])
    )
    assert outcomes.statuses == {"a": "passed", "b": "error"}
    assert not outcomes.ended


def test_two_sessions_of_one_command_are_one_report_and_the_worse_holds() -> None:
    one = (["begin", "s"], ["test", "s", "a", "failed", "why"], ["end", "s", 1])
    two = (["begin", "t"], ["test", "t", "a", "passed", ""], ["end", "t", 0])
    outcomes = from_records(lines(*one, *two))
    assert outcomes.statuses == {"a": "failed"}
    assert outcomes.texts == {"a": "why"}
    assert outcomes.ended


def test_lines_that_no_recorder_writes_are_passed_over() -> None:
    odd = lines(
        {}, [], ["test", "s", "a", "great", ""], ["test", 1, 2, 3, 4], "begin", ["end", "s"]
    )
    assert from_records(odd + b"\n{broken\n\xff\xfe").statuses == {}


def test_last_lines_are_bounded_in_lines_and_characters() -> None:
    assert last_lines("a\nb\nc\n", 2) == "b\nc"
    assert last_lines("x" * 50, 2, limit_chars=10) == "x" * 10
