"""What may come to stand for the messages of a step: worked out once, when the next reply comes,
from what stands before it, so that a story told again from the log comes to the same."""

import re
from collections.abc import Sequence
from dataclasses import replace

from swe_agent.context.cover import names_in
from swe_agent.context.digest import Around, briefly, digest, shortened
from swe_agent.context.entry import Arguments, Entry, Short, as_short
from swe_agent.context.tokens import BYTES_PER_TOKEN, message_text, message_tokens
from swe_agent.core.messages import Observation, Turn

SMALL_TOKENS = 110
"""Observations below are not worth a digest."""
LONG_TOKENS = 40
"""Arguments of several lines are shortened from here on."""
LEAST_SAVED_TOKENS = 30
"""What comes to stand for a message saves so much at least."""
FEWEST_READS, MOST_READS = 15, 40
"""Bounds of how often a digest is expected to be read: as often as there were steps before it."""
_WRITTEN_CHARS = 8
_NUMBER = re.compile(r"\b\d{1,6}\b")


def settle(entries: Sequence[Entry], known: set[str], step: int) -> None:
    """Give each entry what may come to stand for it.

    Args:
        entries: a reply, if there is one, and what came after it.
        known: names that stand in the prompt for good; those that will now are added.
        step: number of the reply after them.
    """
    around = Around(known, expected=min(max(FEWEST_READS, step), MOST_READS))
    reply = next((entry for entry in entries if isinstance(entry.message, Turn)), None)
    words = ""
    if reply and isinstance(turn := reply.message, Turn):
        known |= names_in(_staying(turn) if _folds(reply, turn) else message_text(turn))
        words = shortened(turn.text, around)
        known |= names_in(words)
        around = _beside(turn, around)
    for entry in entries:
        if isinstance(entry.message, Observation):
            _settle_observation(entry, around, known)
    # Last, since what the digests of observations show of a long argument is not kept twice.
    if reply and isinstance(turn := reply.message, Turn) and _folds(reply, turn):
        _offer(reply, words, _brief(turn, reply.step, around))
        known |= names_in(message_text(reply.as_short or turn))


def _folds(reply: Entry, turn: Turn) -> bool:
    """Whether a reply is shortened at all: what has no call cannot be recalled, what is opaque not
    be sent back changed."""
    return bool(turn.calls) and not turn.opaque and reply.layer == "replies"


def _settle_observation(entry: Entry, around: Around, known: set[str]) -> None:
    if entry.whole_tokens >= SMALL_TOKENS:
        _offer(entry, digest(entry.step, entry.lines, around), {})
    if entry.short:
        known |= names_in(entry.short.text)
    elif entry.form == "whole":
        known |= names_in(entry.message.text)


def _offer(entry: Entry, text: str, arguments: Arguments) -> None:
    """Keep what may stand for a message if it is worth it."""
    tokens = message_tokens(as_short(entry.message, text, arguments))
    if entry.whole_tokens - tokens >= LEAST_SAVED_TOKENS:
        entry.short = Short(text, arguments, tokens)


def _brief(turn: Turn, step: int, around: Around) -> Arguments:
    """What may stand for the long arguments of a reply's calls."""
    return {
        call.id: {
            name: briefly(step, value, around)
            for name, value in call.arguments.items()
            if isinstance(value, str) and _is_long(value)
        }
        for call in turn.calls
    }


def _staying(turn: Turn) -> str:
    """What stays of a reply's calls in any form."""
    values = [value for call in turn.calls for value in call.arguments.values()]
    return "\n".join(
        value.split("\n", 1)[0] if isinstance(value, str) and _is_long(value) else str(value)
        for value in values
    )


def _is_long(argument: str) -> bool:
    return "\n" in argument and len(argument) >= LONG_TOKENS * BYTES_PER_TOKEN


def _beside(turn: Turn, around: Around) -> Around:
    """What stands around the observations that answer a reply."""
    text = message_text(turn)
    values = [str(value) for call in turn.calls for value in call.arguments.values()]
    lines = (line.strip() for value in values for line in value.split("\n"))
    return replace(
        around,
        said=frozenset(names_in(text)),
        numbers=frozenset(map(int, _NUMBER.findall(text))),
        written=frozenset(line for line in lines if len(line) >= _WRITTEN_CHARS),
    )
