"""A recorded run played again: its beginning in a new folder, and what came out differently."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from swe_agent.core.errors import EnvironmentFault, UsageFault
from swe_agent.core.events import (
    CheckpointSaved,
    EnvironmentReady,
    Event,
    RolledBack,
    RunFinished,
    RunStarted,
    ToolCalled,
    ToolReturned,
    ToolsListed,
)
from swe_agent.core.messages import Observation, ToolCall
from swe_agent.trajectory.log import EventLog, read_log

LOG = "events.jsonl"
STORE = "checkpoints"


@dataclass(frozen=True, slots=True)
class Difference:
    """One observation that came out differently."""

    number: int
    """Which call of the run, from 1."""
    call: ToolCall
    recorded: Observation
    replayed: Observation


@dataclass(frozen=True, slots=True)
class Comparison:
    """A recorded run beside its replay."""

    calls: tuple[int, int]
    """Tool calls that were recorded, and replayed."""
    same_calls: bool
    """Whether all replayed calls are the recorded ones, in their order."""
    same_tree: bool
    """Whether both end with the same tree and the same patch."""
    differences: tuple[Difference, ...]

    @property
    def is_same(self) -> bool:
        """Same calls, all of them, and the same final tree."""
        return self.same_calls and self.same_tree and self.calls[0] == self.calls[1]


def begin_replay(recorded: Path, folder: Path, until: int | None, then: str | None) -> None:
    """Make a run folder that starts where the recorded run started, with its replies for a model.

    Args:
        recorded: folder of the recorded run.
        folder: the new run's folder; it must not hold a run.
        until: the last step that is played; None: all.
        then: the model that goes on after it; None: nobody.

    Raises:
        UsageFault: the recorded run never began, or is another agent's.
        EnvironmentFault: the new folder cannot be written.
    """
    started = next((e for e in events_of(recorded) if isinstance(e, RunStarted)), None)
    if started is None:
        raise UsageFault(f"the run {recorded.name} never began", "`swe-agent runs` lists the runs")
    require_own(started, recorded.name)
    spec = f"replay/{recorded.resolve()}" + ("" if until is None else f"@{until}")
    models = started.settings.get("models")
    models = models if isinstance(models, dict) else {}
    models = {**models, "fallbacks": [then] if then else [], "roles": {}}
    context = started.settings.get("context")
    context = {**(context if isinstance(context, dict) else {}), "summaries": False}
    again = started.model_copy(
        update={
            "run_id": folder.name,
            "model": spec,
            "settings": {**started.settings, "model": spec, "models": models, "context": context},
        }
    )
    copy_store(recorded, folder)
    with EventLog(folder / LOG) as log:
        log.append(again)
        for listed in (e for e in events_of(recorded) if isinstance(e, ToolsListed)):
            log.append(listed)


def copy_store(recorded: Path, folder: Path) -> None:
    """Give a folder the trees and blobs of a run, also of one that is at work.

    Raises:
        EnvironmentFault: it cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copytree(recorded / STORE, folder / STORE)
    except OSError as fault:
        raise EnvironmentFault(
            f"The store of {recorded.name} cannot be copied to {folder}: {fault}", "Make room."
        ) from fault


def require_own(started: RunStarted, name: str) -> None:
    """
    Raises:
        UsageFault: the run was read from another agent's file, so there is no tree to work on.
    """
    if not started.base_tree:
        raise UsageFault(
            f"the run {name} was read from another agent's file: it has no repository to work on",
            "`swe-agent inspect`, `report` and `export` show it",
        )


def events_of(folder: Path) -> list[Event]:
    """All events of a run.

    Raises:
        UsageFault: there is no log, or it is damaged.
    """
    return [line.event for line in read_log(folder / LOG)]


def compared(recorded: Iterable[Event], replayed: Iterable[Event]) -> Comparison:
    """What the replay did differently."""
    first, second = list(recorded), list(replayed)
    calls, again = _calls(first), _calls(second)
    pairs = list(zip(calls, again, strict=False))
    seen, seen_again = _observed(first), _observed(second)
    differences = tuple(
        Difference(number, a, seen[a.id], seen_again[b.id])
        for number, (a, b) in enumerate(pairs, 1)
        if a.id in seen and b.id in seen_again and seen[a.id].text != seen_again[b.id].text
    )
    return Comparison(
        calls=(len(calls), len(again)),
        same_calls=all((a.name, a.arguments) == (b.name, b.arguments) for a, b in pairs),
        same_tree=_end(first) == _end(second),
        differences=differences,
    )


def _calls(events: list[Event]) -> list[ToolCall]:
    """The calls in their order; one that was begun twice counts once."""
    calls = {event.call.id: event.call for event in events if isinstance(event, ToolCalled)}
    return list(calls.values())


def _observed(events: list[Event]) -> dict[str, Observation]:
    return {
        event.observation.call_id: event.observation
        for event in events
        if isinstance(event, ToolReturned)
    }


def _end(events: list[Event]) -> tuple[str, str]:
    """The last tree, and the patch that was shipped."""
    tree = patch = ""
    for event in events:
        match event:
            case EnvironmentReady() | CheckpointSaved():
                tree = event.checkpoint.tree
            case RolledBack():
                tree = event.to.tree
            case RunFinished():
                patch = event.patch
            case _:
                pass
    return tree, patch
