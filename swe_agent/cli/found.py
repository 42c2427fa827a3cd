"""Runs that a command line names: one run, or all of a batch folder."""

from pathlib import Path

from swe_agent.cli.home import find_run
from swe_agent.jobs.recordings import Kept, is_batch, recordings_in


def folder_named(name: str) -> tuple[Path, bool]:
    """A run's folder or a batch's, and whether it is a batch.

    Raises:
        UsageFault: it is neither.
    """
    place = Path(name).expanduser().absolute()
    return (place, True) if is_batch(place) else (find_run(name), False)


def runs_named(name: str) -> tuple[list[Kept], dict[str, str], bool]:
    """The runs, why others cannot be read, and whether the name is that of a batch.

    Raises:
        UsageFault: there is no such run or batch, or a single run cannot be read.
    """
    folder, batch = folder_named(name)
    kept, unread = recordings_in(folder)
    return kept, unread, batch
