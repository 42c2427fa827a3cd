"""Publishing: a draft on our own branch, or nothing at all and a thread that says why."""

import json
import subprocess
from pathlib import Path

import pytest

from swe_agent.core.errors import EnvironmentFault, LimitReached, ModelFault
from swe_agent.core.task import Verdict
from tests.jobs.conftest import FIXED, Outcome, commit_to, event, git
from tests.jobs.forge_server import TOKEN, Fault

ROOT = "/repos/octo/calc"
BRANCH = "swe-agent/issue-12"
UNVERIFIED = Verdict(word="unverified", reason="No test fails at base.")


@pytest.fixture(autouse=True)
def issue(hub) -> None:
    hub.add_issue(12, title="add subtracts", body="", assignees=[])


def outputs(tmp_path: Path) -> str:
    return (tmp_path / "output").read_text()


def test_a_verified_patch_becomes_a_draft_on_our_branch(answer, hub, tmp_path) -> None:
    said = answer()
    assert said.code == 0, said.err
    (pull,) = hub.pulls.values()
    assert (pull["draft"], pull["head"]["ref"], pull["base"]["ref"]) == (True, BRANCH, "main")
    assert "**Verified**" in pull["body"]
    assert "`test_calc.py::test_add`" in pull["body"]
    assert "$0.25" in pull["body"]
    assert git(hub.bare, "show", f"{BRANCH}:calc.py") == FIXED.strip()
    assert git(hub.bare, "rev-parse", f"{BRANCH}^") == hub.tip("main")
    assert hub.issues[pull["number"]]["labels"] == [{"name": "swe-agent"}]
    sticky = hub.sticky(12)
    assert "verified patch" in sticky
    assert f"/pull/{pull['number']}" in sticky
    assert "pr-url<<" in outputs(tmp_path)
    assert "swe-agent: verified" in (tmp_path / "summary.md").read_text()


def test_publishing_makes_exactly_these_calls(answer, hub) -> None:
    answer(between=hub.calls.clear)
    number = next(iter(hub.pulls))
    assert hub.lines() == [
        f"GET {ROOT}/issues/12/comments",
        "GET /user",
        f"GET {ROOT}/issues/12",
        f"POST {ROOT}/pulls",
        f"POST {ROOT}/issues/{number}/labels",
        f"PATCH {ROOT}/issues/comments/101",
    ]


def test_an_unverified_patch_is_a_draft_that_says_so_unless_only_verified_ones_are_wanted(
    answer, hub
) -> None:
    answer(Outcome(verdict=UNVERIFIED, exit_code=4))
    (pull,) = hub.pulls.values()
    assert "**Not verified**" in pull["body"]
    assert "patch, not verified" in hub.sticky(12)


def test_only_verified_patches_are_published_where_that_is_asked(answer, hub) -> None:
    said = answer(Outcome(verdict=UNVERIFIED, exit_code=4), "-s", "ci.publish=verified")
    assert (said.code, hub.pulls, hub.tip(BRANCH)) == (0, {}, "")
    assert "Nothing was published" in hub.sticky(12)


def test_a_patch_that_loses_tests_is_never_published(answer, hub) -> None:
    answer(Outcome(verdict=Verdict(word="regressed", lost=("t::x",)), exit_code=4))
    assert (hub.pulls, hub.tip(BRANCH)) == ({}, "")
    assert "Nothing was published: tests that passed before fail with it" in hub.sticky(12)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (EnvironmentFault("no tests were collected", "Say how to test."), "could not set the"),
        (ModelFault("the key is refused"), "swe-agent stopped"),
        (LimitReached("cost", "3 USD are spent"), "reached a limit"),
    ],
    ids=["environment", "model", "limit"],
)
def test_a_run_that_fails_is_told_in_the_thread(answer, hub, fault, words) -> None:
    said = answer(Outcome(fault=fault))
    assert (said.code, hub.pulls) == (0, {})
    assert words in hub.sticky(12)
    assert fault.message in hub.sticky(12)


def test_no_patch_is_an_outcome(answer, hub) -> None:
    said = answer(Outcome(files={}, verdict=Verdict(word="no_patch"), exit_code=3))
    assert (said.code, hub.pulls) == (0, {})
    assert "found no patch" in hub.sticky(12)


def test_an_update_goes_on_top_of_our_draft(answer, hub) -> None:
    was = commit_to(hub.bare, BRANCH, {"calc.py": "def add(a, b):\n    return b\n"})
    hub.add_pull(40, BRANCH)
    said = answer(name="issue_comment", payload=event("comment_on_pull"))
    assert said.code == 0, said.err
    assert git(hub.bare, "rev-parse", f"{BRANCH}^") == was
    assert list(hub.pulls) == [40]
    assert "**Verified**" in hub.pulls[40]["body"]


