"""The story of a batch: what is done stays, the rest is begun or resumed, each instance once; what
comes back is written at once."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from swe_agent.agent.spending import Spent, spent_in
from swe_agent.core.errors import EnvironmentFault, ExitCode
from swe_agent.jobs.batch_order import Durations, picked
from swe_agent.jobs.batch_rows import Done, Row
from swe_agent.jobs.executors.executor import Executor, Job
from swe_agent.jobs.folder import BatchFolder
from swe_agent.jobs.tasks_instance import Instance

TICK_S = 0.25
DISK_LOOK_S = 5.0
"""Between two looks whether a full disk has room again."""
PARKED_IN_A_ROW = 3
"""Instances parked one after the other, at least one a slot: the provider is closed for all."""
_FINAL = ("done",)


class Board(Protocol):
    """Who is told how a batch goes."""

    def row(self, row: Row) -> None:
        """A row changed."""
        ...

    def say(self, text: str) -> None:
        """Something about the batch as a whole."""
        ...


class Gate(Protocol):
    """Whether there is room for one more instance on this machine."""

    def why_not(self, instance: Instance, under_way: int) -> str:
        """Why it has to wait; empty: it may begin. With none under way it may always begin, unless
        it could not even be written."""
        ...

    def released(self, instance: Instance) -> None:
        """It came back for good."""
        ...


class OpenGate:
    """Lets everybody in."""

    def why_not(self, instance: Instance, under_way: int) -> str:
        return ""

    def released(self, instance: Instance) -> None:
        """Nothing was held."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a batch is made of."""

    folder: BatchFolder
    executor: Executor
    board: Board
    gate: Gate = field(default_factory=OpenGate)
    longest_wait_s: float = 300.0
    """A batch of which only parked instances are left waits so long for them."""
    has_room: Callable[[], bool] = lambda: True
    """Whether the folder's disk takes anything."""
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class _Waiting:
    """A job that is not under way."""

    job: Job
    not_before: float = 0.0


def run_batch(tasks: Sequence[Instance], parts: Parts, redo: bool = False) -> ExitCode:
    """Work on every task that is not done yet.

    Args:
        tasks: in the order of their beginning.
        parts: the folder, the executor and who is told.
        redo: begin the ones that are done anew.

    Returns:
        0: all are done; else why some are not.

    Raises:
        KeyboardInterrupt: what is under way is left resumable.
    """
    return _Batch(tasks, parts, redo).run()


def earlier_spending(folder: BatchFolder, tasks: Iterable[Instance]) -> Spent:
    """What earlier lives of a batch have used up, unfinished runs included."""
    spent = Spent()
    for task in tasks:
        row = folder.rows.get(task.id)
        if row is not None and row.state in _FINAL:
            spent += Spent(row.spent_usd, row.spent_tokens)
        else:
            spent += spent_in(folder.run_folder(task.id))
    return spent


