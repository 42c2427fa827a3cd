"""`swe-agent inspect`, on a made-up run whose texts try to drive the terminal."""

import json
from pathlib import Path

import pytest

from swe_agent.cli.pages import Page, pages
from swe_agent.cli.walk import Walk
from swe_agent.cli.wording import Line
from swe_agent.core.events import ContextRendered, LedgerRow
from swe_agent.trajectory.steps import read_recording
from tests.cli.conftest import Answer, Call
from tests.cli.story import record, whole


@pytest.fixture
def run(tmp_path: Path) -> Path:
    record(tmp_path / "run", whole(tmp_path))
    return tmp_path / "run"


def is_safe(answer: Answer) -> bool:
    """Whether no character of it drives a terminal."""
    return not {"\x1b", "\x07", "\u202e"} & set(answer.out + answer.err)


def test_the_overview_tells_steps_tests_rollback_and_verdict(call: Call, run: Path) -> None:
    answer = call("inspect", run)
    assert (answer.code, answer.out) == (0, "")
    for said in (
        "gcd loops",
        "tests before: 2 failed",
        "rolled back",
        "[failed]",
        "verified, exit 0",
    ):
        assert said in answer.err
    assert "<U+001B>" in answer.err
    assert is_safe(answer)


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_a_step_is_shown_whole_and_drives_no_terminal(call: Call, run: Path, step: int) -> None:
    answer = call("inspect", run, "--step", step)
    assert answer.code == 0
    assert f"step {step} " in answer.err
    assert "observation" in answer.err
    assert is_safe(answer)


def test_a_long_observation_is_not_cut(call: Call, run: Path) -> None:
    assert call("inspect", run, "--step", "3").err.count("\n  1") == 30


def test_json_speaks_on_stdout_alone(call: Call, run: Path) -> None:
    answer = call("inspect", run, "--json")
    told = json.loads(answer.out)
    assert answer.err == ""
    assert told["run"]["verdict"]["word"] == "verified"
    assert [step["step"] for step in told["steps"]] == [1, 2, 3, 4]


def test_a_step_in_json_has_every_text_whole(call: Call, run: Path) -> None:
    told = json.loads(call("inspect", run, "--step", "3", "--json").out)
    assert told["actions"][0]["observation"]["text"] == "1\n" * 30
    assert told["actions"][0]["call"]["arguments"]["command"].startswith("python -c")


@pytest.mark.parametrize(
    "options",
    [["--step", "9"], ["--context", "x"], ["--context", "1"], ["--step", "1", "--context", "1"]],
    ids=["no such step", "no number", "no ledger", "both"],
)
def test_what_cannot_be_shown_is_said(call: Call, run: Path, options: list[str]) -> None:
    answer = call("inspect", run, *options)
    assert answer.code == 2
    assert answer.err


def test_a_torn_log_is_shown_as_far_as_it_goes(call: Call, run: Path) -> None:
    log = run / "events.jsonl"
    log.write_bytes(log.read_bytes()[:-30])
    answer = call("inspect", run)
    assert answer.code == 0
    assert "has not finished" in answer.err
    assert "torn" in answer.err


@pytest.fixture
def ledger_run(tmp_path: Path) -> Path:
    """The made-up run with a ledger for its first two requests."""
    events = whole(tmp_path)
    for step, tokens in ((1, 130), (2, 250)):
        at = next(n for n, e in enumerate(events) if e.type == "model_called" and e.step == step)
        rows = [
            LedgerRow(layer="system", tokens=100, why="always"),
            LedgerRow(layer="replies", tokens=tokens - 100, cut="3 of 9 tokens, steps 1"),
        ]
        events.insert(at, ContextRendered(step=step, tokens=tokens, rows=tuple(rows[step - 1 :])))
    record(tmp_path / "ledger", events)
    return tmp_path / "ledger"


def test_the_ledger_adds_up_and_says_what_was_cut_and_what_changed(
    call: Call, ledger_run: Path
) -> None:
    answer = call("inspect", ledger_run, "--context", "2")
    assert "250  in all, the request's count" in answer.err
    assert "cut: 3 of 9 tokens" in answer.err
    assert "against step 1: +120 tokens" in answer.err
    assert "30 -> 150" in answer.err
    assert is_safe(answer)


def test_two_requests_may_be_compared_in_any_order(call: Call, ledger_run: Path) -> None:
    told = json.loads(call("inspect", ledger_run, "--context", "2:1", "--json").out)
    assert told["sum"] == told["tokens"] == 130
    assert told["diff"]["against"] == 2
    assert told["diff"]["rows"] == [
        {"layer": "replies", "before": 150, "after": 30, "change": -120}
    ]


def test_the_messages_of_a_request_are_those_before_its_reply(call: Call, ledger_run: Path) -> None:
    first = json.loads(call("inspect", ledger_run, "--context", "1", "--json").out)
    second = json.loads(call("inspect", ledger_run, "--context", "2", "--json").out)
    assert first["messages"] == []
    assert [one["kind"] for one in second["messages"]] == ["reply", "observation view"]


def walk_of(run: Path, height: int = 10) -> Walk:
    return Walk(pages(read_recording(run)), "run", width=80, height=height)


def test_a_walk_goes_from_step_to_step_and_scrolls_within_one(run: Path) -> None:
    walk = walk_of(run)
    for key in "nnn":
        assert walk.press(key)
    assert "step 3 of 4" in walk.screen()[-1].plain
    top = walk.screen()[0].plain
    walk.press(" ")
    assert walk.screen()[0].plain != top
    walk.press("G")
    assert walk.page == 4
    walk.press("n")
    assert walk.page == 4
    assert not walk.press("q")


def test_a_number_goes_to_that_step_and_a_search_to_its_words(run: Path) -> None:
    walk = walk_of(run)
    for key in "2\r":
        walk.press(key)
    assert walk.page == 2
    for key in "/PRINT(1)\r":
        walk.press(key)
    assert walk.page == 3
    assert "print(1)" in walk.screen()[0].plain
    for key in "/nowhere at all\r":
        walk.press(key)
    assert "is not there" in walk.screen()[-1].plain


def test_a_screen_fills_the_terminal_exactly() -> None:
    walk = Walk([Page("one", (Line("x" * 100),))], "run", width=40, height=12)
    rows = walk.screen()
    assert [len(row.plain) for row in rows[:3]] == [40, 40, 20]
    assert len(rows) == 12
    walk.press("?")
    assert "search" in "".join(row.plain for row in walk.screen())
