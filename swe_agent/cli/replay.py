"""`swe-agent replay`: a recorded run again, in a fresh sandbox, without asking its model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swe_agent.cli.options import EventsJson, Quiet, RunName, Verbose
from swe_agent.core.errors import ExitCode, ModelFault, UsageFault

if TYPE_CHECKING:
    from swe_agent.cli.view import Shown
    from swe_agent.core.result import RunResult
    from swe_agent.trajectory.replayed import Comparison

PLAYED_OUT = "has no reply left"
"""How the end of a recording is told from other faults."""
_SHOWN_CHARS = 160


def replay(
    name: RunName,
    until: Annotated[
        int | None, typer.Option("--until", min=1, metavar="N", help="The last step to play.")
    ] = None,
    then: Annotated[
        str | None,
        typer.Option("--then", metavar="PROVIDER/NAME", help="The model that goes on after it."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Run folder to make.")
    ] = None,
    as_json: EventsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Run a recorded run again without its model: same calls, same final tree.

    Observations that come out differently are listed. Exit 0: same calls and tree; 4: not the same.
    With --until and --then another model takes over after step N; it ends as `run` does.

    \b
    Examples:
      swe-agent replay 2611
      swe-agent replay 2611 --until 4 --then anthropic/claude-sonnet-5-5
    """
    from swe_agent.cli.home import find_run, new_run_folder
    from swe_agent.cli.solving import Delivery, finish
    from swe_agent.cli.view import Shown
    from swe_agent.trajectory.replayed import begin_replay, compared, events_of

    if then and until is None:
        raise UsageFault("--then needs --until N.", "Say after which step it takes over.")
    recorded = find_run(name)
    folder = new_run_folder(output)
    begin_replay(recorded, folder, until, then)
    result = _played(folder, Shown(as_json, quiet, verbose))
    if then and result:
        finish(folder, result, Delivery(apply=False), quiet)
    found = compared(events_of(recorded), events_of(folder))
    if not quiet:
        _show(found, folder)
    same = found.is_same if until is None else found.same_calls
    raise typer.Exit(0 if same else int(ExitCode.UNVERIFIED))


def _played(folder: Path, shown: "Shown") -> "RunResult | None":
    """The replayed run; None where it ended as the recording ends, in the middle."""
    from swe_agent.cli.record import progress_of
    from swe_agent.cli.solving import resumable
    from swe_agent.cli.view import watching

    with resumable(folder), watching(folder, progress_of(folder), shown) as watch:
        from swe_agent.agent.opened import Company
        from swe_agent.solve import resume

        try:
            return resume(folder, watch, company=Company(shown.say))
        except ModelFault as fault:
            if PLAYED_OUT not in fault.message:
                raise
            return None


def _show(found: "Comparison", folder: Path) -> None:
    from swe_agent.cli.screen import say

    recorded, replayed = found.calls
    same = "the same" if found.same_calls else "NOT the same"
    say(f"calls: {recorded} recorded, {replayed} replayed, {same}")
    say(f"final tree: {'the same' if found.same_tree else 'NOT the same'}")
    say(f"observations that differ: {len(found.differences)}")
    for one in found.differences:
        say(f"  {one.number}. {one.call.name}")
        for sign, text in (("-", one.recorded.text), ("+", one.replayed.text)):
            say(f"     {sign} {_first_change(text, one.recorded.text, one.replayed.text)}")
    say(f"replay: {folder}")


def _first_change(text: str, recorded: str, replayed: str) -> str:
    """The first line of `text` that is not in both."""
    others = set(recorded.split("\n")) & set(replayed.split("\n"))
    changed = next((line for line in text.split("\n") if line not in others), "")
    return changed[:_SHOWN_CHARS]
