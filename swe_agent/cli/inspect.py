"""`swe-agent inspect`: a recorded run, walked step by step or shown for scripts."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swe_agent.cli.options import Json, RunName
from swe_agent.core.errors import UsageFault

if TYPE_CHECKING:
    from swe_agent.trajectory.steps import Recording


def inspect(
    name: RunName,
    step: Annotated[
        int | None, typer.Option("--step", min=1, metavar="N", help="One step, whole.")
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(
            "--context",
            metavar="N or M:N",
            help="What the request of step N was made of, and how it differs from M (default N-1).",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Look at a run: what the model was told, what it replied, what its calls came to.

    On a terminal it is a walk through the steps (? shows the keys); else the overview is printed.
    A log that is torn or damaged is shown as far as it can be read.

    \b
    Examples:
      swe-agent inspect 2611
      swe-agent inspect 2611 --step 4
      swe-agent inspect 2611 --context 7          the ledger of a request, against the one before
      swe-agent inspect 2611 --context 3:7
      swe-agent inspect BATCH/runs/ID --json
    """
    from swe_agent.cli.found import run_named
    from swe_agent.trajectory.steps import read_recording

    if step is not None and context is not None:
        raise UsageFault("--step and --context do not go together.", "Give one of them.")
    folder = run_named(name)
    recording = read_recording(folder)
    if context is not None:
        _show_context(recording, *_steps_named(context), as_json)
    elif step is not None:
        _show_step(recording, step, as_json)
    else:
        _show_run(recording, folder, as_json)


def _show_run(recording: "Recording", folder: Path, as_json: bool) -> None:
    from swe_agent.cli.pages import overview, pages, run_json
    from swe_agent.cli.screen import is_interactive, print_json, show

    if as_json:
        print_json(run_json(recording))
    elif is_interactive() and sys.stdout.isatty():
        from swe_agent.cli.walk import walk
        from swe_agent.core.text import visible

        walk(pages(recording), visible(folder.name))
    else:
        for line in overview(recording):
            show(line.text, line.tone)


def _show_step(recording: "Recording", number: int, as_json: bool) -> None:
    from swe_agent.cli.pages import step_json, step_lines
    from swe_agent.cli.screen import print_json, show

    found = recording.step(number)
    if as_json:
        print_json(step_json(found))
        return
    for line in step_lines(found):
        show(line.text, line.tone)


def _show_context(recording: "Recording", against: int | None, number: int, as_json: bool) -> None:
    from swe_agent.cli.ledger import (
        ledger_json,
        ledger_lines,
        message_lines,
        messages_of,
        step_with_ledger,
    )
    from swe_agent.cli.screen import print_json, show

    step = step_with_ledger(recording, number)
    if against is None and any(one.number == number - 1 for one in recording.steps):
        against = number - 1
    other = step_with_ledger(recording, against) if against is not None else None
    entries = messages_of(recording, number)
    if as_json:
        print_json(ledger_json(step, other, entries))
        return
    for line in [*ledger_lines(step, other), *message_lines(entries, step.ratio)]:
        show(line.text, line.tone)


def _steps_named(text: str) -> tuple[int | None, int]:
    """`7` or `3:7`: the request to compare with, if one is named, and the request.

    >>> _steps_named("7"), _steps_named("3:7")
    ((None, 7), (3, 7))
    """
    first, colon, last = text.partition(":")
    numbers = [first, last] if colon else [first]
    if not all(number.isascii() and number.isdigit() for number in numbers):
        raise UsageFault(f"--context takes a step or two, not {text!r}.", "For example 7, or 3:7.")
    return (int(first), int(last)) if colon else (None, int(first))
