"""What is asked of the tools, where the tests are slow."""

import pytest

from swe_agent.core.task import TestReport
from swe_agent.repair.asking import confirm_call
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