def test_retry_replaces_our_branch_and_keeps_its_draft(answer, hub) -> None:
    commit_to(hub.bare, BRANCH, {"calc.py": "def add(a, b):\n    return b\n"})
    hub.add_pull(40, BRANCH)
    retry = event("comment_on_pull", comment__body="/swe-agent retry")
    answer(name="issue_comment", payload=retry)
    assert git(hub.bare, "rev-parse", f"{BRANCH}^") == hub.tip("main")
    assert list(hub.pulls) == [40]


def test_what_somebody_pushed_meanwhile_is_not_overwritten(answer, hub) -> None:
    commit_to(hub.bare, BRANCH, {"calc.py": "def add(a, b):\n    return b\n"})
    hub.add_pull(40, BRANCH)
    theirs: list[str] = []

    def push() -> None:
        theirs.append(commit_to(hub.bare, BRANCH, {"a.py": "1\n", "b.py": "2\n"}, base=BRANCH))

    said = answer(name="issue_comment", payload=event("comment_on_pull"), between=push)
    assert said.code == 7
    assert [hub.tip(BRANCH)] == theirs
    assert "published nothing" in hub.sticky(40)


def test_stop_while_the_run_goes_on_keeps_everything_unpublished(answer, ci, hub) -> None:
    stop = event("comment_created", comment__body="/swe-agent stop", comment__id=9002)

    def stopped() -> None:
        ci("issue_comment", stop, GITHUB_RUN_ID="556")

    said = answer(between=stopped)
    assert (said.code, hub.pulls, hub.tip(BRANCH)) == (0, {}, "")
    assert "was stopped" in hub.sticky(12)


def test_an_issue_that_was_closed_meanwhile_gets_no_draft(answer, hub) -> None:
    said = answer(between=lambda: hub.issues[12].update(state="closed"))
    assert (said.code, hub.pulls, hub.tip(BRANCH)) == (0, {}, "")
    assert "closed while the work went on" in hub.sticky(12)


def test_a_comment_that_was_deleted_is_written_anew(answer, hub) -> None:
    answer(between=hub.comments.clear)
    assert "verified patch" in hub.sticky(12)


@pytest.mark.parametrize(
    "files",
    [
        {".github/workflows/ci.yml": "on: push\n"},
        {"calc.py": FIXED, ".github/CODEOWNERS": "* @x\n"},
    ],
    ids=lambda files: next(reversed(files)),
)
def test_protected_paths_are_refused_with_8_and_listed(answer, hub, files) -> None:
    said = answer(Outcome(files=files), between=hub.calls.clear)
    assert said.code == 8
    assert (hub.pulls, hub.branches()) == ({}, {"refs/heads/main"})
    assert hub.writes() == [f"PATCH {ROOT}/issues/comments/101"]
    assert f"- `{next(reversed(files))}`" in hub.sticky(12)


def test_a_protected_path_that_was_allowed_is_published(answer, hub) -> None:
    files: dict[str, str | None] = {".github/labels.yml": "a: b\n"}
    said = answer(Outcome(files=files), "-s", "ci.allow_paths=['.github/labels.yml']")
    assert said.code == 0
    assert hub.pulls


@pytest.mark.parametrize(
    ("files", "options"),
    [
        ({f"f{at}.py": "x\n" for at in range(6)}, ("-s", "ci.max_files=5")),
        ({"calc.py": "x" * 3000}, ("-s", "ci.max_patch_bytes=2000")),
        ({"secrets": "-> /etc/passwd"}, ()),
        ({"a/b": "-> ../../x"}, ()),
    ],
    ids=["files", "bytes", "absolute-link", "link-out"],
)
def test_size_limits_and_links_out_are_refused_with_8(answer, hub, files, options) -> None:
    said = answer(Outcome(files=files), *options)
    assert said.code == 8
    assert (hub.pulls, hub.branches()) == ({}, {"refs/heads/main"})
    assert "published nothing" in hub.sticky(12)


def test_a_patch_that_was_swapped_after_the_run_is_refused(answer, hub, tmp_path) -> None:
    def swap() -> None:
        (tmp_path / "work/answer/patch.diff").write_bytes(b"diff --git a/x b/x\n")

    assert answer(between=swap).code == 8
    assert hub.pulls == {}


def test_a_plan_for_another_branch_is_refused(answer, hub, tmp_path) -> None:
    def steer() -> None:
        path = tmp_path / "work/plan/plan.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "branch": "main"}))

    assert answer(between=steer).code == 8
    assert git(hub.bare, "rev-list", "--count", "main") == "1"


def forged(tmp_path: Path, **fields: object) -> None:
    path = tmp_path / "work/plan/plan.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_a_forged_plan_edits_nobodys_comment_and_nobodys_pull_request(answer, hub, tmp_path):
    theirs = hub.add_comment(12, "bob", "mine")
    commit_to(hub.bare, "feature", {"x.py": "1\n"})
    hub.add_pull(50, "feature", author="bob")

    def steer() -> None:
        forged(tmp_path, comment=theirs, change=50, title="@all ![x](https://evil.example)")

    assert answer(between=steer).code == 8
    assert hub.comments[theirs]["body"] == "mine"
    assert hub.pulls[50]["body"] == ""
    assert hub.tip(BRANCH) == ""


