"""A run as a watcher sees it: a fold over its events that a view can show at any moment."""

import time
from dataclasses import dataclass, field

from swe_agent.core.events import (
    EnvironmentReady,
    Event,
    LimitHit,
    ModelCalled,
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
    usage: Usage = field(default_factory=Usage)
    lost_usd: float = 0.0
    """Reserves of calls that got no reply: they count as spent."""
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
    duration_s: float = 0.0
    started: float = field(default_factory=time.monotonic)
    _reserve_usd: float = 0.0

    @property
    def cost_usd(self) -> float:
        """Money spent so far."""
        return self.usage.cost_usd + self.lost_usd

    @property
    def elapsed_s(self) -> float:
        """Since this view began; the run's own time once it has finished."""
        return self.duration_s or time.monotonic() - self.started

    def see(self, event: Event) -> None:
        """Take one event in."""
        match event:
            case RunStarted():
                self.model = event.model
                self.repository = event.task.repository
                self.issue = event.task.issue
            case EnvironmentReady():
                self.doing = "running the tests"
            case PhaseStarted():
                self.phase, self.iteration = event.phase, event.iteration
                self.verdict, self.exit_code, self.limit = None, None, ""
                self.doing = "running the tests" if event.phase == "test" else "thinking"
            case TestsRan():
                self._see_tests(event)
            case RolledBack():
                self.rollbacks += 1
            case LimitHit():
                self.limit = event.message
            case RunFinished():
                self._see_end(event)
            case _:
                self._see_step(event)

    def _see_step(self, event: Event) -> None:
        match event:
            case ModelCalled():
                self.lost_usd += self._reserve_usd
                self.step, self._reserve_usd = event.step, event.reserve_usd
                self.doing = "thinking"
            case ModelReplied():
                self.usage = self.usage + event.turn.usage
                self._reserve_usd = 0.0
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
            self.usage, self.lost_usd, self._reserve_usd = event.usage, 0.0, 0.0
