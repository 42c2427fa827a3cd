"""One message of a conversation, the form in which it is shown, and what may come to stand for
it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from swe_agent.context.lines import Line, shown_lines
from swe_agent.context.tokens import message_tokens
from swe_agent.core.messages import Message, Observation, ToolCall, Turn

Form = Literal["whole", "repeat", "digest", "summary"]
Arguments = Mapping[str, Mapping[str, str]]
"""Call id to the texts that stand for arguments of that call, by their names."""
_OBSERVATIONS = {form: f"observations: {form}" for form in ("whole", "repeat", "digest", "summary")}
_REPLIES = ("replies", "replies: digest")


@dataclass(frozen=True, slots=True)
class Short:
    """What may come to stand for a message."""

    text: str
    """In place of what an observation shows, or of the words of a reply."""
    arguments: Arguments
    """In place of long arguments of a reply's calls."""
    tokens: int
    """What the message takes then."""


@dataclass(slots=True)
class Entry:
    """One message and the form in which it is shown."""

    message: Message
    step: int
    shown: Message
    form: Form = "whole"
    tokens: int = 0
    whole_tokens: int = 0
    lines: list[Line] = field(default_factory=list)
    path: str = ""
    """The file that an observation shows, if it shows one."""
    page: int = 0
    """How many observations stand before it."""
    short: Short | None = None
    """None: nothing may come to stand for it, or that is not worked out yet."""

    @property
    def layer(self) -> str:
        """Name of the ledger's row that counts it."""
        if isinstance(self.message, Observation):
            return _OBSERVATIONS[self.form]
        if isinstance(self.message, Turn):
            plans = any(call.name == "plan" for call in self.message.calls)
            return "plan" if plans else _REPLIES[self.form == "digest"]
        return f"notes: {self.message.kind}"

    @property
    def as_short(self) -> Message | None:
        """The message as it would be shown if it were folded."""
        return as_short(self.message, self.short.text, self.short.arguments) if self.short else None

    def shorten(self, text: str, arguments: Arguments, form: Form) -> None:
        """Show it as these texts from now on."""
        self.form, self.shown = form, as_short(self.message, text, arguments)
        self.tokens = message_tokens(self.shown)


def entry_of(message: Message, step: int, page: int) -> Entry:
    """A message as it comes in, shown whole."""
    entry = Entry(message, step, message, page=page)
    entry.tokens = entry.whole_tokens = message_tokens(message)
    if isinstance(message, Observation):
        entry.lines = shown_lines(message.text)
        found = message.data.get("path") if isinstance(message.data, dict) else None
        entry.path = found if isinstance(found, str) else ""
    return entry


def as_short(message: Message, text: str, arguments: Arguments) -> Message:
    """A message that says this instead."""
    if isinstance(message, Observation):
        return message.model_copy(update={"text": text, "images": ()})
    update: dict[str, object] = {"text": text}
    if isinstance(message, Turn) and arguments:
        update["calls"] = tuple(_with(call, arguments) for call in message.calls)
    return message.model_copy(update=update)


def _with(call: ToolCall, arguments: Arguments) -> ToolCall:
    if shorter := arguments.get(call.id):
        return call.model_copy(update={"arguments": {**call.arguments, **shorter}})
    return call
