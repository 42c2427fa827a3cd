"""Signs that a model is stuck: the same call with the same outcome, two of them in turns, or calls
that are all wrong."""

from collections.abc import Sequence
from typing import Literal

from swe_agent.aci.tool import PastCall

SAME_CALLS = 3
"""So many equal calls with equal outcomes in a row are a loop."""
TURNS = 3
"""So many rounds of A, B are one too."""

WRONG_CALLS = 6
"""So many calls in a row that could not even be run, whatever they were, are one as well."""

Stuck = Literal["repeating", "alternating", "only wrong calls"]


def stuck(past: Sequence[PastCall]) -> Stuck | None:
    """How the calls so far go in circles; None if they do not. What a call observed counts with
    it."""
    if len(past) >= SAME_CALLS and all(_same(past[-1], one) for one in past[-SAME_CALLS:]):
        return "repeating"
    span = past[-2 * TURNS :]
    if len(span) == 2 * TURNS and all(map(_same, span, span[2:])):
        return "alternating"
    wrong = [one for one in past[-WRONG_CALLS:] if one.observation.outcome == "invalid"]
    return "only wrong calls" if len(wrong) == WRONG_CALLS else None


def _same(one: PastCall, other: PastCall) -> bool:
    mine, yours = one.call, other.call
    if mine.name != yours.name or mine.arguments != yours.arguments:
        return False
    return one.observation.text == other.observation.text
