"""What the offline model says of a repair, and of a search without one."""

from collections import Counter

import pytest

from swe_agent.repair.explain import Found, of_repair, of_search
from swe_agent.repair.propose import Candidate, Edit
from swe_agent.repair.syntax import Code

TEXT = "def pay(a):\n    return a\n\n\ndef due(a):\n    if a > 9:\n        return 1\n    return a\n"
PLACES = {("till.py", 0): 0.1, ("till.py", 1): 0.4, ("till.py", 5): 1.0}


def repair(old: str, new: str, line: int = 6) -> Candidate:
    edits = (Edit("till.py", old, new),)
    return Candidate(edits, "comparator", "compares otherwise", "till.py", line, "due", 0.5)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("    if a > 9:\n", "    if a >= 9:\n", "`if a > 9:` became `if a >= 9:`."),
        ("    b\n", "    b\n    c = 1\n", "New: `c = 1`."),
        ("    b\n    c = 1\n", "    b\n", "Gone: `c = 1`."),
    ],
    ids=["changed", "new", "gone"],
)
def test_the_lines_that_change_are_shown(old: str, new: str, says: str) -> None:
    assert says in of_repair(repair(old, new), 0, 40, PLACES)


def test_it_says_why_there_and_how_sure() -> None:
    alone = of_repair(repair("a > 9", "a >= 9"), 0, 40, PLACES)
    assert "Changed due at till.py:6: it compares otherwise now (template: comparator)." in alone
    assert "no place is more suspicious" in alone
    assert "Confidence: high: of 40 candidates that were tried, no other one passes." in alone

    among = of_repair(repair("a", "b", line=2), 5, 40, PLACES)
    assert "1 of 3 places are more suspicious" in among
    assert "Confidence: low: plausible, but the tests could not tell it from 5 others" in among


def test_a_search_without_a_repair_tells_places_templates_and_the_nearest_miss() -> None:
    counts = Counter({"number": 12, "comparator": 30})
    codes = {"till.py": Code("till.py", TEXT)}
    near = repair("a > 9", "a >= 9")
    assert of_search(Found(PLACES, codes, 42, counts, near)) == [
        "Most suspicious: due at till.py:5; pay at till.py:1; the module's own code at till.py:1.",
        "Tried: comparator 30, number 12.",
        "Nearest: some failing tests pass where the repair compares otherwise "
        "(due at till.py:6, comparator).",
    ]
