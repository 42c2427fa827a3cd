"""What a user sees of a run: true, whole, and nothing that a terminal would obey."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from swe_agent.cli import screen, view
from swe_agent.cli.ending import DIFF_LINES, show_ending, show_next, show_word
from swe_agent.cli.progress import Progress
from swe_agent.cli.view import Shown, status, watching
from swe_agent.core.events import (
    CandidateScored,
    ModelCalled,
    ModelFailed,
    PhaseStarted,
    ReminderGiven,
    RunFinished,
    SummaryWritten,
)
from swe_agent.core.messages import Note, Turn, Usage
from swe_agent.core.task import Verdict
from swe_agent.trajectory.log import EventLog
from tests.cli import story


@pytest.fixture(autouse=True)
def _fresh_console():
    screen.console.cache_clear()


def played(folder: Path, shown: Shown) -> Progress:
    """The whole story, written and watched as in a run."""
    progress = Progress()
    folder.mkdir(parents=True, exist_ok=True)
    with (
        watching(folder, progress, shown) as watch,
        EventLog(folder / "events.jsonl", watch) as log,
    ):
        for event in story.whole(Path("/repo")):
            log.append(event)
    return progress


def test_without_a_terminal_the_story_is_plain_lines(tmp_path: Path, capfd):
    played(tmp_path, Shown())

    out, err = capfd.readouterr()
    assert out == ""
    assert "\x1b" not in err
    assert "tests before: 2 failed, 1 passed" in err
    assert "   4  edit gcd.py" in err
    assert "rolled back: a test that passed fails (lost: t.py::test_a)" in err
    assert "tests on a fresh base: 3 passed" in err


def test_a_lost_sandbox_is_told(tmp_path: Path, capfd):
    note = Note(kind="reminder", text="The sandbox was lost (it ended) and was set up anew. So.")
    with (
        watching(tmp_path, Progress(), Shown()) as watch,
        EventLog(tmp_path / "events.jsonl", watch) as log,
    ):
        log.append(ReminderGiven(name="rebuilt", note=note))

    assert "The sandbox was lost (it ended) and was set up anew.\n" in capfd.readouterr().err


def test_hostile_text_is_spelled_out_and_never_markup(tmp_path: Path, capfd):
    played(tmp_path, Shown(verbose=True))

    err = capfd.readouterr().err
    assert "<U+001B>]0;owned<U+0007>[red]not markup[/foo]<U+202E> dict[str]" in err
    assert not set(err) & {"\x1b", "\x07", "\u202e"}


def test_quiet_says_nothing_on_the_way(tmp_path: Path, capfd):
    played(tmp_path, Shown(quiet=True))

    assert capfd.readouterr() == ("", "")


def test_verbose_shows_the_words_of_the_model_and_what_tools_returned(tmp_path: Path, capfd):
    played(tmp_path, Shown(verbose=True))

    err = capfd.readouterr().err
    assert "> Let me look." in err
    assert "1 def gcd(a, b):" in err
    assert "[... 18 more lines ...]" in err


def test_json_is_the_log_itself_line_by_line(tmp_path: Path, capfd):
    played(tmp_path, Shown(as_json=True, quiet=True))

    out, err = capfd.readouterr()
    assert out.encode() == (tmp_path / "events.jsonl").read_bytes()
    assert [json.loads(line)["seq"] for line in out.splitlines()] == list(
        range(1, len(out.splitlines()) + 1)
    )
    assert err == ""


def test_json_of_a_resumed_run_is_only_what_is_new(tmp_path: Path, capfd):
    story.record(tmp_path, story.beginning(Path("/repo")))
    before = len((tmp_path / "events.jsonl").read_bytes())
    with (
        watching(tmp_path, Progress(), Shown(as_json=True, quiet=True)) as watch,
        EventLog(tmp_path / "events.jsonl", watch) as log,
    ):
        for event in story.middle():
            log.append(event)

    out = capfd.readouterr().out
    assert out.encode() == (tmp_path / "events.jsonl").read_bytes()[before:]


def test_progress_counts_what_was_spent(tmp_path: Path):
    progress = played(tmp_path, Shown(quiet=True))

    assert progress.step == 4
    assert progress.cost_usd == pytest.approx(4 * 0.0123)
    assert progress.rollbacks == 1
    assert progress.verdict is not None
    assert progress.verdict.word == "verified"


def test_a_call_without_a_reply_counts_at_its_reserve():
    progress = Progress()
    progress.see(ModelCalled(step=1, model="m", reserve_usd=0.5))
    progress.see(ModelCalled(step=1, model="m", reserve_usd=0.5))

    assert progress.cost_usd == 0.5


def test_a_failed_request_counts_as_what_was_spent_for_it():
    progress = Progress()
    progress.see(ModelCalled(step=1, model="m", reserve_usd=0.5))
    progress.see(ModelFailed(step=1, model="m", message="cut", usage=Usage(cost_usd=0.1), wait_s=3))
    assert progress.doing == "waiting 3 s"
    progress.see(ModelCalled(step=1, model="m", reserve_usd=0.5))

    assert progress.cost_usd == pytest.approx(0.1)


def test_the_tests_of_the_verdict_are_not_called_thinking():
    progress = Progress()
    progress.see(PhaseStarted(phase="reflect", iteration=1))
    assert progress.doing == "thinking"
    scored = {"best": True, "accepted": False}
    progress.see(CandidateScored(candidate="1", score=1.0, data=scored))
    assert progress.doing == "thinking"
    scored = scored | {"accepted": True}
    progress.see(CandidateScored(candidate="1", score=1.0, data=scored))
    assert progress.doing == "testing the patch on a fresh base"


def test_a_summary_is_paid_for_too():
    progress = Progress()
    progress.see(ModelCalled(step=1, model="m", reserve_usd=0.5))
    said = Turn(text="so far", usage=Usage(cost_usd=0.2))
    progress.see(SummaryWritten(step=1, turn=said, duration_s=0.1))

    assert progress.cost_usd == pytest.approx(0.2)


def test_what_the_model_says_is_shown_as_it_comes_in():
    progress = Progress()
    progress.hear("First I look\nat the ")
    progress.hear("tests")

    assert progress.doing == "thinking: at the tests"


def test_the_status_fits_two_lines_and_tells_all(tmp_path: Path):
    progress = Progress()
    for event in [*story.beginning(Path("/repo")), *story.middle()]:
        progress.see(event)

    text = status(progress).plain

    assert len(text.splitlines()) == 2
    for part in ("edit round 2", "step 4", "3 passed", "tokens in", "$0.05"):
        assert part in text


def test_a_terminal_gets_a_live_status_that_goes_away(tmp_path: Path, monkeypatch):
    written = io.StringIO()
    terminal = Console(
        file=written, force_terminal=True, width=90, markup=False, highlight=False, emoji=False
    )
    monkeypatch.setattr(view, "console", lambda: terminal)
    monkeypatch.setattr(screen, "console", lambda: terminal)

    played(tmp_path, Shown())

    raw = written.getvalue()
    assert "rolled back" in raw
    assert "\x1b]0;" not in raw
    assert "\u202e" not in raw


def test_the_ending_has_diff_verdict_tests_costs_and_next_step(tmp_path: Path, capfd):
    progress = played(tmp_path, Shown(quiet=True))
    added = b"".join(b"+line %d\n" % at for at in range(500))
    (tmp_path / "patch.diff").write_bytes(
        b"diff --git a/x b/x\n@@ -1 +1,500 @@\n-\x1b[2J\xff\n" + added
    )

    show_ending(tmp_path, progress)
    show_next(tmp_path, progress)

    err = capfd.readouterr().err
    assert "-<U+001B>[2J\\xff" in err
    assert f"[... {503 - DIFF_LINES} lines elided; all of it: {tmp_path / 'patch.diff'} ...]" in err
    assert "VERIFIED" in err
    assert "before   2 failed, 1 passed" in err
    assert "after    3 passed" in err
    assert "fixed    t.py::test_gcd" in err
    assert "4 steps, 40.8k tokens in (36.0k cached), 320 out, $0.05, 12.5 s" in err
    assert f"next     swe-agent apply {tmp_path}" in err


def test_a_quiet_ending_is_the_verdict_in_one_line(tmp_path: Path, capfd):
    show_word(played(tmp_path, Shown(quiet=True)))

    assert capfd.readouterr().err == "VERIFIED: the patch passes its tests on a fresh base.\n"


@pytest.mark.parametrize(
    ("word", "code", "step"),
    [
        ("verified", 0, "swe-agent apply"),
        ("unverified", 4, "read the patch first"),
        ("no_patch", 3, "swe-agent resume"),
        ("no_patch", 7, "swe-agent resume"),
    ],
)
def test_the_next_step_fits_the_verdict(tmp_path: Path, capfd, word, code, step):
    progress = Progress()
    progress.see(RunFinished(verdict=Verdict(word=word), exit_code=code, patch=""))

    show_next(tmp_path, progress)

    assert step in capfd.readouterr().err
