"""What an attempt knows, as a fold over its events: the live run and `resume` build it the same
way."""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue

from swe_agent.aci.tool import PastCall
from swe_agent.agent.money import Money
from swe_agent.context.story import Fold, Story
from swe_agent.context.tokens import Scale
from swe_agent.core.events import (
    CandidateScored,
    Checkpoint,
    CheckpointSaved,
    ContextRendered,
    EnvironmentReady,
    Event,
    HeadPacked,
    HistoryFolded,
    HumanSaid,
    LedgerRow,
    LimitHit,
    ModelReplied,
    Phase,
    PhaseStarted,
    ReminderGiven,
    RolledBack,
    RunFinished,
    RunStarted,
    TestsRan,
    ToolCalled,
    ToolReturned,
    ToolsListed,
)
from swe_agent.core.messages import Message, Note, Observation, ToolCall, Turn
from swe_agent.core.task import TestReport

EDITS = frozenset({"edit", "edit_lines", "create", "undo"})
"""Tools that change files."""
TESTS = frozenset({"run_tests", "try_edits"})
"""Tools that run tests."""


@dataclass(frozen=True, slots=True)
class Best:
    """The best tree so far and what its tests said."""

    checkpoint: Checkpoint
    report: TestReport


@dataclass(slots=True)
class State:
    """Everything that the loop decides on. Only `apply` changes it."""

    started: RunStarted | None = None
    environment: EnvironmentReady | None = None
    phase: Phase | Literal[""] = ""
    iteration: int = 0
    history: list[Message] = field(default_factory=list)
    """All that was said, as it was."""
    story: Story = field(default_factory=Story)
    """The same as a model is shown it."""
    scales: dict[str, Scale] = field(default_factory=dict)
    """Model to what its provider counts for a token of ours."""
    budget_tokens: int = 0
    """What the conversation has to fit into since the provider said so; 0: it did not."""
    listed: dict[str, ToolsListed] = field(default_factory=dict)
    """What each MCP server offered when the run began: what it offers for as long as it lasts."""
    head: HeadPacked | None = None
    """What stands before the conversation."""
    past: list[PastCall] = field(default_factory=list)
    said: str = ""
    """The words of the last reply."""
    edits_untested: int = 0
    """Edits that were made since the model last ran tests."""
    plan: PastCall | None = None
    """The last call that made a plan."""
    done_in_phase: set[str] = field(default_factory=set)
    """Tools that did what was asked since the phase began."""
    changed_in_phase: bool = False
    """Whether a call changed files since the phase began."""
    turns_in_phase: int = 0
    silent_turns: int = 0
    """Replies without a call, in a row."""
    submitted: bool = False
    """Whether the model called its work done since it last began to edit."""
    steps: int = 0
    """Whole replies; a call that got none is asked again under the same number."""
    money: Money = field(default_factory=Money)
    turn: Turn | None = None
    """The last reply."""
    pending: deque[ToolCall] = field(default_factory=deque)
    """Calls of the last reply that have no observation yet."""
    held: list[Note] = field(default_factory=list)
    """Said while calls are pending: told after their observations, which come first."""
    running: ToolCall | None = None
    """The call that was begun and has no observation yet."""
    unsaved: list[ToolCall] = field(default_factory=list)
    """Calls that write, done after the last checkpoint: at most one."""
    checkpoint: Checkpoint | None = None
    baseline: list[TestReport] = field(default_factory=list)
    tested: TestsRan | None = None
    """The last whole round of tests of the attempt."""
    tested_in_phase: bool = False
    judged: Literal["", "scored", "rolled back"] = ""
    """What reflect did about the last round of tests."""
    said_left_of: str = ""
    """The last tree that the model was told is not done."""
    best: Best | None = None
    rollbacks: int = 0
    reminders: list[str] = field(default_factory=list)
    """Names of the reminders given in this iteration."""
    reminded: dict[str, int] = field(default_factory=dict)
    """Name of a reminder to the step after which it was last given."""
    taken: dict[str, None] = field(default_factory=dict)
    """Names of tools that phases gave and that the model asked for or called, in order."""
    ledger: dict[str, LedgerRow] = field(default_factory=dict)
    reckoned: int = 0
    """Tokens of the last prompt, as we reckoned them."""
    ratio: float = 1.0
    """The provider's tokens for one of ours, with which that was done."""
    own: float | None = None
    """The same by the model's own tokenizer, where it is on this machine."""
    accepted: CandidateScored | None = None
    limit: LimitHit | None = None
    finished: RunFinished | None = None

    @property
    def is_over(self) -> bool:
        """Whether the attempt has ended: with what it accepted, or at a limit."""
        return self.accepted is not None or self.limit is not None

    def apply(self, event: Event) -> None:
        """Take one event in."""
        match event:
            case RunStarted():
                self.started = event
            case EnvironmentReady() | ToolsListed() | HeadPacked():
                self._surrounded(event)
            case PhaseStarted():
                self._phase(event)
            case ContextRendered():
                self._rendered(event)
            case HistoryFolded():
                self._folded(event)
            case ModelReplied():
                self._reply(event)
            case ToolCalled():
                self.running = event.call
                self.unsaved += [event.call] if event.writes else []
            case ToolReturned():
                self._observe(event)
            case CheckpointSaved():
                self._saved(event)
            case TestsRan():
                self._tests(event)
            case RolledBack():
                self.rollbacks += 1
                self.judged = "rolled back"
                self.checkpoint, self.unsaved = event.to, []
                self._say(event.note)
            case ReminderGiven() | HumanSaid():
                self._told(event)
            case CandidateScored():
                self._scored(event)
            case LimitHit():
                self.limit = event
            case RunFinished():
                self.finished = event
            case _:
                self.money.apply(event)

    def _saved(self, event: CheckpointSaved) -> None:
        self.checkpoint, self.unsaved = event.checkpoint, []
        self.changed_in_phase = self.changed_in_phase or event.changed > 0

    def _surrounded(self, event: EnvironmentReady | ToolsListed | HeadPacked) -> None:
        match event:
            case ToolsListed():
                self.listed[event.server] = event
            case HeadPacked():
                self.head = event
            case EnvironmentReady():
                self.environment, self.checkpoint = event, event.checkpoint

    @property
    def scale(self) -> Scale:
        """What the provider of the last reply counts."""
        return self.scale_of(self.turn.model if self.turn else "")

    def scale_of(self, model: str) -> Scale:
        """What a model's provider counts for a token of ours; of one that never replied, as the
        last that did."""
        last = self.turn.model if self.turn else ""
        return self.scales.get(model) or self.scales.get(last) or Scale()

    def _say(self, note: Note | None) -> None:
        if note is None:
            return
        if self.pending:
            self.held.append(note)
        else:
            self._tell(note, self.steps)

    def _tell(self, message: Message, step: int) -> None:
        self.history.append(message)
        self.story.add(message, step)

    def _folded(self, event: HistoryFolded) -> None:
        self.story.fold(
            Fold(
                event.digests,
                event.replies,
                event.arguments,
                event.leave_out,
                event.summary,
                event.summarised,
            )
        )
        if event.why == "exceeded":
            self.budget_tokens = event.budget_tokens

    def _told(self, event: ReminderGiven | HumanSaid) -> None:
        self._say(event.note)
        if isinstance(event, HumanSaid):
            self.accepted = self.limit = self.finished = None
        else:
            self.reminders.append(event.name)
            self.reminded[event.name] = self.steps
            if event.name == "not_done" and self.tested:
                self.said_left_of = self.tested.tree

    def _phase(self, event: PhaseStarted) -> None:
        if event.iteration != self.iteration:
            self.reminders = []
        if event.phase in ("plan", "edit"):
            self.submitted, self.silent_turns = False, 0
        if event.phase == "reflect":
            self.judged = ""
        self.phase, self.iteration = event.phase, event.iteration
        self.done_in_phase, self.turns_in_phase = set(), 0
        self.tested_in_phase = self.changed_in_phase = False
        self.taken |= dict.fromkeys(event.tools)
        self._say(event.note)

    def _rendered(self, event: ContextRendered) -> None:
        self.ledger |= {row.layer: row for row in event.rows}
        self.reckoned, self.own = event.tokens, event.own
        self.ratio = event.ratio or self.scale.ratio
        self.story.expect(event.step)

    def _reply(self, event: ModelReplied) -> None:
        self.money.apply(event)
        self.steps = event.step
        self.turn = event.turn
        self.turns_in_phase += 1
        self.silent_turns = 0 if event.turn.calls else self.silent_turns + 1
        self.pending, self.said = deque(event.turn.calls), event.turn.text
        self._tell(event.turn, event.step)
        usage = event.turn.usage
        if not usage.estimated:
            counted = usage.tokens - usage.output_tokens
            scale = Scale(self.ratio, own=self.own).corrected(self.reckoned, counted)
            self.scales[event.turn.model] = scale

    def _observe(self, event: ToolReturned) -> None:
        call = self.pending.popleft()
        self.running = None
        self._tell(event.observation, event.step)
        if not self.pending:
            for note in self.held:
                self._tell(note, event.step)
            self.held = []
        past = PastCall(event.step, call, event.observation, self.said)
        self.past.append(past)
        self.edits_untested = 0 if call.name in TESTS else self.edits_untested + is_edit(past)
        self.plan = past if call.name == "plan" else self.plan
        self.taken |= dict.fromkeys((call.name, *_taken(event.observation)))
        if event.observation.outcome == "ok":
            self.done_in_phase.add(call.name)
            self.submitted = self.submitted or call.name == "submit"

    def _tests(self, event: TestsRan) -> None:
        if event.note is not None:
            said: JsonValue = {"report": event.report.model_dump(mode="json")}
            self._say(event.note.model_copy(update={"data": said}))
        if event.purpose == "baseline":
            self.baseline.append(event.report)
            if self.environment:
                self.best = Best(self.environment.checkpoint, event.report)
        elif event.purpose == "iteration":
            self.tested, self.tested_in_phase, self.judged = event, True, ""

    def _scored(self, event: CandidateScored) -> None:
        """Reflect's decision: whether the tree that was tested last is the best, and whether it is
        the end."""
        self.judged = "scored"
        said = event.data if isinstance(event.data, dict) else {}
        if said.get("best") and self.tested and self.checkpoint:
            tree = {"tree": self.tested.tree}
            self.best = Best(self.checkpoint.model_copy(update=tree), self.tested.report)
        if said.get("accepted"):
            self.accepted = event


def is_edit(past: PastCall) -> bool:
    """Whether a call changed a file."""
    return past.call.name in EDITS and past.observation.outcome == "ok"


def _taken(observation: Observation) -> list[str]:
    """Names of the tools that a search of the shelf gave."""
    said = observation.data if isinstance(observation.data, dict) else {}
    names = said.get("tools")
    return [str(name) for name in names] if isinstance(names, list) else []
