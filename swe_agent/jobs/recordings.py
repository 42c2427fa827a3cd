"""The runs of a folder: one run, or every run of a batch."""

from dataclasses import dataclass
from pathlib import Path

from swe_agent.core.errors import UsageFault
from swe_agent.trajectory.steps import LOG, Recording, read_recording

RUNS = "runs"
"""Where a batch folder keeps its runs."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One run and where it lies."""

    folder: Path
    recording: Recording

    @property
    def name(self) -> str:
        """The folder's name: in a batch, the instance's id."""
        return self.folder.name


def is_batch(folder: Path) -> bool:
    """Whether the folder holds runs, and is not one itself."""
    return (folder / RUNS).is_dir() and not (folder / LOG).is_file()


def run_folders_in(batch: Path) -> list[Path]:
    """The runs of a batch that have a log, by name."""
    return sorted(path.parent for path in (batch / RUNS).glob(f"*/{LOG}"))


def recordings_in(folder: Path) -> tuple[list[Kept], dict[str, str]]:
    """The run that a folder is, or the runs of the batch that it is.

    Returns:
        The runs that can be read, and why each other one cannot.

    Raises:
        UsageFault: it is neither, or a single run cannot be read.
    """
    if not is_batch(folder):
        return [Kept(folder, read_recording(folder))], {}
    kept, unread = [], {}
    for path in run_folders_in(folder):
        try:
            kept.append(Kept(path, read_recording(path)))
        except UsageFault as fault:
            unread[path.name] = fault.message
    if not kept:
        raise UsageFault(f"{folder} holds no runs.", f"A batch keeps them in {folder / RUNS}.")
    return kept, unread
