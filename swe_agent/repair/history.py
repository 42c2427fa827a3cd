"""What the offline model knows: a fold over the conversation, nothing else."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pydantic import JsonValue, ValidationError

from swe_agent.core.messages import Message, Note, Observation, ToolCall, Turn
from swe_agent.core.task import TestReport
from swe_agent.repair.propose import Edit

EVERY_FILE = "*.py"


@dataclass(frozen=True, slots=True)
class Trial:
    """What one candidate came to against one list of tests."""

    status: str
    passed: int
    failed: tuple[str, ...]
    limit_s: float = 0.0
    """Time that each test had; 0.0: as long as the tool found right."""
    behaviour: tuple[str, ...] = ()
    """What the probed function made of each input; empty where it was not looked at."""


@dataclass(frozen=True, slots=True)
class State:
    """What the variables of a function held before one of its lines was run."""

    path: str
    line: int
    is_inner: bool
    """Whether it is of a comprehension at that line."""
    shown: tuple[tuple[str, str], ...]
    """Names (or a name with an attribute) and their values as literals."""


@dataclass(slots=True)
class Seen:
    """All that was observed so far."""

    issue: str = ""
    base: TestReport | None = None
    """The tests before the first edit."""
    latest: TestReport | None = None
    """The tests since the edits that stand; None where they have not run."""
    paths: set[str] | None = None
    globs: set[str] = field(default_factory=set)
    """Patterns that were looked for."""
    is_listed: bool = True
    """Whether `paths` has every Python file of the repository."""
    texts: dict[str, str] = field(default_factory=dict)
    """Files by path, as far as they were viewed before the first edit."""
    next_lines: dict[str, int] = field(default_factory=dict)
    """Where the view of a file has to go on; 0: it is whole."""
    unreadable: set[str] = field(default_factory=set)
    trials: dict[tuple[str, ...], dict[str, Trial]] = field(default_factory=dict)
    """By tests, then by candidate."""
    lines: dict[str, dict[int, float]] | None = None
    """Suspiciousness of the lines that failing tests ran, by path; None: not asked for."""
    states: list[State] | None = None
    """What variables held as the failing tests ran; None: not asked for."""
    has_asked_for_tools: bool = False
    is_probed: bool = False
    """Whether the candidates that pass were compared in behaviour."""
    rounds: int = 0
    seconds: float = 0.0
    faults: int = 0
    """Calls in a row that gave no answer."""
    standing: list[Edit] = field(default_factory=list)
    rejected: set[str] = field(default_factory=set)
    """Candidates that were made with `edit` and taken back."""
    calls: int = 0


def key_of(edits: Iterable[Edit]) -> str:
    """A candidate's identity."""
    return json.dumps([[e.path, e.old, e.new] for e in edits])


def folded(history: Iterable[Message]) -> Seen:
    """The state after a conversation."""
    seen = Seen()
    asked: dict[str, ToolCall] = {}
    for message in history:
        if isinstance(message, Turn):
            asked.update({call.id: call for call in message.calls})
            seen.calls += len(message.calls)
        elif isinstance(message, Note) and message.kind == "human":
            seen = _anew(seen, message.text)
        elif isinstance(message, Note):
            _take_note(seen, message)
        elif message.call_id in asked:
            _take_observation(seen, asked[message.call_id], message)
    return seen


def _take_note(seen: Seen, note: Note) -> None:
    if note.kind == "task":
        seen.issue += note.text
    elif note.kind == "tests":
        _take_report(seen, note.data)
    elif note.kind == "rollback" and seen.standing:
        seen.rejected.add(key_of(seen.standing))
        seen.standing, seen.latest = [], None


def _anew(seen: Seen, word: str) -> Seen:
    """After a word of the user: a search that begins with the files as they are now."""
    return Seen(
        issue=f"{seen.issue}\n\n{word}",
        base=seen.latest if seen.standing else seen.base,
        paths=seen.paths,
        globs=seen.globs,
        is_listed=seen.is_listed,
        has_asked_for_tools=seen.has_asked_for_tools,
        calls=seen.calls,
    )


def _take_report(seen: Seen, value: JsonValue) -> None:
    found = value.get("report") if isinstance(value, dict) else None
    try:
        report = TestReport.model_validate(found)
    except ValidationError:
        return
    if seen.standing:
        seen.latest = report
    elif seen.base is None:
        seen.base = report


