"""A walk through pages on a terminal: one key a move, nothing but the terminal's own scrolling."""

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.console import Console
from rich.control import Control
from rich.text import Text

from swe_agent.cli.pages import Page
from swe_agent.cli.screen import STYLES
from swe_agent.cli.wording import Line

KEYS = (
    ("right n l", "next page"),
    ("left p h", "page before"),
    ("down j, up k", "a line"),
    ("space, b", "a screen down, up"),
    ("g, G", "first page, last page"),
    ("NUMBER Enter", "that step"),
    ("/", "search; then . for the next hit"),
    ("q", "leave"),
)
_ARROWS = {b"[C": "n", b"[D": "p", b"[B": "j", b"[A": "k", b"[5~": "b", b"[6~": " ", b"[H": "g"}
_PAUSE_S = 0.05
"""How long the rest of an arrow key may take to come in."""


@dataclass(slots=True)
class Walk:
    """Where the reader stands; `press` moves it."""

    pages: Sequence[Page]
    title: str
    width: int = 80
    height: int = 24
    page: int = 0
    top: int = 0
    digits: str = ""
    search: str | None = None
    """What is being typed after `/`; None: nothing is."""
    sought: str = ""
    said: str = ""
    asks_for_keys: bool = False
    _rows: dict[tuple[int, int], list[Text]] = field(default_factory=dict)

    def press(self, key: str) -> bool:
        """Take one key; False when the reader leaves."""
        self.said = ""
        if self.search is not None:
            self._type(key)
            return True
        if key in ("q", "\x03", "\x04"):
            return False
        self.asks_for_keys = key == "?" and not self.asks_for_keys
        if key.isdigit():
            self.digits += key
            return True
        number, self.digits = self.digits, ""
        if key in ("\r", "\n"):
            self._go_to(int(number)) if number else self._scroll(1)
        else:
            self._move(key)
        return True

    def screen(self) -> list[Text]:
        """What is to be seen now: as many rows as the terminal has."""
        room = self.height - 1
        shown = self._keys() if self.asks_for_keys else self.rows()[self.top : self.top + room]
        padding = [Text("")] * (room - len(shown))
        return [*shown[:room], *padding, self._status()]

    def rows(self) -> list[Text]:
        """The lines of the page, broken at the terminal's width."""
        at = (self.page, self.width)
        if at not in self._rows:
            console = Console(width=self.width, markup=False, highlight=False, emoji=False)
            self._rows = {at: _wrapped(self.pages[self.page].lines, console)}
        return self._rows[at]

    def _move(self, key: str) -> None:
        screen = self.height - 1
        match key:
            case "n" | "l":
                self._turn_to(self.page + 1)
            case "p" | "h":
                self._turn_to(self.page - 1)
            case "g":
                self._turn_to(0)
            case "G":
                self._turn_to(len(self.pages) - 1)
            case "j":
                self._scroll(1)
            case "k":
                self._scroll(-1)
            case " ":
                self._scroll(screen - 2)
            case "b":
                self._scroll(2 - screen)
            case "/":
                self.search = ""
            case "." if self.sought:
                self._find(self.page, self.top + 1)
            case _:
                pass

    def _type(self, key: str) -> None:
        """One more character of what is sought."""
        typed = self.search or ""
        if key in ("\r", "\n"):
            self.search, self.sought = None, typed
            if typed:
                self._find(self.page, self.top)
        elif key in ("\x1b", "\x03"):
            self.search = None
        elif key in ("\x7f", "\b"):
            self.search = typed[:-1]
        elif key.isprintable():
            self.search = typed + key

    def _find(self, page: int, top: int) -> None:
        """Go to the next row that holds what is sought, round the end to the beginning."""
        sought, home = self.sought.casefold(), (self.page, self.top)
        for offset in range(len(self.pages) + 1):
            self.page = (page + offset) % len(self.pages)
            begin = top if offset == 0 else 0
            for at, row in enumerate(self.rows()[begin:], begin):
                if sought in row.plain.casefold():
                    self.top = at
                    return
        self.page, self.top = home
        self.said = f"{self.sought!r} is not there"

    def _turn_to(self, page: int) -> None:
        if 0 <= page < len(self.pages):
            self.page, self.top = page, 0

    def _go_to(self, number: int) -> None:
        if number < len(self.pages):
            self._turn_to(number)
        else:
            self.said = f"there are {len(self.pages) - 1} steps"

    def _scroll(self, rows: int) -> None:
        last = max(0, len(self.rows()) - (self.height - 1))
        self.top = min(max(0, self.top + rows), last)

    def _status(self) -> Text:
        rows, room = len(self.rows()), self.height - 1
        if self.search is not None:
            return Text(f"/{self.search}")
        more = f", line {self.top + 1} of {rows}" if rows > room else ""
        typed = f"  {self.digits}" if self.digits else ""
        said = self.said or "? keys, q leaves"
        text = f" {self.title}  {self.pages[self.page].title}{more}{typed}   {said} "
        return Text(text[: self.width].ljust(self.width), style="reverse")

    def _keys(self) -> list[Text]:
        return [Text(f"  {keys:<16} {what}") for keys, what in KEYS]


def walk(pages: Sequence[Page], title: str) -> None:
    """Let the reader walk through the pages until they leave; needs a terminal."""
    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    reader = Walk(pages, title)
    with console.screen(hide_cursor=True), _single_keys():
        for key in _keys():
            reader.width, reader.height = console.size
            if key and not reader.press(key):
                return
            rows = reader.screen()
            console.control(Control.home())
            for at, row in enumerate(rows):
                row.truncate(reader.width)
                blank = " " * (reader.width - cell_len(row.plain))
                end = "" if at == len(rows) - 1 else "\n"
                console.print(row, blank, sep="", end=end, overflow="crop", no_wrap=True)


def _wrapped(lines: Sequence[Line], console: Console) -> list[Text]:
    rows: list[Text] = []
    for line in lines:
        text = Text(line.text.expandtabs(4), style=STYLES[line.tone])
        rows += text.wrap(console, console.width) or [Text("")]
    return rows


def _keys() -> Iterator[str]:
    """One empty key to begin with, then every key that is pressed; an arrow is one key."""
    yield ""
    stdin = sys.stdin.fileno()
    while raw := os.read(stdin, 1):
        if raw != b"\x1b":
            yield _rest_of(raw, stdin)
            continue
        sequence = b""
        while select.select([stdin], [], [], _PAUSE_S)[0] and len(sequence) < 8:
            sequence += os.read(stdin, 1)
            if sequence in _ARROWS or (len(sequence) > 1 and sequence[-1:].isalpha()):
                break
        yield _ARROWS.get(sequence, "\x1b")


def _rest_of(first: bytes, stdin: int) -> str:
    """One character of UTF-8."""
    more = 3 if first >= b"\xf0" else 2 if first >= b"\xe0" else 1 if first >= b"\xc0" else 0
    return (first + (os.read(stdin, more) if more else b"")).decode("utf-8", "replace")


@contextmanager
def _single_keys() -> Iterator[None]:
    """The terminal hands over each key at once, unseen."""
    stdin = sys.stdin.fileno()
    kept = termios.tcgetattr(stdin)
    try:
        tty.setcbreak(stdin)
        yield
    finally:
        termios.tcsetattr(stdin, termios.TCSADRAIN, kept)
