"""`swe-agent export` and `convert`: what goes where."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.story import record, whole


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    """Two runs, of which one has not finished, and one that cannot be read."""
    record(tmp_path / "batch/runs/one", whole(tmp_path))
    record(tmp_path / "batch/runs/two", whole(tmp_path)[:-1])
    (tmp_path / "batch/runs/three").mkdir()
    (tmp_path / "batch/runs/three/events.jsonl").write_bytes(b"\xff\n")
    return tmp_path / "batch"


def test_one_run_goes_to_stdout(call: Call, batch: Path) -> None:
    answer = call("export", batch / "runs/one", "--format", "mini")
    assert answer.code == 0
    assert json.loads(answer.out)["info"]["exit_status"] == "Submitted"


def test_a_batch_is_laid_out_as_the_other_agent_does(call: Call, batch: Path) -> None:
    out = batch.parent / "out"
    answer = call("export", batch, "--format", "swe-agent", "-o", out)
    assert answer.code == 0
    assert "left out three" in answer.err
    files = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert files == ["one/one.traj", "preds.json", "two/two.traj"]
    assert set(json.loads((out / "preds.json").read_text())["one"]) == {
        "instance_id",
        "model_name_or_path",
        "model_patch",
    }


def test_only_verified_runs_by_choice(call: Call, batch: Path) -> None:
    answer = call("export", batch, "--format", "sft", "--verified")
    assert [json.loads(row)["verdict"] for row in answer.out.splitlines()] == ["verified"]
    assert "1 that are not verified" in answer.err
    assert len(call("export", batch, "--format", "sft").out.splitlines()) == 2


def test_a_batch_of_files_needs_a_folder(call: Call, batch: Path) -> None:
    assert call("export", batch, "--format", "mini").code == 2


def test_what_was_exported_is_read_back_and_inspected(call: Call, batch: Path) -> None:
    out, back = batch.parent / "out", batch.parent / "back"
    call("export", batch, "--format", "mini", "-o", out)
    assert call("convert", out, "-o", back).code == 0
    answer = call("inspect", back / "runs/one", "--json")
    assert [step["calls"][0]["name"] for step in json.loads(answer.out)["steps"]] == [
        "view",
        "edit",
        "shell",
        "edit",
    ]


def test_one_bad_file_among_many_is_left_out_and_alone_is_an_error(call: Call, batch: Path) -> None:
    bad = batch.parent / "bad.traj"
    bad.write_text("{")
    good = batch.parent / "good.traj"
    call("export", batch / "runs/one", "--format", "swe-agent", "-o", good)
    answer = call("convert", bad, good, "-o", batch.parent / "both")
    assert answer.code == 0
    assert "left out" in answer.err
    assert (batch.parent / "both/runs/good/events.jsonl").is_file()
    assert call("convert", bad).code == 2


@pytest.mark.parametrize("arguments", [["replay"], ["resume", "-i", "more"]])
def test_a_converted_run_is_not_worked_on(call: Call, batch: Path, arguments: list[str]) -> None:
    file, folder = batch.parent / "one.traj", batch.parent / "back"
    call("export", batch / "runs/one", "--format", "swe-agent", "-o", file)
    call("convert", file, "-o", folder)
    answer = call(arguments[0], folder, *arguments[1:])
    assert answer.code == 2
    assert "another agent" in answer.err


def test_inspect_names_the_runs_of_a_batch(call: Call, batch: Path) -> None:
    answer = call("inspect", batch)
    assert answer.code == 2
    assert "one, three, two" in answer.err
