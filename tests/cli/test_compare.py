"""`swe-agent compare`."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.story import HOSTILE


@pytest.fixture
def batches(tmp_path: Path) -> tuple[Path, Path]:
    """Two batches of three instances; one has a name that tries to drive the terminal."""
    folders = (tmp_path / "first", tmp_path / "second")
    for folder, solved in zip(folders, ("ab", "bc"), strict=True):
        folder.mkdir()
        rows = [
            {
                "instance_id": f"{name}{HOSTILE}",
                "verdict": "verified" if name in solved else "regressed",
                "failure": "" if name in solved else "regressed",
                "cost_usd": 0.25,
                "steps": 4,
                "duration_s": 10,
            }
            for name in "abc"
        ]
        (folder / "results.json").write_text(json.dumps({"instances": rows}))
    return folders


def test_the_table_names_flips_costs_and_failures(call: Call, batches: tuple[Path, Path]) -> None:
    answer = call("compare", *batches)
    assert (answer.code, answer.out) == (0, "")
    for said in ("2 (66.7%)", "gained 1", "lost 1", "failed: regressed", "$0.75", "1.000"):
        assert said in answer.err
    assert not {"\x1b", "\u202e"} & set(answer.err)
    table = answer.err[answer.err.index("B - A") :].partition("gained")[0]
    assert max(map(len, table.splitlines())) <= 80


def test_json_has_every_number(call: Call, batches: tuple[Path, Path]) -> None:
    told = json.loads(call("compare", *batches, "--json").out)
    assert told["resolved"] == [2, 2]
    assert [name[0] for name in told["gained"]] == ["c"]
    assert {one["name"] for one in told["quantities"]} == {"cost_usd", "steps", "duration_s"}
    assert told["failures"] == {"regressed": [1, 1]}


def test_what_is_no_batch_is_a_usage_error(call: Call, tmp_path: Path) -> None:
    assert call("compare", tmp_path, tmp_path).code == 2
