"""A scripted model's file: replies and faults, one a line, and which of them comes next."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, JsonValue, ValidationError, field_validator, model_validator

from swe_agent.core.errors import UsageFault
from swe_agent.core.messages import Message, Record, StopReason, Turn, Usage

NamedFault = Literal["drop", "html", "truncated", "cut_json", "timeout", "empty", "context"]
"""`drop`: the connection breaks off; `truncated`: the reply ends early, cleanly; `cut_json`: the
arguments of a call are cut; `context`: the prompt does not fit."""


class ScriptedCall(Record):
    """A tool call of a scripted reply."""

    name: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    id: str = ""
    """Empty: made from the line's number and the call's place."""


class Line(Record):
    """One line: a reply, or a fault where `error` is set."""

    number: int = Field(0, exclude=True)
    """Line in the file, from 1."""
    text: str = ""
    tool_calls: tuple[ScriptedCall, ...] = ()
    usage: Usage = Usage()
    stop: StopReason | None = None
    """None: what the reply's content says."""
    thinking: str = ""
    """Reasoning that a vendor's fake server plays; the scripted model says nothing of it."""
    error: int | NamedFault | None = None
    """HTTP status, or a fault by name."""
    retry_after: float | None = Field(None, ge=0)
    """Seconds."""
    if_seen: str | None = None
    """Regex; the line is used only when what was said last matches, else skipped for good."""

    @field_validator("if_seen")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                re.compile(pattern)
            except re.error as fault:
                raise ValueError(f"not a regular expression: {fault}") from fault
        return pattern

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.error is None and not self.text and not self.tool_calls:
            raise ValueError("a reply needs text or tool_calls; a fault needs error")
        if isinstance(self.error, int) and not 400 <= self.error <= 599:
            raise ValueError("an error's status lies between 400 and 599")
        return self

    def fits(self, seen: str) -> bool:
        """Whether the line is used when `seen` was said last."""
        return self.if_seen is None or re.search(self.if_seen, seen) is not None


@dataclass(frozen=True, slots=True)
class Script:
    """The lines of one file, in order."""

    lines: tuple[Line, ...]

    def after(self, history: Sequence[Message]) -> int:
        """Index of the first line that comes after a history's turns; faults between are past."""
        index, seen = 0, ""
        for message in history:
            if not isinstance(message, Turn):
                seen = message.text
                continue
            while index < len(self.lines):
                line = self.lines[index]
                index += 1
                if line.error is None and line.fits(seen):
                    break
        return index

    def next_from(self, index: int, seen: str) -> int | None:
        """Index of the first line from `index` on that fits; None at the end."""
        return next((i for i in range(index, len(self.lines)) if self.lines[i].fits(seen)), None)


def last_said(history: Sequence[Message]) -> str:
    """Text of the last note or observation; empty where there is none."""
    return next((m.text for m in reversed(history) if not isinstance(m, Turn)), "")


def read_script(path: Path) -> Script:
    """The script in a JSONL file; blank lines are passed over.

    Raises:
        UsageFault: the file cannot be read, is empty, or a line (named) is not valid.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "it is not UTF-8"
        raise UsageFault(f"The script {path} cannot be read: {why}.") from fault
    numbered = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not numbered:
        raise UsageFault(f"The script {path} is empty.", "Write one reply a line.")
    return Script(tuple(_line(path, number, raw) for number, raw in numbered))


def _line(path: Path, number: int, raw: str) -> Line:
    try:
        return Line.model_validate_json(raw, strict=False).model_copy(update={"number": number})
    except ValidationError as fault:
        first = fault.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part != "number")
        why = f"{place}: {first['msg']}" if place else first["msg"]
        raise UsageFault(
            f"{path}, line {number}: {why}.",
            'A line is {"text", "tool_calls", "usage", "if_seen"} or {"error", "retry_after"}.',
        ) from fault
