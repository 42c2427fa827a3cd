"""The purse: whatever the prices, faults, threads and restarts, what is billed stays in the cap."""

import random
import threading
from dataclasses import dataclass, field

import pytest

from swe_agent.agent.desk import Desk
from swe_agent.agent.spending import purse_of
from swe_agent.agent.state import State
from swe_agent.core.errors import LimitReached, ModelFault, TransientModelFault
from swe_agent.core.events import Event
from swe_agent.core.messages import Observation, ToolCall, Turn, Usage
from swe_agent.core.protocols import Prompt, Reserve
from swe_agent.models.bound import input_tokens_bound
from swe_agent.models.client import Client, Line, Patience, Waiting
from swe_agent.models.limiter import Limiter
from swe_agent.models.purse import Caps, Purse
from swe_agent.settings.schema import LimitSettings, Settings
from tests.models.conversation import TASK, prompt


class Killed(BaseException):
    """The process dies here."""


@dataclass
class Provider:
    """Bills as it likes, up to what a request can cost, and fails as it likes."""

    seed: int
    priced: bool = True
    billed: float = 0.0
    requests: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    name: str = "fake/m"

    def worst_case_usd(self, prompt: Prompt) -> float | None:
        return prompt.max_output_tokens / 1000 if self.priced else None

    def complete(self, prompt: Prompt) -> Turn:
        with self.lock:
            self.requests += 1
            dice = random.Random(self.seed * 100_003 + self.requests)
        most = self.worst_case_usd(prompt)
        if most is None:
            most = float(input_tokens_bound(prompt, self.name) + prompt.max_output_tokens)
        cost = most * dice.choice((0.0, 0.01, 0.3, dice.random(), 1.0))
        cost = cost if self.priced else int(cost)
        fate = dice.random()
        if fate < 0.1:
            raise TransientModelFault("busy")  # refused: nothing is billed
        with self.lock:
            self.billed += cost
        if fate < 0.15:
            raise Killed
        usage = Usage(cost_usd=cost) if self.priced else Usage(input_tokens=int(cost))
        if fate < 0.35:
            fault = (TransientModelFault if fate < 0.3 else ModelFault)("cut")
            fault.may_be_billed = True
            fault.usage = usage if dice.random() < 0.5 else None
            raise fault
        return Turn(text="ok", usage=usage)

    def warm_up(self) -> None:
        """Nothing to do."""


def attempt(provider: Provider, purse: Purse, log: list[Event], seed: int) -> None:
    """One worker until its money, luck or process ends; everything it knows is in its log."""
    dice = random.Random(seed)
    state = State()
    for event in log:
        state.apply(event)

    def append(event: Event) -> None:
        log.append(event)
        state.apply(event)

    line = Line(provider, Limiter(lambda: 0.0))
    client = Client(((line,),), Patience(1e9), Waiting(lambda _: None))
    for step in range(1, 30):
        asked = prompt()
        most = dice.choice((1, 10, 100, 400))
        with Desk(step, purse, append) as desk:
            try:
                watched = Prompt(asked.system, asked.history, asked.tools, most, watch=desk)
                desk.replied(client.complete(watched))
            except ModelFault:
                return
            except LimitReached:
                return
            except Killed:
                return


def folded(logs: list[list[Event]]) -> State:
    """What all logs of a run say is gone."""
    whole = State()
    for log in logs:
        one = State()
        for event in log:
            one.apply(event)
        whole.money.usage += Usage(cost_usd=one.money.spent_usd)
        whole.money.unpriced_tokens += one.money.spent_tokens
    return whole


@pytest.mark.parametrize("priced", [True, False], ids=["priced", "unpriced"])
@pytest.mark.parametrize("seed", range(100))
def test_no_schedule_passes_the_cap(seed: int, priced: bool) -> None:
    play(seed, priced)


@pytest.mark.soak
@pytest.mark.parametrize("priced", [True, False], ids=["priced", "unpriced"])
def test_no_fresh_schedule_passes_the_cap(priced: bool) -> None:
    fresh = random.SystemRandom()
    for _ in range(500):
        play(fresh.randrange(10**9), priced)


