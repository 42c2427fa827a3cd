"""An attempt: model, tools, sandbox and log in one hand. It is the workbench that tools work on.

Every step is written ahead: the call before the request or the command, the reply before any of its
calls runs, the observation before the model sees it, the checkpoint before the next command.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from swe_agent.aci.route import failure
from swe_agent.aci.shelf import Shelf
from swe_agent.aci.tool import PastCall, ToolLimits, Workbench
from swe_agent.agent.desk import Desk
from swe_agent.agent.folding import Room
from swe_agent.agent.heading import head_of, packed_head
from swe_agent.agent.kit import Kit
from swe_agent.agent.phases import phase_row, reading_only
from swe_agent.agent.reminders import due
from swe_agent.agent.saving import Saver
from swe_agent.agent.spending import purse_of
from swe_agent.agent.state import State
from swe_agent.agent.summarising import Summariser
from swe_agent.context.render import Head
from swe_agent.core.errors import ContextExceeded, LimitReached, SandboxLost, SandboxStarved
from swe_agent.core.events import (
    Checkpoint,
    CheckpointSaved,
    Event,
    LimitHit,
    ReminderGiven,
    RolledBack,
    TestsFor,
    TestsRan,
    ToolCalled,
    ToolReturned,
)
from swe_agent.core.messages import Note, Observation, ToolCall
from swe_agent.core.protocols import Prompt, Sandbox
from swe_agent.core.task import TestReport
from swe_agent.runtime.patch import make_patch
from swe_agent.runtime.store import TreeStore
from swe_agent.settings.prompts import prompt as prompt_text
from swe_agent.verify.runners import run_tests

Done = TypeVar("Done")
_LOST_TRIES = 3


class Attempt:
    """A live attempt; close it to let the sandbox go."""

    def __init__(self, kit: Kit, state: State) -> None:
        """Args: state: where to take up, past the environment."""
        self.kit, self.state = kit, state
        self.purse = kit.purse or purse_of(kit.settings, state)
        self._sandbox: Sandbox | None = None
        self._saver = Saver()
        self._head = self._heading()
        self._repeat_unsaved()

    @property
    def sandbox(self) -> Sandbox:
        """The attempt's own, with the last checkpoint; opened when first wanted, so that the first
        request does not wait for it."""
        if self._sandbox is None:
            assert self.state.checkpoint is not None, "the environment sets the first checkpoint"
            self._sandbox = self.kit.open_sandbox(self.state.checkpoint)
        return self._sandbox

    @property
    def blobs(self) -> TreeStore:
        return self.kit.store

    @property
    def limits(self) -> ToolLimits:
        settings = self.kit.settings
        return ToolLimits(
            window_lines=settings.tools.window_lines,
            search_hits=settings.tools.search_hits,
            output_chars=settings.tools.output_chars,
            command_timeout_s=settings.sandbox.command_timeout_s,
            idle_timeout_s=settings.tools.idle_timeout_s,
        )

    @property
    def test_commands(self) -> tuple[str, ...]:
        environment = self.state.environment
        return environment.test_commands if environment else ()

    @property
    def shelf(self) -> Shelf:
        return self.kit.route.shelf

    def past(self) -> Sequence[PastCall]:
        """All earlier calls of the attempt, in order."""
        return self.state.past

    def append(self, event: Event) -> None:
        """Write an event, then take it in as it was written."""
        self.state.apply(self.kit.log.append(event))

    def remind(self, name: str, **values: object) -> None:
        """Tell the model something, from the template of that name."""
        note = Note(kind="reminder", text=prompt_text(name, **values))
        self.append(ReminderGiven(name=name, note=note))

    def look_out(self) -> None:
        """Tell the model where the issue may lead and what documents say of it, if anything was
        found."""
        for note in self.kit.lookout.notes() if self.kit.lookout else ():
            self.append(ReminderGiven(name=note.kind, note=note))

    def note(self, template: str) -> Note:
        """What the model is told when a phase begins."""
        state = self.state
        task = state.started.task if state.started else None
        pictures = task.pictures if task else ()
        text = prompt_text(
            template,
            issue=task.issue if task else "",
            pictures=pictures,
            targets=sorted(self.kit.targets),
            test_commands=self.test_commands,
            iteration=state.iteration,
        )
        if template != "task":
            return Note(kind="phase", text=text)
        shown = tuple(picture.image for picture in pictures if picture.image)
        return Note(kind="task", text=text, images=shown)

    def ask(self) -> None:
        """One reply of the model, inside the limits.

        Raises:
            LimitReached: steps, cost or time are up; it is in the log.
            ModelFault: no reply could be had.
        """
        settings, state = self.kit.settings, self.state
        self._check_limits()
        for reminder in due(state, settings.limits):
            self.remind(reminder.name, **reminder.values)
        # What the limit cut once gets twice the room.
        times = 2 if state.turn and state.turn.stop == "max_tokens" else 1
        limit = times * settings.models.max_output_tokens
        taken = self.kit.route.shelf.taken(state.taken)
        if taken != self._head.taken:
            self._head = replace(self._head, taken=taken)
        head = self._head
        mind = self.kit.minds.of(phase_row(state.phase or "plan").role)
        room = Room(state, self.append, settings, mind.terms, self._summariser(), mind.model.name)
        while True:
            fitted = room.fitted(head, limit)
            step = state.steps + 1
            self.append(fitted.event(step, state.ledger))
            with Desk(step, self.purse, self.append, self.kit.listen, self._meanwhile) as desk:
                try:
                    desk.replied(mind.model.complete(self._asked(fitted.prompt, desk)))
                    return
                except ContextExceeded as fault:
                    exceeded = fault
            if not room.fold_harder(head, fitted.tokens):
                self._stop("context", fitted.tokens, exceeded.message)

    def _meanwhile(self) -> None:
        """While a request is on its way."""
        self.kit.log.force_behind()
        self._saver.begin()
        self.state.story.settle()

    def _asked(self, prompt: Prompt, desk: Desk) -> Prompt:
        models = self.kit.settings.models
        effort, temperature = models.effort, models.temperature
        if self.state.phase in ("plan", "edit"):
            effort = effort or phase_row(self.state.phase).effort
            effort = models.phase_effort.get(self.state.phase, effort)
            temperature = models.phase_temperature.get(self.state.phase, temperature)
        look = None if self.kit.settings.context.vision is False else self.kit.store.get
        return replace(prompt, watch=desk, look=look, effort=effort, temperature=temperature)

    def act(self, call: ToolCall) -> Observation:
        """One call of the last reply through the one route; its checkpoint is saved once the next
        request is on its way, and before the next call at the latest."""
        self.settle()
        state, writes = self.state, self.kit.route.writes(call)
        if state.running is None or state.running.id != call.id:
            self.append(ToolCalled(step=state.steps, call=call, writes=writes))
        began = time.monotonic()
        observation = self._observed(call)
        if observation.blob:
            self.kit.store.flush()
        returned = ToolReturned(step=state.steps, observation=observation, duration_s=_since(began))
        self.append(returned)
        if writes:
            self._saver.plan(lambda: self.save(call.id))
        return observation

    def _observed(self, call: ToolCall) -> Observation:
        """What a call came to; one that a fresh sandbox is lost under each time is let be."""
        if self.kit.route.writes(call) and (why := reading_only(self.state.phase, call.name)):
            return failure(call, why, "refused", "phase")
        try:
            return self._in_sandbox(lambda: self.kit.route.act(call, self))
        except SandboxLost as fault:
            self.rebuild(fault)
            text = f"The sandbox ended each of the {_LOST_TRIES} times that this was tried."
            return failure(call, text, "failed", "sandbox_lost")

    def run_tests(self, targets: tuple[str, ...]) -> TestReport:
        """Run the tests named, or with none the run's test commands whole (a round of the
        iteration)."""
        return self.test_round("asked" if targets else "iteration", targets)

    def test_round(self, purpose: TestsFor, targets: tuple[str, ...] = ()) -> TestReport:
        """Run tests in the attempt's sandbox and log what they said; files they leave are taken
        away."""
        tree, report = self._in_sandbox(lambda: self._tested(targets))
        self.kit.store.flush()
        self.append(TestsRan(purpose=purpose, tree=tree, report=report))
        return report

    def is_tested(self) -> bool:
        """Whether the last round of tests was of the tree as it is now."""
        tested = self.state.tested
        now = self._in_sandbox(lambda: self.sandbox.checkpoint().tree)
        return tested is not None and tested.tree == now

    def settle(self) -> None:
        """Wait for the checkpoint that is being saved.

        Raises:
            SweAgentError: it could not be saved.
        """
        fault = self._saver.fault()
        if isinstance(fault, SandboxLost):
            self.rebuild(fault)
        elif fault:
            raise fault

    def save(self, after_call: str = "") -> Checkpoint:
        """Save a checkpoint now."""
        checkpoint = self.sandbox.checkpoint()
        before = self.state.checkpoint.tree if self.state.checkpoint else self.kit.store.empty
        count = (
            len(self.kit.store.diff(before, checkpoint.tree)) if checkpoint.tree != before else 0
        )
        self.append(CheckpointSaved(checkpoint=checkpoint, after_call=after_call, changed=count))
        return checkpoint

    def roll_back(self, reason: str, lost: tuple[str, ...], note: Note) -> None:
        """Take the tree back to the best checkpoint; the rejected diff is kept in the run's
        folder."""
        self.settle()
        best = self.state.best
        assert best is not None, "the baseline sets the best"
        tree = self._in_sandbox(lambda: self.sandbox.checkpoint().tree)
        name = f"rejected/{self.state.rollbacks + 1:03d}.diff"
        place = self.kit.folder / name
        place.parent.mkdir(mode=0o700, exist_ok=True)
        self.kit.patience.write_whole(place, make_patch(self.kit.store, best.checkpoint.tree, tree))
        why = self._taken_back(best.checkpoint)
        self.append(
            RolledBack(
                to=best.checkpoint,
                from_tree=tree,
                reason=reason,
                lost=lost,
                rejected=name,
                note=note,
            )
        )
        if why:
            self.remind("rebuilt", why=why, is_undone=False, is_taken_back=True)
        self._tell_left_out(best.checkpoint)

    def _taken_back(self, to: Checkpoint) -> str:
        """Restore a checkpoint, in a fresh sandbox where this one is lost or its environment is not
        what it was; why it is a fresh one."""
        try:
            gone = self.sandbox.lost_environment()
            if not gone:
                self.sandbox.restore(to)
                return ""
            why = f"{len(gone)} files of the environment were gone, as {gone[0]}"
        except SandboxLost as fault:
            why = str(fault)
        self._reopen(to)
        return why

    def rebuild(self, why: SandboxLost) -> None:
        """Replace a lost sandbox by a fresh one with the last checkpoint."""
        assert self.state.checkpoint is not None, "the environment sets the first checkpoint"
        self._reopen(self.state.checkpoint)
        self._repeat_unsaved()
        is_undone = isinstance(why, SandboxStarved)
        self.remind("rebuilt", why=why, is_undone=is_undone, is_taken_back=False)
        self._tell_left_out(self.state.checkpoint)

    def _tell_left_out(self, checkpoint: Checkpoint) -> None:
        """Tell what a checkpoint that was gone back to does not hold, if there is anything."""
        if checkpoint.left_out:
            self.remind("not_restored", left_out=checkpoint.left_out)

    def close(self) -> None:
        """Wait for what is being saved, then take the sandbox away."""
        self._saver.close()
        if self._sandbox:
            self.kit.close_sandbox(self._sandbox)

    def _in_sandbox(self, work: Callable[[], Done]) -> Done:
        """What `work` gives; where the sandbox is lost under it, it is done again in a fresh one.

        Raises:
            SandboxLost: again and again.
        """
        for _ in range(_LOST_TRIES - 1):
            try:
                return work()
            except SandboxLost as fault:
                self.rebuild(fault)
        return work()

    def _tested(self, targets: tuple[str, ...]) -> tuple[str, TestReport]:
        """The tree that was tested and what the tests said of it."""
        before = self.sandbox.checkpoint()
        report = run_tests(
            self.sandbox,
            self.test_commands,
            self.kit.settings.tests.timeout_s,
            targets,
            self.kit.outputs or self.blobs,
        )
        try:
            if self.sandbox.checkpoint().tree != before.tree:
                self.sandbox.restore(before)
        except SandboxStarved as fault:  # the report says so, and a second try would end as this
            self._reopen(before)
            self.remind("rebuilt", why=fault, is_undone=False, is_taken_back=False)
        return before.tree, report

    def _reopen(self, checkpoint: Checkpoint) -> None:
        if self._sandbox:
            self._sandbox.close()
        self._sandbox = self.kit.open_sandbox(checkpoint)

    def _summariser(self) -> Summariser | None:
        """Who writes summaries, where they are wanted."""
        if not self.kit.settings.context.summaries:
            return None
        return Summariser(self.kit.minds.of("summariser").model, self.purse, self.append)

    def _heading(self) -> Head:
        """What stands before the conversation, as it was when the attempt began."""
        kit, state = self.kit, self.state
        if state.head is None:
            window = kit.minds.own.terms.window_tokens
            self.append(packed_head(state, kit.settings, kit.store, window))
        assert state.head is not None, "packed above"
        return head_of(state.head, kit.route.specs())

    def _repeat_unsaved(self) -> None:
        """Run again the one call after the last checkpoint whose observation is on disk already;
        what it did is let go where it uses up the sandbox's memory each time."""
        done = {one.call.id for one in self.state.past}
        for call in [call for call in self.state.unsaved if call.id in done]:
            try:
                self.kit.route.act(call, self)
                self.save(call.id)
            except SandboxStarved:
                assert self.state.checkpoint is not None, "the environment sets the first one"
                self._reopen(self.state.checkpoint)
                self.save(call.id)

    def _check_limits(self) -> None:
        """Raise before a limit is passed, with the event in the log; the purse keeps the cost."""
        limits = self.kit.settings.limits
        if self.state.steps >= limits.max_steps:
            self._stop("steps", limits.max_steps, f"{limits.max_steps} steps are used up")
        elif time.monotonic() > self.kit.deadline:
            self._stop("time", limits.max_time_s, f"{limits.max_time_s:g} s are used up")

    def _stop(self, limit: str, value: float, message: str) -> None:
        self.append(LimitHit(limit=limit, value=value, message=message))
        raise LimitReached(limit, message)


def _since(began: float) -> float:
    return round(time.monotonic() - began, 4)


if TYPE_CHECKING:
    _: type[Workbench] = Attempt
