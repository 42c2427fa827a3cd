"""What a change does to the function as a whole speaks for it or against it."""

import ast

import pytest

from swe_agent.repair.choice import fitting, size
from swe_agent.repair.kinds import Kinds
from swe_agent.repair.rank import likeliness
from swe_agent.repair.syntax import Function

LEVELS = '''def heaviest(crates):
    """The total weight up to each crate.

    >>> heaviest([17, 4])
    [17, 21]
    """
    last = 0
    found = []
    for place, crate in enumerate(crates):
        found.append(crate)
        last = crate
    return found
'''
MEANT = ("append(crate)", "append(crate + last)")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("append(crate)", "append(crate + place)"),
        ("append(crate)", "append(crate + 17)"),
        ("append(crate)", "append(crate + last)\n        crates = crate"),
    ],
    ids=["mixes places and weights", "copies an example", "makes one thing of all and one"],
)
def test_a_change_that_does_not_fit_the_rest_counts_for_less(old: str, new: str) -> None:
    assert _fit(old, new) < _fit(*MEANT)


def test_a_change_after_which_a_variable_is_not_read_counts_for_less() -> None:
    used = LEVELS.replace(*MEANT)
    assert fitting(used, used.replace("crate + last", "crate + crate"), "heaviest") < 1.0


def test_a_change_that_drops_what_the_docstring_names_counts_for_less() -> None:
    text = 'def first(names):\n    """In sorted order."""\n    return sorted(names)[1:]\n'
    kept, dropped = text.replace("[1:]", ""), text.replace("sorted(names)", "names")
    assert fitting(text, dropped, "first") < fitting(text, kept, "first")


def test_of_those_that_behave_alike_the_plainest_comes_first() -> None:
    weighed = [(0.5, 9, ("int 1",)), (0.4, 7, ("int 1",)), (0.01, 3, ("int 1",))]
    keys = likeliness(weighed)
    assert sorted(range(3), key=lambda at: keys[at]) == [1, 0, 2]


def test_a_size_counts_the_parts_of_one_function() -> None:
    assert size("def f(x):\n    return x\n", "f") < size("def f(x):\n    return x + 1\n", "f")
    assert size("x = 1\n", "f") == 0


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("return rows[at]", 5),
        ("return at", 5),
        ("return rows[at] + at", 4),
        ("return rows[len(rows) - 1]", 5),
        ("return max(rows) - at", 4),
        ("return [row for row in rows if row > at][0]", 4),
        ("return sorted(rows)[at:][0]", 5),
    ],
)
def test_kinds_are_told_apart_by_what_is_done_with_them(line: str, count: int) -> None:
    tree = ast.parse(f"def pick(rows, at):\n    rows[at]\n    {line}\n")
    (function,) = tree.body
    assert isinstance(function, Function)
    assert Kinds(function).count(["rows", "at"]) == count


def _fit(old: str, new: str) -> float:
    return fitting(LEVELS, LEVELS.replace(old, new), "heaviest")
