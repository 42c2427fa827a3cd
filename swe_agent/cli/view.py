"""What a user watches while a run goes on: lines that stay and, on a terminal, a live status."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from swe_agent.cli.home import EVENTS
from swe_agent.cli.progress import Progress
from swe_agent.cli.screen import console, show
from swe_agent.cli.wording import lines, report_words, time_words, usage_words
from swe_agent.core.events import Event
from swe_agent.core.protocols import Watcher
from swe_agent.core.text import visible

if TYPE_CHECKING:
    from rich.text import Text


@dataclass(frozen=True, slots=True)
class Shown:
    """How much is shown, and where."""

    as_json: bool = False
    """Stream the event log on stdout; people read stderr all the same."""
    quiet: bool = False
    verbose: bool = False
    asks: bool = False
    """A person is asked between the lines: no status below them."""

    def say(self, text: str) -> None:
        """Tell of a wait or a pull."""
        if not self.quiet:
            show(text, "faint")


@contextmanager
def watching(run_folder: Path, progress: Progress, shown: Shown) -> Iterator[Watcher]:
    """A watcher that folds events into `progress` and shows them, until the block ends."""
    stream = EventStream(run_folder / EVENTS) if shown.as_json else None

    def watch(event: Event) -> None:
        progress.see(event)
        if stream is not None:
            stream.catch_up()
        if not shown.quiet:
            for line in lines(event, shown.verbose):
                show(line.text, line.tone)

    if shown.quiet or shown.asks or not console().is_terminal:
        yield watch
        return
    from rich.live import Live

    with Live(
        _Status(progress),
        console=console(),
        refresh_per_second=4,
        transient=True,
        redirect_stdout=False,
    ):
        yield watch


class EventStream:
    """The log's own lines, copied to stdout as they are; a reader that goes away ends the copy."""

    def __init__(self, path: Path) -> None:
        """Begin at the log's present end: a resumed run shows only what is new."""
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0
        self._is_open = True

    def catch_up(self) -> None:
        """Copy what was added since."""
        if not self._is_open:
            return
        with self._path.open("rb") as log:
            log.seek(self._offset)
            added = log.read()
        whole = added[: added.rfind(b"\n") + 1]
        try:
            sys.stdout.buffer.write(whole)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            self._is_open = False
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        self._offset += len(whole)


class _Status:
    """The status lines, made anew at each refresh so that the clock moves."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __rich__(self) -> "Text":
        return status(self._progress)


def status(progress: Progress) -> "Text":
    """Two lines: where the run is and what it does; tests, tokens, money, time."""
    from rich.text import Text

    text = Text(no_wrap=True, overflow="ellipsis")
    text.append("─ ", "dim")
    text.append(progress.phase, "bold cyan")
    if progress.iteration:
        text.append(f" round {progress.iteration}", "dim")
    if progress.step:
        text.append(f" · step {progress.step}")
    text.append(f" · {visible(progress.doing)}\n")
    tests = progress.latest or progress.before
    text.append("  ")
    if tests is not None:
        text.append(f"tests {report_words(tests)}", "red" if tests.failed else "green")
        text.append(" · ", "dim")
    text.append(usage_words(progress.usage, progress.cost_usd), "dim")
    if progress.cap_usd is not None:
        left = max(0.0, progress.cap_usd - progress.cost_usd)
        text.append(f" (${left:.2f} left)", "dim")
    text.append(f" · {time_words(progress.elapsed_s)}", "dim")
    return text
