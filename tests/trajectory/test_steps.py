"""A recorded run as steps, whole or torn."""

from pathlib import Path

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.core.events import ContextRendered, LedgerRow, ModelFailed
from swe_agent.core.messages import Usage
from swe_agent.trajectory.steps import Recording, read_recording, recorded
from tests.cli.story import record, whole


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    record(tmp_path / "run", whole(tmp_path))
    return tmp_path / "run"


def test_each_reply_is_a_step_with_its_calls_and_what_followed(folder: Path) -> None:
    recording = read_recording(folder)
    assert [step.number for step in recording.steps] == [1, 2, 3, 4]
    second, third = recording.steps[1:3]
    assert (second.phase, second.iteration) == ("edit", 1)
    assert [action.call.name for action in second.actions] == ["edit"]
    assert second.actions[0].observation
    assert second.actions[0].observation.outcome == "failed"
    kinds = [line.event.type for line in third.after]
    assert kinds.count("rolled_back") == 1
    assert recording.rollbacks == 1


def test_the_usage_of_a_run_is_that_of_its_steps(folder: Path) -> None:
    assert read_recording(folder).usage.cost_usd == pytest.approx(4 * 0.0123)


def test_a_failed_request_belongs_to_the_step_that_was_asked_again(folder: Path) -> None:
    recording = Recording()
    lines = read_recording(folder).lines
    at = next(n for n, line in enumerate(lines) if line.event.type == "model_replied")
    lost = ModelFailed(step=1, model="x", message="overloaded", usage=Usage(cost_usd=0.5))
    for line in [*lines[:at], type(lines[0])(0, 0.0, lost), *lines[at:]]:
        recording.apply(line)
    assert [failure.message for failure in recording.steps[0].failures] == ["overloaded"]
    assert recording.steps[0].usage.cost_usd == pytest.approx(0.5123)


def test_rows_that_a_request_does_not_repeat_stay_in_its_ledger() -> None:
    def asked(step: int, tokens: int, *rows: LedgerRow) -> ContextRendered:
        return ContextRendered(step=step, tokens=tokens, rows=rows)

    system = LedgerRow(layer="system", tokens=10)
    events = [
        asked(1, 15, system, LedgerRow(layer="replies", tokens=5)),
        asked(2, 19, LedgerRow(layer="replies", tokens=9)),
    ]
    from swe_agent.trajectory.log import Line

    steps = recorded(Line(n, 0.0, event) for n, event in enumerate(events, 1)).steps
    assert [sum(row.tokens for row in step.ledger.values()) for step in steps] == [15, 19]
    assert steps[0].ledger["replies"].tokens == 5


@pytest.mark.parametrize("cut", [1, 40, 400])
def test_a_torn_log_is_read_up_to_the_tear(folder: Path, cut: int) -> None:
    path = folder / "events.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    recording = read_recording(folder)
    assert len(recording.steps) == 4
    assert (recording.finished is None) == (cut > 1)
    assert ("torn" in recording.damaged) == (cut > 1)


def test_a_damaged_line_ends_what_is_shown_and_is_said(folder: Path) -> None:
    path = folder / "events.jsonl"
    rows = path.read_bytes().split(b"\n")
    rows[9] = b'{"seq": 10, "type": "from_the_future"}'
    path.write_bytes(b"\n".join(rows))
    recording = read_recording(folder)
    assert len(recording.lines) == 9
    assert recording.damaged.startswith("line 10 ")
    assert f"{len(rows) - 11} lines after it" in recording.damaged


def test_a_file_without_an_event_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(b"\x00\xff\n")
    with pytest.raises(UsageFault, match="no event"):
        read_recording(tmp_path)
