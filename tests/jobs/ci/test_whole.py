"""Everything at once: a labelled issue, a real run in a container, a draft; no token in the run."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import BASE_IMAGE
from tests.jobs.conftest import event, git
from tests.jobs.forge_server import TOKEN
from tests.vendors import OpenAIServer

KEY = "sk-CANARY-77aa01c9e4"
PROBE = (
    "env; cat /proc/*/environ; cat /proc/*/cmdline; cat .git/config; "
    "grep -rsl CANARY /testbed /root /home /tmp /etc /run"
)
pytestmark = pytest.mark.docker


def call(name: str, **arguments: object) -> dict[str, Any]:
    return {"text": "", "tool_calls": [{"name": name, "arguments": arguments}]}


SCRIPT = [
    call("view", path="calc.py"),
    call("shell", command=PROBE),
    call("edit", path="calc.py", old="return a - b", new="return a + b"),
    call("submit", summary="add subtracted. @alice https://evil.example"),
]


def agents(work: Path) -> list[tuple[bytes, bytes]]:
    """Command line and environment of every process that is a run step in this folder now."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            line = (folder / "cmdline").read_bytes()
            if b"--step\0run" in line and str(work).encode() in line:
                found.append((line, (folder / "environ").read_bytes()))
        except OSError:
            continue
    return found


def test_a_labelled_issue_becomes_a_draft_and_the_run_knows_no_token(ci, hub, tmp_path) -> None:
    seen: list[tuple[bytes, bytes]] = []
    replies = iter(SCRIPT)

    def play(_: Mapping[str, Any]) -> Mapping[str, Any]:
        seen.extend(agents(tmp_path))
        return next(replies)

    hub.add_issue(12, title="add subtracts", body="", assignees=[])
    with OpenAIServer(play) as vendor:
        said = ci(
            "issues",
            event("issue_labeled"),
            *("-m", "openai/some-model", "-s", f"models.base_url={vendor.url}"),
            *("--image", BASE_IMAGE, "--test", "python3 -m pytest -q"),
            OPENAI_API_KEY=KEY,
            GITHUB_ACTIONS="true",
        )
    assert said.code == 0, said.err
    assert git(hub.bare, "show", "swe-agent/issue-12:calc.py").endswith("return a + b")
    (pull,) = hub.pulls.values()
    assert pull["draft"]
    assert "verified patch" in hub.sticky(12)
    assert seen
    for line, environment in seen:
        assert b"CANARY" not in line
        assert TOKEN.encode() not in environment
        assert KEY.encode() in environment
    for path in (tmp_path / "work").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert TOKEN.encode() not in content, path
            assert KEY.encode() not in content, path
    stop, *_, end = said.err.splitlines()
    assert stop.removeprefix("::stop-commands::") == end.strip(":"), "no line is a command"


def test_a_dry_run_shows_every_call_and_makes_no_write(ci, hub, tmp_path) -> None:
    hub.add_issue(12, title="add subtracts", body="", assignees=[])
    said = ci(
        "issues",
        event("issue_labeled"),
        *("--dry-run", "--json", "-m", "offline", "--image", BASE_IMAGE),
        *("--test", "python3 -m pytest -q"),
    )
    assert said.code == 0, said.err
    assert hub.writes() == []
    assert hub.branches() == {"refs/heads/main"}
    rows = [json.loads(line) for line in said.out.splitlines()]
    calls = [(row["method"], row["path"], row["how"]) for row in rows if "method" in row]
    root = "/repos/octo/calc"
    assert [call for call in calls if call[2] == "not sent"] == [
        ("POST", f"{root}/issues/12/comments", "not sent"),
        ("POST", f"{root}/pulls", "not sent"),
        ("POST", f"{root}/issues/1/labels", "not sent"),
        ("PATCH", f"{root}/issues/comments/1", "not sent"),
    ]
    assert {"git": "push", "branch": "swe-agent/issue-12", "was": "", "how": "not sent"} in rows
    assert rows[-1]["outcome"] == "verified"
    (pull,) = [row["body"] for row in rows if row.get("path") == f"{root}/pulls"]
    assert pull["draft"] is True
    assert os.environ.get("GITHUB_TOKEN") is None


@pytest.mark.soak
def test_a_failed_job_leads_from_its_log_to_a_draft_that_passes(ci, hub, tmp_path) -> None:
    hub.jobs[8001] = [{"id": 2, "conclusion": "failure", "name": "tests"}]
    log = (Path(__file__).parent / "logs/pytest.txt").read_text()
    hub.logs[2] = log.replace(" -n auto tests", " -n auto test_calc.py")
    failed = event("workflow_run_failed")
    said = ci("workflow_run", failed, "-m", "offline", "--image", BASE_IMAGE)
    assert said.code == 0, said.err
    assert "tests    python -m pytest test_calc.py" in said.err
    (pull,) = hub.pulls.values()
    assert "failed pipeline 8001 on `main`" in pull["body"]
    assert git(hub.bare, "show", "swe-agent/run-8001:calc.py").endswith("return a + b")
