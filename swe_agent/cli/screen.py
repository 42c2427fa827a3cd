"""What people read: stderr, without markup, nothing untrusted that a terminal would obey."""

import json
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from swe_agent.core.errors import SweAgentError
from swe_agent.core.text import lines_of, visible

if TYPE_CHECKING:
    from pydantic import JsonValue
    from rich.console import Console

    from swe_agent.cli.wording import Tone

STYLES: "dict[Tone, str]" = {
    "plain": "",
    "strong": "bold",
    "faint": "dim",
    "good": "green",
    "bad": "bold red",
    "warn": "yellow",
}


def say(text: str = "") -> None:
    """One plain line for the user."""
    print(visible(text), file=sys.stderr, flush=True)


def show(text: str, tone: "Tone" = "plain") -> None:
    """One line in a tone; colour only on a terminal."""
    from rich.text import Text

    console().print(Text(visible(text), style=STYLES[tone]))


@cache
def console() -> "Console":
    """The one console of a command, on stderr."""
    from rich.console import Console

    return Console(stderr=True, markup=False, highlight=False, emoji=False, soft_wrap=True)


def show_fault(fault: SweAgentError) -> None:
    """What happened, and what to do next."""
    say(f"swe-agent: {fault.message}")
    for line in lines_of(fault.next_step):
        say(f"  {line}")


def print_json(value: "JsonValue") -> None:
    """One JSON value on stdout, for programs."""
    print(json.dumps(value, indent=2, ensure_ascii=True), flush=True)


def print_table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    widest: int | None = None,
    *,
    cropped: bool = False,
) -> None:
    """Columns as wide as their widest cell, `widest` at most; the last one is not padded, and
    where `cropped` it ends with the terminal's line."""
    table = [list(header), *([visible(cell) for cell in row] for row in rows)]
    widths = [max(len(row[at]) for row in table) for at in range(len(header))]
    widths = [min(width, widest or width) for width in widths]
    for row in table:
        padded = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        line = "  ".join([*padded, row[-1]]).rstrip()
        say(line[: console().width] if cropped and console().is_terminal else line)


def is_interactive() -> bool:
    """Whether a person is there to answer a question."""
    return sys.stdin.isatty() and sys.stderr.isatty()
