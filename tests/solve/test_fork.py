"""A run goes on from any checkpoint of another: in a new sandbox, with what was said until then."""

from pathlib import Path

import pytest

from swe_agent.core.events import Event
from swe_agent.solve import resume
from swe_agent.trajectory.checkpoints import begin_fork, saved_in
from swe_agent.trajectory.replayed import events_of
from tests.solve.conftest import BREAK, FIX, SUBMIT, Play, call, contents, write_script

pytestmark = pytest.mark.docker


def silent(_: Event) -> None:
    """Nobody watches."""


def test_another_model_goes_on_from_a_checkpoint(play: Play, tmp_path: Path) -> None:
    state = call("shell", command="export WORD=kept; mkdir d; cd d; ln -s ../calc.py link")
    recorded = play([state, BREAK, SUBMIT, SUBMIT, SUBMIT])
    before = contents(recorded.folder)
    saved = saved_in(events_of(recorded.folder))
    assert [one.after for one in saved[:3]] == ["", "shell", "edit"]
    look = call("shell", command="echo $WORD; pwd; readlink link; cat link")
    # A scripted model goes by the number of replies: the first is the other run's.
    other = write_script(tmp_path / "other.jsonl", [SUBMIT, look, FIX, SUBMIT])
    fork = tmp_path / "fork"
    spec = f"scripted/{other}"
    settings = {**recorded.of("run_started")[0].settings, "model": spec}
    begin_fork(recorded.folder, fork, 1, {"model": spec, "settings": settings})
    result = resume(fork, silent)
    assert result.verdict == "verified"
    assert result.steps == 4
    seen = [e.observation.text for e in events_of(fork) if e.type == "tool_returned"]
    assert seen[1].split("\n")[1:4] == ["kept", "/workspace/d", "../calc.py"]
    assert "return a * b" in seen[1]  # what came after the checkpoint is not there
    assert contents(recorded.folder) == before
    rerun = [e.call.name for e in events_of(fork) if e.type == "tool_called"]
    assert rerun[0] == "shell"
    assert len(seen) == len(rerun)  # nothing was run again


def test_from_the_start_no_reply_is_taken_over(play: Play, tmp_path: Path) -> None:
    recorded = play([BREAK, SUBMIT, SUBMIT, SUBMIT])
    other = write_script(tmp_path / "other.jsonl", [FIX, SUBMIT])
    fork, spec = tmp_path / "fork", f"scripted/{other}"
    settings = {**recorded.of("run_started")[0].settings, "model": spec}
    begin_fork(recorded.folder, fork, 0, {"model": spec, "settings": settings})
    result = resume(fork, silent)
    assert (result.verdict, result.steps) == ("verified", 2)
    baseline = [e for e in events_of(fork) if e.type == "tests_ran" and e.purpose == "baseline"]
    assert len(baseline) == 2  # taken over, not run again
