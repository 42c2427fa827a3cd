"""Every fault of a provider, by every protocol, streamed and whole: its outcome, and exactly so
many requests. Waits are not slept but written down."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from swe_agent.agent.desk import Desk
from swe_agent.agent.state import State
from swe_agent.core.errors import AccessRefused, ContextExceeded, ModelFault, ModelParked
from swe_agent.core.events import Event
from swe_agent.core.messages import Turn
from swe_agent.core.protocols import Prompt
from swe_agent.models.client import Client, Line, Patience, Waiting
from swe_agent.models.limiter import Limiter
from swe_agent.models.purse import Caps, Purse
from tests.models.conversation import TASK, VENDORS, call, model_of, prompt
from tests.vendors.server import Source, VendorServer

GOOD = {"tool_calls": [call("whole.py")]}
HALF = {"text": "Cleaning.", "tool_calls": [{"name": "view", "arguments": {"path": "half.py"}}]}
BIG = "x" * 5_000_000

Twist = Callable[[str, int], str]


@dataclass
class Row:
    """One fault, and what has to come of it."""

    script: list[dict[str, Any]] | tuple[dict[str, Any], ...]
    """A list follows the conversation as the vendors' fakes do; a tuple is played in turn."""
    requests: int
    ends: type[ModelFault] | str = "tool_use"
    """A fault's class, or the turn's stop."""
    waits: tuple[float, float] = (0, 0)
    """Least and most seconds waited in all."""
    billed: int = 0
    """Failed requests that count as spent."""
    twist: Twist = field(default=lambda sent, number: sent)
    hangs: int = 0
    dates: bool = False
    timeout_s: float = 0.4


def fault(error: int | str, **more: Any) -> list[dict[str, Any]]:
    return [{**HALF, "error": error, **more}, GOOD]


def in_turn(*lines: dict[str, Any]) -> Source:
    """One line a request, whatever is asked."""
    left = iter(lines)
    return lambda _: {**next(left), "number": 1}


def nulled(sent: str, number: int) -> str:
    """A first reply whose content is null, as a whole or in each event."""
    if number > 1:
        return sent
    names = "choices|content|output"
    return re.sub(rf'"({names})": (\[.*\]|"[^"]*")|"(delta)": \{{[^}}]*\}}', r'"\1\3": null', sent)


_NAMED = re.compile(r'"(id|call_id)": "[^"]*"')
_COUNT = re.compile(r'"(\w*tokens)": \d+')
QUOTA = "You exceeded your current quota, please check your plan and billing details."
ROWS = {
    "429 asks for 1 s": Row(fault(429, retry_after=1), 2, waits=(1, 3)),
    "429 asks for 300 s": Row(fault(429, retry_after=300), 1, ModelParked),
    "429 asks for a day": Row(fault(429, retry_after=86_400), 1, ModelParked),
    "429 names a date": Row(fault(429, retry_after=20), 2, waits=(18, 22), dates=True),
    "429 says nothing": Row(fault(429), 2, waits=(0.5, 1)),
    "500": Row(fault(500), 2, waits=(0.5, 1)),
    "502": Row(fault(502), 2, waits=(0.5, 1)),
    "529": Row(fault(529), 2, waits=(0.5, 1)),
    "503 seven times": Row([{**HALF, "error": 503}] * 7 + [GOOD], 8, waits=(60, 130)),
    "connection reset": Row(fault("drop"), 2, waits=(0.5, 1), billed=1),
    "silence at first": Row(fault("timeout"), 2, waits=(0.5, 1), billed=1),
    "silence in the middle": Row((HALF, GOOD), 2, waits=(0.5, 1), billed=1, hangs=1),
    "clean early end": Row(fault("truncated"), 2, waits=(0.5, 1), billed=1),
    "an HTML page": Row(fault("html"), 2, waits=(0.5, 1), billed=1),
    "arguments cut": Row(fault("cut_json"), 2, waits=(0.5, 1), billed=1),
    "arguments cut for ever": Row(fault("cut_json")[:1] * 9, 4, ModelParked, (3, 7), 4),
    "nothing in it": Row(fault("empty"), 2, waits=(0.5, 1), billed=1),
    "null for content": Row((HALF, GOOD), 2, waits=(0.5, 1), billed=1, twist=nulled),
    "two calls of one id": Row([{"tool_calls": [call("a", id="x"), call("b", id="x")]}], 1),
    "arguments of 5 MB": Row([{"tool_calls": [call(BIG)]}], 1, timeout_s=8),
    "refusal": Row([{**HALF, "stop": "refusal"}], 1, "refusal"),
    "cut at the length limit": Row([{**HALF, "stop": "max_tokens"}], 1, "max_tokens"),
    "context exceeded": Row(fault("context"), 1, ContextExceeded),
    "401": Row(fault(401), 1, AccessRefused),
    "403": Row(fault(403), 1, AccessRefused),
    "404": Row(fault(404), 1, AccessRefused),
    "quota": Row(fault(429, text=QUOTA), 1, AccessRefused),
    "bad request": Row(fault(400), 1, ModelFault),
    "no id": Row([GOOD], 1, twist=lambda sent, _: _NAMED.sub(r'"\1": ""', sent)),
    "negative usage": Row([GOOD], 1, twist=lambda sent, _: _COUNT.sub(r'"\1": -9000000', sent)),
    "no usage": Row([GOOD], 1, twist=lambda sent, _: re.sub(r'"(usage)"', '"no_usage"', sent)),
}


