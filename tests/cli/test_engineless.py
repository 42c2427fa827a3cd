"""The command line on a machine without a Docker engine."""

import json
import shutil
from pathlib import Path

import pytest

from tests.backends import need_bubblewrap
from tests.cli.conftest import Call


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")


@pytest.fixture
def no_bubblewrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A PATH with git and nothing else."""
    git = shutil.which("git")
    assert git
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(git)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def rows_of(answer) -> dict[str, dict[str, str]]:
    return {row["name"]: row for row in json.loads(answer.out)}


@pytest.mark.usefixtures("no_bubblewrap")
def test_doctor_fails_where_there_is_no_sandbox_at_all(call):
    answer = call("doctor", "--json")
    rows = rows_of(answer)
    assert answer.code == 6
    assert rows["engine"]["state"] == "fail"
    assert "DOCKER_HOST" in rows["engine"]["found"]
    assert rows["engine"]["do"]
    assert "apt-get install bubblewrap" in rows["bubblewrap"]["do"]
    assert rows["git"]["state"] == "ok"


def test_doctor_is_content_with_bubblewrap_alone(call):
    need_bubblewrap()
    answer = call("doctor", "--json")
    rows = rows_of(answer)
    assert answer.code == 0
    assert (rows["engine"]["state"], rows["bubblewrap"]["state"]) == ("warn", "ok")


@pytest.mark.usefixtures("no_bubblewrap")
def test_a_run_without_any_sandbox_ends_with_6_and_says_what_to_install(call, repo: Path):
    answer = call("run", repo, "-i", "x", "-m", "offline")
    assert answer.code == 6
    assert "There is no sandbox" in answer.err
    assert "apt-get install bubblewrap" in answer.err


def test_the_demo_uses_bubblewrap_and_says_so_in_its_first_line(call):
    need_bubblewrap()
    answer = call("demo")
    first = answer.err.splitlines()[0]
    assert "sandbox bubblewrap (no Docker engine answers)" in first
    assert answer.code == 0
    assert "VERIFIED" in answer.err


@pytest.mark.parametrize("quiet", [[], ["-q"]], ids=["", "quiet"])
def test_none_is_warned_of_even_where_a_run_is_quiet(
    call, repo: Path, tmp_path: Path, quiet: list[str]
):
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"text": "", "tool_calls": []}) + "\n")
    test = ["--test", "grep -q three gcd.py"]
    answer = call(
        "run", repo, "-i", "x", "-m", f"scripted/{script}", *test, *quiet, "--sandbox=none"
    )
    assert "NO SANDBOX" in answer.err.splitlines()[0]


def test_a_promise_that_cannot_be_kept_leaves_no_run(call: Call, repo: Path, homes: Path) -> None:
    answer = call("run", repo, "-i", "x", "--sandbox", "none", "--network", "allow:a.test:1")
    assert answer.code == 2
    assert "Without a sandbox" in answer.err
    assert "resume" not in answer.err
    assert not list((homes / "state").rglob("events.jsonl"))


@pytest.mark.usefixtures("no_bubblewrap")
def test_without_a_sandbox_the_programs_that_lack_are_named(call, repo: Path):
    answer = call("run", repo, "-i", "x", "-m", "offline", "--sandbox", "none")
    assert answer.code == 6
    assert "not on PATH: sh, cat, chmod, dd, find, " in answer.err


def test_what_was_asked_for_wrongly_is_not_offered_to_be_resumed(call, repo: Path, tmp_path: Path):
    words = ("-i", "x", "-m", "offline", "--sandbox", "none", "-o", tmp_path / "out")
    answer = call("run", repo, *words, "--profile", "nope")
    assert answer.code == 2
    assert "no profile 'nope'" in answer.err
    assert "resume" not in answer.err
    assert "No checkpoints" in call("checkpoints", "list", tmp_path / "out").err


def test_a_pattern_that_a_setting_has_to_match_is_shown_as_it_is(call, repo: Path):
    answer = call("run", repo, "-i", "x", "-m", "offline", "--image", "no such")
    assert answer.code == 2
    assert "string should match pattern '^[a-z0-9][A-Za-z0-9" in answer.err
