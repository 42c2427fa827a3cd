"""Runs that a command line names: one run, or all of a batch folder."""

from pathlib import Path

from swe_agent.cli.home import find_run
from swe_agent.core.errors import UsageFault
from swe_agent.core.text import visible
from swe_agent.jobs.recordings import Kept, is_batch, recordings_in, run_folders_in

_NAMED = 5


def folder_named(name: str) -> tuple[Path, bool]:
    """A run's folder or a batch's, and whether it is a batch.

    Raises:
        UsageFault: it is neither.
    """
    place = Path(name).expanduser().absolute()
    return (place, True) if is_batch(place) else (find_run(name), False)


def run_named(name: str) -> Path:
    """The folder of a single run.

    Raises:
        UsageFault: there is none of that name, or it is a batch of many.
    """
    folder, batch = folder_named(name)
    if not batch:
        return folder
    names = [one.name for one in run_folders_in(folder)]
    shown = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
    raise UsageFault(
        f"{visible(name)} is a batch of {len(names)} runs: {visible(shown)}.",
        f"Name one of them, like {visible(name.rstrip('/'))}/runs/ID, or make a page: "
        "`swe-agent report`.",
    )


def runs_named(name: str) -> tuple[list[Kept], dict[str, str], bool]:
    """The runs, why others cannot be read, and whether the name is that of a batch.

    Raises:
        UsageFault: there is no such run or batch, or a single run cannot be read.
    """
    folder, batch = folder_named(name)
    kept, unread = recordings_in(folder)
    return kept, unread, batch