def play(seed: int, priced: bool) -> None:
    """One schedule: workers, faults, lives of the process and amounts as the seed has them."""
    dice = random.Random(seed)
    cap = dice.choice((0.05, 0.5, 2.0))
    tokens = dice.choice((6_000, 10_000, 40_000))
    limits = LimitSettings(max_cost_usd=cap, max_unpriced_tokens=tokens)
    provider = Provider(seed, priced)
    logs: list[list[Event]] = [[] for _ in range(dice.randint(1, 8))]
    for life in range(dice.randint(1, 4)):  # a process, killed and resumed
        purse = purse_of(Settings(limits=limits), folded(logs))
        threads = [
            threading.Thread(target=attempt, args=(provider, purse, log, seed * 31 + life + n))
            for n, log in enumerate(logs)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert not any(thread.is_alive() for thread in threads), told(seed, logs)
    if not provider.requests:  # not even the first call fits into anybody's purse
        assert {event.type for log in logs for event in log} == {"limit_reached"}, told(seed, logs)
    assert provider.billed <= (cap if priced else tokens) + 1e-6, told(seed, logs)
    assert folded(logs).money.spent_usd <= cap + 1e-6, told(seed, logs)


def told(seed: int, logs: list[list[Event]]) -> str:
    """A schedule in full, since the next time its threads may take other turns."""
    rows = [f"{n}: {event.model_dump_json()}" for n, log in enumerate(logs) for event in log]
    return "\n".join([f"seed {seed}", *rows])


def test_the_test_can_fail() -> None:
    provider = Provider(3)
    for _ in range(20):
        attempt(provider, Purse(Caps(1e9, 10**9)), [], 5)
    assert provider.billed > 2.0


def test_what_others_hold_is_waited_for_and_what_is_spent_is_not() -> None:
    purse = Purse(Caps(1.0, 0))
    first = purse.hold(Reserve(0.8))
    got: list[object] = []
    waiter = threading.Thread(target=lambda: got.append(purse.hold(Reserve(0.8))))
    waiter.start()
    waiter.join(0.05)
    assert got == []
    purse.settle(first, 0.1, 0)
    waiter.join(120)
    assert len(got) == 1
    with pytest.raises(LimitReached, match=r"over \$1"):
        purse.hold(Reserve(0.95))


def test_a_purse_draws_on_the_larger_one() -> None:
    batch = Purse(Caps(1.0, 0))
    runs = [Purse(Caps(0.8, 0), outer=batch) for _ in range(2)]
    runs[0].settle(runs[0].hold(Reserve(0.7)), 0.6, 0)
    assert runs[1].left_usd == pytest.approx(0.4)
    with pytest.raises(LimitReached, match=r"over \$1"):
        runs[1].hold(Reserve(0.5))
    assert batch.left_usd == pytest.approx(0.4)


def test_a_free_call_fits_into_an_empty_purse() -> None:
    purse = Purse(Caps(0.0, 0))
    purse.settle(purse.hold(Reserve(0.0)), 0.0, 0)
    assert purse.left_usd == 0


@pytest.mark.parametrize("seed", range(50))
def test_the_bound_holds_for_every_tokenizer(seed: int) -> None:
    dice = random.Random(seed)
    ratio = dice.uniform(0.2, 1.0)  # tokens a byte

    def text() -> str:
        letters = dice.choice(("ab c\n", "0123456789abcdef", "漢字é"))
        return "".join(dice.choices(letters, k=dice.randint(0, 3000)))

    def tokens(asked: Prompt) -> int:
        size = len(asked.system.encode()) + sum(len(str(tool.schema)) for tool in asked.tools)
        for message in asked.history:
            size += len(message.text.encode()) + 8
            if isinstance(message, Turn):
                size += sum(len(str(call.arguments).encode()) for call in message.calls)
        return int(size * ratio)

    history: list = [TASK]
    for step in range(12):
        asked = prompt(*history)
        counted = tokens(asked)
        assert input_tokens_bound(asked, "fake/m") >= counted
        call = ToolCall(id=f"c{step}", name="view", arguments={"path": text()})
        said = text()
        output = int((len(said.encode()) + len(str(call.arguments).encode()) + 8) * ratio) + 1
        usage = Usage(input_tokens=counted, output_tokens=output)
        history.append(Turn(text=said, calls=(call,), usage=usage, model="fake/m"))
        history.append(Observation(call_id=call.id, tool="view", text=text()))
