"""When a model is stuck, and when it is not."""

import pytest

from swe_agent.aci.tool import PastCall
from swe_agent.agent.guardrails import WRONG_CALLS, stuck
from swe_agent.core.messages import Observation, Outcome, ToolCall
from swe_agent.settings.prompts import prompt


def past(*calls: tuple[str, str, Outcome]) -> list[PastCall]:
    """Calls by the tool's name, what was seen, and the outcome."""
    return [
        PastCall(
            step,
            ToolCall(id=f"c{step}", name=name, arguments={}),
            Observation(call_id=f"c{step}", tool=name, text=text, outcome=outcome),
        )
        for step, (name, text, outcome) in enumerate(calls, 1)
    ]


@pytest.mark.parametrize(
    ("calls", "how"),
    [
        ([("view", "x", "ok")] * 3, "repeating"),
        ([("view", "x", "ok")] * 2, None),
        ([("view", "x", "ok"), ("view", "y", "ok"), ("view", "x", "ok")], None),
        ([("view", "x", "ok"), ("edit", "y", "failed")] * 3, "alternating"),
        ([(f"tool{n}", "no such tool", "invalid") for n in range(WRONG_CALLS)], "only wrong calls"),
        ([(f"tool{n}", "it failed", "failed") for n in range(WRONG_CALLS)], None),
        ([("view", "x", "ok"), *[(f"t{n}", "", "invalid") for n in range(WRONG_CALLS - 1)]], None),
    ],
)
def test_how_calls_go_in_circles(calls: list[tuple[str, str, Outcome]], how: str | None) -> None:
    assert stuck(past(*calls)) == how


@pytest.mark.parametrize("how", ["repeating", "alternating", "only wrong calls"])
def test_each_way_has_its_words(how: str) -> None:
    others = {"repeating", "alternating", "only wrong calls"} - {how}
    said = prompt("stuck", how=how, tool="view")
    assert said not in {prompt("stuck", how=other, tool="view") for other in others}
