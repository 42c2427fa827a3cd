"""What of a repair is left out again."""

from dataclasses import replace

from swe_agent.core.task import TestReport
from swe_agent.repair.history import Seen, Trial, key_of
from swe_agent.repair.minimize import least, reductions
from swe_agent.repair.propose import Candidate, Edit

SUM = Edit("till.py", "    return a - b\n", "    return a + b\n")
LIMIT = Edit("till.py", "    if a > 9:\n", "    if a >= 9:\n")


def candidate(*edits: Edit) -> Candidate:
    return Candidate(edits, "comparator", "compares otherwise", "till.py", 1, "pay", 0.5)


BOTH = replace(candidate(LIMIT, SUM), made_of=(candidate(SUM), candidate(LIMIT)))


def seen_with(**status_of: str) -> Seen:
    """Two targets and a guard; trials of the two edits alone, by name."""
    seen = Seen(base=TestReport(outcomes={"one": "failed", "two": "failed", "old": "passed"}))
    rows = {"sum": candidate(SUM), "limit": candidate(LIMIT)}
    for name, status in status_of.items():
        trial = Trial(status, 3 if status == "passed" else 1, ())
        seen.trials.setdefault(("one", "two", "old"), {})[key_of(rows[name].edits)] = trial
    return seen


def test_each_edit_is_tried_alone() -> None:
    assert least(BOTH, seen_with(), ("one", "two")) == (BOTH, [candidate(SUM), candidate(LIMIT)])


def test_an_edit_that_is_not_needed_is_left_out() -> None:
    seen = seen_with(sum="passed", limit="failed")
    assert least(BOTH, seen, ("one", "two")) == (candidate(SUM), [])


def test_edits_that_are_all_needed_stay() -> None:
    seen = seen_with(sum="failed", limit="invalid")
    assert least(BOTH, seen, ("one", "two")) == (BOTH, [])


def test_what_failed_the_targets_before_is_not_tried_again() -> None:
    seen = seen_with(sum="failed")
    seen.trials["one", "two"] = {key_of((LIMIT,)): Trial("failed", 1, ("two",))}
    assert least(BOTH, seen, ("one", "two")) == (BOTH, [])


def test_a_form_that_was_taken_back_is_not_made_again() -> None:
    seen = seen_with(sum="passed", limit="failed")
    seen.rejected.add(key_of((SUM,)))
    assert least(BOTH, seen, ("one", "two")) == (BOTH, [])


def test_each_place_that_one_edit_changes_is_a_part() -> None:
    text = "def pay(a):\n    b = 1\n    c = 2\n    return b\n"
    edit = Edit("till.py", text, text.replace("b = 1", "b = 3").replace("return b", "return c"))
    made = [form.edits[0].new for form in reductions(candidate(edit))]
    assert made == [text.replace("return b", "return c"), text.replace("b = 1", "b = 3")]


def test_a_move_and_an_exchange_have_no_parts() -> None:
    text = "    pay(a,\n        now,\n        b)\n"
    exchanged = "    pay(b,\n        now,\n        a)\n"
    assert not reductions(candidate(Edit("till.py", text, exchanged)))
