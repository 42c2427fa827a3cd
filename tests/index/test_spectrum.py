"""Suspiciousness from which tests run which lines, collected by the plugin that runs inside."""

import sys
from pathlib import Path

import pytest

from swe_agent.core.errors import ToolFailure
from swe_agent.index.build import build
from swe_agent.index.cache import Cache
from swe_agent.index.coverage import How, collect, recorded_runs
from swe_agent.index.spectrum import Covered, dstar, ochiai, suspicious_lines, suspicious_units
from tests.aci.local_sandbox import LocalSandbox
from tests.index.trees import Tree

CODE = "def good(a):\n    return a + 1\n\n\ndef bad(a):\n    return a - 1\n"
TESTS = (
    "import calc\n"
    "def test_good():\n    assert calc.good(1) == 2\n"
    "def test_bad():\n    assert calc.good(1) == 2\n    assert calc.bad(1) == 2\n"
)


def covered(test: str, failed: bool, *lines: int) -> Covered:
    return Covered(test, failed, {"calc.py": frozenset(lines)})


def test_a_line_that_only_failing_tests_run_is_most_suspicious() -> None:
    runs = [covered("a", True, 1, 2), covered("b", False, 1), covered("c", False, 3)]
    scores = suspicious_lines(runs)
    assert scores["calc.py", 2] == 1.0
    assert scores["calc.py", 1] == pytest.approx(0.5**0.5)
    assert ("calc.py", 3) not in scores


def test_no_failing_test_means_no_suspicion() -> None:
    assert suspicious_lines([covered("a", False, 1)]) == {}


@pytest.mark.parametrize("formula", [ochiai, dstar])
def test_more_failing_tests_than_there_are_is_an_error(formula: type) -> None:
    with pytest.raises(ValueError, match="2 of 1"):
        formula(2, 0, 1)


def test_settings_that_stop_pytest_here_do_not_stop_the_collection(tmp_path: Path) -> None:
    sandbox = LocalSandbox(tmp_path)
    settings = b"[pytest]\nfilterwarnings = error\nof_a_plugin = 1\naddopts = --of-a-plugin\n"
    sandbox.write_file("pytest.ini", settings)
    sandbox.write_file("calc.py", CODE.encode())
    sandbox.write_file("test_calc.py", TESTS.encode())
    assert len(collect(sandbox, ["test_calc.py"], 60, How((sys.executable,)))) == 2


def test_lines_are_collected_where_the_tests_run(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    sandbox = LocalSandbox(tmp_path / "repo")
    sandbox.write_file("calc.py", CODE.encode())
    sandbox.write_file("test_calc.py", TESTS.encode())
    runs = collect(sandbox, ["test_calc.py"], 60, How((sys.executable,)))
    assert {run.test: run.has_failed for run in runs} == {
        "test_calc.py::test_good": False,
        "test_calc.py::test_bad": True,
    }
    scores = suspicious_lines(runs)
    assert scores["calc.py", 6] == 1.0
    assert scores["calc.py", 2] < 1.0
    corpus = build(Tree({"calc.py": CODE}), Cache("/calc", tmp_path)).corpus
    units = suspicious_units(scores, corpus)
    assert corpus.places[max(units, key=lambda n: units[n])].qualified == "bad"


def test_tests_are_recorded_with_the_environment_and_the_options_of_the_command(
    tmp_path: Path,
) -> None:
    (tmp_path / "repo").mkdir()
    sandbox = LocalSandbox(tmp_path / "repo")
    sandbox.write_file("pytest.ini", b"[pytest]\nfilterwarnings = error\n")
    sandbox.write_file("inner/calc.py", CODE.encode())
    warned = "import os, warnings\nwarnings.warn(os.environ['SCALE'])\n" + TESTS
    sandbox.write_file("test_calc.py", warned.encode())
    environment = {"PYTHONPATH": '"$PWD/inner"', "SCALE": '"a b"'}
    how = How((sys.executable,), environment, ("-W", "ignore"))
    assert [run.has_failed for run in collect(sandbox, ["test_calc.py"], 60, how)] == [False, True]


def test_a_run_without_tests_says_what_pytest_said(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    with pytest.raises(ToolFailure, match="no tests ran"):
        collect(LocalSandbox(tmp_path / "repo"), [], 60, How((sys.executable,)))


def test_a_damaged_record_is_read_as_far_as_it_goes() -> None:
    rows = b'{"test": "a", "failed": true, "lines": {"x.py": [1], "/etc/x": [2]}}\n{"test": "b'
    assert recorded_runs(rows + b'\n[]\n{"test": 1, "failed": 0, "lines": 3}') == [
        Covered("a", True, {"x.py": frozenset({1})})
    ]
