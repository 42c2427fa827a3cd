"""What the model is reminded of, when, and how long it is left alone after that. The texts are
templates; circles and rollbacks have their own place in the loop."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from swe_agent.aci.tool import PastCall
from swe_agent.agent.state import EDITS, State, is_edit
from swe_agent.settings.schema import LimitSettings
from swe_agent.verify.paths import is_test_config, is_test_path

EDITS_WITHOUT_TESTS = 5
STEPS_SINCE_PLAN = 25
MOST_SPENT = 0.8
ONCE = 1_000_000
_LOOKS_BACK = re.compile(r"\bgit\s+(?:diff|status|show)\b")
_ENDS = re.compile(
    r"\bsubmit\b|\b(?:fix|work|task|issue) is (?:now )?(?:complete|done|fixed)\b", re.I
)


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder that is due."""

    name: str
    """Name of its template."""
    values: Mapping[str, object] = field(default_factory=dict)


Values = Mapping[str, object] | None
"""What its template needs; None: there is nothing to be reminded of."""


def due(state: State, limits: LimitSettings) -> list[Reminder]:
    """The reminders that are due before the next reply."""
    found = []
    for name, (condition, cooldown) in _TABLE.items():
        given = state.reminded.get(name)
        if given is not None and state.steps - given < cooldown:
            continue
        values = condition(state, limits)
        if values is not None:
            found.append(Reminder(name, values))
    return found


def _untested(state: State, limits: LimitSettings) -> Values:
    edits = state.edits_untested
    return {"edits": edits} if edits >= EDITS_WITHOUT_TESTS else None


def _unverified(state: State, limits: LimitSettings) -> Values:
    """Signs of an end: the model speaks of it, looks at its patch, or calls nothing."""
    edits, turn = state.edits_untested, state.turn
    if not edits or turn is None or turn.stop == "refusal":
        return None
    if any(call.name in EDITS for call in turn.calls):
        return None
    commands = [str(past.call.arguments.get("command", "")) for past in _last(state)]
    looks = any(_LOOKS_BACK.search(command) for command in commands)
    return {"edits": edits} if looks or not turn.calls or _ENDS.search(turn.text) else None


def _tests_edited(state: State, limits: LimitSettings) -> Values:
    paths = [_path(past) for past in _last(state) if past.call.name != "create" and is_edit(past)]
    tests = sorted({path for path in paths if is_test_path(path) or is_test_config(path)})
    return {"paths": tests} if tests else None


def _budget(state: State, limits: LimitSettings) -> Values:
    cost = state.money.spent_usd / limits.max_cost_usd if limits.max_cost_usd else 0.0
    share = max(cost, state.steps / limits.max_steps)
    if share < MOST_SPENT:
        return None
    return {"percent": int(100 * share), "steps": limits.max_steps - state.steps}


def _large_output(state: State, limits: LimitSettings) -> Values:
    large = [past for past in _last(state) if past.observation.blob and past.call.name == "shell"]
    return {"step": large[-1].step} if large else None


def _plan_drift(state: State, limits: LimitSettings) -> Values:
    plan = state.plan
    items = plan.call.arguments.get("items") if plan else None
    if plan is None or not isinstance(items, list):
        return None
    since = state.steps - plan.step
    return {"items": items, "since": since} if since >= STEPS_SINCE_PLAN else None


_TABLE: dict[str, tuple[Callable[[State, LimitSettings], Values], int]] = {
    "untested": (_untested, 8),
    "unverified": (_unverified, 10),
    "tests_edited": (_tests_edited, 15),
    "budget": (_budget, ONCE),
    "large_output": (_large_output, 20),
    "plan_drift": (_plan_drift, STEPS_SINCE_PLAN),
}
"""Name to its condition and the steps for which it is not given again."""


def _last(state: State) -> list[PastCall]:
    """The calls of the last reply."""
    found = []
    for past in reversed(state.past):
        if past.step != state.steps:
            break
        found.append(past)
    return found


def _path(past: PastCall) -> str:
    path = past.call.arguments.get("path")
    return path if isinstance(path, str) else ""
