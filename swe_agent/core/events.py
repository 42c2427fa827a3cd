"""The typed events of a run: the only state. Each carries what a reader needs to rebuild the state.

The writer adds `seq` (from 1, without gaps) and `ts` (seconds since the epoch) to every line.
"""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from swe_agent.core.messages import Note, Observation, Record, ToolCall, Turn, Usage
from swe_agent.core.task import Task, TestReport, Verdict

Phase = Literal["plan", "edit", "test", "reflect"]


class Checkpoint(Record):
    """A work tree in the host's store and the shell's state beside it."""

    tree: str
    """Hash of the tree."""
    cwd: str = ""
    """The shell's folder inside the sandbox; empty: the repository's root."""
    exports: str = ""
    """The shell's exports as it prints them; sandbox-made, never run on the host."""
    left_out: dict[str, str] = Field(default_factory=dict)
    """Paths that were there and the tree does not hold, with the reason."""


class RunStarted(Record):
    type: Literal["run_started"] = "run_started"
    run_id: str
    version: str
    task: Task
    model: str
    strategy: str
    base_tree: str
    """Tree of the repository as the user had it."""
    head: str = ""
    """Commit that the user's repository was on; empty where there is none."""
    version_tag: str = ""
    """Nearest tag of that commit."""
    left_behind: tuple[str, ...] = ()
    """Files whose names promise secrets; they do not enter the sandbox."""
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    """All settings of the run."""


class EnvironmentReady(Record):
    type: Literal["environment_ready"] = "environment_ready"
    sandbox: str
    image: str
    """Image of every sandbox of this run, set-up included."""
    profile: str
    root: str
    shell: str
    test_commands: tuple[str, ...]
    checkpoint: Checkpoint
    """The tree after set-up: where the agent starts."""
    ignored: tuple[str, ...] = ()
    """Folders that belong to the environment: watched, not stored."""


class ListedTool(Record):
    """A tool as its MCP server tells of it."""

    name: str
    """The server's own name for it."""
    description: str = ""
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    """JSON schema of the arguments object."""


class ToolsListed(Record):
    type: Literal["tools_listed"] = "tools_listed"
    server: str
    """Name of the MCP server in the settings."""
    tools: tuple[ListedTool, ...] = ()
    fault: str = ""
    """Why it tells of none."""


class PhaseStarted(Record):
    type: Literal["phase_started"] = "phase_started"
    phase: Phase
    iteration: int
    note: Note | None = None
    """What the model is told when the phase begins."""
    tools: tuple[str, ...] = ()
    """Tools of the shelf that it gets from here on."""


LayerForm = Literal["full", "short", "pointer"]


class LayerText(Record):
    """A layer that stands before the conversation."""

    layer: str
    version: int
    form: LayerForm | None = None
    """None: there was no room for it."""
    text: str = ""
    whole_tokens: int
    """Of its full form."""


class HeadPacked(Record):
    type: Literal["head_packed"] = "head_packed"
    system: str
    layers: tuple[LayerText, ...] = ()
    """In their order; what comes later in the conversation is in events of its own."""


class LedgerRow(Record):
    layer: str
    tokens: int
    why: str = ""
    cut: str = ""


class ContextRendered(Record):
    type: Literal["context_rendered"] = "context_rendered"
    step: int
    tokens: int
    rows: tuple[LedgerRow, ...]
    """Rows that differ from the request before."""
    ratio: float | None = None
    """Tokens that the provider is thought to count for one of ours."""
    own: float | None = None
    """Tokens that the model's own tokenizer counts for one of ours, where it is on this machine."""


class ModelCalled(Record):
    type: Literal["model_called"] = "model_called"
    step: int
    model: str
    reserve_usd: float
    """Worst-case cost; spent for good if no reply follows."""
    reserve_tokens: int = 0
    """Worst-case tokens where the model's price is unknown, else 0."""


class ModelFailed(Record):
    """A request that came to no whole reply; none of what it said is used."""

    type: Literal["model_failed"] = "model_failed"
    step: int
    model: str
    message: str
    usage: Usage = Usage()
    """What counts as spent for it: nothing where it was refused, its reserve where nobody knows."""
    tokens: int = 0
    """Tokens that count as used where the model's price is unknown."""
    wait_s: float | None = None
    """Seconds until it is asked again; None: it is not."""


