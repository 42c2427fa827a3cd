"""The way from a started run to its exit code, shared by `run`, `resume` and `demo`."""

import contextlib
import errno
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn, Protocol

import typer

from swe_agent.cli.home import EVENTS, PATCH, run_name
from swe_agent.core.errors import EnvironmentFault, Interrupted, SweAgentError, UsageFault
from swe_agent.core.text import visible


class Finished(Protocol):
    """What is needed of a run's result."""

    @property
    def exit_code(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """What becomes of the patch."""

    apply: bool | None = None
    """None: ask on a terminal, else leave it."""
    branch: str | None = None


@contextlib.contextmanager
def resumable(run_folder: Path) -> Iterator[None]:
    """Signals and faults inside end the block with the command that goes on.

    Raises:
        Interrupted: Ctrl-C, SIGTERM or SIGHUP; what is on disk is enough to resume.
    """
    before = {number: signal.signal(number, _interrupt) for number in _SIGNALS}
    try:
        yield
    except KeyboardInterrupt:
        message = "Interrupted; the state is saved."
        raise Interrupted(message, _go_on(run_folder) or "Nothing had begun.") from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        message = f"No space is left on the disk of {visible(str(error.filename or run_folder))}."
        raise EnvironmentFault(message, f"Make room there.\n{_go_on(run_folder)}") from error
    except SweAgentError as fault:
        # What was asked for wrongly is asked for anew: the same run would end the same.
        go_on = "" if isinstance(fault, UsageFault) else _go_on(run_folder)
        if go_on and "swe-agent resume" not in fault.next_step:
            fault.next_step = f"{fault.next_step}\n{go_on}".strip()
        elif go_on and isinstance(fault, Interrupted):
            fault.next_step = go_on
        raise
    finally:
        for number, action in before.items():
            signal.signal(number, action)
        with contextlib.suppress(OSError):
            run_folder.rmdir()  # only a folder in which nothing was written goes


def finish(run_folder: Path, result: Finished, delivery: Delivery, quiet: bool) -> NoReturn:
    """Show how it ended, deliver the patch, and leave with the run's exit code."""
    from swe_agent.cli.ending import show_ending, show_next, show_word
    from swe_agent.cli.record import progress_of

    progress = progress_of(run_folder)
    if quiet:
        show_word(progress)
    else:
        show_ending(run_folder, progress)
    delivered = _delivered(run_folder, delivery)
    if not quiet and not delivered:
        show_next(run_folder, progress)
    raise typer.Exit(int(result.exit_code))


def deliver(run_folder: Path, branch: str | None) -> str:
    """Apply a run's patch to the repository that it came from; what was done, in a sentence.

    Raises:
        UsageFault: the run has no patch, or it does not apply; the message says where it lies.
        PolicyRefused: the patch may not be applied so.
    """
    from swe_agent.cli.record import progress_of
    from swe_agent.cli.wording import one_line
    from swe_agent.runtime.apply import apply_patch
    from swe_agent.runtime.repository import find_root

    progress = progress_of(run_folder)
    patch = run_folder / PATCH
    if not patch.is_file() or not patch.stat().st_size:
        next_step = "See `swe-agent runs`." if progress.verdict else _go_on(run_folder)
        raise UsageFault(f"The run {run_name(run_folder)} has no patch.", next_step)
    root = find_root(Path(progress.repository))
    title = one_line(progress.issue, 60) or "Make the failing tests pass"
    message = f"{title}\n\nswe-agent run {run_folder.name}, {_word(progress.verdict)}.\n"
    try:
        apply_patch(root, patch.read_bytes(), branch, message)
    except SweAgentError as fault:
        fault.next_step = f"{fault.next_step}\nThe patch lies at {patch}.".strip()
        raise
    if branch is not None:
        return f"Committed alone as branch {visible(branch)} in {visible(str(root))}."
    return f"Applied to {visible(str(root))}; look at it with `git diff`."


def _delivered(run_folder: Path, delivery: Delivery) -> bool:
    from swe_agent.cli.asking import confirm
    from swe_agent.cli.record import progress_of
    from swe_agent.cli.screen import is_interactive, say

    patch = run_folder / PATCH
    if not patch.is_file() or not patch.stat().st_size or delivery.apply is False:
        return False
    progress = progress_of(run_folder)
    wanted = delivery.apply or delivery.branch is not None
    if not wanted and is_interactive():
        question = f"Apply the patch to {visible(progress.repository)}?"
        try:
            wanted = confirm(question, default=_word(progress.verdict) == "verified")
        except KeyboardInterrupt:  # the run is over: it is a no, and its exit code stays
            say()
    elif wanted and _word(progress.verdict) == "regressed":
        say("Not applied: the patch breaks tests that passed before.")
        return False
    if wanted:
        say(deliver(run_folder, delivery.branch))
    return wanted


def _word(verdict: object) -> str:
    return str(getattr(verdict, "word", "not finished"))


def _go_on(run_folder: Path) -> str:
    if not (run_folder / EVENTS).is_file():
        return ""
    return f"Go on with it: swe-agent resume {run_name(run_folder)}"


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
