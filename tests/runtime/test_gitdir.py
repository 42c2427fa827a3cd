"""The git repository that the host writes for a sandbox is one that git takes for its own."""

import random
import subprocess
from pathlib import Path

import pytest

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.protocols import Entry
from swe_agent.runtime.gitdir import write_git
from swe_agent.runtime.store import TreeStore
from tests.trajectory.conftest import small_disk

__all__ = ["small_disk"]


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A work tree with files, folders, a link and an executable, and its repository."""
    store = TreeStore(tmp_path / "store")
    work = tmp_path / "work"
    files = {"a.py": b"x = 1\n", "d.x": b"1", "d/b.py": b"", "d/e/c": b"\0" * 70_000, "d-": b"2\n"}
    changes = {name: Entry("file", store.put(raw), len(raw)) for name, raw in files.items()}
    changes["run"] = Entry("file", store.put(b"#!\n"), 3, 0o755)
    changes["link"] = Entry("link", store.put(b"a.py"), 0, 0o777)
    changes["empty"] = Entry("folder", "", 0, 0o755)
    tree = store.overlay(store.empty, changes)
    for name, raw in [*files.items(), ("run", b"#!\n")]:
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_bytes(raw)
    (work / "run").chmod(0o755)
    (work / "link").symlink_to("a.py")
    made = write_git(store, tree, "v1.2", tmp_path)
    for name in ("objects/pack", "refs/heads"):
        (work / ".git" / name).mkdir(parents=True)
    for name, raw in made.files.items():
        (work / ".git" / name).write_bytes(raw)
    (work / ".git" / made.pack_name).write_bytes(made.pack.read_bytes())
    return work


def test_git_finds_nothing_wrong_and_nothing_changed(checkout: Path) -> None:
    assert git(checkout, "fsck", "--full", "--strict") == ""
    assert git(checkout, "status", "--porcelain") == ""


def test_a_full_disk_is_said_and_nothing_is_left(tmp_path: Path, small_disk: Path) -> None:
    store = TreeStore(tmp_path / "store")
    content = random.Random(0).randbytes(200_000)
    entry = Entry("file", store.put(content), len(content))
    tree = store.overlay(store.empty, {"big": entry})
    with pytest.raises(EnvironmentFault, match="No space left"):
        write_git(store, tree, "", small_disk)
    assert list(small_disk.iterdir()) == []


def test_it_has_one_commit_and_the_version_tag(checkout: Path) -> None:
    assert git(checkout, "rev-list", "--all", "--count") == "1"
    assert git(checkout, "describe", "--tags") == "v1.2"
    assert git(checkout, "ls-tree", "-r", "--name-only", "HEAD").split() == sorted(
        ["a.py", "d-", "d.x", "d/b.py", "d/e/c", "link", "run"]
    )


def test_a_change_is_seen_and_can_be_committed(checkout: Path) -> None:
    (checkout / "a.py").write_text("x = 2\n")
    assert git(checkout, "status", "--porcelain") == "M a.py"
    git(checkout, "commit", "-aqm", "change")
    assert git(checkout, "rev-list", "--count", "HEAD") == "2"


@pytest.mark.parametrize("tag", ["", "a..b", "x y", "new\nline", "-~"])
def test_a_tag_that_git_would_refuse_is_left_out(tag: str, tmp_path: Path) -> None:
    store = TreeStore(tmp_path / "store")
    assert "packed-refs" not in write_git(store, store.empty, tag, tmp_path).files
