"""The phases, as `configs/prompts/phases.yaml` has them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from swe_agent.agent.phases import phase_row
from swe_agent.core.errors import UsageFault

TABLE = """plan: {prompt: task, turns: 3, ends_after: [plan], next: edit, role: planner}
edit: {turns: 9, ends_after: [submit], next: test}
test: {next: reflect}
reflect: {next: edit}
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The user's own table."""
    monkeypatch.setenv("SWE_AGENT_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "configs" / "prompts" / "phases.yaml"
    path.parent.mkdir(parents=True)
    phase_row.cache_clear()
    yield path
    phase_row.cache_clear()


def test_planning_only_reads_and_no_model_is_asked_to_test() -> None:
    plan = phase_row("plan")
    assert (plan.changes, plan.next) == ("next", "edit")
    assert plan.ends_after >= {"try_edits", "plan", "submit"}
    assert (plan.role, plan.effort) == ("planner", "high")
    assert (phase_row("test").turns, phase_row("reflect").turns) == (0, 0)


def test_the_users_own_table_goes_before_ours(mine: Path) -> None:
    mine.write_text(TABLE)
    assert phase_row("plan").turns == 3


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (TABLE.replace("next: test", "next: nowhere"), "edit.next"),
        (TABLE.replace("turns: 9", "turns: -1"), "edit.turns"),
        (TABLE.replace("turns: 3", "rounds: 3"), "plan.rounds"),
        ("plan: {next: edit}\n", "edit: field required"),
    ],
    ids=["no phase", "negative", "unknown", "missing"],
)
def test_a_wrong_table_is_refused_by_its_field(mine: Path, table: str, said: str) -> None:
    mine.write_text(table)
    with pytest.raises(UsageFault) as refused:
        phase_row("plan")
    assert said in refused.value.message
