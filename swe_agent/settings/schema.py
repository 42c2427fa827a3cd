"""The settings: sections, defaults, and what each field means; `load.py` fills them."""

from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_serializer,
    model_validator,
)

from swe_agent.settings.address import discreet
from swe_agent.settings.egress import egress_of

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
"""A name of content: never a path."""
ImageName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][A-Za-z0-9_./:@-]*$")]
"""An image reference; it cannot start with a dash, so no command line takes it for an option."""

ServerName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,23}$")]
"""An MCP server's name: the beginning of its tools' names."""
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
"""The name of an environment variable."""


def _policy(value: object) -> object:
    """A network policy that `egress_of` understands; a list stands for its words."""
    words = ",".join(map(str, value)) if isinstance(value, list | tuple) else value
    if isinstance(words, str):
        egress_of(words)
    return words


Network = Annotated[str, BeforeValidator(_policy)]
Command = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Seconds = Annotated[float, Field(gt=0, le=604_800, allow_inf_nan=False)]


Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
Role = Literal["planner", "editor", "judge", "summariser"]
"""Planner and editor are asked in the phases plan and edit; the others by strategies that have
them."""
AskingPhase = Literal["plan", "edit"]
"""Phases in which a model is asked."""
Temperature = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)]


class Section(BaseModel):
    """A frozen part of the settings; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSettings(Section):
    """How hosted models are spoken to."""

    base_url: str | None = None
    """Endpoint to use in place of the vendor's own. What is written of it holds no password."""
    max_output_tokens: int = Field(16_384, ge=1, le=1_000_000)
    """Longest reply that is asked for."""
    request_timeout_s: Seconds = 600.0
    """How long one request may take."""
    retry_budget_s: Seconds = 600.0
    """How long one reply is tried for, waits included, before the run stops with exit 7."""
    longest_wait_s: Seconds = 300.0
    """A provider that asks for a longer wait parks the run: it stops with exit 7 at once."""
    stream: bool = True
    """Whether replies come in as streams, so that the live view shows them as they grow."""
    fallbacks: tuple[str, ...] = ()
    """Models that stand in, in this order, where the one before fails for good."""
    roles: dict[Role, str] = Field(default_factory=dict)
    """Models of roles (planner, editor, judge, summariser) that are not the run's own."""
    effort: Effort | None = None
    """How hard the model is to think; None: as `prompts/phases.yaml` and the vendor have it."""
    phase_effort: dict[AskingPhase, Effort] = Field(default_factory=dict)
    """The same for single phases (plan, edit)."""
    temperature: Temperature | None = None
    """None: the vendor's own; models that take none are asked without."""
    phase_temperature: dict[AskingPhase, Temperature] = Field(default_factory=dict)
    """The same for single phases (plan, edit)."""

    @field_serializer("base_url")
    def _written(self, base_url: str | None) -> str | None:
        return discreet(base_url) if base_url else None


class SandboxSettings(Section):
    """What commands run in."""

    kind: Literal["docker", "bubblewrap", "none"] | None = None
    """None: docker, else bubblewrap; `none` only where it is asked for."""
    image: ImageName | None = None
    """None: one whose Python fits the project, else the base image."""
    profile: Name | None = None
    """Name of the environment's profile; None: detected. `dockerfile` and `devcontainer` stand for
    the repository's own, once the user named them."""
    network: Network = "setup"
    """off, setup (only while the environment is prepared), on, or allow:HOST:PORT; several with
    commas, as `setup,allow:HOST:PORT`."""
    memory_mb: int = Field(4096, ge=64)
    """Memory of the sandbox in MiB; swap is not added."""
    cpus: float = Field(2.0, gt=0, le=1024, allow_inf_nan=False)
    """Processors the sandbox may use."""
    pids: int = Field(512, ge=16)
    """Processes and threads the sandbox may have."""
    disk_mb: int = Field(10_240, ge=100)
    """What the commands of a Docker sandbox may write to disk, in MiB; more is stopped within
    seconds."""
    command_timeout_s: Seconds = 120.0
    """How long a command of the model may run."""
    setup: tuple[Command, ...] = ()
    """Commands that prepare the environment, in order."""
    setup_timeout_s: Seconds = 1800.0
    """How long all set-up commands together may take."""
    include: tuple[str, ...] = ()
    """Globs of ignored files that go along."""


