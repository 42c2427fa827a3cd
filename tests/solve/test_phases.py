"""The plan phase only reads, by `configs/prompts/phases.yaml`."""

from pathlib import Path

import pytest

from swe_agent.agent.phases import phase_row
from swe_agent.settings.content import content_path
from tests.solve.conftest import FIX, SUBMIT, Play, Played, Reply, call

pytestmark = pytest.mark.docker

LOOK = call("shell", command="cat calc.py")
TOUCH = call("shell", command="echo x > note.txt")


def calls_by_phase(played: Played) -> list[tuple[str, str]]:
    """Each call that was begun, and the phase that it ran in."""
    found, phase = [], ""
    for event in played.events:
        if event.type == "phase_started":
            phase = event.phase
        elif event.type == "tool_called":
            found.append((phase, event.call.name))
    return found


def test_a_call_that_changes_files_begins_the_edit_phase_and_runs_there(play: Play) -> None:
    look_and_fix: Reply = {"tool_calls": [*LOOK["tool_calls"], *FIX["tool_calls"]]}  # type: ignore[misc]
    played = play([LOOK, look_and_fix, SUBMIT])
    assert calls_by_phase(played) == [
        ("plan", "shell"),
        ("plan", "shell"),
        ("edit", "edit"),
        ("edit", "submit"),
    ]
    assert played.result.verdict == "verified"


def test_a_command_that_changed_files_ends_planning(play: Play) -> None:
    played = play([LOOK, TOUCH, LOOK, FIX, SUBMIT])
    phases = [phase for phase, name in calls_by_phase(played) if name == "shell"]
    assert phases == ["plan", "plan", "edit"]


def test_where_the_table_says_so_nothing_that_may_change_files_runs_in_the_plan_phase(
    play: Play, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = content_path("configs", "prompts/phases.yaml").read_text()
    mine = tmp_path / "mine" / "configs" / "prompts" / "phases.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text(table.replace("changes: next", "changes: refused"))
    monkeypatch.setenv("SWE_AGENT_CONFIG_HOME", str(tmp_path / "mine"))
    phase_row.cache_clear()
    try:
        played = play([TOUCH, FIX, call("plan", items=["fix add"]), FIX, SUBMIT])
    finally:
        phase_row.cache_clear()
    outcomes = [event.observation.outcome for event in played.of("tool_returned")]
    assert outcomes == ["refused", "refused", "ok", "ok", "ok"]
    assert "in the plan phase nothing is changed" in played.observations()[0]
    assert "plan or submit ends this phase" in played.observations()[0]
    assert "note.txt" not in played.result.patch
    assert played.result.verdict == "verified"
