"""A foreign run told again in our events, and written as a run folder."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from swe_agent import __version__
from swe_agent.agent.outcome import result_of
from swe_agent.agent.state import State
from swe_agent.core.errors import EnvironmentFault, ExitCode
from swe_agent.core.events import (
    Event,
    LimitHit,
    ModelCalled,
    ModelReplied,
    PhaseStarted,
    ReminderGiven,
    RunFinished,
    RunStarted,
    ToolCalled,
    ToolReturned,
)
from swe_agent.core.messages import Note, NoteKind, Observation, Outcome, ToolCall, Turn, Usage
from swe_agent.core.task import Task, Verdict
from swe_agent.core.text import decoded
from swe_agent.jobs.export.conversation import PATCH, SYSTEM
from swe_agent.runtime.store import TreeStore
from swe_agent.trajectory.log import Line, encoded

STRATEGY = "imported"
STORE = "checkpoints"


@dataclass(frozen=True, slots=True)
class Observed:
    """What a call came to, as the foreign file has it."""

    text: str
    call_id: str = ""
    """Empty: the next call that waits for one."""
    outcome: Outcome = "ok"
    exit_code: int | None = None
    duration_s: float = 0.0


@dataclass(slots=True)
class Retelling:
    """Takes in what was said, in order, and makes events of it."""

    task_id: str
    model: str = "unknown"
    ts: float = 0.0
    """Time of what is told now, in seconds since the epoch."""
    lines: list[Line] = field(default_factory=list)
    steps: int = 0
    issue: str = ""
    _told: list[Event] = field(default_factory=list)
    """Said before the run's first event is written."""
    _waiting: list[tuple[str, ToolCall]] = field(default_factory=list)
    """Calls without observation, each with the id that the file gave it."""
    _ids: set[str] = field(default_factory=set)

    def system(self, text: str) -> None:
        """The system text; our log has no place of its own for it."""
        self._tell(ReminderGiven(name=SYSTEM, note=Note(kind="reminder", text=text)))

    def note(self, kind: NoteKind, text: str) -> None:
        """Something said to the model. The first task is taken for the issue."""
        if kind == "task" and not self.issue:
            self.issue = text
        self._tell(ReminderGiven(name=kind, note=Note(kind=kind, text=text)))

    def reply(self, turn: Turn, duration_s: float = 0.0) -> None:
        """One reply of the model; ids of calls are made unique within the run."""
        self._begin()
        self.steps += 1
        calls = tuple(self._named(call, at) for at, call in enumerate(turn.calls, 1))
        whole = turn.model_copy(update={"calls": calls, "stop": "tool_use" if calls else "end"})
        self._tell(ModelCalled(step=self.steps, model=self.model, reserve_usd=0.0))
        self._tell(ModelReplied(step=self.steps, turn=whole, duration_s=duration_s))
        self._waiting = [(was.id, call) for was, call in zip(turn.calls, calls, strict=True)]

    def observed(self, seen: Observed) -> None:
        """What the call of that id, else the next one, came to; without one it is a note."""
        at = next(
            (at for at, (was, _) in enumerate(self._waiting) if seen.call_id in ("", was)), None
        )
        if at is None:
            self.note("human", seen.text)
            return
        _, call = self._waiting.pop(at)
        said = None if seen.exit_code is None else {"exit_code": seen.exit_code}
        observation = Observation(
            call_id=call.id, tool=call.name, text=seen.text, data=said, outcome=seen.outcome
        )
        self._tell(ToolCalled(step=self.steps, call=call, writes=True))
        self._tell(
            ToolReturned(step=self.steps, observation=observation, duration_s=seen.duration_s)
        )

    @property
    def expects_observation(self) -> bool:
        """Whether a call of the last reply has none yet."""
        return bool(self._waiting)

    def finish(self, folder: Path, patch: str, limit: str, usage: Usage | None = None) -> None:
        """Write the run folder: log, patch, result.

        Args:
            folder: an empty folder.
            patch: what was submitted; empty where nothing was.
            limit: how it ended, in the foreign agent's word, where it did not end by itself.
            usage: of the whole run, where the file does not say it per reply.

        Raises:
            EnvironmentFault: it cannot be written.
        """
        self._begin()
        if limit:
            self._tell(LimitHit(limit=limit, value=self.steps, message=f"it ended with {limit}"))
        verdict = Verdict(
            word="unverified" if patch else "no_patch",
            reason="read from another agent's file; nothing was tested",
        )
        code = ExitCode.UNVERIFIED if patch else ExitCode.NO_PATCH
        raw = patch.encode("utf-8", "replace")
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            store = TreeStore(folder / STORE)
            blob = store.put(raw) if raw else ""
            store.flush()
            spent = usage or self.usage()
            self._tell(
                RunFinished(
                    verdict=verdict,
                    exit_code=int(ExitCode.LIMIT if limit else code),
                    patch=blob,
                    usage=spent,
                    duration_s=round(self.lines[-1].ts - self.lines[0].ts, 3),
                )
            )
            (folder / PATCH).write_bytes(raw)
            self._write(folder, verdict, decoded(raw), spent)
        except OSError as error:
            raise EnvironmentFault(
                f"The run folder {folder} cannot be written: {error.strerror}.", "Make room."
            ) from error

    def _write(self, folder: Path, verdict: Verdict, patch: str, usage: Usage) -> None:
        state = State()
        for line in self.lines:
            state.apply(line.event)
        result = result_of(state, verdict, patch, None).model_copy(update={"usage": usage})
        (folder / "result.json").write_text(result.model_dump_json(indent=2), "utf-8")
        log = os.open(folder / "events.jsonl", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(log, "wb") as file:
            file.writelines(encoded(line) for line in self.lines)

    def usage(self) -> Usage:
        """Tokens and money of all replies so far."""
        replies = (line.event for line in self.lines if isinstance(line.event, ModelReplied))
        return sum((event.turn.usage for event in replies), Usage())

    def _named(self, call: ToolCall, at: int) -> ToolCall:
        """The call under an id that no other call of the run has."""
        name = call.id if call.id and call.id not in self._ids else f"s{self.steps}c{at}"
        self._ids.add(name)
        return call.model_copy(update={"id": name})

    def _begin(self) -> None:
        """The run's first events, once the issue is known."""
        if self.lines:
            return
        task = Task(id=self.task_id, issue=self.issue, repository="")
        started = RunStarted(
            run_id=self.task_id,
            version=__version__,
            task=task,
            model=self.model,
            strategy=STRATEGY,
            base_tree="",
        )
        told, self._told = self._told, []
        for event in (started, PhaseStarted(phase="edit", iteration=1), *told):
            self.lines.append(Line(len(self.lines) + 1, self.ts, event))

    def _tell(self, event: Event) -> None:
        if self.lines:
            self.lines.append(Line(len(self.lines) + 1, self.ts, event))
        else:
            self._told.append(event)
