"""Where settings come from, what a run may know, and when failures stop being answered."""

import builtins
import json

import pytest

from swe_agent.jobs.ci.surroundings import without_secrets
from tests.jobs.conftest import Outcome, commit_to, event
from tests.jobs.fake_github import BOT

BRANCH = "swe-agent/issue-12"


def settings_file(command: str) -> dict[str, str]:
    text = f"model: openai/evil\ntests:\n  commands: ['{command}']\n"
    return {".swe-agent/config.yaml": text}


def test_settings_come_from_the_base_branch_alone(ci, hub, run_step) -> None:
    commit_to(hub.bare, "main", settings_file("base tests"))
    commit_to(hub.bare, BRANCH, {**settings_file("evil tests"), "calc.py": "1\n"})
    hub.add_pull(40, BRANCH)
    ci("issue_comment", event("comment_on_pull"), "--step", "gate")
    outcome = Outcome()
    run_step(outcome)
    (request,) = outcome.requests
    assert request.settings.settings.tests.commands == ("base tests",)
    assert request.settings.settings.model is None
    assert request.settings.ignored == ("model",)
    assert (request.repository / "calc.py").read_text() == "1\n", "the draft itself is worked on"


def test_a_failing_jobs_command_counts_before_the_repositorys_not_before_the_users(
    ci, hub, run_step, monkeypatch
) -> None:
    commit_to(hub.bare, "main", settings_file("base tests"))
    hub.jobs[8001] = [{"id": 2, "conclusion": "failure", "name": "tests"}]
    hub.logs[2] = "##[group]Run pytest -x\npytest -x\nshell: bash\n##[endgroup]\n"
    ci("workflow_run", event("workflow_run_failed"), "--step", "gate")
    outcome = Outcome()
    run_step(outcome)
    assert outcome.requests[0].settings.settings.tests.commands == ("pytest -x",)


def test_a_command_that_does_not_work_here_gives_way_to_detection(ci, hub, run_step) -> None:
    from swe_agent.core.errors import EnvironmentFault

    hub.jobs[8001] = [{"id": 2, "conclusion": "failure", "name": "tests"}]
    hub.logs[2] = "##[group]Run pytest -x\npytest -x\nshell: bash\n##[endgroup]\n"
    ci("workflow_run", event("workflow_run_failed"), "--step", "gate")
    outcome = Outcome(fault=EnvironmentFault("nothing was collected"))
    run_step(outcome)
    commands = [request.settings.settings.tests.commands for request in outcome.requests]
    assert commands == [("pytest -x",), ()]


def test_our_own_failing_drafts_are_answered_twice_and_then_left_to_people(ci, hub) -> None:
    tip = commit_to(hub.bare, BRANCH, {"calc.py": "1\n"})
    hub.add_pull(40, BRANCH)
    hub.jobs = {at: [{"id": 2, "conclusion": "failure", "name": "tests"}] for at in (1, 2, 3)}
    said = []
    for run in (1, 2, 3):
        failed = event(
            "workflow_run_failed",
            workflow_run__id=run,
            workflow_run__head_branch=BRANCH,
            workflow_run__head_sha=tip,
        )
        said.append(ci("workflow_run", failed, "--step", "gate").err)
        for comment in hub.comments.values():
            comment["body"] = comment["body"].replace('"working"', '"done"')
    assert "update:" in said[0]
    assert "update:" in said[1]
    assert "a person has to" in said[2]
    asked = ci("issue_comment", event("comment_on_pull"), "--step", "gate")
    assert "update:" in asked.err


def test_a_run_knows_no_token_whatever_it_is_called() -> None:
    kept = without_secrets(
        {
            "PATH": "/bin",
            "ANTHROPIC_API_KEY": "k",
            "SWE_AGENT_SANDBOX": "docker",
            "GITHUB_TOKEN": "t",
            "GH_TOKEN": "t",
            "GITLAB_TOKEN": "t",
            "CI_JOB_TOKEN": "t",
            "ACTIONS_RUNTIME_TOKEN": "t",
            "ACTIONS_ID_TOKEN_REQUEST_URL": "u",
            "SWE_AGENT_X_TOKEN": "t",
            "AWS_SECRET_ACCESS_KEY": "s",
            "NPM_CONFIG_USERCONFIG": "n",
        }
    )
    assert set(kept) == {"PATH", "ANTHROPIC_API_KEY", "SWE_AGENT_SANDBOX"}


