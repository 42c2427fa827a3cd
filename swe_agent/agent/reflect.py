"""Reflect: compare the tree that was just tested with the best one, and keep it, take it back, or
call it done."""

from swe_agent.agent.attempt import Attempt
from swe_agent.core.events import CandidateScored
from swe_agent.core.messages import Note
from swe_agent.settings.prompts import prompt
from swe_agent.verify.compare import Progress, progress


def reflect(attempt: Attempt) -> bool:
    """Decide on the last round of tests.

    Returns:
        Whether a new iteration begins, if the work is not accepted: after a submission and after a
        rollback.
    """
    state, kit = attempt.state, attempt.kit
    tested, best = state.tested, state.best
    assert tested is not None, "tests ran before"
    assert best is not None, "the baseline sets the best"
    submitted = state.submitted or state.silent_turns > 0
    if state.judged:
        return submitted or state.judged == "rolled back"
    found = progress(best.report, tested.report, kit.targets, kit.guards)
    if found.lost and tested.tree != best.checkpoint.tree:
        _take_back(attempt, found)
        return True
    before = progress(best.report, best.report, kit.targets, kit.guards)
    accepted = submitted and _is_final(attempt, found)
    if submitted and not accepted:
        _say_what_is_left(attempt, found)
    attempt.append(
        CandidateScored(
            candidate=f"iteration-{state.iteration}",
            score=found.score,
            tree=tested.tree,
            data={"best": found.score >= before.score, "accepted": accepted},
        )
    )
    return submitted


def salvage(attempt: Attempt) -> None:
    """A limit ended the attempt: test what was not tested yet, and keep it if it is no worse than
    the best."""
    state, kit = attempt.state, attempt.kit
    attempt.settle()
    best = state.best
    tree = attempt.save().tree
    if best is None or tree == best.checkpoint.tree:
        return
    if state.tested is None or state.tested.tree != tree:
        attempt.test_round("iteration")
    assert state.tested is not None
    found = progress(best.report, state.tested.report, kit.targets, kit.guards)
    before = progress(best.report, best.report, kit.targets, kit.guards)
    attempt.append(
        CandidateScored(
            candidate="last",
            score=found.score,
            tree=tree,
            data={"best": not found.lost and found.score >= before.score, "accepted": False},
        )
    )


def _is_final(attempt: Attempt, found: Progress) -> bool:
    """Whether a submission is the end: nothing is left to fix, or nothing was done about what was
    said to be left."""
    state = attempt.state
    assert state.tested is not None
    assert state.environment is not None
    if state.said_left_of == state.tested.tree:
        return True
    untouched = state.tested.tree == state.environment.checkpoint.tree
    return not found.still_failing and not untouched


def _take_back(attempt: Attempt, found: Progress) -> None:
    state = attempt.state
    assert state.tested is not None
    failures = {test: state.tested.report.failures.get(test, "") for test in found.lost[:5]}
    name = f"rejected/{state.rollbacks + 1:03d}.diff"
    text = prompt("rolled_back", lost=found.lost, failures=failures, rejected=name)
    reason = f"{len(found.lost)} passing tests were lost"
    attempt.roll_back(reason, found.lost, Note(kind="rollback", text=text))


def _say_what_is_left(attempt: Attempt, found: Progress) -> None:
    state = attempt.state
    assert state.tested is not None
    failures = {t: state.tested.report.failures.get(t, "") for t in found.still_failing[:5]}
    attempt.remind("not_done", failing=found.still_failing, failures=failures)
