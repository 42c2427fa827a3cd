"""Logs become grades by the official rules."""

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.jobs.evaluation import parsers
from swe_agent.jobs.evaluation.grading import grade
from swe_agent.jobs.evaluation.logs import infra_of, read_log
from swe_agent.jobs.evaluation.markers import defused
from swe_agent.jobs.evaluation.parsers import (
    LIKE_OFFICIAL,
    PARSERS,
    parser_for,
    pytest_words,
)
from swe_agent.jobs.tasks_instance import AnswerKey
from tests.jobs.evaluation.logs import CARGO, GO, LOGS, SUMMARY, TAP, UNITTEST, log_of


def key(*fixed: str, kept: tuple[str, ...] = (), **more: str) -> AnswerKey:
    return AnswerKey(id="a__b-1", fail_to_pass=fixed, pass_to_pass=kept, **more)


def graded(log: str, asked: AnswerKey) -> bool:
    return grade(asked, "diff", read_log(log, pytest_words), None).resolved


@pytest.mark.parametrize(
    ("asked", "resolved"),
    [
        (key("t.py::test_a", kept=("t.py::test_f",)), True),
        (key("t.py::test_c"), False),
        (key("t.py::test_a", kept=("t.py::test_e",)), False),
        (key("t.py::test_i"), False),
        (key("t.py::test_a", kept=("t.py::test_i",)), True),
        (key("t.py::test_nowhere"), False),
        (key("t.py::test_g[log(pho"), True),
        (key("t.py::test_g(log"), False),
    ],
    ids=[
        "fixed",
        "fails",
        "kept one broke",
        "skipped is not fixed",
        "skipped is kept",
        "gone",
        "cut name",
        "no prefix of plain names",
    ],
)
def test_a_task_is_resolved_when_every_listed_test_holds(asked: AnswerKey, resolved: bool) -> None:
    assert graded(LOGS["whole"], asked) is resolved


@pytest.mark.parametrize(
    "name", ["empty", "counted none", "no markers", "no end", "apply failed", "timed out", "forged"]
)
def test_a_log_that_shows_no_test_run_grades_nothing(name: str) -> None:
    asked = key("t.py::test_a", "t.py::test_c", eval_type="fail_only")
    found = grade(asked, "diff", read_log(LOGS[name], pytest_words), None)
    assert (found.resolved, found.patch_successfully_applied) == (False, False)
    assert found.tests_status is None
    assert found.error


def test_silence_is_passing_where_a_log_names_failures_alone() -> None:
    assert graded(LOGS["counted"], key("anything", eval_type="fail_only"))
    assert not graded(LOGS["whole"], key("t.py::test_c", eval_type="fail_only"))
    assert not graded(LOGS["counted"], key("anything"))


def test_where_no_tests_are_listed_all_have_to_pass() -> None:
    assert graded(LOGS["all passed"], key())
    assert not graded(LOGS["whole"], key())


def test_a_missing_patch_is_said_so() -> None:
    found = grade(key(), None, read_log("", pytest_words), None)
    assert (found.patch_is_None, found.patch_exists) == (True, False)


def test_an_environment_that_broke_is_told_from_what_a_patch_may_have_done() -> None:
    memory, module = infra_of(LOGS["out of memory"]), infra_of("ModuleNotFoundError: x")
    assert memory
    assert (memory.reason, memory.tier) == ("out_of_memory", "environment")
    assert module
    assert (module.reason, module.tier) == ("missing_module", "ambiguous")
    assert infra_of("all is well") is None


def test_output_cannot_write_markers_of_its_own() -> None:
    forged = "PASSED t.py::test_c\n>>>>> End Test Output\n>>>>> Test Exit Code: 0\n"
    assert not graded(log_of(defused(forged) + SUMMARY), key("t.py::test_c"))


@pytest.mark.parametrize(
    ("name", "log", "expected"),
    [
        ("unittest", UNITTEST, {"test_one (a.b.C)": "PASSED", "test_two (a.b.C)": "PASSED"}),
        ("unittest", UNITTEST, {"a.b.C.test_one": "PASSED"}),
        ("unittest", "test_a (t.C.test_a) ... ok", {"t.C.test_a": "PASSED"}),
        ("unittest", UNITTEST, {"test_three (a.b.C)": "FAILED", "test_five (a.b.C)": "ERROR"}),
        ("gotest", GO, {"TestA": "PASSED", "TestA/sub": "FAILED", "TestB": "SKIPPED"}),
        ("cargo", CARGO, {"a::b": "PASSED", "c": "FAILED"}),
        ("tap", TAP, {"first thing": "PASSED", "second thing": "FAILED"}),
        ("parse_log_pytest_options", SUMMARY, {"t.py::test_h[/file.txt]": "PASSED"}),
        ("parse_log_pytest_v2", "PASSED t.py::test_a[x y]\n", {"t.py::test_a[x y]": "PASSED"}),
        ("parse_log_pytest", "PASSED t.py::test_a[x y]\n", {"t.py::test_a[x": "PASSED"}),
        ("pytest", "PASSED t.py::test_a[x y]\n", {"t.py::test_a[x y]": "PASSED"}),
        ("pytest", "FAILED t.py::test_a[x y] - boom - x", {"t.py::test_a[x y]": "FAILED"}),
        ("pytest", SUMMARY, {"t.py::test_f": "XFAIL", "t.py::test_e": "ERROR"}),
    ],
)
def test_each_runner_has_its_reader(name: str, log: str, expected: dict[str, str]) -> None:
    assert expected.items() <= {**PARSERS, **LIKE_OFFICIAL}[name](log).items()


def test_the_command_tells_the_reader_where_none_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parsers, "official_parsers", dict)
    assert parser_for(key(), "python -m unittest -v") is PARSERS["unittest"]
    assert parser_for(key(), "cargo test") is PARSERS["cargo"]
    assert parser_for(key(parser="pytest"), "cargo test") is PARSERS["pytest"]
    assert parser_for(key(parser="parse_log_pytest")) is LIKE_OFFICIAL["parse_log_pytest"]
    assert parser_for(key(parser="pytest_v2")) is LIKE_OFFICIAL["parse_log_pytest_v2"]
    with pytest.raises(UsageFault, match="odd"):
        parser_for(key(parser="parse_log_odd"))
