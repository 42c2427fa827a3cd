"""Replacement changes only the bytes it was asked to, and says well why it could not."""

import random
import time

import pytest

from swe_agent.aci.edits import lines_replaced, replaced
from swe_agent.aci.tool import Failed


def refused(before, old, new="!"):
    with pytest.raises(Failed) as raised:
        replaced("f.py", before.encode(), old, new)
    return raised.value


def test_overlapping_places_are_ambiguous():
    assert refused("aaa\n", "aa").reason == "ambiguous"


def test_many_places_are_counted_and_the_first_shown():
    fault = refused("x\n" * 50, "x")
    assert "50 times" in str(fault)
    assert "and 30 more" in str(fault)


@pytest.mark.parametrize(("old", "new", "reason"), [("", "x", "empty"), ("a", "a", "same")])
def test_edits_that_say_nothing_are_refused(old, new, reason):
    assert refused("a\n", old, new).reason == reason


@pytest.mark.parametrize(
    ("before", "old", "said"),
    [
        ("def f():\n\treturn 1\n", "def f():\n    return 1\n", "1 tab, `old` has 4 spaces"),
        ("if x:\n        a()\n", "if x:\n    a()\n", "8 spaces, `old` has 4 spaces"),
        ("a = 1  \nb = 2\n", "a = 1\nb = 2\n", "blanks at line ends"),
        ("x = 'a'\n", "x = \u2018a\u2019\n", "typographic"),
        ("a = 1\nb = 2\n", "1| a = 1\n2| b = 2\n", "line numbers"),
        ("Name = 1\n", "name = 1\n", "upper and lower case"),
        ("a = 1\nb = 2\n", "a = 1\\nb = 2", "two characters"),
        ("a = 1\n", "a = 1\r\n", "carriage returns"),
        ("a = 1", "a = 1\n", "empty lines"),
        ("", "x", "empty"),
        ("abc\n", "zzzzzz\n", "No lines"),
    ],
)
def test_the_difference_is_named(before, old, said):
    fault = refused(before, old)
    assert fault.reason == "not_found"
    assert said in str(fault)


def test_the_nearest_lines_are_shown_with_numbers():
    before = "".join(f"def f{at}(x):\n    return x * {at}\n\n" for at in range(200))
    said = str(refused(before, "def f77(y):\n    return x * 77\n"))
    assert "232| def f77(x):" in said
    assert "Lines 232-233" in said


def test_diagnosis_of_a_big_file_is_quick():
    before = "".join(f"value_{at} = compute({at}, {at * 7})\n" for at in range(200_000))
    began = time.perf_counter()
    refused(before, "value_x = computed(1, 2)\n" * 50)
    assert time.perf_counter() - began < 5


def test_unmatched_line_ends_follow_the_file():
    change = replaced("f", b"a\r\nb\r\nc\r\n", "b", "b1\nb2")
    assert change.after == b"a\r\nb1\r\nb2\r\nc\r\n"
    assert (change.start, change.end) == (2, 3)


def test_random_edits_touch_nothing_else():
    rng = random.Random(7)
    for _ in range(300):
        ends = rng.choice([[b"\n"], [b"\r\n"], [b"\n", b"\r\n"]])
        lines = [
            b"%d-" % at + rng.randbytes(3).replace(b"\n", b"x").replace(b"\r", b"y")
            for at in range(12)
        ]
        kept = [line + rng.choice(ends) for line in lines]
        at = rng.randrange(1, 10)
        target = lines[at].decode("utf-8", "surrogateescape")
        after = replaced("f", b"".join(kept), target, "NEW").after
        wanted = [*kept[:at], kept[at].replace(lines[at], b"NEW"), *kept[at + 1 :]]
        assert after == b"".join(wanted)


def test_lines_of_a_file_without_last_line_end():
    assert lines_replaced("f", b"a\nb", 2, 2, "B").after == b"a\nB"
    assert lines_replaced("f", b"a\nb", 3, 2, "c").after == b"a\nb\nc"
    assert lines_replaced("f", b"", 1, 0, "x").after == b"x\n"
    assert lines_replaced("f", b"a\r\nb\r\n", 2, 1, "x\n").after == b"a\r\nx\r\nb\r\n"


@pytest.mark.parametrize(("start", "end"), [(5, 5), (1, 4), (3, 1), (0, 0)])
def test_ranges_outside_the_file_are_refused(start, end):
    with pytest.raises(Failed, match="2 lines"):
        lines_replaced("f", b"a\nb\n", start, end, "x")
