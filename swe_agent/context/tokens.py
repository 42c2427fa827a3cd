"""How many tokens a text takes: bytes over a rate that the provider's own counts correct."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from swe_agent.core.messages import Image, Message, Turn
from swe_agent.core.protocols import ToolSpec

BYTES_PER_TOKEN = 3.6
"""Measured with cl100k on recorded runs of agents: 3.8 for observations, 4.1 in all."""
MESSAGE_TOKENS = 4
"""What a message costs beside its text."""
_LEAST, _MOST = 0.5, 2.0
_PIXELS_PER_TOKEN, _MOST_IMAGE_TOKENS = 750, 1_600


@dataclass(frozen=True, slots=True)
class Scale:
    """What the provider counted against what was reckoned."""

    ratio: float = 1.0
    error: float | None = None
    """How far the last reckoning was off, as a share of the provider's count; None: no count."""
    own: float | None = None
    """What the model's own tokenizer counted then for one of ours; None: there is none here."""

    def now(self, own: float | None) -> float:
        """What the provider will count for one of ours, in a request for which the model's own
        tokenizer counts `own`: only what the provider adds to the texts is a guess then."""
        if own is None:
            return self.ratio
        return self.ratio * own / self.own if self.own else own

    def corrected(self, reckoned: int, counted: int) -> "Scale":
        """The scale after one more count of a prompt that was reckoned with this one."""
        if reckoned <= 0 or counted <= 0:
            return self
        ratio = self.ratio * counted / reckoned
        near = self.own or 1.0
        ratio = min(_MOST * near, max(_LEAST * near, ratio))
        return Scale(ratio, abs(reckoned - counted) / counted, self.own)


@dataclass(slots=True)
class Exact:
    """Counts of a model's own tokenizer; no message is counted twice."""

    count: Callable[[str], int]
    _kept: dict[int, tuple[Message, int]] = field(default_factory=dict)
    """By the identity of a message, which is kept alive by it."""

    def ratio(self, texts: Iterable[str], messages: Iterable[Message]) -> float:
        """Its tokens for one of ours, over all of a request."""
        ours = theirs = 0
        for text in texts:
            ours += tokens_of(text)
            theirs += self.count(text) + MESSAGE_TOKENS
        for message in messages:
            pictures = _images_tokens(message)
            ours += message_tokens(message)
            theirs += self._of(message) + MESSAGE_TOKENS + pictures
        return theirs / ours if ours else 1.0

    def _of(self, message: Message) -> int:
        if id(message) not in self._kept:
            self._kept[id(message)] = message, self.count(message_text(message))
        return self._kept[id(message)][1]


def tokens_of(text: str, ratio: float = 1.0) -> int:
    """Tokens of one message with this text.

    >>> tokens_of("x" * 36)
    14
    """
    return int(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN * ratio + 0.5) + (
        MESSAGE_TOKENS
    )


def message_text(message: Message) -> str:
    """All of a message that a hosted model is sent."""
    if isinstance(message, Turn):
        calls = (f"{call.name} {json.dumps(call.arguments)}" for call in message.calls)
        blocks = (json.dumps(block) for block in message.opaque)
        return "\n".join((message.text, *calls, *blocks))
    return message.text


def message_tokens(message: Message) -> int:
    """Tokens of a message, pictures included."""
    return tokens_of(message_text(message)) + _images_tokens(message)


def _images_tokens(message: Message) -> int:
    return 0 if isinstance(message, Turn) else sum(map(_image_tokens, message.images))


def _image_tokens(image: Image) -> int:
    """By area, up to what a picture is scaled down to; the rate that Anthropic documents."""
    return min(_MOST_IMAGE_TOKENS, image.width * image.height // _PIXELS_PER_TOKEN + 1)


def spec_text(spec: ToolSpec) -> str:
    """All of a tool's description that a model is sent."""
    return f"{spec.name} {spec.description} {json.dumps(spec.schema)}"
