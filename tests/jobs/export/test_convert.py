"""Other agents' files, of several versions and in any state, as run folders."""

import json
from pathlib import Path
from typing import Any

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.jobs.export.formats import convert, foreign_files, read_file
from swe_agent.trajectory.steps import Recording, read_recording

COMMAND = "ls -la"
TEXT_REPLY = f"Look around.\n\n```bash\n{COMMAND}\n```"


def converted(value: Any, folder: Path) -> Recording:
    convert(value, "task-1", folder)
    return read_recording(folder)


def chat(reply: dict[str, Any], *after: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"role": "system", "content": "You are careful."},
        {"role": "user", "content": "Fix it."},
        {"role": "assistant", **reply},
        *after,
    ]


def test_a_list_of_messages_with_commands_in_the_text(tmp_path: Path) -> None:
    value = chat({"content": TEXT_REPLY}, {"role": "user", "content": "a.py"})
    run = converted(value, tmp_path / "run")
    (action,) = run.steps[0].actions
    assert action.call.arguments == {"command": COMMAND}
    assert action.observation
    assert action.observation.text == "a.py"
    assert run.started
    assert run.started.task.issue == "Fix it."


def test_mini_keeps_cost_tokens_exit_code_and_times(tmp_path: Path) -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 60},
    }
    extra = {
        "actions": [{"command": COMMAND}],
        "cost": 0.5,
        "timestamp": 1000.0,
        "response": {"usage": usage},
    }
    value = {
        "messages": chat(
            {"content": TEXT_REPLY, "extra": extra},
            {"role": "user", "content": "no", "extra": {"returncode": 2, "timestamp": 1003.5}},
            {"role": "exit", "content": "", "extra": {"exit_status": "Submitted"}},
        ),
        "info": {"exit_status": "LimitsExceeded", "submission": "diff\n"},
    }
    run = converted(value, tmp_path / "run")
    assert run.finished
    assert (run.finished.exit_code, run.duration_s) == (5, 3.5)
    assert (run.usage.input_tokens, run.usage.cache_read_tokens) == (40, 60)
    assert (run.usage.output_tokens, run.usage.cost_usd) == (7, 0.5)
    assert run.steps[0].actions[0].observation
    assert run.steps[0].actions[0].observation.data == {"exit_code": 2}
    assert (tmp_path / "run" / "patch.diff").read_text() == "diff\n"


def test_a_format_error_is_told_and_is_no_observation(tmp_path: Path) -> None:
    error = {"role": "user", "content": "No call!", "extra": {"interrupt_type": "FormatError"}}
    again = {"role": "assistant", "content": "Sorry."}
    run = converted(chat({"content": TEXT_REPLY}, error, again), tmp_path / "run")
    assert run.steps[0].actions[0].observation is None
    assert [note.text for note in run.steps[1].told] == ["No call!"]


def traj(**over: Any) -> dict[str, Any]:
    call = {"id": "c", "type": "function", "function": {"name": "open", "arguments": "{}"}}
    history = chat(
        {"content": "Look.", "action": "open x", "tool_calls": [call]},
        {"role": "tool", "content": "code", "tool_call_ids": ["c"]},
        {"role": "assistant", "content": "Done.", "action": "submit", "tool_calls": [call]},
    )
    rows = [{"action": "open x", "execution_time": 1.5, "observation": "code", "response": "Look."}]
    stats = {"instance_cost": 2.5, "tokens_sent": 90, "tokens_received": 9, "api_calls": 2}
    told = {"model_stats": stats, "exit_status": "submitted", "submission": "diff\n"}
    config = json.dumps({"agent": {"model": {"name": "gpt-9"}}})
    whole = {"history": history, "trajectory": rows, "info": told, "replay_config": config}
    return {**whole, **over}


def test_a_traj_is_read_from_its_history(tmp_path: Path) -> None:
    run = converted(traj(), tmp_path / "run")
    assert run.started
    assert run.started.model == "gpt-9"
    first, second = run.steps
    assert (first.actions[0].call.name, first.actions[0].duration_s) == ("open", 1.5)
    assert first.actions[0].call.id != second.actions[0].call.id
    assert (run.usage.cost_usd, run.usage.input_tokens) == (2.5, 90)


def test_a_traj_without_history_is_read_from_its_steps(tmp_path: Path) -> None:
    run = converted(traj(history=[]), tmp_path / "run")
    assert run.steps[0].actions[0].call.arguments == {"command": "open x"}
    assert run.steps[0].actions[0].observation
    assert run.steps[0].actions[0].observation.text == "code"


def test_demonstrations_are_not_part_of_the_run(tmp_path: Path) -> None:
    demo = {"role": "user", "content": "A demonstration.", "is_demo": True}
    run = converted(traj(history=[demo, *traj()["history"]]), tmp_path / "run")
    assert all("demonstration" not in note.text for note in run.steps[0].told)


@pytest.mark.parametrize("status", ["submitted (exit_cost)", "exit_cost"])
def test_a_limit_of_theirs_is_a_limit_of_ours(tmp_path: Path, status: str) -> None:
    run = converted(traj(info={"exit_status": status, "submission": "d"}), tmp_path / "run")
    assert run.limit
    assert (run.limit.limit, run.finished and run.finished.exit_code) == ("exit_cost", 5)


@pytest.mark.parametrize(
    "value",
    [
        {"messages": [{"role": "assistant", "content": None, "tool_calls": "x", "extra": 3}]},
        {"messages": [{}, 1, {"role": "tool"}, {"role": "assistant", "content": [{"text": 1}]}]},
        {"trajectory": [{}, {"action": 3}], "info": [], "replay_config": "{"},
        {"history": [{"role": "assistant", "tool_calls": [{"function": {"arguments": "{"}}]}]},
        {"messages": []},
    ],
)
def test_odd_files_never_crash_and_always_give_a_run(value: Any, tmp_path: Path) -> None:
    assert converted(value, tmp_path / "run").finished


@pytest.mark.parametrize("text", ["", "[" * 100_000, '{"a": 1}', "\x00"])
def test_what_is_no_trajectory_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.traj"
    path.write_text(text)
    with pytest.raises(UsageFault, match=r"x\.traj"):
        read_file(path)


def test_trajectories_are_found_below_folders_once(tmp_path: Path) -> None:
    for name in ("b/b.traj", "a/a.traj.json", "a/preds.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    found = foreign_files([tmp_path, tmp_path / "b" / "b.traj"])
    assert [path.name for path in found] == ["a.traj.json", "b.traj"]
