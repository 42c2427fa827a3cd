"""Runs in the formats of others, and back again."""

import json
from pathlib import Path
from typing import Any

import pytest

from swe_agent.core.events import LimitHit, PhaseStarted
from swe_agent.core.messages import Note, Turn
from swe_agent.jobs.export.conversation import conversation_of
from swe_agent.jobs.export.formats import FORMATS, convert, task_name, text_of
from swe_agent.jobs.recordings import Kept, recordings_in
from swe_agent.trajectory.steps import Action, read_recording
from tests.cli.story import record, whole

PATCH = "diff --git a/gcd.py b/gcd.py\n"


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    """A finished run with a patch, and a task note before its first reply."""
    folder = tmp_path / "gcd-1"
    events = whole(tmp_path)
    at = next(n for n, event in enumerate(events) if event.type == "phase_started")
    told = Note(kind="task", text="Fix gcd, please.")
    events[at] = PhaseStarted(phase="plan", iteration=1, note=told)
    record(folder, events)
    (folder / "patch.diff").write_text(PATCH)
    return Kept(folder, read_recording(folder))


def exported(kept: Kept, form: str) -> Any:
    return json.loads(text_of(FORMATS[form], kept))  # type: ignore[index]


def heard(kept: Kept) -> list[tuple[object, ...]]:
    """All that was said, without what no foreign format keeps."""
    rows: list[tuple[object, ...]] = []
    for one in conversation_of(kept).utterances():
        match one.said:
            case Note(kind=kind, text=text):
                rows.append((kind, text))
            case Turn(text=text, calls=calls):
                rows.append((text, *((call.name, call.arguments) for call in calls)))
            case Action(observation=observation) if observation:
                rows.append((observation.tool, observation.text))
    return rows


@pytest.mark.parametrize("form", ["swe-agent", "mini"])
def test_a_run_comes_back_as_it_was_said(kept: Kept, tmp_path: Path, form: str) -> None:
    convert(exported(kept, form), "gcd-1", tmp_path / "back")
    back = recordings_in(tmp_path / "back")[0][0]
    assert heard(back) == heard(kept)
    assert len(heard(kept)) == 9
    first, again = conversation_of(kept), conversation_of(back)
    assert (again.system, again.patch, again.model) == (first.system, PATCH, first.model)
    assert again.usage.cost_usd == pytest.approx(first.usage.cost_usd)
    assert again.usage.tokens == first.usage.tokens


@pytest.mark.parametrize("form", ["swe-agent", "mini"])
def test_no_converted_run_counts_as_verified(kept: Kept, tmp_path: Path, form: str) -> None:
    convert(exported(kept, form), "gcd-1", tmp_path / "back")
    result = json.loads((tmp_path / "back" / "result.json").read_text())
    assert (result["verdict"], result["exit_code"]) == ("unverified", 4)
    assert result["patch"] == PATCH


def test_a_traj_has_the_keys_of_swe_agent(kept: Kept) -> None:
    traj = exported(kept, "swe-agent")
    assert traj.keys() == {"trajectory", "history", "info", "replay_config", "environment"}
    keys = "action observation response state thought execution_time query extra_info"
    assert all(row.keys() == set(keys.split()) for row in traj["trajectory"])
    assert len(traj["trajectory"]) == 4
    stats = traj["info"]["model_stats"]
    assert stats.keys() == {"instance_cost", "tokens_sent", "tokens_received", "api_calls"}
    assert (stats["api_calls"], stats["tokens_sent"]) == (4, 4 * 10_200)
    assert traj["info"]["exit_status"] == "submitted"
    assert traj["info"]["submission"] == PATCH
    assert all({"role", "content", "message_type"} <= item.keys() for item in traj["history"])
    shell = traj["trajectory"][2]["action"]
    assert shell == "python -c 'print(1)'\nls"


def test_a_limit_that_left_a_patch_is_an_autosubmission(kept: Kept) -> None:
    kept.recording.limit = LimitHit(limit="cost", value=1.0, message="spent")
    assert exported(kept, "swe-agent")["info"]["exit_status"] == "submitted (exit_cost)"
    assert exported(kept, "mini")["info"]["exit_status"] == "LimitsExceeded"


def test_a_run_that_has_not_finished_has_no_exit_status(kept: Kept) -> None:
    kept.recording.finished = None
    assert exported(kept, "swe-agent")["info"]["exit_status"] is None
    mini = exported(kept, "mini")
    assert mini["info"]["exit_status"] == ""
    assert mini["messages"][-1]["role"] != "exit"


def test_a_traj_json_has_the_keys_of_mini(kept: Kept) -> None:
    mini = exported(kept, "mini")
    assert mini["trajectory_format"] == "mini-swe-agent-1.1"
    assert {"model_stats", "config", "mini_version", "exit_status", "submission"} <= set(
        mini["info"]
    )
    assert {"agent", "agent_type", "model", "model_type", "environment", "environment_type"} == set(
        mini["info"]["config"]
    )
    roles = [message["role"] for message in mini["messages"]]
    assert roles == ["system", "user", *["assistant", "tool"] * 4, "exit"]
    reply, observed = mini["messages"][2:4]
    assert reply["extra"]["actions"][0]["tool_call_id"] == observed["tool_call_id"]
    assert reply["tool_calls"][0]["id"] == observed["tool_call_id"]
    assert mini["messages"][-1]["extra"] == {"exit_status": "Submitted", "submission": PATCH}


def test_chat_lines_are_one_example_each_with_every_call_answered(kept: Kept) -> None:
    text = text_of(FORMATS["sft"], kept)
    assert "\n" not in text
    row = json.loads(text)
    roles = [message["role"] for message in row["messages"]]
    assert roles == ["system", "user", *["assistant", "tool"] * 3, "assistant"]
    asked = {call["id"] for m in row["messages"] for call in m.get("tool_calls", [])}
    answered = {m["tool_call_id"] for m in row["messages"] if m["role"] == "tool"}
    assert answered == asked
    assert row["verdict"] == "verified"


def test_names_lose_the_format_only() -> None:
    names = ["a__b-1.traj", "a__b-1.traj.json", "x.y.json", "odd"]
    assert [task_name(Path(name)) for name in names] == ["a__b-1", "a__b-1", "x.y", "odd"]
