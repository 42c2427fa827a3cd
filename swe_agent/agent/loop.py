"""The loop: plan → edit → test → reflect, until the work is accepted or cannot go on.

What is done next follows from the state alone, so a resumed attempt goes on in the middle of any
step.
"""

from itertools import islice

from swe_agent.agent.attempt import Attempt
from swe_agent.agent.guardrails import stuck
from swe_agent.agent.phases import LARGE_FILES, phase_row
from swe_agent.agent.reflect import reflect
from swe_agent.agent.state import EDITS
from swe_agent.core.errors import LimitReached
from swe_agent.core.events import LimitHit, Phase, PhaseStarted
from swe_agent.core.messages import ToolCall

SILENT_TURNS = 3
"""So many replies without a call in a row count as a submission."""


def work(attempt: Attempt) -> None:
    """Go round until reflect accepts.

    Raises:
        LimitReached: a limit ended it; the best tree so far is in the state.
        ModelFault: no reply could be had; the attempt can be resumed.
        EnvironmentFault: the sandbox is lost for good.
    """
    state = attempt.state
    if not state.phase:
        begin(attempt, "plan", 1)
    while state.accepted is None:
        while state.pending:
            if following := _begun_by(attempt, state.pending[0]):
                begin(attempt, following, state.iteration)
            attempt.act(state.pending[0])
        match state.phase:
            case "plan" | "edit" if following := _next(attempt):
                begin(attempt, following, state.iteration)
            case "plan" | "edit":
                _guard(attempt)
                attempt.ask()
            case "test":
                attempt.settle()
                if not attempt.is_tested():
                    attempt.test_round("iteration")
                begin(attempt, "reflect", state.iteration)
            case _:
                once_more = reflect(attempt)
                if state.accepted is None:
                    begin(attempt, "edit", state.iteration + once_more)


def begin(attempt: Attempt, phase: Phase, iteration: int) -> None:
    """Enter a phase.

    Raises:
        LimitReached: it would be one iteration too many.
    """
    most = attempt.kit.settings.limits.max_iterations
    if iteration > most:
        message = f"{most} iterations are used up"
        attempt.append(LimitHit(limit="iterations", value=most, message=message))
        raise LimitReached("iterations", message)
    row = phase_row(phase)
    note = attempt.note(row.prompt) if row.prompt else None
    tools = row.gives if row.gives and _is_large(attempt) else ()
    attempt.append(PhaseStarted(phase=phase, iteration=iteration, note=note, tools=tools))
    if phase == "plan":
        attempt.look_out()


def _is_large(attempt: Attempt) -> bool:
    started, store = attempt.state.started, attempt.kit.store
    entries = store.entries(started.base_tree) if started else iter(())
    return sum(1 for _ in islice(entries, LARGE_FILES + 1)) > LARGE_FILES


def _begun_by(attempt: Attempt, call: ToolCall) -> Phase | None:
    """The phase in which a call that changes files runs, where the present one only reads."""
    row = phase_row(attempt.state.phase or "plan")
    return row.next if row.changes == "next" and call.name in EDITS else None


def _next(attempt: Attempt) -> Phase | None:
    """The phase that what was done since this one began leads to; None: stay."""
    state = attempt.state
    row = phase_row(state.phase or "plan")
    if state.submitted or state.silent_turns >= SILENT_TURNS:
        return "test"
    if state.tested_in_phase:
        return "reflect"
    is_over = row.ends_after & state.done_in_phase or state.turns_in_phase >= row.turns
    if row.changes == "next" and not is_over:
        attempt.settle()
        is_over = state.changed_in_phase
    return row.next if is_over else None


def _guard(attempt: Attempt) -> None:
    """Say it when the model goes in circles, says nothing to do, or was cut off; end it when saying
    did not help."""
    state = attempt.state
    how = stuck(state.past)
    if how and "stuck" not in state.reminders:
        attempt.remind("stuck", how=how, tool=state.past[-1].call.name)
    elif how and state.reminders[-1] == "stuck" and stuck(state.past[:-1]):
        message = f"the model goes in circles ({how})"
        attempt.append(LimitHit(limit="stuck", value=state.steps, message=message))
        raise LimitReached("stuck", message)
    elif state.silent_turns:
        _ask_for_a_call(attempt)


def _ask_for_a_call(attempt: Attempt) -> None:
    """Say what a reply without a call lacks; a model that declines twice in a row has decided."""
    state = attempt.state
    stop = state.turn.stop if state.turn else "end"
    if stop == "refusal" and state.silent_turns > 1:
        message = "the model declines to go on, or the provider filters its replies"
        attempt.append(LimitHit(limit="refused", value=state.steps, message=message))
        raise LimitReached("refused", message)
    attempt.remind({"max_tokens": "cut_off", "refusal": "declined"}.get(stop, "no_call"))
