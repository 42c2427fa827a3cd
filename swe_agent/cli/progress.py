"""A run as a watcher sees it: a fold over its events that a view can show at any moment."""

import time
from dataclasses import dataclass, field

from swe_agent.agent.money import Money
from swe_agent.core.events import (
    CandidateScored,
    EnvironmentReady,
    Event,
    LimitHit,
    ModelCalled,
    ModelFailed,
    ModelReplied,
    PhaseStarted,
    RolledBack,
    RunFinished,
    RunStarted,
    TestsRan,
    ToolCalled,
    ToolReturned,
)
from swe_agent.core.messages import Usage
from swe_agent.core.task import TestReport, Verdict

_HEARD_CHARS = 400
_PROVING = "testing the patch on a fresh base"


@dataclass(slots=True)
class Progress:
    """What is known so far; `see` brings it up to date."""

    model: str = ""
    repository: str = ""
    issue: str = ""
    phase: str = "start"
    iteration: int = 0
    step: int = 0
    doing: str = "preparing the sandbox"
    """What is going on now, in a few words."""
    money: Money = field(default_factory=Money)
    before: TestReport | None = None
    """Tests at base."""
    latest: TestReport | None = None
    rollbacks: int = 0
    limit: str = ""
    verdict: Verdict | None = None
    exit_code: int | None = None
    error: str = ""
    left_out: dict[str, str] = field(default_factory=dict)
    """Changed paths that are not in the patch, with the reason."""
    flagged: tuple[str, ...] = ()
    """Paths in the patch that deserve a second look."""
    said: str = ""
    """The model's last words; of a reply that submits, its summary."""
    duration_s: float = 0.0
    started: float = field(default_factory=time.monotonic)
    cap_usd: float | None = None
    """Most that the run may cost; None: not known."""
    _heard: str = ""

    @property
    def usage(self) -> Usage:
        """Of the replies so far."""
        return self.money.usage

    @property
    def cost_usd(self) -> float:
        """Money spent so far; calls that got no reply count with their reserves."""
        return self.money.gone_usd

    @property
    def elapsed_s(self) -> float:
        """Since this view began; the run's own time once it has finished."""
        return self.duration_s or time.monotonic() - self.started

    def hear(self, text: str) -> None:
        """Show what the model says as it says it; its reply may never be whole."""
        self._heard = (self._heard + text)[-_HEARD_CHARS:]
        last = self._heard.strip().rpartition("\n")[2]
        self.doing = f"thinking: {last}" if last else "thinking"

    def see(self, event: Event) -> None:
        """Take one event in."""
        self.money.apply(event)
        match event:
            case RunStarted():
                self.model = event.model
                self.repository = event.task.repository
                self.issue = event.task.issue
                self.cap_usd = _cap_of(event)
            case EnvironmentReady():
                self.doing = "running the tests" if event.test_commands else "opening the sandbox"
            case PhaseStarted():
                self.phase, self.iteration = event.phase, event.iteration
                self.verdict, self.exit_code, self.limit = None, None, ""
                self.doing = "running the tests" if event.phase == "test" else "thinking"
            case TestsRan():
                self._see_tests(event)
            case RolledBack():
                self.rollbacks += 1
            case LimitHit():
                self.limit, self.doing = event.message, _PROVING
            case CandidateScored(data={"accepted": True}):
                self.doing = _PROVING
            case RunFinished():
                self._see_end(event)
            case _:
                self._see_step(event)

    def _see_step(self, event: Event) -> None:
        match event:
            case ModelCalled():
                self.step, self.doing, self._heard = event.step, "thinking", ""
            case ModelReplied():
                submits = (c for c in event.turn.calls if c.name == "submit")
                summaries = [str(call.arguments.get("summary", "")) for call in submits]
                self.said = "\n".join(summaries) or event.turn.text
            case ModelFailed():
                self.doing = f"waiting {event.wait_s:.0f} s" if event.wait_s else "thinking"
            case ToolCalled():
                self.doing = event.call.name
            case ToolReturned():
                self.doing = "thinking"
            case _:
                pass

    def _see_tests(self, event: TestsRan) -> None:
        if event.purpose == "baseline":
            self.before = self.before or event.report
        else:
            self.latest = event.report

    def _see_end(self, event: RunFinished) -> None:
        self.verdict, self.exit_code = event.verdict, event.exit_code
        self.error, self.duration_s = event.error, event.duration_s
        self.left_out, self.flagged = event.left_out, event.flagged
        self.doing = "done"
        if event.usage != Usage():
            self.money.end(event.usage)


def _cap_of(event: RunStarted) -> float | None:
    limits = event.settings.get("limits")
    cap = limits.get("max_cost_usd") if isinstance(limits, dict) else None
    return float(cap) if isinstance(cap, int | float) else None
