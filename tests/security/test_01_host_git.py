"""Check 1: no program that a repository or the agent names runs on the host, in any mode."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from swe_agent.runtime.apply import apply_patch
from swe_agent.solve import resume
from tests.conftest import BASE_IMAGE
from tests.runtime import test_hostile_repository as hostile
from tests.runtime.test_hostile_repository import Trap
from tests.solve.conftest import (
    ADD,
    CALC,
    FIX,
    SUBMIT,
    TEST_COMMAND,
    TESTS,
    Play,
    call,
    write_script,
)

pytestmark = pytest.mark.docker


def armed(root: Path) -> Trap:
    """A repository with a trap in every place that its owner could set one."""
    made = Trap.__new__(Trap)
    made.root, made.marks = root, root.parent / "marks"
    made.marks.mkdir()
    made.script = root.parent / "script.sh"
    made.script.write_text(f"#!/bin/sh\ntouch {made.marks}/$$\ncat 2>/dev/null\n")
    made.script.chmod(0o755)
    for make in (hostile.textconv, hostile.external, hostile.hooks, hostile.alias):
        make(made)
    hostile.nested(made)
    hostile.inner_bare(made)
    made.configure(f"filter.x.clean={made.script}", f"filter.x.smudge={made.script}")
    made.configure(f"diff.x.command={made.script}", f"core.sshCommand={made.script}")
    made.configure(f"core.pager={made.script}", f"gpg.program={made.script}")
    made.configure(f"core.editor={made.script}", f"core.fsmonitor={made.script}")
    made.attribute("* filter=x diff=x")
    disarm(made)
    return made


@pytest.fixture
def trap(project: Path) -> Trap:
    return armed(project)


def disarm(trap: Trap) -> None:
    for mark in trap.marks.iterdir():
        mark.unlink()


def planted(marks: str) -> str:
    """What an agent would do to the repository inside; a marker inside is its own affair."""
    script = f"#!/bin/sh\nmkdir -p {marks}; touch {marks}/inside\ncat\n"
    return (
        f"printf %s {json.dumps(script)} >/tmp/x; chmod +x /tmp/x; "
        "git config core.fsmonitor /tmp/x; git config filter.x.clean /tmp/x; "
        "git config diff.external /tmp/x; printf '* filter=x diff=x\\n' >.gitattributes; "
        "mkdir -p .git/hooks sub; cp /tmp/x .git/hooks/post-index-change; "
        "git init -q sub; git -C sub config core.fsmonitor /tmp/x; git status"
    )


def test_no_trap_springs_in_run_resume_or_apply(
    trap: Trap, play: Play, project: Path, tmp_path: Path
) -> None:
    shell = call("shell", command=planted(str(trap.marks)))
    played = play([shell, FIX, SUBMIT])
    assert played.result.verdict == "verified"
    write_script(tmp_path / "script.jsonl", [shell, FIX, SUBMIT, SUBMIT])
    resume(played.folder, lambda _: None, "Look again.")
    apply_patch(project, (played.folder / "patch.diff").read_bytes())
    assert "a + b" in (project / "calc.py").read_text()
    assert not trap.sprung


def test_no_trap_springs_in_a_batch_or_its_grading(
    trap: Trap, project: Path, tmp_path: Path
) -> None:
    shell = call("shell", command=planted(str(trap.marks)))
    write_script(tmp_path / "batch.jsonl", [shell, FIX, SUBMIT])
    row = {"id": "calc", "repo": str(project), "issue": "test_add fails", "test": TEST_COMMAND}
    tasks, out = tmp_path / "tasks.jsonl", tmp_path / "out"
    tasks.write_text(json.dumps(row | {"image": BASE_IMAGE, "expect": [ADD]}))
    swe_agent("batch", tasks, "-m", f"scripted/{tmp_path / 'batch.jsonl'}", "-o", out)
    assert "+    return a + b" in (out / "preds.json").read_text()
    swe_agent("eval", tasks, out / "preds.json", "-o", tmp_path / "graded")
    assert not trap.sprung


def swe_agent(*words: object) -> None:
    """Call the command line; it ends well."""
    program = Path(sys.executable).with_name("swe-agent")
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [("status",), ("diff",), ("add", "-A")])
def test_control_plain_git_springs_it(trap: Trap, project: Path, command: tuple[str, ...]) -> None:
    (project / "calc.py").write_text(CALC + TESTS)
    hostile.git(project, *command, check=False)
    assert trap.sprung
