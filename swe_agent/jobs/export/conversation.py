"""A run as a conversation that every format is written from: all that was said, whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from swe_agent.core.errors import ExitCode
from swe_agent.core.events import HeadPacked, LimitHit, RunFinished
from swe_agent.core.messages import Note, Turn, Usage
from swe_agent.core.text import decoded
from swe_agent.jobs.recordings import Kept
from swe_agent.settings.egress import egress_of
from swe_agent.settings.prompts import prompt
from swe_agent.trajectory.steps import Action, Recording, Step

PATCH = "patch.diff"
SYSTEM = "system"
"""Name of the reminder that keeps the system text of a run that was read from elsewhere."""

Said = Note | Turn | Action


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing said, and when."""

    said: Said
    ts: float
    step: Step


@dataclass(frozen=True, slots=True)
class Conversation:
    """A run, ready to be written in any format."""

    task_id: str
    recording: Recording
    system: str
    patch: str
    """The shipped patch; empty where there is none."""
    folder: Path
    """The run's."""

    @property
    def usage(self) -> Usage:
        return self.recording.usage

    @property
    def verdict(self) -> str:
        """The verdict's word; empty where the run has not finished."""
        finished = self.recording.finished
        return finished.verdict.word if finished else ""

    @property
    def model(self) -> str:
        started = self.recording.started
        return started.model if started else ""

    @property
    def calls(self) -> int:
        """Whole replies."""
        return sum(step.turn is not None for step in self.recording.steps)

    def utterances(self) -> Iterator[Utterance]:
        """Notes, replies and observed calls, in the order in which the model met them."""
        for step in self.recording.steps:
            for note in step.told:
                if note.text != self.system:
                    yield Utterance(note, step.ts, step)
            if step.turn is None:
                continue
            yield Utterance(step.turn, step.ts + step.duration_s, step)
            for action in step.actions:
                if action.observation is not None:
                    yield Utterance(action, action.ts + action.duration_s, step)


def conversation_of(kept: Kept) -> Conversation:
    """The conversation of a run."""
    started = kept.recording.started
    patch = kept.folder / PATCH
    return Conversation(
        task_id=started.task.id if started else kept.name,
        recording=kept.recording,
        system=_system_of(kept.recording),
        patch=decoded(_bytes_of(patch)) if kept.recording.finished else "",
        folder=kept.folder,
    )


def exit_word(recording: Recording, words: dict[str, str], submitted: str) -> str | None:
    """How the run ended in another agent's words; None where it has not finished.

    Args:
        recording: the run.
        words: names of limits and of exit codes (`limit:cost`, `exit:7`) to the other's words.
        submitted: the word for an end that the agent came to by itself.
    """
    finished = recording.finished
    if finished is None:
        return None
    return words.get(_reason(finished, recording.limit), submitted)


def _reason(finished: RunFinished, limit: LimitHit | None) -> str:
    if finished.exit_code in (ExitCode.MODEL, ExitCode.ENVIRONMENT, ExitCode.INTERNAL):
        return f"exit:{finished.exit_code}"
    return f"limit:{limit.limit}" if limit else "submitted"


def _system_of(recording: Recording) -> str:
    """The system text as this version renders it for the run's sandbox; the text that was kept
    where the run was read from elsewhere."""
    for line in recording.before:
        if line.event.type == "reminder_given" and line.event.name == SYSTEM:
            return line.event.note.text
        if isinstance(line.event, HeadPacked):
            return line.event.system
    environment, started = recording.environment, recording.started
    if environment is None or started is None:
        return ""
    sandbox = started.settings.get("sandbox")
    said = sandbox.get("network") if isinstance(sandbox, dict) else None
    network = egress_of(said if isinstance(said, str) else "setup")
    return prompt("system", shell=environment.shell, root=environment.root, network=network)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
