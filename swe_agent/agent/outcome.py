"""What a run came to, as `result.json` says it."""

from swe_agent.agent.state import State
from swe_agent.core.errors import ExitCode
from swe_agent.core.result import RunResult, TestsBeforeAfter
from swe_agent.core.task import TestReport, Verdict, VerdictWord

_EXITS: dict[VerdictWord, ExitCode] = {
    "verified": ExitCode.VERIFIED,
    "regressed": ExitCode.UNVERIFIED,
    "unverified": ExitCode.UNVERIFIED,
    "no_patch": ExitCode.NO_PATCH,
}
SUMMARY_CHARS = 4000
_NO_LIMIT = frozenset({"stuck", "refused"})
"""Ends that the attempt came to by itself: not limits of the user's."""


def exit_of(verdict: Verdict, state: State) -> ExitCode:
    """The exit code: a limit counts only where it ended the run before a verified patch."""
    if verdict.word != "verified" and state.limit and state.limit.limit not in _NO_LIMIT:
        return ExitCode.LIMIT
    return _EXITS[verdict.word]


def result_of(
    state: State, verdict: Verdict, patch: str, after: TestReport | None, error: str = ""
) -> RunResult:
    """The record of a run that has ended, or of one that stopped and can be resumed (with its
    error)."""
    started, finished = state.started, state.finished
    assert started is not None, "the first event of a run"
    before = state.baseline[-1].outcomes if state.baseline else {}
    return RunResult(
        run_id=started.run_id,
        task_id=started.task.id,
        verdict=verdict.word,
        exit_code=finished.exit_code if finished else int(exit_of(verdict, state)),
        patch=patch,
        model=started.model,
        strategy=started.strategy,
        steps=state.steps,
        iterations=state.iteration,
        usage=state.money.usage,
        targets=verdict.targets_from,
        tests=TestsBeforeAfter(before=before, after=after.outcomes if after else {}),
        duration_s=finished.duration_s if finished else 0.0,
        rollbacks=state.rollbacks,
        left_out=finished.left_out if finished else {},
        flagged=finished.flagged if finished else (),
        error=error,
        summary=summary_of(state),
    )


def summary_of(state: State) -> str:
    """What the model said when it submitted; else the words of its last reply."""
    submits = (past.call for past in reversed(state.past) if past.call.name == "submit")
    last = next(submits, None)
    said = last.arguments.get("summary") if last and state.submitted else None
    return str(said or state.said)[:SUMMARY_CHARS]
