"""No program that a repository names runs on the host when it is read.

A control shows that plain git runs each of them.
"""

import contextlib
import os
import subprocess
from pathlib import Path

import pytest

from swe_agent.core.errors import SweAgentError
from swe_agent.runtime.repository import read_repository

IDENTITY = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]


def git(folder: Path, *arguments: str, check: bool = True) -> None:
    command = ["git", *IDENTITY, *arguments]
    subprocess.run(command, cwd=folder, check=check, capture_output=True, timeout=250)


def snapshot(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every path with its kind and mode, mtime and bytes."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            place = Path(folder, name)
            status = place.lstat()
            content = place.read_bytes() if place.is_file() else b""
            found[str(place)] = (status.st_mode, status.st_mtime_ns, content)
    return found


class Trap:
    """A repository with one commit and a changed file; its script leaves a mark when it runs."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "repo"
        self.marks = folder / "marks"
        self.marks.mkdir()
        self.script = folder / "script.sh"
        self.script.write_text(f"#!/bin/sh\ntouch {self.marks}/$$\ncat 2>/dev/null\n")
        self.script.chmod(0o755)
        self.root.mkdir()
        (self.root / "a.txt").write_text("one\n")
        git(self.root, "init", "-q")
        git(self.root, "add", "-A")
        git(self.root, "commit", "-q", "-m", "first")
        (self.root / "a.txt").write_text("two\n")
        (self.root / "new.txt").write_text("new\n")

    def configure(self, *settings: str) -> None:
        for setting in settings:
            key, _, value = setting.partition("=")
            git(self.root, "config", key, value)

    def attribute(self, line: str) -> None:
        (self.root / ".gitattributes").write_text(line + "\n")

    @property
    def sprung(self) -> bool:
        return any(self.marks.iterdir())


def fsmonitor(trap: Trap) -> tuple[str, ...]:
    trap.configure(f"core.fsmonitor={trap.script}")
    return ("status",)


def clean(trap: Trap) -> tuple[str, ...]:
    trap.configure(f"filter.x.clean={trap.script}")
    trap.attribute("* filter=x")
    return ("diff", "HEAD")


def smudge(trap: Trap) -> tuple[str, ...]:
    trap.configure(f"filter.x.smudge={trap.script}")
    trap.attribute("* filter=x")
    return ("checkout", ".")


def process(trap: Trap) -> tuple[str, ...]:
    trap.configure(f"filter.x.process={trap.script}")
    trap.attribute("* filter=x")
    return ("status",)


def textconv(trap: Trap) -> tuple[str, ...]:
    trap.configure(f"diff.x.textconv={trap.script}")
    trap.attribute("* diff=x")
    return ("diff",)


def external(trap: Trap) -> tuple[str, ...]:
    trap.configure(f"diff.external={trap.script}")
    return ("diff",)


def hooks(trap: Trap) -> tuple[str, ...]:
    for name in ("post-index-change", "post-checkout", "reference-transaction", "pre-commit"):
        hook = trap.root / ".git" / "hooks" / name
        hook.write_bytes(trap.script.read_bytes())
        hook.chmod(0o755)
    return ("status",)


def included(trap: Trap) -> tuple[str, ...]:
    (trap.root / "config").write_text(f"[core]\n\tfsmonitor = {trap.script}\n")
    trap.configure("include.path=../config")
    return ("status",)


def alias(trap: Trap) -> tuple[str, ...]:
    trap.configure(f"alias.trap=!{trap.script}")
    for name in ("ls-files", "rev-parse", "ls-tree", "symbolic-ref", "describe", "config"):
        trap.configure(f"alias.{name}=!{trap.script}")
    return ("trap",)


def nested(trap: Trap) -> tuple[str, ...]:
    inner = trap.root / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    (inner / "f").write_text("f\n")
    git(inner, "add", "-A")
    git(inner, "commit", "-q", "-m", "inner")
    git(trap.root, "add", "inner")
    git(inner, "config", "core.fsmonitor", str(trap.script))
    return ("status",)


def promisor(trap: Trap) -> tuple[str, ...]:
    """A missing tree that git would fetch with a command of the repository's choice."""
    tree = subprocess.run(
        ["git", "rev-parse", "HEAD^{tree}"], cwd=trap.root, capture_output=True, text=True
    ).stdout.strip()
    (trap.root / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    trap.script.write_text(f"#!/bin/sh\ntouch {trap.marks}/$$\nexit 1\n")
    trap.configure(
        "core.repositoryFormatVersion=1",
        "extensions.partialClone=origin",
        "remote.origin.promisor=true",
        f"remote.origin.url={trap.root}",
        f"remote.origin.uploadpack={trap.script}",
        "protocol.allow=always",
        "protocol.file.allow=always",
    )
    return ("ls-tree", "-r", "HEAD")


def inner_bare(trap: Trap) -> tuple[str, ...]:
    """A folder that looks like a bare repository and says that the work tree is its parent."""
    git(trap.root, "init", "-q", "--bare", "sub")
    settings = (("core.bare", "false"), ("core.worktree", ".."), ("core.fsmonitor", trap.script))
    for key, value in settings:
        git(trap.root / "sub", "config", key, str(value))
    return ("-C", "sub", "status")


TRAPS = [
    fsmonitor,
    clean,
    smudge,
    process,
    textconv,
    external,
    hooks,
    included,
    alias,
    nested,
    promisor,
    inner_bare,
]


def _read(path: Path) -> None:
    # A broken repository may be refused; what counts is that nothing ran.
    with contextlib.suppress(SweAgentError):
        read_repository(path, include=["*.ignored"])


@pytest.mark.parametrize("make", TRAPS, ids=lambda make: make.__name__)
def test_reading_runs_nothing_and_writes_nothing(tmp_path: Path, make):
    trap = Trap(tmp_path)
    make(trap)
    for mark in trap.marks.iterdir():
        mark.unlink()
    before = snapshot(trap.root)

    _read(trap.root)
    if (trap.root / "sub").is_dir():
        _read(trap.root / "sub")

    assert not trap.sprung
    assert snapshot(trap.root) == before


@pytest.mark.parametrize("make", TRAPS, ids=lambda make: make.__name__)
def test_control_plain_git_springs_the_trap(tmp_path: Path, make):
    trap = Trap(tmp_path)
    command = make(trap)
    for mark in trap.marks.iterdir():
        mark.unlink()

    git(trap.root, *command, check=False)

    assert trap.sprung


def test_all_traps_at_once_still_give_a_true_listing(tmp_path: Path):
    trap = Trap(tmp_path)
    for make in (fsmonitor, textconv, external, hooks, alias, process):
        make(trap)
    for mark in trap.marks.iterdir():
        mark.unlink()

    found = read_repository(trap.root)

    assert found.files == (".gitattributes", "a.txt", "new.txt")
    assert found.dirty == {".gitattributes", "a.txt", "new.txt"}
    assert not trap.sprung