class ModelReplied(Record):
    type: Literal["model_replied"] = "model_replied"
    step: int
    turn: Turn
    duration_s: float


class SummaryWritten(Record):
    """A reply of the summariser; what of it holds is in the fold that follows."""

    type: Literal["summary_written"] = "summary_written"
    step: int
    turn: Turn
    duration_s: float


class ToolCalled(Record):
    type: Literal["tool_called"] = "tool_called"
    step: int
    call: ToolCall
    writes: bool
    """Whether the call may change the tree; one that only reads needs no checkpoint."""


class ToolReturned(Record):
    type: Literal["tool_returned"] = "tool_returned"
    step: int
    observation: Observation
    duration_s: float


class CheckpointSaved(Record):
    type: Literal["checkpoint_saved"] = "checkpoint_saved"
    checkpoint: Checkpoint
    after_call: str = ""
    """Id of the tool call that it follows."""
    changed: int = 0
    """Entries that differ from the checkpoint before."""


TestsFor = Literal["baseline", "iteration", "asked", "verdict"]


class TestsRan(Record):
    __test__ = False

    type: Literal["tests_ran"] = "tests_ran"
    purpose: TestsFor
    tree: str
    report: TestReport
    note: Note | None = None


class RolledBack(Record):
    type: Literal["rolled_back"] = "rolled_back"
    to: Checkpoint
    from_tree: str
    reason: str
    lost: tuple[str, ...] = ()
    rejected: str = ""
    """Path of the rejected diff inside the run folder."""
    note: Note | None = None


class ReminderGiven(Record):
    type: Literal["reminder_given"] = "reminder_given"
    name: str
    note: Note


class HistoryFolded(Record):
    type: Literal["history_folded"] = "history_folded"
    step: int
    folded: tuple[str, ...]
    """Ids of the calls whose observations are shown as digests from now on."""
    digests: dict[str, str] = Field(default_factory=dict)
    """What stands for each of them."""
    summarised: tuple[str, ...] = ()
    """Those of them that a model wrote."""
    replies: dict[int, str] = Field(default_factory=dict)
    """Step to the words that stand for those of its reply from now on."""
    arguments: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Call id to what stands for its long arguments, by their names; recall shows them."""
    leave_out: int = 0
    """Messages of the conversation before this one are left out; 0: as before."""
    summary: str = ""
    """What is said in place of those."""
    why: Literal["worthwhile", "window", "exceeded"] = "worthwhile"
    """It saves money, the window is full, or the provider said so."""
    budget_tokens: int = 0
    """What the conversation had to fit into; 0: nothing forced it."""


class HumanSaid(Record):
    type: Literal["human_said"] = "human_said"
    note: Note


class StrategyChosen(Record):
    type: Literal["strategy_chosen"] = "strategy_chosen"
    strategy: str
    why: str


class CandidateScored(Record):
    type: Literal["candidate_scored"] = "candidate_scored"
    candidate: str
    score: float
    tree: str = ""
    data: JsonValue = None


class LimitHit(Record):
    type: Literal["limit_reached"] = "limit_reached"
    limit: str
    value: float
    message: str


class RunFinished(Record):
    type: Literal["run_finished"] = "run_finished"
    verdict: Verdict
    exit_code: int
    patch: str
    """Blob of the shipped patch; empty where there is none."""
    left_out: dict[str, str] = Field(default_factory=dict)
    """Changed paths that the patch policy left out, with the reason."""
    flagged: tuple[str, ...] = ()
    """Paths in the patch that steer CI, hooks, owners or agents."""
    error: str = ""
    usage: Usage = Usage()
    duration_s: float = 0.0


Event = Annotated[
    RunStarted
    | EnvironmentReady
    | ToolsListed
    | HeadPacked
    | PhaseStarted
    | ContextRendered
    | ModelCalled
    | ModelFailed
    | ModelReplied
    | SummaryWritten
    | ToolCalled
    | ToolReturned
    | CheckpointSaved
    | TestsRan
    | RolledBack
    | ReminderGiven
    | HistoryFolded
    | HumanSaid
    | StrategyChosen
    | CandidateScored
    | LimitHit
    | RunFinished,
    Field(discriminator="type"),
]
