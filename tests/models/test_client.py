"""Asking: how long is waited, what is said, when it ends, who is asked next."""

from dataclasses import dataclass, field, replace

import pytest

from swe_agent.core.errors import (
    AccessRefused,
    ContextExceeded,
    Interrupted,
    LimitReached,
    ModelFault,
    ModelParked,
    TransientModelFault,
)
from swe_agent.core.messages import Turn
from swe_agent.core.protocols import Prompt, Reserve
from swe_agent.models.client import Client, Line, Patience, Waiting
from swe_agent.models.limiter import Limiter
from tests.models.conversation import prompt


@dataclass
class Flaky:
    """A model that fails as told, then replies; every attempt takes `takes_s` of the clock."""

    faults: list[ModelFault]
    clock: "Clock"
    takes_s: float = 0.0
    asked: int = 0
    name: str = "flaky/one"

    def complete(self, prompt: Prompt) -> Turn:
        self.asked += 1
        self.clock.now += self.takes_s
        if self.faults:
            raise self.faults.pop(0)
        return Turn(text="ok")

    def worst_case_usd(self, prompt: Prompt) -> float | None:
        return 0.5

    def warm_up(self) -> None:
        self.asked = -1


@dataclass
class Clock:
    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def busy(count: int, retry_after_s: float | None = None) -> list[ModelFault]:
    return [TransientModelFault("busy", retry_after_s=retry_after_s) for _ in range(count)]


def retrying(faults, budget_s=600.0, takes_s=0.0, jitter=0.0):
    clock, said = Clock(), []
    model = Flaky(faults, clock, takes_s)
    waiting = Waiting(clock.wait, said.append, lambda: clock.now, lambda: jitter)
    limiter = Limiter(lambda: clock.now)
    patience = Patience(budget_s, longest_wait_s=300.0)
    return Client(((Line(model, limiter),),), patience, waiting), model, clock, said


def test_waits_grow_up_to_a_minute_and_are_said():
    mind, _, clock, said = retrying(busy(9), jitter=1.0)
    assert mind.complete(prompt()).text == "ok"
    assert clock.waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert said[0] == "busy; asking again in 1.0 s (attempt 2)"


def test_jitter_takes_up_to_half_of_a_wait():
    mind, _, clock, _ = retrying(busy(2), jitter=0.0)
    mind.complete(prompt())
    assert clock.waits == [0.5, 1.0]


def test_the_wait_that_a_vendor_asks_for_is_honoured():
    mind, _, clock, _ = retrying(busy(1, retry_after_s=30.0), jitter=0.9)
    mind.complete(prompt())
    assert 30.0 <= clock.waits[0] <= 31.0


def test_a_wait_beyond_the_budget_is_not_begun():
    mind, model, clock, _ = retrying(busy(1, retry_after_s=3600.0))
    with pytest.raises(ModelFault) as caught:
        mind.complete(prompt())
    assert not isinstance(caught.value, TransientModelFault)
    assert "longest_wait_s of 300 s" in caught.value.message
    assert "in 60 min or later" in caught.value.next_step
    assert (clock.waits, model.asked) == ([], 1)


def test_the_budget_counts_slow_attempts():
    mind, model, clock, _ = retrying(busy(99), budget_s=100.0, takes_s=40.0)
    with pytest.raises(ModelFault, match="100 s"):
        mind.complete(prompt())
    assert model.asked == 4
    assert clock.now < 200


def test_a_first_attempt_that_used_up_the_budget_is_tried_again():
    mind, model, _, _ = retrying(busy(1), budget_s=100.0, takes_s=100.0)
    mind.complete(prompt())
    assert model.asked == 2


def test_a_server_that_asks_for_no_wait_is_not_hammered():
    mind, model, clock, _ = retrying(busy(9999, retry_after_s=0.0), budget_s=600.0)
    with pytest.raises(ModelFault):
        mind.complete(prompt())
    assert model.asked < 50
    assert min(clock.waits) >= 0.5


@pytest.mark.parametrize("fault", [ModelFault("no"), ContextExceeded("long")], ids=["no", "long"])
def test_other_faults_pass_at_once(fault):
    mind, model, _, said = retrying([fault])
    with pytest.raises(ModelFault) as caught:
        mind.complete(prompt())
    assert (caught.value, model.asked, said) == (fault, 1, [])


def test_a_wait_can_be_interrupted():
    def wait(_seconds: float) -> None:
        raise Interrupted("stop")

    line = Line(Flaky(busy(1), Clock()))
    client = Client(((line,),), Patience(600.0), Waiting(wait))
    with pytest.raises(Interrupted):
        client.complete(prompt())


def test_the_rest_is_the_models_own():
    mind, model, _, _ = retrying([])
    mind.warm_up()
    assert (mind.name, mind.worst_case_usd(prompt()), model.asked) == ("flaky/one", 0.5, -1)


