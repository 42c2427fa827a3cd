"""A made-up run, event by event. Its texts try to drive the terminal."""

from pathlib import Path

from swe_agent.core.events import (
    Checkpoint,
    CheckpointSaved,
    EnvironmentReady,
    Event,
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
from swe_agent.core.messages import Observation, ToolCall, Turn, Usage
from swe_agent.core.task import Task, TestReport, Verdict
from swe_agent.trajectory.log import EventLog

HOSTILE = "\x1b]0;owned\x07[red]not markup[/foo]\u202e dict[str]"
HASH = "a" * 64
BEFORE = TestReport(
    outcomes={
        "t.py::test_a": "passed",
        "t.py::test_gcd": "failed",
        f"t.py::test_{HOSTILE}": "failed",
    },
    exit_codes={"pytest": 1},
    duration_s=1.2,
)
AFTER = TestReport(
    outcomes=dict.fromkeys(BEFORE.outcomes, "passed"), exit_codes={"pytest": 0}, duration_s=1.1
)


def turn(step: int, call: ToolCall) -> list[Event]:
    """The model is asked and replies with one call."""
    usage = Usage(input_tokens=1200, output_tokens=80, cache_read_tokens=9000, cost_usd=0.0123)
    said = Turn(
        text=f"Let me look. {HOSTILE}\nThen on.", calls=(call,), stop="tool_use", usage=usage
    )
    return [
        ModelCalled(step=step, model="anthropic/x", reserve_usd=0.5),
        ModelReplied(step=step, turn=said, duration_s=2.0),
        ToolCalled(step=step, call=call, writes=call.name == "edit"),
    ]


def observed(step: int, call: ToolCall, text: str, ok: bool = True) -> list[Event]:
    """What a call came to."""
    outcome = "ok" if ok else "failed"
    observation = Observation(call_id=call.id, tool=call.name, text=text, outcome=outcome)
    return [ToolReturned(step=step, observation=observation, duration_s=0.004)]


def beginning(repository: Path) -> list[Event]:
    """From the start to the tests at base."""
    base = Checkpoint(tree=HASH)
    task = Task(id="t", issue=f"gcd loops for ever {HOSTILE}\nmore", repository=str(repository))
    return [
        RunStarted(
            run_id="261122-000000-abcd",
            version="0.1.0",
            task=task,
            model="anthropic/x",
            strategy="react",
            base_tree=HASH,
        ),
        EnvironmentReady(
            sandbox="docker",
            image="swe-agent-base:1",
            profile="python",
            root="/testbed",
            shell="bash",
            test_commands=("python -m pytest -q",),
            checkpoint=base,
        ),
        TestsRan(purpose="baseline", tree=HASH, report=BEFORE),
    ]


def middle() -> list[Event]:
    """Two rounds: an edit that loses a test, and one that holds."""
    view = ToolCall(id="c1", name="view", arguments={"path": f"gcd{HOSTILE}.py"})
    edit = ToolCall(id="c2", name="edit", arguments={"path": "gcd.py", "old": "a", "new": "b"})
    shell = ToolCall(id="c3", name="shell", arguments={"command": "python -c 'print(1)'\nls"})
    base = Checkpoint(tree=HASH)
    return [
        PhaseStarted(phase="plan", iteration=1),
        *turn(1, view),
        *observed(1, view, "1 def gcd(a, b):"),
        PhaseStarted(phase="edit", iteration=1),
        *turn(2, edit),
        *observed(2, edit, f"not found: nearest is line 3 {HOSTILE}", ok=False),
        *turn(3, shell),
        *observed(3, shell, "1\n" * 30),
        CheckpointSaved(checkpoint=base, after_call="c3", changed=1),
        PhaseStarted(phase="test", iteration=1),
        TestsRan(purpose="iteration", tree=HASH, report=BEFORE),
        RolledBack(
            to=base, from_tree=HASH, reason="a test that passed fails", lost=("t.py::test_a",)
        ),
        PhaseStarted(phase="edit", iteration=2),
        *turn(4, edit),
        *observed(4, edit, "gcd.py edited"),
        TestsRan(purpose="iteration", tree=HASH, report=AFTER),
    ]


def ending() -> list[Event]:
    """The verdict: verified."""
    verdict = Verdict(
        word="verified",
        targets_from="found",
        targets=("t.py::test_gcd",),
        fixed=("t.py::test_gcd",),
    )
    return [
        TestsRan(purpose="verdict", tree=HASH, report=AFTER),
        RunFinished(verdict=verdict, exit_code=0, patch=HASH, duration_s=12.5),
    ]


def whole(repository: Path) -> list[Event]:
    return [*beginning(repository), *middle(), *ending()]


def record(folder: Path, events: list[Event]) -> None:
    """Write the events as a run would."""
    folder.mkdir(parents=True, exist_ok=True)
    with EventLog(folder / "events.jsonl") as log:
        for event in events:
            log.append(event)
