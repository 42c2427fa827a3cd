"""How many tokens a prompt can have at most: what the provider counted last, and all bytes since.

A byte is at most one token, so the bound holds for any text; it is near the truth because only what
is new since the last reply is bounded by its bytes.
"""

import json
from dataclasses import dataclass, field

from swe_agent.core.messages import Message, Turn
from swe_agent.core.protocols import Prompt

MESSAGE_TOKENS = 16
"""What a message costs beside its text."""
TOOLS_TOKENS = 2000
"""What vendors add to a prompt, most of it where there are tools."""


@dataclass(slots=True)
class InputBound:
    """The bound for one model; it knows the smallest system text and tools that were counted."""

    model: str
    """`provider/name`."""
    _least: int | None = field(default=None, init=False)

    def tokens(self, prompt: Prompt) -> int:
        """Upper bound of a prompt's tokens."""
        return input_tokens_bound(prompt, self.model, self._least)

    def counted(self, prompt: Prompt) -> None:
        """The provider has counted this prompt."""
        size = fixed_bytes(prompt)
        self._least = size if self._least is None else min(self._least, size)


def input_tokens_bound(prompt: Prompt, model: str = "", fixed_before: int | None = None) -> int:
    """Upper bound of a prompt's tokens.

    Args:
        prompt: what is asked.
        model: whose counts in the history are believed (`provider/name`).
        fixed_before: bytes of system and tools when the last reply was made; None: as now.
    """
    fixed = fixed_bytes(prompt)
    bound = TOOLS_TOKENS
    for message in reversed(prompt.history):
        if isinstance(message, Turn) and message.model == model and _is_counted(message):
            grown = 0 if fixed_before is None else max(0, fixed - fixed_before)
            return bound + message.usage.tokens + grown
        bound += _message_bytes(message) + MESSAGE_TOKENS
    return bound + fixed


def fixed_bytes(prompt: Prompt) -> int:
    """Bytes of a prompt's system text and tools."""
    size = len(prompt.system.encode())
    for tool in prompt.tools:
        size += len(tool.name) + len(tool.description.encode()) + len(json.dumps(tool.schema))
    return size


def _is_counted(turn: Turn) -> bool:
    return turn.usage.tokens > turn.usage.output_tokens and not turn.usage.estimated


def _message_bytes(message: Message) -> int:
    size = len(message.text.encode())
    if isinstance(message, Turn):
        size += sum(len(call.name) + len(json.dumps(call.arguments)) for call in message.calls)
        size += sum(len(json.dumps(block)) for block in message.opaque)
    return size