def _take_observation(seen: Seen, call: ToolCall, observation: Observation) -> None:
    value = observation.data if isinstance(observation.data, dict) else {}
    good = observation.outcome == "ok"
    seen.faults = 0 if good else seen.faults + 1
    match call.name:
        case "run_tests" if not call.arguments.get("targets"):
            _take_report(seen, value)
        case "find_file" if good:
            listed = value.get("paths")
            found = {str(p) for p in listed} if isinstance(listed, list) else set()
            seen.paths = (seen.paths or set()) | found
            seen.globs.add(str(call.arguments.get("glob")))
            total = value.get("total")
            seen.is_listed &= call.arguments.get("glob") != EVERY_FILE or total == len(found)
        case "view":
            _take_view(seen, call, value, good)
        case "try_edits" if good:
            _take_trials(seen, call, value)
        case "localize":
            _take_lines(seen, value)
        case "tool_search":
            seen.has_asked_for_tools = True
        case "edit" if good:
            seen.standing.append(_edit(call.arguments))
            seen.latest = None
        case "edit":
            seen.rejected.add(key_of([*seen.standing, _edit(call.arguments)]))
        case "undo" if good and seen.standing:
            seen.rejected.add(key_of(seen.standing))
            seen.standing.pop()
            seen.latest = None


def _edit(arguments: dict[str, JsonValue]) -> Edit:
    return Edit(*(str(arguments.get(name, "")) for name in ("path", "old", "new")))


def _take_view(seen: Seen, call: ToolCall, value: dict[str, JsonValue], good: bool) -> None:
    path = str(call.arguments.get("path", ""))
    text, end, total = value.get("text"), value.get("end"), value.get("total_lines")
    if not (good and isinstance(text, str) and isinstance(end, int) and isinstance(total, int)):
        seen.unreadable.add(path)
        return
    if seen.standing or value.get("start") != seen.next_lines.get(path, 1):
        return
    seen.texts[path] = seen.texts.get(path, "") + text
    seen.next_lines[path] = 0 if end >= total else end + 1


def _take_lines(seen: Seen, value: dict[str, JsonValue]) -> None:
    """The spectrum; empty where none could be had."""
    seen.faults, seen.lines = 0, {}
    rows = value.get("lines")
    for row in rows if isinstance(rows, list) else ():
        match row:
            case [str(path), int(line), int() | float() as score]:
                seen.lines.setdefault(path, {})[line] = float(score)


def _take_trials(seen: Seen, call: ToolCall, value: dict[str, JsonValue]) -> None:
    candidates, tests = call.arguments.get("candidates"), call.arguments.get("tests")
    rows, seconds = value.get("results"), value.get("seconds")
    if not (isinstance(candidates, list) and isinstance(tests, list) and isinstance(rows, list)):
        return
    limit = call.arguments.get("timeout_s")
    limit_s = float(limit) if isinstance(limit, int | float) else 0.0
    known = seen.trials.setdefault(tuple(str(t) for t in tests), {})
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("index"), int):
            continue
        edits = candidates[int(str(row["index"]))]
        listed = edits if isinstance(edits, list) else [edits]
        key = key_of(_edit(e) for e in listed if isinstance(e, dict))
        failed = row.get("failed")
        names = tuple(str(t) for t in failed) if isinstance(failed, list) else ()
        told = row.get("behaviour")
        behaviour = tuple(str(word) for word in told) if isinstance(told, list) else ()
        status = str(row.get("status"))
        known[key] = Trial(status, len(tests) - len(names), names, limit_s, behaviour)
    seen.is_probed |= bool(call.arguments.get("probe"))
    if call.arguments.get("watch"):
        seen.states = list(_states(value.get("states")))
    seen.rounds += 1
    seen.faults = 0 if rows else seen.faults + 1
    seen.seconds += float(seconds) if isinstance(seconds, int | float) else 0.0


def _states(rows: JsonValue) -> Iterator[State]:
    for row in rows if isinstance(rows, list) else ():
        match row:
            case [str(path), int(line), bool(is_inner), dict(shown)]:
                yield State(path, line, is_inner, tuple((n, str(v)) for n, v in shown.items()))
