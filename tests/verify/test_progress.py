"""What an iteration won and lost."""

import pytest

from swe_agent.core.task import Status, TestReport
from swe_agent.verify.compare import failing_of, guards_of, progress

RED = TestReport(outcomes={"a": "failed", "b": "failed", "g": "passed", "h": "passed"})


@pytest.mark.parametrize(
    ("after", "fixed", "lost", "score"),
    [
        ({"a": "passed", "b": "passed", "g": "passed", "h": "passed"}, ("a", "b"), (), 1.0),
        ({"a": "passed", "b": "failed", "g": "passed", "h": "passed"}, ("a",), (), 0.5),
        ({"a": "passed", "b": "passed", "g": "failed", "h": "passed"}, ("a", "b"), ("g",), 0.0),
        ({"a": "passed", "b": "passed", "g": "skipped"}, ("a", "b"), ("g", "h"), -1.0),
        ({}, (), ("g", "h"), -2.0),
    ],
    ids=["all", "half", "guard fails", "guards skipped and gone", "nothing ran"],
)
def test_progress_counts_targets_and_guards(
    after: dict[str, Status], fixed: tuple[str, ...], lost: tuple[str, ...], score: float
) -> None:
    seen = progress(RED, TestReport(outcomes=after), ["a", "b"], ["g", "h"])
    assert (seen.fixed, seen.lost, seen.score) == (fixed, lost, score)


def test_a_target_that_passed_before_is_not_fixed_again() -> None:
    green = TestReport(outcomes={"a": "passed"})
    assert progress(green, green, ["a"], []).fixed == ()


def test_without_targets_the_share_of_passing_tests_scores() -> None:
    seen = progress(RED, TestReport(outcomes={**RED.outcomes, "a": "passed"}), [], ["g", "h"])
    assert seen.score == 0.75


def test_guards_and_failing_need_every_round_to_agree() -> None:
    other = TestReport(outcomes={**RED.outcomes, "g": "failed", "a": "passed"})
    assert guards_of([RED, other]) == {"h"}
    assert failing_of([RED, other]) == {"b"}
    assert guards_of([]) == frozenset()
