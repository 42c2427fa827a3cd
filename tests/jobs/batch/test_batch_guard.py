"""The leak guard: which commands dig for history, and what a probe finds in a container."""

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from swe_agent.core.errors import ExitCode
from swe_agent.core.events import Checkpoint
from swe_agent.core.messages import ToolCall
from swe_agent.core.protocols import Entry
from swe_agent.jobs.batch_guard import digs, leak_in
from swe_agent.runtime.box import Limits
from swe_agent.runtime.environment import DockerSandboxes, Prepared
from swe_agent.runtime.sandbox import BrokerSandbox
from swe_agent.runtime.store import TreeStore
from tests.jobs.batch.conftest import Tasks

if TYPE_CHECKING:
    import docker


def dug(command: str) -> str:
    return digs(ToolCall(id="1", name="shell", arguments={"command": command}))


@pytest.mark.parametrize(
    "command",
    [
        "git log --all --oneline",
        "cd src && git  -C . log -5 --all -S fix",
        "git show 182ce3dd15dfa3537391c3efaf9c3ff407d134d4",
        "git diff HEAD 182ce3d -- a.py",
        "git reflog",
        "git fsck --lost-found",
        "git fetch origin pull/1/head",
        "git clone https://example.org/x",
        "git branch -a",
        "git checkout origin/main -- a.py",
        "git cat-file --batch-all-objects --batch-check",
        "curl -s https://raw.githubusercontent.com/a/b/main/x.py",
        "pip install git+https://github.com/a/b",
        "pip download flask",
        "ls .git/objects/pack",
    ],
)
def test_a_command_that_digs_is_noted(command: str) -> None:
    assert dug(command)


@pytest.mark.parametrize(
    "command",
    [
        "git log --oneline -5",
        "git diff",
        "git status && git show HEAD",
        "git grep -rn fetch src",
        "git checkout -- a.py",
        "git add -A && git commit -m 'fetch all of it'",
        "grep -rn 'https://github.com/psf' docs",
        "pip install pytest",
        "python -m pytest --all",
        "git branch feature",
    ],
)
def test_an_honest_command_is_not(command: str) -> None:
    assert dug(command) == ""


def test_other_tools_do_not_dig() -> None:
    assert digs(ToolCall(id="1", name="search", arguments={"pattern": "git log --all"})) == ""


@pytest.fixture
def sandbox(
    engine: "docker.DockerClient", base_image: str, tmp_path: Path
) -> Iterator[BrokerSandbox]:
    """A fresh sandbox with one file."""
    store = TreeStore(tmp_path / "store")
    entry = Entry("file", store.put(b"x = 1\n"), 6)
    tree = store.overlay(store.empty, {"x.py": entry})
    makes = DockerSandboxes(engine, store, "guard", Limits(), tmp_path / "store")
    with closing(makes.open(Prepared(base_image, tree), Checkpoint(tree=tree))) as made:
        assert isinstance(made, BrokerSandbox)
        yield made
    store.close()


@pytest.mark.docker
def test_the_probe_finds_history_in_the_work_trees_git_and_beside_it(
    sandbox: BrokerSandbox,
) -> None:
    assert leak_in(sandbox) == ""
    clone = "cp -r .git /tmp/other && git --git-dir=/tmp/other rev-parse HEAD"
    head = sandbox.run(clone, 60).output.decode().strip()
    assert leak_in(sandbox, "0" * 40) == ""
    assert leak_in(sandbox, head) == "there is a git repository in /tmp/other"
    sandbox.run(
        "rm -rf /tmp/other; echo y >x.py; git commit -qam later; git reset -q --hard @~", 60
    )
    assert leak_in(sandbox, head) == "its git has 2 commits"


@pytest.fixture
def leaking_image(engine: "docker.DockerClient", base_image: str, tasks: Tasks) -> Iterator[str]:
    """The base image with a clone of the tasks' repository."""
    clone = io.BytesIO()
    with tarfile.open(fileobj=clone, mode="w") as tar:
        tar.add(tasks.folder / "calc", "opt/clone")
    made, name = engine.api.create_container(base_image, ["true"])["Id"], "swe-agent-leaking:1"
    engine.api.put_archive(made, "/", clone.getvalue())
    engine.api.commit(made, *name.split(":"))
    engine.api.remove_container(made)
    yield name
    engine.api.remove_image(name, force=True)


@pytest.mark.docker
def test_a_task_whose_image_holds_its_history_fails_before_anything_is_asked(
    leaking_image: str, tasks: Tasks
) -> None:
    tasks.write(2)
    program, out = str(Path(sys.executable).with_name("swe-agent")), tasks.folder / "out"
    words = ["-m", tasks.model, "--image", leaking_image, "-o", str(out), "-q"]
    done = subprocess.run(
        [program, "batch", tasks.file, *words], capture_output=True, text=True, timeout=280
    )
    rows = json.loads((out / "results.json").read_bytes())["instances"]
    assert {(row["failure"], row["steps"]) for row in rows} == {("leak", 0)}, done.stderr
    assert "there is a git repository in /opt/clone" in rows[0]["error"]
    assert done.returncode == ExitCode.ENVIRONMENT
