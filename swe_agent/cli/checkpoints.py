"""`swe-agent checkpoints`: the work trees that a run saved: compared, restored, gone on from."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swe_agent.cli.options import (
    Assignments,
    EventsJson,
    Issue,
    Json,
    Quiet,
    RunName,
    Verbose,
)
from swe_agent.core.errors import UsageFault

if TYPE_CHECKING:
    from swe_agent.runtime.store import TreeStore
    from swe_agent.trajectory.checkpoints import Saved

app = typer.Typer(
    help="The work trees that a run saved: list, compare, restore, go on from one.",
    rich_markup_mode=None,
    no_args_is_help=True,
)

Number = Annotated[int, typer.Argument(metavar="N", min=0, help="A checkpoint's number.")]


@app.command("list")
def list_saved(name: RunName, as_json: Json = False) -> None:
    """List a run's checkpoints: number, step, what it follows, what changed, tests.

    0 is where the agent started; one is saved after each call that may write.

    \b
    Examples:
      swe-agent checkpoints list 2611
      swe-agent checkpoints list 2611 --json
    """
    from swe_agent.cli.home import find_run
    from swe_agent.cli.screen import print_json, print_table, say
    from swe_agent.trajectory.checkpoints import saved_in
    from swe_agent.trajectory.replayed import events_of

    saved = saved_in(events_of(find_run(name)))
    if as_json:
        print_json(
            [
                {
                    "number": one.number,
                    "step": one.step,
                    "after": one.after,
                    "changed": one.changed,
                    "left_out": {**one.checkpoint.left_out},
                    "tree": one.checkpoint.tree,
                    "failed": len(one.tests.failed) if one.tests else None,
                    "passed": len(one.tests.passed) if one.tests else None,
                    "best": one.is_best,
                    "rolled_back": one.was_rolled_back,
                }
                for one in saved
            ]
        )
        return
    if not saved:
        say("No checkpoints: the run stopped before its sandbox was ready.")
        return
    print_table(("n", "step", "after", "changed", "tests", "state"), map(_row, saved))


@app.command()
def diff(
    name: RunName,
    first: Number,
    second: Annotated[
        int | None, typer.Argument(metavar="[M]", min=0, help="Default: the one after N.")
    ] = None,
    stat: Annotated[bool, typer.Option("--stat", help="Only the paths.")] = False,
) -> None:
    """Show how one checkpoint differs from another, as a patch on stdout.

    \b
    Examples:
      swe-agent checkpoints diff 2611 3            what step 4 changed
      swe-agent checkpoints diff 2611 0 7 > up-to-7.diff
      swe-agent checkpoints diff 2611 0 7 --stat
    """
    import sys

    from swe_agent.cli.home import find_run
    from swe_agent.core.text import visible
    from swe_agent.runtime.patch import make_patch, touched
    from swe_agent.trajectory.checkpoints import checkpoint_named, saved_in
    from swe_agent.trajectory.replayed import events_of

    folder = find_run(name)
    saved = saved_in(events_of(folder))
    before = checkpoint_named(saved, first).checkpoint.tree
    after = checkpoint_named(saved, first + 1 if second is None else second).checkpoint.tree
    with _store(folder) as store:
        if stat:
            for path in touched(store, before, after):
                print(visible(path))
            return
        patch = make_patch(store, before, after)
    if sys.stdout.isatty():
        for line in patch.decode("utf-8", "backslashreplace").split("\n")[:-1]:
            print(visible(line))
    else:
        sys.stdout.buffer.write(patch)


@app.command()
def restore(
    name: RunName,
    number: Number,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="A new or empty folder.")],
) -> None:
    """Write a checkpoint's work tree into a folder, and compare it with what was stored.

    The repository itself is not touched: `swe-agent apply` does that.

    \b
    Example:
      swe-agent checkpoints restore 2611 3 --to /tmp/at-3
    """
    from swe_agent.cli.home import find_run
    from swe_agent.cli.screen import say, show
    from swe_agent.runtime.unpacked import unpack_tree
    from swe_agent.trajectory.checkpoints import checkpoint_named, saved_in
    from swe_agent.trajectory.replayed import events_of

    folder = find_run(name)
    saved = checkpoint_named(saved_in(events_of(folder)), number)
    with _store(folder) as store:
        count = unpack_tree(store, saved.checkpoint.tree, to.expanduser().absolute())
    say(f"{count} files of checkpoint {number} are in {to}, as they were.")
    for path, why in saved.checkpoint.left_out.items():
        show(f"Not in it: {path} ({why}).", "warn")


@app.command()
def fork(
    name: RunName,
    number: Number,
    issue: Issue = None,
    model: Annotated[
        str | None,
        typer.Option("-m", "--model", metavar="PROVIDER/NAME", help="Another model from here on."),
    ] = None,
    assignments: Assignments = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Run folder to make.")
    ] = None,
    as_json: EventsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Go on from a checkpoint as a new run, in a new sandbox; the old run stays as it is.

    The conversation up to there is kept and no reply is paid for again. With -i the model is told
    something more, with -m another one goes on. It ends as `run` does.

    \b
    Examples:
      swe-agent checkpoints fork 2611 3
      swe-agent checkpoints fork 2611 3 -i "leave the parser alone" -s limits.max_steps=200
      swe-agent checkpoints fork 2611 0 -m anthropic/claude-sonnet-5-5
    """
    from swe_agent.cli.forking import begun, gone_on
    from swe_agent.cli.view import Shown

    folder = begun(name, number, (model, assignments or ()), output)
    gone_on(folder, issue, Shown(as_json, quiet, verbose))


def _row(one: "Saved") -> tuple[str, ...]:
    from swe_agent.cli.wording import report_words

    marks = ("best" if one.is_best else "", "rolled back" if one.was_rolled_back else "")
    return (
        str(one.number),
        str(one.step or "-"),
        one.after or ("start" if one.number == 0 else "-"),
        str(one.changed) if one.number else "-",
        report_words(one.tests) if one.tests else "-",
        ", ".join(mark for mark in marks if mark) or "-",
    )


@contextmanager
def _store(run_folder: Path) -> "Iterator[TreeStore]":
    """A run's trees; of one that is at work a copy, since it may not be opened twice."""
    import tempfile
    from contextlib import closing

    from swe_agent.cli.record import is_running
    from swe_agent.runtime.store import TreeStore, damaged
    from swe_agent.trajectory.replayed import STORE, copy_store

    if not (run_folder / STORE).is_dir():
        raise UsageFault(f"The run {run_folder.name} has no checkpoints.", "See `swe-agent runs`.")
    with tempfile.TemporaryDirectory(prefix="swe-agent-checkpoints-") as name:
        place = run_folder
        if is_running(run_folder):
            place = Path(name) / "run"
            copy_store(run_folder, place)
        with closing(TreeStore(place / STORE)) as store:
            try:
                yield store
            except KeyError as missing:
                raise damaged(run_folder.name, missing.args[0][:12]) from missing
