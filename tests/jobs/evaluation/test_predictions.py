"""Predictions in every form that graders take."""

import json
from pathlib import Path

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.jobs.evaluation.predictions import read_predictions, require_known
from swe_agent.jobs.tasks_instance import AnswerKey

ROW = {"instance_id": "a__b-1", "model_name_or_path": "x/y", "model_patch": "diff"}
NAMELESS = {name: value for name, value in ROW.items() if name != "instance_id"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("preds.json", json.dumps([ROW])),
        ("preds.json", json.dumps({"a__b-1": ROW})),
        ("preds.json", json.dumps({"a__b-1": NAMELESS})),
        ("preds.jsonl", json.dumps(ROW) + "\n\n"),
    ],
    ids=["list", "by id", "by id alone", "lines"],
)
def test_each_form_is_read(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    (one,) = read_predictions(str(tmp_path / name), {}).values()
    assert (one.instance_id, one.model_patch, one.model_folder) == ("a__b-1", "diff", "x__y")
    assert read_predictions(str(tmp_path), {}) == {"a__b-1": one}


def test_gold_proposes_the_references(tmp_path: Path) -> None:
    keys = {"a": AnswerKey(id="a", patch="diff"), "b": AnswerKey(id="b")}
    found = read_predictions("gold", keys)
    assert [found[name].is_empty for name in "ab"] == [False, True]
    assert found["a"].model_folder == "gold"


@pytest.mark.parametrize("patch", ["", None])
def test_an_empty_patch_is_empty(tmp_path: Path, patch: str | None) -> None:
    (tmp_path / "p.json").write_text(json.dumps([{**ROW, "model_patch": patch}]))
    assert read_predictions(str(tmp_path / "p.json"), {})["a__b-1"].is_empty


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("p.json", "{", "not JSON"),
        ("p.json", "3", "no predictions"),
        ("p.json", "[3]", "row 1"),
        ("p.json", json.dumps([NAMELESS]), "instance_id"),
        ("p.json", json.dumps([ROW, ROW]), "second time"),
        ("p.json", json.dumps([{**ROW, "model_patch": 3}]), "model_patch"),
        ("p.jsonl", "{}\n", "line 1"),
        ("p.txt", "", "neither"),
    ],
)
def test_what_is_no_prediction_is_named_with_its_place(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageFault, match=said):
        read_predictions(str(tmp_path / name), {})


def test_predictions_for_other_tasks_are_refused() -> None:
    with pytest.raises(UsageFault, match="c__d-2"):
        require_known(["a__b-1", "c__d-2"], ["a__b-1"])


@pytest.mark.parametrize("model", ["..", "../../x", "", "/etc"])
def test_a_models_name_never_leaves_the_folder(tmp_path: Path, model: str) -> None:
    (tmp_path / "p.json").write_text(json.dumps([{**ROW, "model_name_or_path": model}]))
    folder = read_predictions(str(tmp_path / "p.json"), {})["a__b-1"].model_folder
    assert "/" not in folder
    assert folder not in ("", ".", "..")