def test_explain_ranks_places_and_needs_no_model(ci, hub, tmp_path) -> None:
    hub.add_issue(12, title="add subtracts", body="", assignees=[])
    explain = event("comment_created", comment__body="/swe-agent explain")
    said = ci("issue_comment", explain)
    assert said.code == 0, said.err
    assert "Where this probably is" in hub.sticky(12)
    assert "`calc.py::add` (line 1)" in hub.sticky(12)
    assert hub.pulls == {}


def test_a_missing_client_is_an_error_with_the_line_that_installs_it(ci, hub, monkeypatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object, **more: object) -> object:
        if name == "github":
            raise ImportError(name)
        return real(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    said = ci("issues", event("issue_labeled"))
    assert said.code == 2
    assert "pip install 'swe-agent[ci]'" in said.err


def test_without_a_token_nothing_is_tried(ci, hub) -> None:
    said = ci("issues", event("issue_labeled"), GITHUB_TOKEN="")
    assert (said.code, hub.lines()) == (2, [])
    assert "Set GITHUB_TOKEN" in said.err


def test_a_runner_that_keeps_its_files_does_not_mix_two_plans(ci, hub, run_step) -> None:
    ci("issues", event("issue_labeled"), "--step", "gate")
    first = Outcome()
    run_step(first)
    commit_to(hub.bare, "main", {"calc.py": "moved = 1\n"})
    for comment in hub.comments.values():
        comment["body"] = comment["body"].replace('"working"', '"done"')
    retry = event("comment_created", comment__body="/swe-agent retry")
    ci("issue_comment", retry, "--step", "gate")
    second = Outcome(files={})
    run_step(second)
    (old,), (new,) = first.requests, second.requests
    assert old.run_folder != new.run_folder
    assert (new.repository / "calc.py").read_text() == "moved = 1\n"


@pytest.mark.parametrize(
    ("setting", "fixture", "changes"),
    [
        ("ci.phrase=!fix-it", "issue_opened", {"issue__body": "it breaks\n!fix-it"}),
        ("ci.label=robot", "issue_labeled", {"label__name": "robot"}),
        ("ci.branch_prefix=robot/", "issue_labeled", {}),
    ],
    ids=["phrase", "label", "prefix"],
)
def test_words_labels_and_branches_are_as_the_settings_say(
    ci, hub, tmp_path, setting, fixture, changes
) -> None:
    ci("issues", event(fixture, **changes), "--step", "gate", "-s", setting)
    plan = json.loads((tmp_path / "work/plan/plan.json").read_text())
    prefix = "robot/" if "prefix" in setting else "swe-agent/"
    assert plan["branch"] == f"{prefix}issue-12"


def test_a_comment_of_another_bot_identity_is_not_ours(ci, hub) -> None:
    ci("issues", event("issue_labeled"), "--step", "gate")
    (comment,) = hub.comments.values()
    assert comment["user"]["login"] == BOT
    ci("issues", event("issue_labeled"), "--step", "gate", "-s", "ci.identity=app[bot]")
    assert hub.writes().count("POST /repos/octo/calc/issues/12/comments") == 2


def test_whose_comments_are_ours_is_asked_where_the_token_is_a_persons(ci, hub) -> None:
    hub.routes.insert(0, ("GET", "/user", lambda **_: (200, {"login": "robot"})))
    done = '<!-- swe-agent {"state":"done","keys":["issue:12"],"run":""} -->'
    hub.add_comment(12, "robot", done)
    said = ci("issues", event("issue_labeled"), "--step", "gate")
    assert "answered already" in said.err


def test_a_run_that_leaves_no_answer_is_told_in_the_thread(ci, hub) -> None:
    impossible = ("--sandbox", "bubblewrap", "--image", "some-image")
    said = ci("issues", event("issue_labeled"), "-m", "offline", *impossible)
    assert said.code == 6
    assert "published nothing" in hub.sticky(12)
    assert "The run step left no answer" in hub.sticky(12)
    assert '"state":"failed"' in hub.sticky(12)
