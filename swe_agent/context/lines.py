"""An observation's lines: the number that a view gives each, and the line itself."""

import re
from dataclasses import dataclass

from swe_agent.core.text import lines_of

_NUMBERED = re.compile(r"^[ \t]*(\d{1,7})(?:\| ?|:|\t)(.*)$")


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was shown."""

    text: str
    """The whole of it."""
    body: str
    """Without its number and the space at its end."""
    number: int | None = None
    """Number in its file, where a view or a search gave one."""


def shown_lines(text: str) -> list[Line]:
    """The lines of an observation.

    >>> [line.number for line in shown_lines(" 9| a\\n10:b\\nc")]
    [9, 10, None]
    """
    return [_line(text) for text in lines_of(text)]


def _line(text: str) -> Line:
    if match := _NUMBERED.match(text):
        return Line(text, match[2].rstrip(), int(match[1]))
    return Line(text, text.rstrip())
