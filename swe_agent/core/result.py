"""`result.json`: what a finished run came to, for scripts."""

from typing import Literal

from pydantic import Field

from swe_agent.core.messages import Record, Usage
from swe_agent.core.task import Status, VerdictWord


class TestsBeforeAfter(Record):
    """Test ids to statuses on the untouched base and with the patch."""

    __test__ = False

    before: dict[str, Status] = Field(default_factory=dict)
    after: dict[str, Status] = Field(default_factory=dict)


class RunResult(Record):
    """The outcome of one run."""

    run_id: str
    task_id: str
    verdict: VerdictWord
    exit_code: int
    patch: str
    """The patch as text; bytes that are not UTF-8 are `\\xNN` here, and exact in `patch.diff`."""
    model: str
    strategy: str
    steps: int
    iterations: int
    usage: Usage
    targets: Literal["given", "found", "added", "none"]
    tests: TestsBeforeAfter
    duration_s: float
    rollbacks: int
    left_out: dict[str, str] = Field(default_factory=dict)
    """Changed paths that the patch policy left out, with the reason."""
    flagged: tuple[str, ...] = ()
    """Paths in the patch that steer CI, hooks, owners or agents."""
    error: str = ""
    summary: str = ""
    """What the model said when it submitted; else its last words."""
