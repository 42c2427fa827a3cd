"""The checkpoints of a recorded run, and a new run that starts from one of them.

They are numbered as they were saved: 0 is where the agent started. A new run takes over the
beginning of the log, up to the checkpoint, and the trees that it names; nothing is run again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from swe_agent.core.errors import UsageFault
from swe_agent.core.events import (
    CandidateScored,
    Checkpoint,
    CheckpointSaved,
    EnvironmentReady,
    Event,
    ModelCalled,
    ModelReplied,
    PhaseStarted,
    RolledBack,
    RunStarted,
    TestsRan,
    ToolCalled,
    ToolReturned,
)
from swe_agent.core.task import TestReport
from swe_agent.trajectory.log import EventLog
from swe_agent.trajectory.replayed import LOG, copy_store, events_of


@dataclass(slots=True)
class Saved:
    """One checkpoint of a run."""

    number: int
    checkpoint: Checkpoint
    position: int
    """How many events of the log lead up to it."""
    step: int = 0
    """The model's reply that it follows; 0: none."""
    after: str = ""
    """Name of the tool whose call it follows."""
    changed: int = 0
    """Entries that differ from the one before."""
    tests: TestReport | None = None
    """What a whole round of tests said of this tree."""
    is_best: bool = False
    """Whether reflect scored it last, as the best."""
    was_rolled_back: bool = False
    """Whether its tree was given up for an earlier one."""


def saved_in(events: Sequence[Event]) -> list[Saved]:
    """The checkpoints in their order."""
    found: list[Saved] = []
    calls: dict[str, ToolCalled] = {}
    reports: dict[str, TestReport] = {}
    step = 0
    for position, event in enumerate(events, 1):
        match event:
            case EnvironmentReady():
                found.append(Saved(len(found), event.checkpoint, position))
            case ModelReplied():
                step = event.step
            case ToolCalled():
                calls[event.call.id] = event
            case CheckpointSaved():
                saved = Saved(len(found), event.checkpoint, position, step, changed=event.changed)
                if call := calls.get(event.after_call):
                    saved.step, saved.after = call.step, call.call.name
                found.append(saved)
            case TestsRan(purpose="baseline" | "iteration"):
                reports[event.tree] = event.report
            case CandidateScored() | RolledBack():
                _judged(found, event)
            case _:
                pass
    for saved in found:
        saved.tests = reports.get(saved.checkpoint.tree)
    if found:
        phases = (at for at, event in enumerate(events) if isinstance(event, PhaseStarted))
        found[0].position = next(phases, len(events))
    return found


def checkpoint_named(saved: Sequence[Saved], number: int) -> Saved:
    """The checkpoint of that number.

    Raises:
        UsageFault: there is none.
    """
    if 0 <= number < len(saved):
        return saved[number]
    last = f"0 to {len(saved) - 1}" if saved else "none: its environment was never made"
    raise UsageFault(
        f"There is no checkpoint {number}; there is {last}.", "`swe-agent checkpoints list RUN`"
    )


def begin_fork(
    recorded: Path, folder: Path, number: int, changes: dict[str, JsonValue]
) -> tuple[Event, ...]:
    """Make a run folder that stands where a recorded run stood at one of its checkpoints.

    Args:
        recorded: folder of the recorded run.
        folder: the new run's folder; it must not hold a run.
        number: the checkpoint.
        changes: fields of `RunStarted` that differ (model, settings).

    Raises:
        UsageFault: there is no such checkpoint.
        EnvironmentFault: the new folder cannot be written.
    """
    events = events_of(recorded)
    cut = events[: checkpoint_named(saved_in(events), number).position]
    kept = [_forked(event, folder.name, changes) for event in _settled(cut)]
    copy_store(recorded, folder)
    with EventLog(folder / LOG) as log:
        return tuple(log.append(event) for event in kept)


def _judged(found: list[Saved], event: CandidateScored | RolledBack) -> None:
    match event:
        case CandidateScored():
            for saved in found:
                saved.is_best = saved.checkpoint.tree == event.tree
        case RolledBack():
            for saved in found:
                if saved.checkpoint.tree == event.from_tree != event.to.tree:
                    saved.was_rolled_back = True


def _settled(events: list[Event]) -> list[Event]:
    """Without what came while the last checkpoint was being saved, and without a request at the end
    that got no reply: the other run asked for it."""
    saved = events[-1] if events else None
    if isinstance(saved, CheckpointSaved):
        returns = [
            at
            for at, event in enumerate(events)
            if isinstance(event, ToolReturned) and event.observation.call_id == saved.after_call
        ]
        events = [*events[: returns[-1] + 1], saved] if returns else events
    last = len(events)
    for at in range(len(events) - 1, -1, -1):
        if isinstance(events[at], ModelReplied):
            break
        if isinstance(events[at], ModelCalled):
            last = at
    return [e for at, e in enumerate(events) if at < last or not isinstance(e, ModelCalled)]


def _forked(event: Event, run_id: str, changes: dict[str, JsonValue]) -> Event:
    if not isinstance(event, RunStarted):
        return event
    return RunStarted.model_validate({**event.model_dump(), **changes, "run_id": run_id})
