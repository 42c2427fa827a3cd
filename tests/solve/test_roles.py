"""A model per role and phase, by settings."""

from pathlib import Path

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.settings.load import load
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
            models__phase_effort={"plan": "high", "edit": "low"},
            models__phase_temperature={"edit": 0.25},
        )
        bodies = [request.body for request in server.requests]
    assert played.result.verdict == "verified"
    efforts = [body["output_config"]["effort"] for body in bodies]
    assert efforts == ["high", "high", "low", "low", "low"]
    # The vendor takes none beside thinking: refused once, sent without from then on.
    assert [body.get("temperature") for body in bodies] == [None, None, 0.25, None, None]


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
