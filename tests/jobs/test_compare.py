"""Two batches compared; the numbers are checked against counting by hand."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.jobs.compare import compare, mcnemar, paired_interval, spread_of
from swe_agent.jobs.tally import Tally, Tried, tally_of
from tests.cli.story import record, whole


def row(name: str, resolved: bool, **more: Any) -> Tried:
    failure = "" if resolved else "unverified"
    return Tried(name, resolved, **{"failure": failure, **more})


def tally(*rows: Tried) -> Tally:
    return Tally("batch", {one.id: one for one in rows}, "verdict")


def test_flips_and_shares_are_of_the_common_instances_alone() -> None:
    first = tally(row("a", True), row("b", False), row("c", True), row("x", True))
    second = tally(row("a", True), row("b", True), row("c", False), row("y", False))
    found = compare(first, second)
    assert found.common == ("a", "b", "c")
    assert (found.gained, found.lost) == (("b",), ("c",))
    assert (found.resolved, found.only) == ((2, 2), (("x",), ("y",)))
    assert found.failures == {"unverified": (1, 1)}


def test_costs_are_compared_pairwise() -> None:
    first = tally(row("a", True, cost_usd=1.0, steps=3), row("b", True, cost_usd=3.0, steps=5))
    second = tally(row("a", True, cost_usd=2.0, steps=3), row("b", True, cost_usd=4.0, steps=5))
    cost, steps, _ = compare(first, second).quantities
    assert (cost.first.total, cost.second.total) == (4.0, 6.0)
    assert (cost.difference.mean, cost.difference.low, cost.difference.high) == (1.0, 1.0, 1.0)
    assert steps.difference.mean == 0.0


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    draw = random.Random(7)
    hits = 0
    for seed in range(120):
        sample = [draw.gauss(0.3, 1.0) for _ in range(60)]
        found = paired_interval(sample, rounds=400, seed=seed)
        assert found.low < found.mean < found.high
        hits += found.low <= 0.3 <= found.high
    assert 104 <= hits <= 119


def test_the_same_batches_give_the_same_interval() -> None:
    sample = [0.0, 1.0, 0.0, -1.0, 1.0]
    assert paired_interval(sample) == paired_interval(sample)


@pytest.mark.parametrize(
    ("gained", "lost", "expected"), [(0, 0, 1.0), (5, 5, 1.0), (8, 0, 0.0078), (1000, 900, 0.0231)]
)
def test_the_chance_of_the_flips(gained: int, lost: int, expected: float) -> None:
    assert mcnemar(gained, lost) == pytest.approx(expected, abs=1e-4)
    assert mcnemar(lost, gained) == mcnemar(gained, lost)


def test_nothing_in_common_is_no_error() -> None:
    found = compare(tally(row("a", True)), tally(row("b", True)))
    assert (found.common, found.p_value, found.difference.mean) == ((), 1.0, 0.0)
    assert spread_of([]).p90 == 0.0


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    """One row in `results.json`, two runs in the folder."""
    folder = tmp_path / "batch"
    record(folder / "runs/one", whole(tmp_path))
    record(folder / "runs/two", whole(tmp_path)[:-1])
    told = {"instance_id": "one", "state": "done", "verdict": "verified", "cost_usd": 0.5}
    (folder / "results.json").write_text(json.dumps({"instances": [{**told, "steps": 9}]}))
    return folder


def test_rows_come_from_the_results_and_for_others_from_their_runs(batch: Path) -> None:
    found = tally_of(batch)
    assert found.by == "verdict"
    assert (found.rows["one"].steps, found.rows["one"].cost_usd) == (9, 0.5)
    assert (found.rows["two"].state, found.rows["two"].failure) == ("unfinished", "unfinished")
    assert found.rows["two"].steps == 4


def test_an_evaluation_in_the_folder_decides(batch: Path) -> None:
    report = {"schema_version": 2, "resolved_ids": ["two"], "submitted_ids": ["one", "two"]}
    (batch / "evaluation").mkdir()
    (batch / "evaluation/m.eval.json").write_text(json.dumps(report))
    (batch / "evaluation/other.json").write_text("{}")
    found = tally_of(batch)
    assert (found.by, found.resolved) == ("evaluation", {"two"})
    assert found.rows["one"].failure == "wrong_patch"


@pytest.mark.parametrize("text", ["", "[]", '{"instances": 3}', "{"])
def test_results_that_are_not_whole_are_passed_over(batch: Path, text: str) -> None:
    (batch / "results.json").write_text(text)
    assert set(tally_of(batch).rows) == {"one", "two"}


def test_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match="not a batch"):
        tally_of(tmp_path)
