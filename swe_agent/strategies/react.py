"""One attempt, one loop: the default."""

from swe_agent.agent.attempt import Attempt
from swe_agent.agent.loop import work


def solve(attempt: Attempt) -> None:
    """Spend one attempt.

    Raises:
        LimitReached: a limit ended it; the best tree so far is in the attempt's state.
        ModelFault: no reply could be had; the run can be resumed.
        EnvironmentFault: the sandbox is lost for good.
    """
    work(attempt)
