"""Which failing tests an issue names."""

import pytest

from swe_agent.verify.naming import named_by

GCD = "test_math.py::TestGcd::test_gcd_zero[0-4]"
LCM = "tests/test_lcm.py::test_value"
UNIT = "tests.test_stack.StackTest.test_push"
FAILING = [GCD, LCM, UNIT]


@pytest.mark.parametrize(
    ("issue", "expected"),
    [
        (f"run {GCD} and see", (GCD,)),
        ("test_gcd_zero fails", (GCD,)),
        ("the class TestGcd is red", (GCD,)),
        ("everything in tests/test_lcm.py", (LCM,)),
        ("look at test_lcm.py", (LCM,)),
        ("`lcm(2, 3)` is wrong", (LCM,)),
        ("see lcm.py, line 3", (LCM,)),
        ("gcd_zero is broken", (GCD,)),
        ("the Stack() loses items", (UNIT,)),
        ("StackTest fails", (UNIT,)),
        ("a value that I push is lost", ()),
        ("the lcm of two numbers", ()),
        ("xtest_gcd_zero2 fails", ()),
        ("make the failing tests pass", tuple(sorted(FAILING))),
        ("", ()),
    ],
)
def test_issue_names_tests(issue: str, expected: tuple[str, ...]) -> None:
    assert named_by(issue, FAILING, {}) == expected


def test_the_text_of_the_failure_names_its_test() -> None:
    failures = {
        LCM: "def f():\n>   g()\nE   TypeError: lcm() takes 2 arguments\n\nm.py:3: TypeError"
    }
    issue = "I get\n  TypeError: lcm() takes 2\n  arguments\nwhen I call it"
    assert named_by(issue, FAILING, failures) == (LCM,)
    assert named_by("TypeError", FAILING, failures) == ()
    assert named_by("assert 1", FAILING, {LCM: "E  assert 1"}) == ()
