"""An engine that stops in the middle of a run, and comes back: a private one, in a network
namespace of its own."""

import threading
import time
from collections.abc import Iterator

import pytest

from swe_agent.core.events import Event
from tests.solve.conftest import FIX, SUBMIT, Play, call
from tests.solve.private_engine import PrivateEngine, private_engine

pytestmark = [pytest.mark.docker, pytest.mark.soak]


@pytest.fixture
def private(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[PrivateEngine]:
    with private_engine(flags=request.param) as engine:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{engine.socket}")
        yield engine


@pytest.mark.parametrize(
    ("private", "away_s"),
    [
        pytest.param((), 60.0, id="a minute"),
        pytest.param(("--live-restore",), 5.0, id="its containers live on"),
    ],
    indirect=["private"],
)
def test_a_run_waits_for_its_engine_and_spends_nothing_meanwhile(
    private: PrivateEngine, play: Play, away_s: float
) -> None:
    seen: list[tuple[float, str]] = []
    away: list[float] = []

    def interrupt() -> None:
        private.stop()
        away.append(time.monotonic())
        time.sleep(away_s)
        away.append(time.monotonic())
        private.start()

    def watch(event: Event) -> None:
        seen.append((time.monotonic(), event.type))
        if event.type == "tool_called" and event.call.name == "shell" and not away:
            away.clear()
            threading.Thread(target=interrupt).start()

    replies = [FIX, call("shell", command="sleep 2; cat calc.py"), SUBMIT]
    played = play(replies, also=watch)
    assert played.result.verdict == "verified"
    assert played.result.steps == 3
    assert not [at for at, kind in seen if kind == "model_called" and away[0] + 1 < at < away[1]]
    assert not [text for text in played.observations() if "engine" in text or "docker" in text]