@dataclass
class Desk:
    """Writes down what it is told; money for so many requests."""

    requests: int = 99
    told: list[object] = field(default_factory=list)

    def calling(self, model: str, reserve: Reserve) -> None:
        self.requests -= 1
        if self.requests < 0:
            raise LimitReached("cost", "no money")
        self.told.append((model, reserve.usd, reserve.tokens))

    def sent(self) -> None:
        """Nothing to do meanwhile."""

    def failed(self, fault: ModelFault, wait_s: float | None) -> None:
        self.told.append((fault.message, wait_s is not None))

    def said(self, text: str) -> None:
        """Nothing to see."""


def watched(desk: Desk) -> Prompt:
    return replace(prompt(), watch=desk)


def test_each_request_is_announced_with_its_reserve():
    mind, _, _, _ = retrying(busy(2))
    desk = Desk()
    mind.complete(watched(desk))
    asked, failed = ("flaky/one", 0.5, 0), ("busy", True)
    assert desk.told == [asked, failed, asked, failed, asked]


def test_a_request_that_cannot_be_afforded_is_not_sent():
    mind, model, _, _ = retrying(busy(9))
    with pytest.raises(LimitReached):
        mind.complete(watched(Desk(requests=2)))
    assert model.asked == 2


def test_an_unknown_price_is_counted_in_tokens_and_said_once():
    mind, model, _, said = retrying([])
    model.worst_case_usd = lambda _: None
    desk = Desk()
    mind.complete(watched(desk))
    mind.complete(watched(desk))
    assert [told[1] for told in desk.told] == [0.0, 0.0]
    assert all(told[2] > 512 for told in desk.told)
    assert len([line for line in said if "price of flaky/one is not known" in line]) == 1


def several(*faults: list[ModelFault], patience: Patience | None = None):
    """A client of as many keys as there are lists of faults."""
    clock, said = Clock(), []
    models = [Flaky(list(one), clock, name=f"flaky/{n}") for n, one in enumerate(faults)]
    lines = tuple(Line(model, Limiter(lambda: clock.now)) for model in models)
    waiting = Waiting(clock.wait, said.append, lambda: clock.now, lambda: 0.0)
    return lines, models, clock, said, waiting, patience or Patience(600.0)


def test_another_key_is_asked_while_one_has_to_wait():
    lines, models, clock, _, waiting, patience = several(busy(1, retry_after_s=120.0), [])
    client = Client((lines,), patience, waiting)
    client.complete(prompt())
    client.complete(prompt())
    assert [model.asked for model in models] == [1, 2]
    assert sum(clock.waits) < 1


def test_a_key_that_is_refused_is_not_used_again():
    lines, models, _, said, waiting, patience = several([AccessRefused("HTTP 401")], [])
    client = Client((lines,), patience, waiting)
    for _ in range(3):
        client.complete(prompt())
    assert [model.asked for model in models] == [1, 3]
    assert "another key" in said[0]


def test_the_next_model_stands_in_for_one_that_failed_for_good():
    lines, models, _, said, waiting, patience = several([ModelFault("gone")] * 9, [])
    client = Client(tuple((line,) for line in lines), patience, waiting)
    for _ in range(3):
        assert client.complete(prompt()).text == "ok"
    assert [model.asked for model in models] == [1, 3]
    assert (client.name, said) == ("flaky/1", ["gone; going on with flaky/1"])


def test_a_prompt_that_is_too_long_is_too_long_for_all():
    lines, models, _, _, waiting, patience = several([ContextExceeded("long")], [])
    client = Client(tuple((line,) for line in lines), patience, waiting)
    with pytest.raises(ContextExceeded):
        client.complete(prompt())
    assert models[1].asked == 0


def test_a_pause_that_one_worker_is_told_holds_for_all():
    clock = Clock()
    limiter = Limiter(lambda: clock.now)
    flaky = Flaky(busy(1, retry_after_s=60.0), clock)
    waiting = Waiting(clock.wait, lambda _: None, lambda: clock.now, lambda: 0.0)
    first = Client(((Line(flaky, limiter),),), Patience(600.0, 30.0), waiting)
    second = Client(((Line(Flaky([], clock), limiter),),), Patience(600.0), waiting)
    with pytest.raises(ModelParked) as caught:
        first.complete(prompt())
    assert caught.value.resume_after_s >= 60
    second.complete(prompt())
    assert sum(clock.waits) == pytest.approx(60.0)


def test_after_a_pause_requests_come_one_by_one():
    clock = Clock()
    limiter = Limiter(lambda: clock.now)
    limiter.pause(10.0)
    assert [limiter.turn_s() for _ in range(3)] == [10.0, 10.25, 10.5]
