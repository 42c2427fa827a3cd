"""Asking: how long is waited, what is said, when it ends, who is asked next."""

from dataclasses import dataclass, field

import pytest

from swe_agent.core.errors import (
    ContextExceeded,
    Interrupted,
    ModelFault,
    TransientModelFault,
)
from swe_agent.core.messages import Turn
from swe_agent.core.protocols import Prompt
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
    assert "3600 s" in caught.value.next_step
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
