"""A model per role and phase, by settings."""

from pathlib import Path

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.settings.load import load
from swe_agent.settings.schema import Effort
from tests.models.conversation import call as view
from tests.solve.conftest import FIX, RUN, SUBMIT, Play, call, write_script
from tests.vendors import AnthropicServer


@pytest.mark.docker
def test_the_planner_plans_and_the_editor_edits(play: Play, tmp_path: Path) -> None:
    planner = write_script(
        tmp_path / "planner.jsonl", [call("view", path="calc.py"), call("plan", items=["fix add"])]
    )
    idle = {"text": "not asked", "if_seen": "never said"}
    editor = write_script(tmp_path / "editor.jsonl", [*[SUBMIT] * 2, FIX, SUBMIT])
    roles = {"planner": f"scripted/{planner}", "editor": f"scripted/{editor}"}
    played = play([idle], models__roles=roles)
    asked = [event.model.rpartition("/")[2] for event in played.of("model_called")]
    assert asked == ["planner.jsonl", "planner.jsonl", "editor.jsonl", "editor.jsonl"]
    assert played.result.verdict == "verified"


@pytest.mark.docker
def test_each_phase_has_its_own_effort_and_temperature(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-roles-0123456")
    lines = [{"tool_calls": [view("calc.py")]}, call("plan", items=["fix"]), FIX, SUBMIT]
    with AnthropicServer(lines) as server:
        played = play(
            [SUBMIT],
            model="anthropic/claude-sonnet-5-5",
            models__base_url=server.url,
            models__phase_effort={"plan": "low"},
            models__phase_temperature={"edit": 0.25},
        )
        bodies = [request.body for request in server.requests]
    assert played.result.verdict == "verified"
    efforts = [body.get("output_config", {}).get("effort") for body in bodies]
    assert efforts == ["low", "low", None, None, None]
    # This model takes none: refused once, sent without from then on.
    assert [body.get("temperature") for body in bodies] == [None, None, 0.25, None, None]


@pytest.mark.docker
@pytest.mark.parametrize(
    ("set_to", "planning"), [(None, "high"), ("low", "low")], ids=["by itself", "set"]
)
def test_planning_thinks_hard_unless_told_otherwise_and_the_first_change_ends_it(
    play: Play, monkeypatch: pytest.MonkeyPatch, set_to: Effort | None, planning: str
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-roles-0123456")
    with AnthropicServer([{"tool_calls": [view("calc.py")]}, FIX, SUBMIT]) as server:
        played = play(
            [SUBMIT],
            model="anthropic/claude-sonnet-5-5",
            models__base_url=server.url,
            models__effort=set_to,
        )
        bodies = [request.body for request in server.requests]
    assert played.result.verdict == "verified"
    efforts = [body.get("output_config", {}).get("effort") for body in bodies]
    assert efforts == [planning, planning, set_to]


@pytest.mark.parametrize(
    ("key", "known"),
    [
        ("models.roles.boss", ["planner", "editor", "judge", "summariser"]),
        ("models.phase_effort.test", ["plan", "edit"]),
        ("models.phase_temperature.reflect", ["plan", "edit"]),
    ],
)
def test_unknown_names_are_refused_with_those_that_are_known(key: str, known: list[str]) -> None:
    with pytest.raises(UsageFault) as refused:
        load(assignments=[f"{key}=1"])
    assert all(f"'{name}'" in refused.value.message for name in known)


def test_a_role_that_cannot_be_filled_stops_the_run_before_it_begins(
    play: Play, tmp_path: Path
) -> None:
    with pytest.raises(UsageFault, match="no model provider 'nobody'"):
        play([SUBMIT], models__roles={"judge": "nobody/x"})
    assert not (tmp_path / RUN).exists()


def test_values_by_phase_are_numbers_and_words() -> None:
    settings = load(
        assignments=["models.phase_temperature.plan=0.5", "models.phase_effort.edit=low"]
    ).settings
    assert settings.models.phase_temperature == {"plan": 0.5}
    assert settings.models.phase_effort == {"edit": "low"}
