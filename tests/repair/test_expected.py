"""What should come of a call is read from an issue's words."""

import pytest

from swe_agent.repair.expected import Example, told


@pytest.mark.parametrize(
    ("issue", "call", "expected"),
    [
        ("`brew(2)` returns 5, but should return 4.", "brew(2)", "4"),
        ("brew([1, 2]) gives 2 instead of 3", "brew([1, 2])", "3"),
        ("brew(1) gives 2 instead of returning None", "brew(1)", "None"),
        ("I call `brew('a,b')`, get ['a'] but expected ['a', 'b'].", "brew('a,b')", "['a', 'b']"),
        ("`brew(5, 1, 3) == 3` is False", "brew(5, 1, 3)", "3"),
        ("I expect brew(1) to be 4.", "brew(1)", "4"),
        ("`Pot(2).pour(1)` is expected to return 3", "Pot(2).pour(1)", "3"),
        ("brew(2) is wrong.\n\n**Expected**\n\n```\n{'cups': 3}\n```\n", "brew(2)", "{'cups': 3}"),
    ],
)
def test_the_value_that_words_expect(issue: str, call: str, expected: str) -> None:
    assert list(told(issue)) == [Example(call, expected)]


@pytest.mark.parametrize(
    ("issue", "example"),
    [
        ("brew(-1) should raise a `ValueError`", Example("brew(-1)", raises="ValueError")),
        ("brew([]) crashes with an IndexError", Example("brew([])")),
        ("`brew(0)` never returns", Example("brew(0)")),
        ("With brew('') it must not fail.", Example("brew('')")),
    ],
)
def test_whether_a_call_should_end_or_raise(issue: str, example: Example) -> None:
    assert list(told(issue)) == [example]


@pytest.mark.parametrize(
    "issue", ["See brew(x).", "It should return 5.", "brew(2) is slow", "brew(2) gives 5"]
)
def test_what_expects_nothing_is_left(issue: str) -> None:
    assert list(told(issue)) == []
