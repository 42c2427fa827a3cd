"""Check 19: the user's repository, `.git` included, is byte-identical after it was taken in, in
every state that it may be in."""

import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from swe_agent.core.errors import SweAgentError
from swe_agent.runtime.intake import take_in
from swe_agent.runtime.repository import read_repository
from swe_agent.runtime.store import TreeStore
from tests.runtime.test_hostile_repository import snapshot
from tests.solve.conftest import git


def tried(folder: Path, *args: str) -> None:
    with suppress(subprocess.CalledProcessError):
        git(folder, *args)


def second(folder: Path) -> None:
    (folder / "calc.py").write_text("x = 2\n")
    git(folder, "commit", "-qam", "second")


def conflict(folder: Path) -> None:
    git(folder, "checkout", "-q", "-b", "other", "HEAD")
    second(folder)
    git(folder, "checkout", "-q", "-")
    (folder / "calc.py").write_text("x = 3\n")
    git(folder, "commit", "-qam", "third")
    tried(folder, "merge", "other")


def no_commits(folder: Path) -> None:
    subprocess.run(["rm", "-rf", ".git"], cwd=folder, check=True)
    git(folder, "init", "-q")


def dirty(folder: Path) -> None:
    (folder / "calc.py").write_text("x = 4\n")
    (folder / "new.py").write_text("n = 1\n")
    (folder / "test_calc.py").unlink()
    git(folder, "add", "new.py")
    (folder / "new.py").write_text("n = 2\n")


def stale_index(folder: Path) -> None:
    """Times that git would like to write down anew."""
    (folder / "calc.py").touch()


def submodule(folder: Path) -> None:
    inner = folder.parent / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    (inner / "f").write_text("f\n")
    git(inner, "add", "-A")
    git(inner, "commit", "-qm", "f")
    git(
        folder, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "sub"
    )


STATES: dict[str, Callable[[Path], object]] = {
    "clean": lambda folder: None,
    "dirty": dirty,
    "stale index": stale_index,
    "no commits": no_commits,
    "detached": lambda folder: git(folder, "checkout", "-q", "--detach"),
    "merge in progress": conflict,
    "index.lock": lambda folder: (folder / ".git" / "index.lock").write_text(""),
    "shallow": lambda folder: (folder / ".git" / "shallow").write_text(
        git(folder, "rev-parse", "HEAD")
    ),
    "sparse": lambda folder: git(folder, "sparse-checkout", "set", "--no-cone", "/calc.py"),
    "submodule": submodule,
    "split index": lambda folder: git(folder, "update-index", "--split-index"),
    "untracked cache": lambda folder: git(folder, "update-index", "--force-untracked-cache"),
    "packed": lambda folder: git(folder, "gc", "-q"),
    "damaged index": lambda folder: (folder / ".git" / "index").write_bytes(b"DIRC\0\0\0\x09"),
    "no HEAD": lambda folder: (folder / ".git" / "HEAD").unlink(),
    "read-only": lambda folder: subprocess.run(["chmod", "-R", "a-w", str(folder)], check=True),
}


def seen(project: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every path with mode, time and bytes. Git renews the time of a shared index that it reads, so
    that it does not expire."""
    return {
        path: (mode, 0 if "/sharedindex." in path else time_ns, content)
        for path, (mode, time_ns, content) in snapshot(project).items()
    }


@pytest.mark.parametrize("make", STATES.values(), ids=STATES.keys())
def test_taking_it_in_changes_no_byte(
    project: Path, tmp_path: Path, make: Callable[[Path], object]
) -> None:
    make(project)
    before = seen(project)
    with suppress(SweAgentError):  # some are refused; none is changed
        take_in(read_repository(project), TreeStore(tmp_path / "store"))
    assert seen(project) == before


@pytest.mark.parametrize("state", ["stale index", "untracked cache"])
def test_control_plain_git_status_writes(project: Path, state: str) -> None:
    STATES[state](project)
    before = snapshot(project)
    git(project, "status")
    assert snapshot(project) != before
