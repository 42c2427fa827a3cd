"""A recorded run played again in a fresh sandbox: same calls, same tree; another model goes on."""

from pathlib import Path

import pytest

from swe_agent.core.events import CheckpointSaved, Event, ToolReturned
from swe_agent.models.replay import Replay
from swe_agent.solve import resume
from swe_agent.trajectory.replayed import begin_replay, compared, events_of
from tests.models.conversation import prompt
from tests.solve.conftest import ENGINEER, FIX, SUBMIT, Play, call, write_script

pytestmark = pytest.mark.docker


def silent(_: Event) -> None:
    """Nobody watches."""


def test_a_replay_makes_the_same_calls_and_the_same_tree(play: Play, tmp_path: Path) -> None:
    recorded = play([*ENGINEER[:1], call("shell", command="date +%N"), *ENGINEER[1:]])
    again = tmp_path / "again"
    begin_replay(recorded.folder, again, None, None)
    (tmp_path / "script.jsonl").unlink()  # its model is not there any more
    result = resume(again, silent)
    found = compared(events_of(recorded.folder), events_of(again))
    assert (result.verdict, result.usage.cost_usd, result.usage.input_tokens) == ("verified", 0, 0)
    assert found.is_same
    assert [one.call.name for one in found.differences if one.call.name == "shell"] == ["shell"]
    assert result.patch == recorded.result.patch


def test_another_model_takes_over_after_a_step(play: Play, tmp_path: Path) -> None:
    recorded = play([call("view", path="calc.py"), SUBMIT, SUBMIT])
    assert recorded.result.verdict == "no_patch"
    write_script(tmp_path / "other.jsonl", [SUBMIT, FIX, SUBMIT])  # the first is played already
    again = tmp_path / "again"
    begin_replay(recorded.folder, again, 1, f"scripted/{tmp_path / 'other.jsonl'}")
    result = resume(again, silent)
    assert result.verdict == "verified"
    models = [event.model for event in events_of(again) if event.type == "model_called"]
    assert [model.partition("/")[0] for model in models].count("scripted") == 2


def test_a_tampered_recording_is_told_from_its_replay(play: Play) -> None:
    folder = play(ENGINEER).folder
    events = events_of(folder)
    changed = [
        event.model_copy(
            update={"observation": event.observation.model_copy(update={"text": "else"})}
        )
        if isinstance(event, ToolReturned)
        else event
        for event in events
    ]
    found = compared(events, changed)
    assert len(found.differences) == len(ENGINEER)
    last = max(i for i, event in enumerate(events) if isinstance(event, CheckpointSaved))
    assert not compared(events, [e for i, e in enumerate(events) if i < last - 1]).is_same
    with pytest.raises(Exception, match="no reply left"):
        Replay(folder, 0).complete(prompt())
