"""A dry run on a laptop: no token, no server, every call shown and none made."""

import json
from pathlib import Path

import pytest

from tests.jobs.conftest import EVENTS, git

LOG = Path(__file__).parent / "logs/pytest.txt"


@pytest.fixture
def checkout(upstream: Path, tmp_path: Path, command) -> Path:
    """A clone in the folder that commands run in."""
    git(tmp_path / "elsewhere", "clone", "-q", str(upstream), ".")
    return tmp_path / "elsewhere"


def rows_of(out: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize(
    ("forge", "fixture", "work"),
    [
        ("github", "issue_opened", "fix"),
        ("github", "issue_labeled", "fix"),
        ("github", "comment_created", "fix"),
        ("github", "comment_on_pull", "update"),
        ("github", "review_submitted", "update"),
        ("github", "workflow_run_failed", "fix"),
        ("github", "dispatch_issue", "fix"),
        ("github", "dispatch_task", "fix"),
        ("gitlab", "gitlab_issue_labeled", "fix"),
        ("gitlab", "gitlab_note", "fix"),
        ("gitlab", "gitlab_note_on_merge_request", "update"),
        ("gitlab", "gitlab_pipeline_failed", "fix"),
    ],
)
def test_an_event_leads_to_a_plan_without_any_token(
    command, checkout, tmp_path, forge, fixture, work
) -> None:
    words = ("--event", str(EVENTS / f"{fixture}.json"), "--work", str(tmp_path / "w"))
    said = command({}, "ci", forge, *words, "--dry-run", "--json", "--step", "gate")
    assert said.code == 0, said.err
    plan = json.loads((tmp_path / "w/plan/plan.json").read_text())
    assert (plan["work"], plan["start_commit"]) == (work, git(checkout, "rev-parse", "HEAD"))
    rows = rows_of(said.out)
    assert {row["how"] for row in rows} <= {"assumed", "not sent"}
    assert all((row["method"] == "GET") == (row["how"] == "assumed") for row in rows)


def test_the_log_of_a_failed_job_may_be_given(command, checkout, tmp_path) -> None:
    words = ("--event", str(EVENTS / "workflow_run_failed.json"), "--work", str(tmp_path / "w"))
    command({}, "ci", "github", *words, "--dry-run", "--step", "gate", "--job-log", str(LOG))
    plan = json.loads((tmp_path / "w/plan/plan.json").read_text())
    assert plan["test_commands"] == ["python -m pytest tests"]


def test_a_stranger_is_told_by_the_event_itself(command, checkout) -> None:
    words = ("--event", str(EVENTS / "comment_by_stranger.json"), "--dry-run", "--json")
    said = command({}, "ci", "github", *words)
    assert said.code == 0
    assert rows_of(said.out)[-1] == {
        "outcome": "skipped",
        "reason": "mallory may not write to octo/calc",
    }


def test_bodies_are_shown_to_people_as_they_would_be_sent(command, checkout) -> None:
    words = ("--event", str(EVENTS / "issue_labeled.json"), "--dry-run", "--step", "gate")
    said = command({}, "ci", "github", *words)
    assert said.out == ""
    assert "POST /repos/octo/calc/issues/12/comments   [not sent]" in said.err
    assert '"body": "### swe-agent is at work' in said.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "There is no event"),
        (("--event", "nowhere.json"), "cannot be read"),
        (("--step", "run"), "Name it with --work"),
    ],
    ids=["no-event", "no-file", "no-folder"],
)
def test_what_is_missing_is_an_error_with_a_next_step(command, checkout, words, says) -> None:
    said = command({}, "ci", "github", "--dry-run", *words)
    assert said.code == 2
    assert says in said.err
