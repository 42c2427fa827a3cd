"""What the gate decided: all that the later steps need, as a file that they trust."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import StringConstraints, ValidationError

from swe_agent.core.errors import UsageFault
from swe_agent.core.messages import Record
from swe_agent.jobs.forges.forge import ForgeName, Thread

FILE, SKIP = "plan.json", "skip.txt"

Commit = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]


class Plan(Record):
    """One piece of work."""

    version: Literal[1] = 1
    forge: ForgeName
    repository: str
    """`owner/name`, or a GitLab project's full path."""
    work: Literal["fix", "update", "explain"]
    """fix: from the base branch into a new draft; update: on top of our own open draft."""
    key: str
    """The event that is answered."""
    actor: str
    title: str
    """One line, harmless; the heading of what is published."""
    task: str
    """What the model is told."""
    thread_kind: Literal["issue", "change"] | None = None
    thread_number: int = 0
    comment: int = 0
    """Id of the comment that shows progress; 0: there is no thread."""
    base_branch: str
    base_commit: Commit
    """Tip of the base branch; settings come from here alone."""
    start_commit: Commit
    """What the work begins from: the base, or the tip of our draft."""
    branch: str
    """Ours, to push to."""
    branch_tip: str = ""
    """Where our branch stood; empty: there was none. A push from elsewhere is not overwritten."""
    change: int = 0
    """Our open draft; 0: none yet."""
    test_commands: tuple[str, ...] = ()
    """How the failing job tests; empty: detected."""
    keys: tuple[str, ...] = ()
    """Every event of the thread that was answered so far, this one included."""
    is_dry: bool = False
    """Made by a dry run: nothing that it names need exist."""

    @property
    def thread(self) -> Thread | None:
        """Where progress is told."""
        if self.thread_kind is None:
            return None
        return Thread(self.thread_kind, self.thread_number)


def keep_plan(plan: Plan, folder: Path) -> Path:
    """Write the plan into a folder; the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    path.write_text(plan.model_dump_json(indent=2) + "\n", "utf-8")
    return path


def keep_skip(folder: Path, reason: str) -> None:
    """Say to the later steps that there is nothing to do."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).unlink(missing_ok=True)
    (folder / SKIP).write_text(reason + "\n", "utf-8")


def is_skipped(folder: Path) -> bool:
    """Whether the gate said that there is nothing to do."""
    return (folder / SKIP).is_file() and not (folder / FILE).exists()


def read_plan(folder: Path) -> Plan:
    """The plan that the gate left.

    Raises:
        UsageFault: there is none, or it is not one.
    """
    path = folder / FILE
    try:
        return Plan.model_validate_json(path.read_bytes())
    except OSError as fault:
        raise UsageFault(
            f"There is no plan at {path}.", "Run the step before: `swe-agent ci ... --step gate`."
        ) from fault
    except ValidationError as fault:
        raise UsageFault(
            f"{path} is no plan: {fault.error_count()} errors.", "Run the gate again."
        ) from fault
