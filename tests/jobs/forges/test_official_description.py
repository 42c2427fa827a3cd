"""Every call to GitHub is one that GitHub's official OpenAPI description knows.

The description comes from npm (`@octokit/openapi`, 29 MB), so this is a soak test.
"""

import json
import re
import subprocess
import tarfile
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.jobs.ci.conftest import answer, run_step  # noqa: F401
from tests.jobs.conftest import Outcome, commit_to, event
from tests.jobs.forge_server import Made

pytestmark = pytest.mark.soak
MEMBER = "package/generated/api.github.com.deref.json"


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The `paths` of the description."""
    folder = tmp_path_factory.mktemp("openapi")
    brought = subprocess.run(
        ["npm", "pack", "--silent", "@octokit/openapi"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    packed = next(folder.glob("*.tgz"), None)
    if brought.returncode != 0 or packed is None:
        pytest.skip(f"calls were NOT checked: npm brings no description: {brought.stderr[-200:]}")
    with tarfile.open(packed) as archive:
        member = archive.extractfile(MEMBER)
        assert member is not None
        read: dict[str, Any] = json.load(member)["paths"]
        return read


def operation(paths: dict[str, Any], call: Made) -> tuple[str, dict[str, Any]]:
    """The description's path and operation of a call; literal parts before variable ones."""
    found = [
        (template.count("{"), template)
        for template, methods in paths.items()
        if call.method.lower() in methods and re.fullmatch(_pattern(template), call.path)
    ]
    assert found, f"GitHub has no {call.line}"
    template = min(found)[1]
    return template, paths[template][call.method.lower()]


def _pattern(template: str) -> str:
    # A branch's name keeps its slash.
    return "".join(
        r".+" if part == "{ref}" else r"[^/]+" if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{\w+\})", template)
    )


def complaints(paths: dict[str, Any], call: Made) -> list[str]:
    template, described = operation(paths, call)
    known = {p["name"] for p in described.get("parameters", []) if p["in"] == "query"}
    found = [f"{call.line}: no query {name}" for name in set(call.query) - known]
    asked = described.get("requestBody", {})
    schema = asked.get("content", {}).get("application/json", {}).get("schema")
    if call.body is None:
        return [*found, f"{call.line}: needs a body"] if asked.get("required") else found
    if schema is None:
        return [*found, f"{call.line}: takes no body"]
    if "properties" in schema:
        unknown = set(call.body) - set(schema["properties"])
        found += [f"{call.line}: no field {name}" for name in unknown]
    errors = Draft202012Validator(schema).iter_errors(call.body)
    return found + [f"{template}: {error.message}" for error in errors]


def test_every_kind_of_call_is_described(ci, answer, hub, paths) -> None:  # noqa: F811
    hub.add_issue(12, title="add subtracts", body="", assignees=[])
    answer()
    number = next(iter(hub.pulls))
    hub.remarks[3001] = []
    review = event("review_submitted", pull_request__number=number)
    other = Outcome(files={"calc.py": "def add(a, b):\n    return sum((a, b))\n"})
    answer(other, name="pull_request_review", payload=review)
    ci("issue_comment", event("comment_created", comment__id=5), "--step", "gate")
    stop = event("comment_created", comment__body="/swe-agent stop", comment__id=6)
    ci("issue_comment", stop, GITHUB_RUN_ID="556")
    hub.jobs[8001] = [{"id": 2, "conclusion": "failure", "name": "tests"}]
    ci("workflow_run", event("workflow_run_failed"), "--step", "gate")
    ci("workflow_dispatch", event("dispatch_issue"), "--step", "gate")
    commit_to(hub.bare, "swe-agent/issue-13", {"x.py": "1\n"})
    ci("issues", event("issue_labeled", issue__number=13), "--step", "gate")

    kinds = {(call.method, operation(paths, call)[0]) for call in hub.calls}
    root = "/repos/{owner}/{repo}"
    assert kinds == {
        ("GET", root),
        ("GET", "/user"),
        ("GET", f"{root}/collaborators/{{username}}/permission"),
        ("GET", f"{root}/git/ref/{{ref}}"),
        ("GET", f"{root}/issues/{{issue_number}}"),
        ("GET", f"{root}/issues/{{issue_number}}/comments"),
        ("POST", f"{root}/issues/{{issue_number}}/comments"),
        ("PATCH", f"{root}/issues/comments/{{comment_id}}"),
        ("GET", f"{root}/issues/{{issue_number}}/timeline"),
        ("POST", f"{root}/issues/{{issue_number}}/labels"),
        ("GET", f"{root}/pulls"),
        ("POST", f"{root}/pulls"),
        ("GET", f"{root}/pulls/{{pull_number}}"),
        ("PATCH", f"{root}/pulls/{{pull_number}}"),
        ("GET", f"{root}/pulls/{{pull_number}}/reviews/{{review_id}}/comments"),
        ("GET", f"{root}/actions/runs/{{run_id}}/jobs"),
        ("GET", f"{root}/actions/jobs/{{job_id}}/logs"),
        ("POST", f"{root}/actions/runs/{{run_id}}/cancel"),
    }
    hub.calls.append(
        Made("DELETE", "/repos/octo/calc/issues/comments/5", {}, None, 204, "")
    )  # the loser of a race; see test_github_events
    assert [said for call in hub.calls for said in complaints(paths, call)] == []


def test_a_call_that_github_does_not_know_is_seen(paths) -> None:
    body = {"title": "x", "head": "a", "base": "b", "draft": "yes"}
    wrong = Made("POST", "/repos/octo/calc/pulls", {"x": "1"}, body, 201, "")
    assert len(complaints(paths, wrong)) == 2
