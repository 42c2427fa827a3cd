"""A run that SWE-agent's `run-replay` can run: the same patch comes of its bash commands."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Call, call
from tests.jobs.batch.conftest import SUBMIT, Tasks, git, tasks
from tests.jobs.batch.conftest import call as said

__all__ = ["call", "tasks"]
ODD = "tab\tand é\r\nno end"
SCRIPT = [
    said("view", path="calc.py", start=1, end=2),
    said("search", pattern="a - b", glob="*.py"),
    said("find_file", glob="**/test_*.py"),
    said("create", path="new/odd.txt", text=ODD),
    said("create", path="gone.txt", text="x\n"),
    said("undo", path="gone.txt"),
    said("edit", path="calc.py", old="not there", new="x"),
    said("edit_lines", path="calc.py", start=2, end=2, text="    return b + a"),
    said("undo", path="calc.py"),
    said("edit", path="calc.py", old="return a - b", new="return a + b"),
    said("shell", command="echo 'it''s' >> notes.md"),
    said("run_tests"),
    SUBMIT,
]


@pytest.fixture
def told(call: Call, tasks: Tasks, tmp_path: Path) -> Any:
    tasks.write(1)
    tasks.script("calc-0", SCRIPT)
    out = tmp_path / "out"
    done = call("batch", tasks.file, "-m", tasks.model, "--sandbox", "none", "-o", out)
    assert done.code == 0, done.err
    place = tmp_path / "calc-0.traj"
    call("export", out / "runs/calc-0", "--format", "swe-agent-replay", "-o", place)
    return json.loads(place.read_text())


def test_its_bash_commands_make_the_same_patch(told: Any, tasks: Tasks, tmp_path: Path) -> None:
    config = json.loads(told["replay_config"])
    repo = config["env"]["repo"]
    assert (repo["type"], repo["path"]) == ("local", str(tasks.folder / "calc"))
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", repo["path"], str(copy))
    git(copy, "checkout", "-q", repo["base_commit"])
    said_of = {}
    for item in told["history"]:
        for one in item.get("tool_calls") or ():
            assert one["function"]["name"] == "bash"
            command = json.loads(one["function"]["arguments"])["command"]
            done = subprocess.run(
                ["bash", "-c", command], cwd=copy, check=False, capture_output=True, text=True,
                env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            )  # fmt: skip
            said_of[command] = done.stdout
    git(copy, "add", "-A")
    assert (copy / "new/odd.txt").read_bytes() == ODD.encode()
    wanted = told["info"]["submission"].strip().replace("\r\n", "\n")  # as the line below reads it
    assert git(copy, "diff", "--cached", "--full-index") == wanted
    assert any("1\tdef add" in output for output in said_of.values())
    assert any("calc.py:2:    return a - b" in output for output in said_of.values())
    assert any(output == "./test_calc.py\n" for output in said_of.values())


def test_every_reply_has_one_call(told: Any) -> None:
    replies = [item for item in told["history"] if item["role"] == "assistant"]
    assert [len(item["tool_calls"]) for item in replies] == [1] * len(SCRIPT)
    assert told["info"]["exit_status"] == "submitted"
