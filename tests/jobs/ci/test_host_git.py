"""Check 1 in CI: a checkout full of traps, and an agent that plants more; nothing of it runs on the
host, from the gate to the draft."""

import json
from pathlib import Path

import pytest

from tests.conftest import BASE_IMAGE
from tests.jobs.conftest import event
from tests.jobs.conftest import git as plain_git
from tests.runtime import test_hostile_repository as hostile
from tests.security.test_01_host_git import armed, planted
from tests.solve.conftest import FIX, SUBMIT, call, write_script


@pytest.mark.docker
def test_no_trap_springs_from_the_gate_to_the_draft(ci, hub, tmp_path: Path) -> None:
    checkout = tmp_path / "elsewhere"
    plain_git(checkout, "clone", "-q", str(hub.bare), ".")
    trap = armed(checkout)
    hub.add_issue(12, title="add fails", body="It subtracts.", assignees=[])
    shell = call("shell", command=planted(str(trap.marks)))
    script = write_script(tmp_path / "script.jsonl", [shell, FIX, SUBMIT, SUBMIT])
    options = ("-m", f"scripted/{script}", "--image", BASE_IMAGE, "--test", "python3 -m pytest -q")
    said = ci("issues", event("issue_labeled"), *options)
    assert said.code == 0, said.err
    assert [pull["draft"] for pull in hub.pulls.values()] == [True]
    plan = json.loads((tmp_path / "work/plan/plan.json").read_text())
    assert plan["start_commit"] == plain_git(checkout, "rev-parse", "HEAD").strip()
    assert not trap.sprung
    hostile.git(checkout, "status", check=False)
    assert trap.sprung, "the control: plain git does run them"
