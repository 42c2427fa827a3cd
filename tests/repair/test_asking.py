"""What is asked of the tools, where the tests are slow."""

import pytest

from swe_agent.core.task import TestReport
from swe_agent.repair.asking import NEAR_LIMIT, confirm_call, near_of
from swe_agent.repair.history import Seen
from swe_agent.repair.propose import Candidate, Edit

TRIED = [
    Candidate(
        (Edit("till.py", "a", str(n)),), "number", "uses another number", "till.py", 1, "f", 1.0
    )
    for n in range(30)
]


@pytest.mark.parametrize(
    ("duration_s", "count", "total_s"), [(2.0, 20, 30.0), (50.0, 3, 150.0), (900.0, 3, 240.0)]
)
def test_a_slow_suite_has_time_for_a_few_candidates(
    duration_s: float, count: int, total_s: float
) -> None:
    seen = Seen(base=TestReport(duration_s=duration_s))
    _, arguments = confirm_call(TRIED, ("test_till.py::test_f",), seen)
    assert len(arguments["candidates"]) == count
    assert arguments["total_s"] == total_s


def test_of_many_tests_those_named_like_the_failing_one_are_near() -> None:
    names = [f"test_till.py::{group}::test_{n:03}" for group in ("A", "B", "C") for n in range(100)]
    others = [f"test_other.py::test_{n}" for n in range(50)]
    target = "test_till.py::B::test_050"
    passed = frozenset({*names, *others} - {target})
    outcomes = {**dict.fromkeys(passed, "passed"), target: "failed"}
    seen = Seen(base=TestReport.model_validate({"outcomes": outcomes}))
    near = near_of(seen, (target,))
    assert len(near) <= NEAR_LIMIT
    assert {f"test_till.py::B::test_{n:03}" for n in range(40, 61)} - {target} <= {*near}
    assert {test.split("::")[1] for test in near} == {"A", "B", "C"}
    assert not {*near} & {*others}
