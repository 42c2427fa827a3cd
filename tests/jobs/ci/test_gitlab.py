"""The same over GitLab: which events lead to which calls, and a merge request at the end."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.jobs.conftest import FIXED, Outcome, Said, commit_to, event, git
from tests.jobs.fake_gitlab import PROJECT, FakeGitLab, runner
from tests.jobs.forge_server import Fault

ROOT = "/projects/group%2Fsub%2Fcalc"
MAY_WRITE = f"GET {ROOT}/members/all/11"
NOTES = f"GET {ROOT}/issues/12/notes"
STARTS = [
    MAY_WRITE,
    NOTES,
    "GET /user",
    f"GET {ROOT}/issues/12/related_merge_requests",
    f"GET {ROOT}",
    f"GET {ROOT}/repository/branches/swe-agent%2Fissue-12",
    f"GET {ROOT}/repository/branches/main",
    f"POST {ROOT}/issues/12/notes",
    NOTES,
]
BRANCH = "swe-agent/issue-12"


@pytest.fixture
def lab(bare: Path) -> Iterator[FakeGitLab]:
    with FakeGitLab(bare) as server:
        server.add_issue(12, title="add subtracts", description="")
        yield server


@pytest.fixture
def hub(lab: FakeGitLab) -> FakeGitLab:
    """What the fixtures above run against."""
    return lab


@pytest.fixture
def on_lab(command: Callable[..., Said], lab: FakeGitLab, tmp_path: Path) -> Callable[..., Said]:
    """Runs `swe-agent ci gitlab` as a triggered pipeline of the fake GitLab would."""

    def run(payload, *arguments: str, **more: str) -> Said:
        path = tmp_path / "payload.json"
        path.write_text(json.dumps(payload))
        surroundings = {**runner(lab), "TRIGGER_PAYLOAD": str(path), **more}
        words = ("ci", "gitlab", "--work", str(tmp_path / "work"), *arguments)
        return command(surroundings, *words)

    return run


@pytest.mark.parametrize("fixture", ["gitlab_issue_labeled", "gitlab_issue_opened", "gitlab_note"])
def test_a_developer_starts_work(on_lab, lab, tmp_path, fixture) -> None:
    said = on_lab(event(fixture), "--step", "gate")
    assert said.code == 0, said.err
    assert lab.lines() == STARTS
    plan = json.loads((tmp_path / "work/plan/plan.json").read_text())
    assert (plan["forge"], plan["repository"], plan["branch"]) == ("gitlab", PROJECT, BRANCH)
    assert plan["start_commit"] == lab.tip("main")
    assert "at work" in lab.sticky("issues", 12)


def test_a_guest_is_asked_about_and_nothing_else_happens(on_lab, lab) -> None:
    lab.members[66] = 10
    said = on_lab(event("gitlab_note_by_guest"))
    assert (said.code, lab.lines()) == (0, [f"GET {ROOT}/members/all/66"])
    assert "mallory may not write" in said.err


def test_who_is_no_member_may_not_either(on_lab, lab) -> None:
    said = on_lab(event("gitlab_note_by_guest"))
    assert (said.code, lab.lines()) == (0, [f"GET {ROOT}/members/all/66"])


@pytest.mark.parametrize(
    ("fixture", "changes", "reason"),
    [
        ("gitlab_note", {"issue__confidential": True}, "confidential"),
        ("gitlab_note", {"issue__state": "closed"}, "the issue is closed"),
        ("gitlab_note", {"object_attributes__action": "update"}, "starts nothing"),
        ("gitlab_note", {"object_attributes__internal": True}, "internal"),
        ("gitlab_note", {"user__username": "project_7_bot_x"}, "is a bot"),
        ("gitlab_issue_labeled", {"changes": {}}, "no new label"),
        ("gitlab_pipeline_from_fork", {}, "lies in a fork"),
        ("gitlab_pipeline_failed", {"object_attributes__status": "success"}, "not failed"),
        ("gitlab_note", {"object_kind": "push"}, "not answered"),
    ],
    ids=["confidential", "closed", "edited", "internal", "bot", "label", "fork", "success", "push"],
)
def test_what_is_refused_unasked_makes_no_call_at_all(on_lab, lab, fixture, changes, reason):
    said = on_lab(event(fixture, **changes))
    assert (said.code, lab.lines()) == (0, [])
    assert reason in said.err


def test_a_second_delivery_does_nothing_twice(on_lab, lab) -> None:
    on_lab(event("gitlab_issue_labeled"), "--step", "gate")
    lab.calls.clear()
    said = on_lab(event("gitlab_issue_labeled"), "--step", "gate")
    assert lab.writes() == []
    assert "answered already" in said.err


def test_a_payload_that_somebody_typed_into_a_pipeline_does_not_count(on_lab, lab) -> None:
    said = on_lab(event("gitlab_note"), CI_PIPELINE_SOURCE="web")
    assert (said.code, lab.lines()) == (0, [])
    assert "brings no payload" in said.err


def test_a_pipeline_by_hand_names_its_issue(command, lab, tmp_path) -> None:
    lab.issues[12]["description"] = "see test_add"
    around = runner(lab) | {"CI_PIPELINE_SOURCE": "web", "SWE_AGENT_ISSUE": "12"}
    around |= {"GITLAB_USER_LOGIN": "alice", "GITLAB_USER_ID": "11"}
    command(around, "ci", "gitlab", "--work", str(tmp_path / "work"), "--step", "gate")
    plan = json.loads((tmp_path / "work/plan/plan.json").read_text())
    assert "see test_add" in plan["task"]


def test_a_failed_pipeline_leads_to_its_test_command(on_lab, lab, tmp_path) -> None:
    lab.jobs[8001] = [{"id": 9, "name": "unit"}, {"id": 3, "name": "lint", "allow_failure": True}]
    lab.traces[9] = (Path(__file__).parent / "logs/gitlab.txt").read_text()
    on_lab(event("gitlab_pipeline_failed"), "--step", "gate")
    plan = json.loads((tmp_path / "work/plan/plan.json").read_text())
    assert plan["test_commands"] == ["python -m unittest discover -s tests"]
    assert "tests.test_calc.CalcTest.test_add" in plan["task"]
    assert plan["branch"] == "swe-agent/run-8001"


def test_a_verified_patch_becomes_a_draft_merge_request(on_lab, lab, run_step, tmp_path) -> None:
    on_lab(event("gitlab_issue_labeled"), "--step", "gate")
    run_step(Outcome())
    outputs = tmp_path / "outputs.env"
    said = on_lab(event("gitlab_issue_labeled"), "--step", "publish", SWE_AGENT_DOTENV=str(outputs))
    assert said.code == 0, said.err
    (merge,) = lab.merges.values()
    assert merge["title"] == "Draft: add subtracts"
    assert (merge["source_branch"], merge["target_branch"]) == (BRANCH, "main")
    assert merge["add_labels"] == "swe-agent"
    assert git(lab.bare, "show", f"{BRANCH}:calc.py") == FIXED.strip()
    assert "verified patch" in lab.sticky("issues", 12)
    assert "SWE_AGENT_CONCLUSION=verified" in outputs.read_text()


def test_a_note_on_a_line_updates_our_draft(on_lab, lab, run_step, tmp_path) -> None:
    was = commit_to(lab.bare, BRANCH, {"calc.py": "def add(a, b):\n    return b\n"})
    lab.add_merge(40, BRANCH)
    on_lab(event("gitlab_note_on_merge_request"), "--step", "gate")
    plan = json.loads((tmp_path / "work/plan/plan.json").read_text())
    assert "calc.py:2:\nuse a sum here" in plan["task"]
    run_step(Outcome())
    said = on_lab(event("gitlab_note_on_merge_request"), "--step", "publish")
    assert said.code == 0, said.err
    assert git(lab.bare, "rev-parse", f"{BRANCH}^") == was
    assert list(lab.merges) == [40]
    assert "verified patch" in lab.sticky("merge_requests", 40)


def test_protected_paths_are_refused_with_8(on_lab, lab, run_step) -> None:
    on_lab(event("gitlab_issue_labeled"), "--step", "gate")
    run_step(Outcome(files={"ci/x.gitlab-ci.yml": "a: 1\n"}))
    said = on_lab(event("gitlab_issue_labeled"), "--step", "publish")
    assert said.code == 8
    assert (lab.merges, lab.branches()) == ({}, {"refs/heads/main"})


@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST .*/merge_requests", 403),
        Fault("POST .*/merge_requests", 409),
        Fault("POST .*/merge_requests", 422),
        Fault("POST .*/merge_requests", 500),
        Fault("POST .*/merge_requests", 429, headers={"Retry-After": "86400"}),
    ],
    ids=["403", "409", "422", "500", "long-wait"],
)
def test_a_merge_request_that_cannot_be_opened_leaves_no_branch(on_lab, lab, run_step, fault):
    on_lab(event("gitlab_issue_labeled"), "--step", "gate")
    run_step(Outcome())
    lab.faults.append(fault)
    said = on_lab(event("gitlab_issue_labeled"), "--step", "publish")
    assert said.code == 7
    assert (lab.merges, lab.branches()) == ({}, {"refs/heads/main"})
    assert "published nothing" in lab.sticky("issues", 12)


def test_a_rate_limit_is_waited_out(on_lab, lab, run_step) -> None:
    lab.faults.append(Fault("POST .*/notes", 429, headers={"Retry-After": "0"}))
    on_lab(event("gitlab_issue_labeled"), "--step", "gate")
    assert len(lab.notes) == 1


def test_the_later_steps_end_well_where_the_gate_found_nothing_to_do(on_lab, lab) -> None:
    on_lab(event("gitlab_issue_labeled", changes={}), "--step", "gate")
    for step in ("run", "publish"):
        said = on_lab(event("gitlab_issue_labeled"), "--step", step)
        assert (said.code, lab.lines()) == (0, [])
        assert "skipped" in said.err
