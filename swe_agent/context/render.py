"""One prompt from the history, and the ledger that says what it is made of."""

import json
from collections.abc import Mapping, Sequence

from swe_agent.core.events import LedgerRow
from swe_agent.core.messages import Message, Turn
from swe_agent.core.protocols import Prompt, ToolSpec

_CHARS_PER_TOKEN = 4
"""An estimate for the ledger alone; limits are kept by the provider's own counts."""


def render(
    system: str, history: Sequence[Message], tools: tuple[ToolSpec, ...], max_output_tokens: int
) -> tuple[Prompt, tuple[LedgerRow, ...]]:
    """The prompt of the next call, and a row for each layer. Pure: the same log gives the same
    bytes."""
    prompt = Prompt(system, tuple(history), tools, max_output_tokens)
    rows = (
        LedgerRow(layer="system", tokens=_tokens(len(system)), why="always"),
        LedgerRow(layer="tools", tokens=_tokens(sum(map(_spec_chars, tools))), why="always"),
        LedgerRow(layer="history", tokens=_tokens(sum(map(_chars, history))), why="whole"),
    )
    return prompt, rows


def changed(rows: Sequence[LedgerRow], before: Mapping[str, LedgerRow]) -> tuple[LedgerRow, ...]:
    """The rows that differ from the request before."""
    return tuple(row for row in rows if before.get(row.layer) != row)


def _tokens(chars: int) -> int:
    return -(-chars // _CHARS_PER_TOKEN)


def _spec_chars(spec: ToolSpec) -> int:
    return len(spec.name) + len(spec.description) + len(json.dumps(spec.schema))


def _chars(message: Message) -> int:
    if isinstance(message, Turn):
        return len(message.text) + sum(len(json.dumps(call.arguments)) for call in message.calls)
    return len(message.text)
