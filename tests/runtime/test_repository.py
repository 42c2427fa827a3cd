"""The user's repository is read whole and untouched, and nothing that it configures runs."""

import os
import subprocess
from pathlib import Path

import pytest

from swe_agent.core.errors import EnvironmentFault, ExitCode, UsageFault
from swe_agent.runtime.origins import WorkTree
from swe_agent.runtime.repository import read_repository
from swe_agent.runtime.store import TreeStore

IDENTITY = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]


def git(folder: Path, *arguments: str) -> str:
    command = ["git", *IDENTITY, *arguments]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository with one commit of `a.py` and `pkg/b.py`."""
    root = tmp_path / "repo"
    (root / "pkg").mkdir(parents=True)
    (root / "a.py").write_text("a = 1\n")
    (root / "pkg" / "b.py").write_text("b = 2\n")
    git(root, "init", "-q", "-b", "trunk")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    return root


def test_clean_repository_has_its_files_and_nothing_dirty(repo: Path):
    found = read_repository(repo)

    assert found.root == repo.resolve()
    assert found.files == ("a.py", "pkg/b.py")
    assert found.dirty == frozenset()
    assert found.head == git(repo, "rev-parse", "HEAD")
    assert found.branch == "trunk"
    assert found.version_tag == ""


def test_a_folder_inside_finds_the_top(repo: Path):
    assert read_repository(repo / "pkg").root == repo.resolve()


def test_a_repository_reached_through_a_link_is_found(repo: Path):
    (repo.parent / "link").symlink_to(repo)

    assert read_repository(repo.parent / "link").files == ("a.py", "pkg/b.py")


def test_edited_staged_new_and_deleted_files_are_dirty(repo: Path):
    for name in ("edited", "staged", "deleted", "same"):
        (repo / name).write_text("x\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "more")
    (repo / "edited").write_text("y\n")
    (repo / "staged").write_text("z\n")
    git(repo, "add", "staged")
    (repo / "deleted").unlink()
    (repo / "new").write_text("n\n")
    (repo / "same").touch()

    found = read_repository(repo)

    assert found.dirty == {"edited", "staged", "deleted", "new"}
    assert "deleted" not in found.files
    assert "new" in found.files


def test_a_changed_mode_and_a_changed_link_are_dirty(repo: Path):
    (repo / "link").symlink_to("a.py")
    (repo / "kept").symlink_to("a.py")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "links")
    (repo / "link").unlink()
    (repo / "link").symlink_to("pkg/b.py")
    (repo / "a.py").chmod(0o755)

    assert read_repository(repo).dirty == {"link", "a.py"}


def test_a_file_that_became_a_link_of_the_same_bytes_is_dirty(repo: Path):
    (repo / "a.py").unlink()
    (repo / "a.py").symlink_to("a = 1\n")

    assert read_repository(repo).dirty == {"a.py"}


def test_ignored_files_stay_out_unless_included(repo: Path):
    (repo / ".gitignore").write_text("*.db\n.env\ncache/\n")
    (repo / "cache").mkdir()
    for name in ("x.db", ".env", "cache/y.db"):
        (repo / name).write_text("secret\n")

    assert read_repository(repo).files == (".gitignore", "a.py", "pkg/b.py")
    assert read_repository(repo, ["*.db"]).files == (
        ".gitignore",
        "a.py",
        "cache/y.db",
        "pkg/b.py",
        "x.db",
    )


def test_what_the_user_ignores_everywhere_stays_out(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home = tmp_path / "home"
    home.mkdir()
    (home / "ignore").write_text(".env\n")
    (home / ".gitconfig").write_text("[core]\n\texcludesFile = ~/ignore\n")
    (repo / ".env").write_text("KEY=1\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)

    assert ".env" not in read_repository(repo).files


def test_odd_names_come_through_exactly(repo: Path):
    odd = [
        b"caf\xc3\xa9",
        b"not utf \xff",
        b"new\nline",
        b"-rf",
        b"$(touch PWN)",
        b'"quoted"',
        b" ",
    ]
    for name in odd:
        (repo / os.fsdecode(name)).write_text("x\n")

    found = read_repository(repo)

    assert {os.fsdecode(name) for name in odd} <= set(found.files)
    assert not (repo / "PWN").exists()


def test_a_tracked_file_behind_a_planted_link_is_not_read(repo: Path, tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b.py").write_text("SECRET\n")
    (repo / "pkg" / "b.py").unlink()
    (repo / "pkg").rmdir()
    (repo / "pkg").symlink_to(outside)

    found = read_repository(repo)

    assert found.files == ("a.py", "pkg")
    assert found.dirty == {"pkg", "pkg/b.py"}


def test_pipes_and_sockets_are_left_out(repo: Path):
    os.mkfifo(repo / "pipe")

    assert read_repository(repo).files == ("a.py", "pkg/b.py")


def test_repositories_inside_are_named_and_left_out(repo: Path):
    for name in ("tracked", "loose"):
        inner = repo / name
        inner.mkdir()
        (inner / "c.py").write_text("c\n")
        git(inner, "init", "-q")
        git(inner, "add", "-A")
        git(inner, "commit", "-q", "-m", "inner")
    git(repo, "-c", "advice.addEmbeddedRepo=false", "add", "tracked")

    found = read_repository(repo)

    assert found.submodules == ("loose", "tracked")
    assert found.files == ("a.py", "pkg/b.py")


def test_the_files_of_submodules_that_are_checked_out_belong_to_it(repo: Path, tmp_path: Path):
    inner, deeper = tmp_path / "inner", tmp_path / "deeper"
    for place, name in ((deeper, "d.py"), (inner, "c.py")):
        place.mkdir()
        (place / name).write_text("c\n")
        git(place, "init", "-q")
        git(place, "add", "-A")
        git(place, "commit", "-q", "-m", "inner")
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    git(inner, *add, str(deeper), "deep er")
    git(inner, "commit", "-q", "-m", "deeper")
    git(repo, *add, str(inner), "libs/one")
    git(repo, *add, str(inner), "two")
    git(repo, "commit", "-q", "-m", "submodules")
    update = ("submodule", "--quiet", "update", "--init", "--recursive", "libs/one")
    git(repo, "-c", "protocol.file.allow=always", *update)
    git(repo, "submodule", "--quiet", "deinit", "-f", "two")
    (repo / "libs/one/c.py").write_text("changed\n")
    (repo / "libs/one/.env").write_text("TOKEN=1\n")

    found = read_repository(repo)
    taken = WorkTree(repo).taken(TreeStore(tmp_path / "store"))

    within = ("libs/one/.env", "libs/one/.gitmodules", "libs/one/c.py", "libs/one/deep er/d.py")
    assert found.files == (".gitmodules", "a.py", *within, "pkg/b.py")
    assert found.dirty == {"libs/one/.env", "libs/one/c.py"}
    assert (found.checked_out, found.submodules) == (("libs/one", "libs/one/deep er"), ("two",))
    assert taken.left_behind == ("libs/one/.env",)
    assert any("changes in them are not shipped: libs/one, " in one for one in taken.remarks())


def test_what_stays_behind_is_told(repo: Path, tmp_path: Path):
    git(repo, "init", "-q", "inner")
    (repo / "inner" / "c.py").write_text("c\n")
    (repo / ".env").write_text("TOKEN=1\n")

    taken = WorkTree(repo).taken(TreeStore(tmp_path / "store"))

    inner, secrets = taken.remarks()
    assert inner.endswith("stay behind: inner.")
    assert secrets.endswith("unless --include names them: .env.")


def test_conflicted_files_are_listed_once_and_dirty(repo: Path):
    git(repo, "checkout", "-q", "-b", "other")
    (repo / "a.py").write_text("a = 2\n")
    git(repo, "commit", "-qam", "other")
    git(repo, "checkout", "-q", "trunk")
    (repo / "a.py").write_text("a = 3\n")
    git(repo, "commit", "-qam", "ours")
    subprocess.run(["git", *IDENTITY, "merge", "-q", "other"], cwd=repo, capture_output=True)

    found = read_repository(repo)

    assert found.files == ("a.py", "pkg/b.py")
    assert found.dirty == {"a.py"}


def test_the_nearest_tag_is_the_version_tag(repo: Path):
    git(repo, "tag", "v1.2")
    (repo / "a.py").write_text("a = 9\n")
    git(repo, "commit", "-qam", "later")

    assert read_repository(repo).version_tag == "v1.2"


def test_a_detached_head_has_no_branch(repo: Path):
    git(repo, "checkout", "-q", "--detach")

    assert read_repository(repo).branch == ""


def test_files_without_a_commit_are_fine_and_all_dirty(tmp_path: Path):
    git(tmp_path, "init", "-q", "-b", "trunk")
    (tmp_path / "a.py").write_text("a\n")

    found = read_repository(tmp_path)

    assert (found.head, found.branch) == ("", "trunk")
    assert found.files == ("a.py",)
    assert found.dirty == {"a.py"}


def test_a_linked_worktree_is_read(repo: Path, tmp_path: Path):
    git(repo, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))

    found = read_repository(tmp_path / "side")

    assert found.branch == "side"
    assert found.dirty == frozenset()


def test_a_sha256_repository_is_read(tmp_path: Path):
    git(tmp_path, "init", "-q", "--object-format=sha256")
    (tmp_path / "a.py").write_text("a\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")

    assert read_repository(tmp_path).dirty == frozenset()


def test_files_outside_a_sparse_checkout_are_not_dirty(repo: Path):
    git(repo, "sparse-checkout", "set", "--no-cone", "/a.py")

    found = read_repository(repo)

    assert found.files == ("a.py",)
    assert found.dirty == frozenset()


def test_git_variables_of_the_caller_do_not_lead_elsewhere(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_WORK_TREE", "/")
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))

    assert read_repository(repo).files == ("a.py", "pkg/b.py")


def _missing(folder: Path) -> Path:
    return folder / "missing"


def _file(folder: Path) -> Path:
    (folder / "file").write_text("x")
    return folder / "file"


def _plain(folder: Path) -> Path:
    return folder


def _bare(folder: Path) -> Path:
    git(folder, "init", "-q", "--bare", "bare.git")
    return folder / "bare.git"


def _empty(folder: Path) -> Path:
    git(folder, "init", "-q", "empty")
    return folder / "empty"


@pytest.mark.parametrize(
    ("make", "says", "next_step"),
    [
        (_missing, "does not exist", "run REPO"),
        (_file, "is not a folder", "run REPO"),
        (_plain, "not in a git repository", "git init"),
        (_bare, "bare repository", "git clone"),
        (_empty, "nothing in the repository", "Add the files"),
    ],
    ids=["missing", "file", "plain", "bare", "empty"],
)
def test_what_cannot_be_read_is_one_clear_sentence(tmp_path: Path, make, says, next_step):
    with pytest.raises(UsageFault) as caught:
        read_repository(make(tmp_path))

    assert says in caught.value.message
    assert next_step in caught.value.next_step
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_work_tree_kept_elsewhere_is_refused(tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret").write_text("SECRET\n")
    hostile = tmp_path / "hostile"
    git(tmp_path, "init", "-q", "hostile")
    git(hostile, "config", "core.worktree", str(elsewhere))
    (hostile / "a.py").write_text("a\n")

    try:
        files = read_repository(hostile).files
    except UsageFault:
        return
    assert files == ("a.py",)


def test_no_git_on_the_machine_says_so(repo: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(repo))

    with pytest.raises(EnvironmentFault, match="git is not installed"):
        read_repository(repo)