@dataclass
class Played:
    """What one reply came to."""

    turn: Turn | None
    fault: ModelFault | None
    waited_s: float
    state: State
    purse: Purse
    said: list[str]


def play(
    vendor: str, url: str, desk_prompt: Prompt, budget_s: float = 3600.0, timeout_s: float = 0.4
) -> Played:
    waits: list[float] = []
    said: list[str] = []
    events: list[Event] = []
    state, purse = State(), Purse(Caps(50.0, 0))

    def append(event: Event) -> None:
        events.append(event)
        state.apply(event)

    now = [0.0]

    def wait(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    line = Line(model_of(vendor, url, timeout_s), Limiter(lambda: now[0]))
    waiting = Waiting(wait, said.append, lambda: now[0])
    client = Client(((line,),), Patience(budget_s, 299.0), waiting)
    turn = failure = None
    with Desk(1, purse, append) as desk:
        asked = Prompt(desk_prompt.system, desk_prompt.history, desk_prompt.tools, 512, watch=desk)
        try:
            turn = client.complete(asked)
            desk.replied(turn)
        except ModelFault as caught:
            failure = caught
    return Played(turn, failure, sum(waits), state, purse, said)


def serve(vendor: str, row: Row) -> VendorServer:
    server = VENDORS[vendor](in_turn(*row.script) if isinstance(row.script, tuple) else row.script)
    server.twist, server.hangs, server.says_dates = row.twist, row.hangs, row.dates
    return server


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("name", ROWS)
def test_a_fault_has_its_outcome_and_its_requests(name: str, vendor: str) -> None:
    row = ROWS[name]
    began = time.monotonic()
    with serve(vendor, row) as server:
        played = play(vendor, server.url, prompt(TASK), timeout_s=row.timeout_s)
    assert time.monotonic() - began < 60, "a bounded time, on a busy machine too"
    assert len(server.requests) == row.requests
    if isinstance(row.ends, str):
        assert played.turn, played.fault
        assert played.turn.stop == row.ends
        assert "half.py" not in str(played.turn.calls)
    else:
        assert type(played.fault) is row.ends, played.fault
        assert played.fault.next_step
        assert "Traceback" not in played.fault.message
        assert len(played.fault.message) < 1000
    least, most = row.waits
    assert least <= played.waited_s <= most
    assert played.state.money.spent_usd == pytest.approx(played.purse.spent_usd)
    assert played.purse.spent_usd >= 0
    if played.turn and name != "refusal":
        assert len({one.id for one in played.turn.calls} - {""}) == len(played.turn.calls)
    whole = played.turn.usage.cost_usd if played.turn else 0.0
    assert (played.state.money.spent_usd > whole + 1e-9) == bool(row.billed)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_server_that_is_not_there_is_waited_for_and_costs_nothing(vendor: str) -> None:
    with VENDORS[vendor]([GOOD]) as server:
        url = server.url
    played = play(vendor, url, prompt(TASK))
    assert isinstance(played.fault, ModelParked)
    assert played.waited_s <= 3600
    assert played.state.money.spent_usd == 0
    assert "no connection" in played.said[0]


def test_a_name_that_nobody_knows_is_a_fault_of_the_connection() -> None:
    played = play("openai", "http://no-such-host.invalid/v1", prompt(TASK), budget_s=0.1)
    assert isinstance(played.fault, ModelParked)
    assert "no connection" in played.fault.message


@pytest.mark.parametrize("vendor", VENDORS)
def test_missing_usage_is_estimated_upwards_and_marked(vendor: str) -> None:
    with serve(vendor, ROWS["no usage"]) as server:
        played = play(vendor, server.url, prompt(TASK))
    assert played.turn is not None
    assert played.turn.usage.estimated
    assert played.turn.usage.cost_usd > 0
