"""An engine that went away is waited for, aloud and not for ever."""

import pytest

from swe_agent.core.errors import EngineAway, EnvironmentFault, SandboxLost
from swe_agent.runtime.patience import patiently


class Maker:
    """Fails as told, then gives a sandbox's name."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)

    def __call__(self) -> str:
        if self.faults:
            raise self.faults.pop(0)
        return "sandbox"


def test_it_waits_until_the_engine_is_back_and_says_so() -> None:
    said: list[str] = []
    waits: list[float] = []
    maker = Maker(EngineAway("no answer"), EngineAway("no answer"))
    assert patiently(maker, 60, said.append, waits.append) == "sandbox"
    assert len(waits) == 2
    assert said[0].startswith("no answer; waiting up to 60 s")
    assert said[1:] == ["the engine is back"]


def test_an_engine_that_stays_away_ends_it() -> None:
    waits: list[float] = []
    with pytest.raises(EngineAway):
        patiently(Maker(*[EngineAway("no answer")] * 99), 10, lambda _: None, waits.append)
    assert sum(waits) == 10


def test_a_sandbox_lost_while_it_is_made_is_made_anew_a_few_times() -> None:
    assert patiently(Maker(SandboxLost("x")), 10, lambda _: None, lambda _: None) == "sandbox"
    with pytest.raises(SandboxLost):
        patiently(Maker(*[SandboxLost("x")] * 9), 10, lambda _: None, lambda _: None)


def test_what_waiting_cannot_mend_is_raised_at_once() -> None:
    with pytest.raises(EnvironmentFault, match="no image"):
        patiently(Maker(EnvironmentFault("no image")), 10, lambda _: None, lambda _: 1 / 0)
