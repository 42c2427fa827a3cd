"""Signs that a model is stuck: the same call with the same outcome, two of them in turns, or calls
that are all wrong."""

import json
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
    if len(past) >= SAME_CALLS and len({_shape(one) for one in past[-SAME_CALLS:]}) == 1:
        return "repeating"
    span = [_shape(one) for one in past[-2 * TURNS :]]
    if len(span) == 2 * TURNS and len(set(span[::2])) == len(set(span[1::2])) == 1:
        return "alternating"
    wrong = [one for one in past[-WRONG_CALLS:] if one.observation.outcome == "invalid"]
    return "only wrong calls" if len(wrong) == WRONG_CALLS else None


def _shape(one: PastCall) -> tuple[str, str, str]:
    return one.call.name, json.dumps(one.call.arguments, sort_keys=True), one.observation.text
