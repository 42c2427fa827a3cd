"""How a Claude model is asked to think: models of different ages take different forms."""

import re

from pydantic import JsonValue

from swe_agent.core.protocols import Effort, Prompt
from swe_agent.models.learned import EFFORTS, Learned

Fields = dict[str, JsonValue]

LEAST_BUDGET_TOKENS = 1024
"""The least that the vendor takes; it has to be less than the longest reply."""
SHARES: dict[Effort, float] = {"minimal": 0.0, "low": 0.25, "medium": 0.5}
"""Of the longest reply, for models that want a budget; more effort: 0.75."""
BETWEEN_CALLS = "interleaved-thinking-2025-05-14"
"""Lets models that want a budget think after each observation, not before the first alone."""

FOREIGN = re.compile(
    r"thinking.*(?:signature|bound to|cannot be modified|must match|must contain thinking)"
    r"|signature.*thinking",
    re.DOTALL,
)
"""Refusals of thinking that was carried back: what came before it is not as it was."""
MISSED = re.compile(r"expected .{0,3}thinking.*but found", re.IGNORECASE | re.DOTALL)
"""Refusals to think with a budget where the reply that is under way began without."""


def thinking_of(prompt: Prompt, learned: Learned, longest: int) -> Fields:
    """The fields of a request that say how hard to think; empty where that is left to the vendor.

    Args:
        prompt: says the effort.
        learned: which forms the model refused.
        longest: tokens of the longest reply; what is thought counts into them.
    """
    effort = prompt.effort
    if effort is None:
        return {}
    if effort == "none":
        return _mode("disabled", learned) or _mode("between_tools", learned)
    fields = _mode("adaptive", learned)
    budget = int(max(LEAST_BUDGET_TOKENS, SHARES.get(effort, 0.75) * longest))
    if not fields and budget < longest and learned.takes("thinking.enabled"):
        fields = {"thinking": {"type": "enabled", "budget_tokens": budget}}
    if learned.takes("output_config"):
        fields["output_config"] = {"effort": learned.effort_near(effort, EFFORTS[2:])}
    return fields


def mode_of(request: Fields) -> str:
    """The form of a request's thinking, by the name under which its refusal is learned."""
    thinking = request.get("thinking")
    return f"thinking.{thinking['type']}" if isinstance(thinking, dict) else ""


def _mode(kind: str, learned: Learned) -> Fields:
    return {"thinking": {"type": kind}} if learned.takes(f"thinking.{kind}") else {}