class _Batch:
    def __init__(self, tasks: Sequence[Instance], parts: Parts, redo: bool) -> None:
        self._parts, self._folder, self._board = parts, parts.folder, parts.board
        self._tasks = {task.id: task for task in tasks}
        self._queue: deque[_Waiting] = deque()
        self._under_way: dict[str, Job] = {}
        self._stop: ExitCode | None = None
        self._parked_in_a_row = 0
        self._known = Durations()
        self._held_back = ""
        for task in tasks:
            self._enter(task, redo)

    def run(self) -> ExitCode:
        """Until nothing is left that may be begun."""
        self._folder.save(force=True)
        while self._under_way or self._may_go_on():
            self._fill()
            done = self._parts.executor.next_done(TICK_S) if self._under_way else None
            if done is not None:
                self._take(done)
            elif not self._under_way:
                self._parts.wait(TICK_S)
            self._save()
        self._parts.executor.close()
        self._save(force=True)
        return self._code()

    def _enter(self, task: Instance, redo: bool) -> None:
        row = self._folder.rows.get(task.id)
        if redo and row is not None:
            self._set_aside(task.id)
            row = None
        is_done = row is not None and row.state in _FINAL
        if row is not None and is_done and self._folder.has_prediction(task.id):
            self._board.row(row)
            return
        waiting = replace_row(row, task.id)
        self._folder.rows[task.id] = waiting
        self._board.row(waiting)
        self._queue.append(_Waiting(Job(task, self._folder.run_folder(task.id))))

    def _set_aside(self, instance_id: str) -> None:
        """An earlier run is kept beside the new one."""
        folder = self._folder.run_folder(instance_id)
        self._folder.drop(instance_id)
        number = 1
        while (aside := folder.with_name(f"{folder.name}~{number}")).exists():
            number += 1
        if folder.exists():
            folder.rename(aside)

    def _may_go_on(self) -> bool:
        """Whether something is left that may be begun, now or after a wait that is allowed."""
        if self._stop is not None or not self._queue:
            return False
        soonest = min(one.not_before for one in self._queue) - self._parts.clock()
        return soonest <= self._parts.longest_wait_s

    def _fill(self) -> None:
        """Begin what there is room for."""
        while self._stop is None and len(self._under_way) < self._parts.executor.slots:
            now, slots = self._parts.clock(), self._parts.executor.slots
            ready = [one for one in self._queue if one.not_before <= now]
            if not ready:
                return
            found = picked(ready, slots, self._known, lambda one: one.job.instance.repo)
            job = found.job
            if why := self._parts.gate.why_not(job.instance, len(self._under_way)):
                if why != self._held_back:
                    self._board.say(f"{job.instance.id} waits: {why}")
                self._held_back = why
                return
            self._held_back = ""
            self._queue.remove(found)
            self._under_way[job.instance.id] = job
            row = replace_row(self._folder.rows[job.instance.id], job.instance.id, "running")
            self._set(row.model_copy(update={"tries": row.tries + 1}))
            self._parts.executor.start(job)

    def _take(self, done: Done) -> None:
        """One came back."""
        row = done.row
        job = self._under_way.pop(row.instance_id)
        row = row.model_copy(update={"tries": self._folder.rows[row.instance_id].tries})
        if row.state in _FINAL:
            self._known.saw(job.instance.repo, row.duration_s)
        if row.failure == "disk":
            self._wait_for_room()
        if done.again_in_s is not None and self._stop is None:
            again = replace(job, tries=job.tries + 1)
            # Soon, not last: what is begun last makes all wait for it.
            self._queue.appendleft(_Waiting(again, self._parts.clock() + done.again_in_s))
        else:
            self._parts.gate.released(job.instance)
        self._parked_in_a_row = self._parked_in_a_row + 1 if row.failure == "parked" else 0
        if self._parked_in_a_row >= max(PARKED_IN_A_ROW, self._parts.executor.slots):
            self._end(ExitCode.MODEL, f"the provider is closed for all of them: {row.error}")
        if done.stops is not None:
            self._end(done.stops, row.error)
        self._set(row, done.patch if row.state in _FINAL else None)

    def _end(self, code: ExitCode, why: str) -> None:
        if self._stop is None:
            self._stop = code
            self._board.say(f"No more instances are begun: {why}")

    def _set(self, row: Row, patch: str | None = None) -> None:
        self._board.row(row)
        try:
            self._folder.set_row(row, patch)
        except OSError:
            self._wait_for_room()

    def _save(self, force: bool = False) -> None:
        try:
            self._folder.save(force)
        except OSError as error:
            if not force:
                return
            raise EnvironmentFault(
                f"The results cannot be written: {error.strerror}.",
                "Make room, then start the batch again: nothing is lost.",
            ) from error

    def _wait_for_room(self) -> None:
        """The disk is full: nothing goes on until it takes something again."""
        said = False
        while not self._parts.has_room():
            if not said:
                self._board.say("The disk is full; the batch goes on when there is room again.")
                said = True
            self._parts.wait(DISK_LOOK_S)

    def _code(self) -> ExitCode:
        if self._stop is not None:
            return self._stop
        left = [self._folder.rows[name] for name in self._tasks]
        left = [row for row in left if row.state not in _FINAL]
        if not left:
            return ExitCode.VERIFIED
        codes = {row.exit_code for row in left if row.exit_code}
        order = (ExitCode.INTERNAL, ExitCode.ENVIRONMENT, ExitCode.MODEL, ExitCode.USAGE)
        return next((code for code in order if code in codes), ExitCode.ENVIRONMENT)


def replace_row(row: Row | None, instance_id: str, state: str = "waiting") -> Row:
    """A row of an instance that is to be worked on, with what earlier lives spent."""
    row = row or Row(instance_id=instance_id)
    return row.model_copy(update={"state": state, "failure": "", "error": "", "exit_code": None})
