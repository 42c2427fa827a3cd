"""Settings that are tables: a row has a dotted key of its own."""

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.settings.layers import layer_of_assignments, layer_of_mapping
from swe_agent.settings.schema import Settings


def settings_of(*assignments: tuple[str, str]) -> Settings:
    values = layer_of_assignments(list(assignments), "--set").values
    models = {key.partition(".")[2]: value for key, value in values.items()}
    return Settings.model_validate({"models": models})


def test_a_role_gets_its_model_by_a_dotted_key() -> None:
    models = settings_of(
        ("models.roles.judge", "openai/gpt-6-sol"),
        ("models.roles.planner", "offline"),
        ("models.phase_effort.plan", "high"),
    ).models
    assert models.roles == {"judge": "openai/gpt-6-sol", "planner": "offline"}
    assert models.phase_effort == {"plan": "high"}


def test_a_table_is_written_whole_too() -> None:
    assert settings_of(("models.roles", "{judge: offline}")).models.roles == {"judge": "offline"}
    layer = layer_of_mapping({"models": {"roles": {"judge": "offline"}}}, "file")
    assert layer.values == {"models.roles": {"judge": "offline"}}


@pytest.mark.parametrize(
    ("short", "meant"),
    [("roles.planner", "models.roles.planner"), ("max_steps", "limits.max_steps")],
)
def test_a_key_without_its_section_is_told_its_whole_name(short: str, meant: str) -> None:
    with pytest.raises(UsageFault) as raised:
        settings_of((short, "1"))
    assert raised.value.next_step == f"Did you mean {meant}?"


def test_what_is_no_table_has_no_rows() -> None:
    with pytest.raises(UsageFault, match=r"models\.base_url\.x"):
        settings_of(("models.base_url.x", "1"))
