"""How a run ends when the model cannot or will not go on: cleanly, with the best patch kept."""

import pytest

from swe_agent.core.errors import ModelFault
from swe_agent.trajectory.log import read_log
from tests.solve.conftest import FIX, RUN, SUBMIT, Play, call

pytestmark = pytest.mark.docker

REFUSAL = {"text": "I cannot help with that.", "stop": "refusal"}


def test_a_model_that_declines_is_asked_once_more_and_then_left(play: Play) -> None:
    played = play([FIX, REFUSAL, REFUSAL])
    assert [event.name for event in played.of("reminder_given")] == ["declined"]
    assert [event.limit for event in played.of("limit_reached")] == ["refused"]
    assert (played.result.verdict, played.result.exit_code) == ("verified", 0)


def test_a_model_that_declines_once_goes_on(play: Play) -> None:
    assert play([REFUSAL, FIX, SUBMIT]).result.verdict == "verified"


def test_a_window_that_is_full_ends_the_run_with_its_patch(play: Play) -> None:
    played = play([FIX, {"error": "context"}])
    assert [event.limit for event in played.of("limit_reached")][-1] == "context"
    assert played.result.verdict == "verified"


def test_a_reply_that_was_cut_gets_twice_the_room_once(play: Play) -> None:
    cut = {**call("view", path="calc.py"), "stop": "max_tokens", "text": "x"}
    played = play([cut, FIX, SUBMIT])
    assert [event.name for event in played.of("reminder_given")] == ["cut_off"]
    assert played.result.verdict == "verified"


def test_failed_requests_are_in_the_log(play: Play, tmp_path) -> None:
    with pytest.raises(ModelFault):
        play([{"error": "truncated"}, FIX], models__retry_budget_s=0.001)
    events = [line.event for line in read_log(tmp_path / RUN / "events.jsonl")]
    failed = [event for event in events if event.type == "model_failed"]
    assert [event.wait_s for event in failed] == [None]
    assert "no whole reply" in failed[0].message
