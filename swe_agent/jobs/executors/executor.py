"""What a batch asks of whatever does its work."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from swe_agent.jobs.batch_rows import Done
from swe_agent.jobs.tasks_instance import Instance


@dataclass(frozen=True, slots=True)
class Job:
    """One instance to begin or to resume."""

    instance: Instance
    folder: Path
    """Its run's folder, on the machine that the batch runs on."""
    tries: int = 0
    """How often it was begun before in this life of the batch."""


class Executor(Protocol):
    """Works on jobs; a job that was started comes back exactly once."""

    @property
    def slots(self) -> int:
        """How many jobs may be under way."""
        ...

    def start(self, job: Job) -> None:
        """Begin a job; a slot is free."""
        ...

    def next_done(self, timeout_s: float) -> Done | None:
        """One that has come back; None at the time-out."""
        ...

    def close(self) -> None:
        """Let go; what is under way is left resumable."""
        ...
