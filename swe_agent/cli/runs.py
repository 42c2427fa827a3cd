"""`swe-agent runs`: the runs of this machine, listed and removed."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from swe_agent.cli.options import Json
from swe_agent.core.errors import UsageFault

app = typer.Typer(
    help="List runs (the default), or remove them.",
    rich_markup_mode=None,
    invoke_without_command=True,
)

_DAY_S = 86_400


@app.callback()
def runs(context: typer.Context, as_json: Json = False) -> None:
    """List runs, newest first: id, task, state, verdict, cost, age.

    \b
    Examples:
      swe-agent runs
      swe-agent runs --json
      swe-agent runs rm 261122-041355-k3fm
      swe-agent runs prune --older-than 7
    """
    if context.invoked_subcommand is None:
        _list(as_json)


@app.command()
def rm(
    names: Annotated[list[str], typer.Argument(metavar="ID...", help="Runs to remove.")],
) -> None:
    """Remove runs with all that they keep.

    \b
    Example:
      swe-agent runs rm 261122-041355-k3fm
    """
    from swe_agent.cli.home import find_run
    from swe_agent.cli.screen import say

    folders = [find_run(name) for name in names]
    for folder in folders:
        _remove(folder)
        say(f"removed {folder.name}")


@app.command()
def prune(
    older_than: Annotated[
        float, typer.Option("--older-than", metavar="DAYS", min=0, help="Age in days.")
    ] = 30.0,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Interrupted runs too, not finished ones only.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which.")] = False,
) -> None:
    """Remove old runs; those that are still running stay.

    \b
    Example:
      swe-agent runs prune --older-than 7 --dry-run
    """
    from swe_agent.cli.home import run_folders
    from swe_agent.cli.record import run_row
    from swe_agent.cli.screen import say

    states = ("finished", "interrupted") if unfinished else ("finished",)
    count = 0
    for folder in run_folders():
        row = run_row(folder)
        age_s = row["age_s"]
        if row["state"] in states and isinstance(age_s, float) and age_s >= older_than * _DAY_S:
            say(f"{'would remove' if dry_run else 'removed'} {folder.name}")
            count += 1
            if not dry_run:
                _remove(folder)
    say(f"{count} run{'' if count == 1 else 's'} {'would go' if dry_run else 'removed'}.")


def _list(as_json: bool) -> None:
    from swe_agent.cli.home import run_folders, runs_folder
    from swe_agent.cli.record import run_row
    from swe_agent.cli.screen import print_json, print_table, say
    from swe_agent.cli.wording import age_of, one_line

    rows = [run_row(folder) for folder in run_folders()]
    if as_json:
        print_json([*rows])
        return
    if not rows:
        say(f"There are no runs in {runs_folder()}. Begin with `swe-agent demo`.")
        return
    cells = []
    for row in rows:
        cost, age = row["cost_usd"], row["age_s"]
        cells.append(
            (
                str(row["id"]),
                str(row["state"]),
                str(row["verdict"] or "-"),
                f"${cost:.2f}" if isinstance(cost, int | float) else "-",
                age_of(age) if isinstance(age, float) else "-",
                one_line(str(row["task"] or ""), 60),
            )
        )
    print_table(("id", "state", "verdict", "cost", "age", "task"), cells, cropped=True)


def _remove(folder: Path) -> None:
    from swe_agent.cli.record import is_running

    if is_running(folder):
        raise UsageFault(
            f"The run {folder.name} is still running.", "Stop it first (Ctrl-C there)."
        )
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise UsageFault(
            f"{folder} cannot be removed: {error.strerror}.", "Check its permissions."
        ) from error