class EngineSettings(Section):
    """How long the Docker engine may take."""

    start_timeout_s: Seconds = 60.0
    """Until a container answers."""
    away_timeout_s: Seconds = 300.0
    """How long a run waits for an engine that went away, or for room on a full disk, before it
    stops with exit 6."""
    pull_timeout_s: Seconds = 900.0
    """Until an image is here."""


class LimitSettings(Section):
    """Hard limits of one run."""

    max_cost_usd: float = Field(3.0, ge=0, allow_inf_nan=False)
    """Money for model calls; each is reserved at its worst case, so it is never passed."""
    max_unpriced_tokens: int = Field(2_000_000, ge=0)
    """Tokens, read and written, of models whose price is not known."""
    max_steps: int = Field(100, ge=1)
    """Model calls."""
    max_iterations: int = Field(8, ge=1)
    """Rounds of plan, edit, test, reflect."""
    max_time_s: Seconds = 3600.0
    """Wall time of the whole run, set-up included."""


class TestSettings(Section):
    """How the repository is tested."""

    __test__ = False

    commands: tuple[Command, ...] = ()
    """Test commands, in order; empty: detected."""
    timeout_s: Seconds = 900.0
    """How long one test command may run."""
    skip: bool = False
    """Whether no tests are run at all: nothing is proved then, and every patch stays unverified."""


class PatchSettings(Section):
    """What is shipped."""

    keep: tuple[str, ...] = ()
    """Globs of paths that the patch policy may not leave out."""


class McpServer(Section):
    """An MCP server whose tools the model may ask for. It runs on this machine as you, or wherever
    its address leads: outside of the sandbox."""

    command: tuple[Command, ...] = ()
    """Program and arguments of a server that speaks over stdin and stdout."""
    url: str | None = Field(None, pattern=r"^https?://[^\s@]+$")
    """Address of a server that speaks streamable HTTP; either this or `command`."""
    env: tuple[Variable, ...] = ()
    """Environment variables that the program gets beside HOME, PATH and the like, by name."""
    headers: dict[str, Variable] = Field(default_factory=dict)
    """Header of every HTTP request to the environment variable that holds its value."""
    allow: tuple[str, ...] = ()
    """Globs of its tools that may be called without asking; `*` is all."""
    deny: tuple[str, ...] = ()
    """Globs of its tools that are not offered."""
    timeout_s: Seconds = 60.0
    """How long one call may take."""
    start_timeout_s: Seconds = 30.0
    """Until it has told its tools."""

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if bool(self.command) == bool(self.url):
            raise ValueError("an MCP server has either `command` or `url`")
        return self


class ToolSettings(Section):
    """What the model gets to work with."""

    names: tuple[Name, ...] = (
        "view",
        "search",
        "find_file",
        "edit",
        "edit_lines",
        "create",
        "undo",
        "shell",
        "jobs",
        "run_tests",
        "recall",
        "plan",
        "submit",
        "try_edits",
    )
    """Tools that are offered, in this order."""
    on_demand: tuple[Name, ...] = (
        "repo_map",
        "find_symbol",
        "find_references",
        "query_graph",
        "localize",
    )
    """Tools that are told by name alone, until the model asks for them with `tool_search`."""
    window_lines: int = Field(100, ge=5, le=2000)
    """Lines that `view` shows at once."""
    search_hits: int = Field(100, ge=1, le=10_000)
    """Hits above which `search` answers with counts per file."""
    output_chars: int = Field(10_000, ge=200)
    """Characters of an observation before it is elided."""
    idle_timeout_s: Seconds | None = None
    """How long a command of the model may go without output; None: as long as its time-out."""
    mcp: dict[ServerName, McpServer] = Field(default_factory=dict)
    """MCP servers by name; their tools are on demand. Without your word in `allow` each call is
    asked about, and refused where there is nobody to ask."""