def test_a_forged_title_is_as_harmless_as_any(answer, hub, tmp_path) -> None:
    answer(between=lambda: forged(tmp_path, title="@all https://evil.example"))
    assert [pull["title"] for pull in hub.pulls.values()] == ["(at)all https[:]//evil[.]example"]


def test_a_draft_that_was_closed_meanwhile_is_not_pushed_to(answer, hub) -> None:
    was = commit_to(hub.bare, BRANCH, {"calc.py": "def add(a, b):\n    return b\n"})
    hub.add_pull(40, BRANCH)

    def close() -> None:
        hub.pulls[40]["state"] = "closed"

    said = answer(name="issue_comment", payload=event("comment_on_pull"), between=close)
    assert (said.code, hub.tip(BRANCH)) == (8, was)
    assert "no open draft" in hub.sticky(40)


def test_the_token_is_in_no_argument_no_config_and_no_output(
    answer, hub, tmp_path, monkeypatch
) -> None:
    log = tmp_path / "git.log"
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout
    shim = tmp_path / "bin/git"
    shim.parent.mkdir()
    shim.write_text(
        f'#!/bin/sh\necho "$@" >> {log}\n{real.strip()} "$@"\ncode=$?\n'
        f"cat .git/config >> {log} 2>/dev/null\nexit $code\n"
    )
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(shim.parent), prepend=":")
    said = answer()
    assert said.code == 0, said.err
    assert hub.pushes, "the push came with the token"
    seen = log.read_text()
    assert "push" in seen
    assert "[core]" in seen
    written = [path for path in (tmp_path / "work").rglob("*") if path.is_file()]
    texts = [seen, said.err, said.out, *(p.read_bytes().decode("latin-1") for p in written)]
    assert not [text for text in texts if TOKEN in text or "QUtFTg" in text]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(r"POST .*/pulls", 403, body={"message": "Resource not accessible"}),
        Fault(r"POST .*/pulls", 404),
        Fault(r"POST .*/pulls", 409),
        Fault(r"POST .*/pulls", 422, body={"message": "Draft pull requests are not supported"}),
        Fault(r"POST .*/pulls", 502),
        Fault(r"POST .*/pulls", 403, headers={"Retry-After": "86400"}),
    ],
    ids=["403", "404", "409", "422", "502", "long-retry-after"],
)
def test_a_draft_that_cannot_be_opened_leaves_no_branch_behind(answer, hub, fault) -> None:
    said = answer(between=lambda: hub.faults.append(fault))
    assert said.code == 7
    assert (hub.pulls, hub.branches()) == ({}, {"refs/heads/main"})
    assert "published nothing" in hub.sticky(12)
    assert '"state":"failed"' in hub.sticky(12)


def test_a_draft_that_was_opened_behind_a_502_is_found(answer, hub) -> None:
    lost = Fault(r"POST .*/pulls", 502, after=True)
    said = answer(between=lambda: hub.faults.append(lost))
    assert said.code == 0, said.err
    assert len(hub.pulls) == 1
    assert "verified patch" in hub.sticky(12)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST .*/pulls", 403, headers={"Retry-After": "0"}),
        Fault("POST .*/pulls", 429, headers={"Retry-After": "0"}),
        Fault("PATCH .*/comments", 403, headers={"Retry-After": "0"}),
        Fault("GET .*/issues/12$", 503, headers={"Retry-After": "0"}),
    ],
    ids=["secondary-limit", "429", "comment", "read-5xx"],
)
def test_a_rate_limit_is_waited_out(answer, hub, fault) -> None:
    said = answer(between=lambda: hub.faults.append(fault))
    assert said.code == 0, said.err
    assert len(hub.pulls) == 1
    assert "verified patch" in hub.sticky(12)


@pytest.mark.parametrize("pattern", ["POST .*/labels", "PATCH .*/comments"])
def test_what_is_good_to_have_does_not_undo_a_draft(answer, hub, pattern) -> None:
    said = answer(between=lambda: hub.faults.append(Fault(pattern, 422)))
    assert said.code == 0
    assert len(hub.pulls) == 1
    assert "Left out" in said.err


def test_a_base_branch_that_is_gone_is_said(answer, ci, hub) -> None:
    def gone() -> None:
        git(hub.bare, "update-ref", "-d", "refs/heads/main")
        git(hub.bare, "reflog", "expire", "--expire=now", "--all")
        git(hub.bare, "gc", "-q", "--prune=now")

    said = answer(between=gone)
    assert said.code == 7
    assert (hub.pulls, hub.branches()) == ({}, set())
    assert "published nothing" in hub.sticky(12)


@pytest.mark.parametrize("status", [403, 500])
def test_a_gate_that_cannot_ask_begins_nothing(ci, hub, status) -> None:
    fault = Fault("GET .*/permission", status, headers={"Retry-After": "86400"})
    hub.faults.append(fault)
    said = ci("issues", event("issue_labeled"), "--step", "gate")
    assert said.code == 7
    assert hub.writes() == []
