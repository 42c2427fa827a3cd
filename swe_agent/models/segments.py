"""A history as JSON, piece by piece: what was encoded for one request is kept for the next.

A history grows at its end, so a step pays for what is new and not for all that came before.
"""

import json
import operator
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from swe_agent.core.messages import Message, Turn

Encode = Callable[[Sequence[Message], int], Sequence[Mapping[str, JsonValue]]]
"""Messages of a run of the history, given how many turns came before it."""

TAIL = 3
"""So many last segments are left to the caller: marks may lie on them, and they may still grow."""


@dataclass(slots=True)
class Head:
    """The stable part of a history, encoded, and the rest of it."""

    parts: list[bytes]
    """JSON of messages, without brackets."""
    turns: int
    """Turns in it."""
    tail: tuple[Message, ...]


@dataclass(slots=True)
class Segments:
    """What was encoded before, for one model."""

    _kept: dict[int, tuple[tuple[Message, ...], bytes]] = field(default_factory=dict, init=False)
    _ways: Hashable = field(default=None, init=False)

    def head_of(self, history: Sequence[Message], ways: Hashable, encode: Encode) -> Head:
        """All but the last segments as JSON; those seen before are not encoded again.

        Args:
            history: the whole conversation.
            ways: all else that the encoding depends on; when it changes, nothing is kept.
            encode: makes the messages of one segment.
        """
        if ways != self._ways:
            self._kept, self._ways = {}, ways
        cut = _segments(history)
        parts: list[bytes] = []
        turns = 0
        for segment in cut[:-TAIL]:
            if part := self._part(segment, turns, encode):
                parts.append(part)
            turns += sum(isinstance(message, Turn) for message in segment)
        tail = tuple(message for segment in cut[-TAIL:] for message in segment)
        return Head(parts, turns, tail)

    def _part(self, segment: tuple[Message, ...], turns: int, encode: Encode) -> bytes:
        kept = self._kept.get(id(segment[0]))
        if kept and len(kept[0]) == len(segment) and all(map(operator.is_, kept[0], segment)):
            return kept[1]
        part = json.dumps(encode(segment, turns))[1:-1].encode()
        self._kept[id(segment[0])] = (segment, part)
        return part


def body_of(
    field_name: str, head: Head, tail: Sequence[Mapping[str, JsonValue]], rest: Mapping[str, object]
) -> bytes:
    """The whole request: the conversation under its name, and the other fields."""
    parts = [*head.parts]
    if tail:
        parts.append(json.dumps(tail)[1:-1].encode())
    said = b'{"' + field_name.encode() + b'": [' + b", ".join(parts) + b"]"
    return said + b", " + json.dumps(rest)[1:].encode()


def _segments(history: Sequence[Message]) -> list[tuple[Message, ...]]:
    """Cut before each reply that follows something heard: there, messages never merge."""
    cut: list[tuple[Message, ...]] = []
    begin, heard = 0, False
    for place, message in enumerate(history):
        if isinstance(message, Turn):
            if heard and (message.calls or message.text.strip()):
                cut.append(tuple(history[begin:place]))
                begin, heard = place, False
        elif not heard and message.text.strip():
            heard = True
    cut.append(tuple(history[begin:]))
    return [segment for segment in cut if segment]