class ContextSettings(Section):
    """What a model is shown of the conversation."""

    folding: Literal["economic", "window"] = "economic"
    """economic: old observations become digests when that saves money; window: only when the
    conversation does not fit."""
    summaries: bool = False
    """Whether the model with the role `summariser`, else the run's own, writes summaries in place
    of digests where they keep all that these keep."""
    window_tokens: int | None = Field(None, ge=4_000)
    """The model's context window; None: as the price list says, else 128,000."""
    vision: bool | None = None
    """Whether pictures that tools and issues show are sent; None: to Anthropic and OpenAI's own
    API, where all models see."""
    picture_hosts: tuple[str, ...] = ()
    """Hosts from which pictures of an issue may be fetched, as `*.githubusercontent.com` or
    HOST:PORT; empty: none is."""
    rules_chars: int = Field(8_000, ge=0)
    """Characters shown of the project's AGENTS.md and CLAUDE.md; 0: none."""
    outlook_tokens: int | None = Field(600, ge=100, le=8_000)
    """Tokens of the map that the plan phase gets beside the places that the issue may be about;
    None: neither."""
    documents_tokens: int | None = Field(400, ge=50, le=8_000)
    """Tokens of the project's documents that the plan phase gets where they speak of the issue;
    None: none."""


class CiSettings(Section):
    """Who may start the CI bot, with which words, and what it may publish."""

    phrase: str = Field("@swe-agent", min_length=2, pattern=r"^\S+$")
    """What a comment or a new issue says to start a run; `/swe-agent fix` always does."""
    label: str = "swe-agent"
    """The label that starts a run when an issue gets it."""
    assignee: str = ""
    """The login whose assignment starts a run; empty: none."""
    allowed_users: tuple[str, ...] = ()
    """Logins that may start a run though they may not push."""
    allowed_bots: tuple[str, ...] = ()
    """Bots that may start a run, if they may push."""
    identity: str = ""
    """The login that our comments on GitHub carry, where it cannot be asked for: a GitHub App's.
    Empty: the token's user, else the workflow's own."""
    branch_prefix: str = Field("swe-agent/", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*/$")
    """How the names of our branches begin; no other branch is ever written."""
    publish: Literal["unverified", "verified"] = "unverified"
    """unverified: a patch that no test proves becomes a draft too, and is said to be so."""
    allow_paths: tuple[str, ...] = ()
    """Globs of protected paths that may be published all the same."""
    max_files: int = Field(50, ge=1)
    """Files that a published patch may touch."""
    max_patch_bytes: int = Field(500_000, ge=1)
    """Longest patch that is published."""
    labels: tuple[str, ...] = ("swe-agent",)
    """Labels of the drafts that are opened."""


class Settings(Section):
    """All settings of one run."""

    model: str | None = None
    """PROVIDER/NAME, or `offline`; None: the provider whose key is set, else offline."""
    strategy: Name = "react"
    """How attempts are spent."""
    mode: Literal["auto", "confirm", "human"] = "auto"
    """Who approves actions."""
    models: ModelSettings = ModelSettings()
    sandbox: SandboxSettings = SandboxSettings()
    engine: EngineSettings = EngineSettings()
    limits: LimitSettings = LimitSettings()
    tests: TestSettings = TestSettings()
    patch: PatchSettings = PatchSettings()
    tools: ToolSettings = ToolSettings()
    context: ContextSettings = ContextSettings()
    ci: CiSettings = CiSettings()
