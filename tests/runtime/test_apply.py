"""A patch goes in whole or not at all, byte for byte, and never outside the repository."""

import os
import subprocess
from pathlib import Path

import pytest

from swe_agent.core.errors import EnvironmentFault, PolicyRefused, UsageFault
from swe_agent.runtime.apply import apply_patch

IDENTITY = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
RAW = ["-c", "core.autocrlf=false", "-c", "core.attributesFile=/dev/null"]


def git(folder: Path, *arguments: str) -> bytes:
    command = ["git", *IDENTITY, *RAW, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout


def tree(root: Path, with_git: bool = False) -> dict[str, tuple[int, bytes]]:
    """Every file and link below `root` with its mode and bytes."""
    found = {}
    for place in sorted(root.rglob("*")):
        name = place.relative_to(root).as_posix()
        if name.startswith(".git/") and not with_git:
            continue
        if place.is_symlink():
            found[name] = (0, os.fsencode(place.readlink()))
        elif place.is_file():
            found[name] = (place.stat().st_mode & 0o111, place.read_bytes())
    return found


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    (root / "pkg").mkdir(parents=True)
    (root / "a.py").write_bytes(b"one\ntwo\nthree\n")
    (root / "crlf.txt").write_bytes(b"one\r\ntwo\r\n")
    (root / "bin").write_bytes(bytes(range(256)))
    (root / "pkg" / "gone.py").write_bytes(b"bye\n")
    (root / "no_end").write_bytes(b"no newline")
    git(root, "init", "-q", "-b", "trunk")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    return root


def change(root: Path) -> None:
    (root / "a.py").write_bytes(b"one\nTWO\nthree\n")
    (root / "crlf.txt").write_bytes(b"one\r\nTWO\r\n")
    (root / "bin").write_bytes(bytes(reversed(range(256))))
    (root / "pkg" / "gone.py").unlink()
    (root / "pkg").rmdir()
    (root / "no_end").write_bytes(b"still none")
    (root / "new dir").mkdir()
    (root / "new dir" / "caf\u00e9").write_bytes(b"latin \xe9\n")
    (root / "run.sh").write_bytes(b"#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "link").symlink_to("a.py")
    (root / "empty").touch()


def patch_of(root: Path, make) -> bytes:
    """The patch that `make` amounts to, made in a clone, as `git diff --binary` writes it."""
    other = root.parent / "other"
    subprocess.run(["git", "clone", "-q", root, other], check=True, capture_output=True)
    make(other)
    git(other, "add", "-A")
    return git(other, "diff", "--cached", "--binary", "--full-index", "--no-renames", "HEAD")


def test_the_work_tree_becomes_the_patched_one_byte_for_byte(repo: Path):
    patch = patch_of(repo, change)

    apply_patch(repo, patch)

    assert tree(repo) == tree(repo.parent / "other")
    assert not (repo / "pkg").exists()


def test_attributes_and_filters_have_no_say(repo: Path):
    patch = patch_of(repo, change)
    marker = repo.parent / "marker"
    git(repo, "config", "filter.x.clean", f"touch {marker}; cat")
    git(repo, "config", "filter.x.smudge", f"touch {marker}; cat")
    (repo / ".git" / "info" / "attributes").write_text("* filter=x text eol=crlf\n")

    apply_patch(repo, patch)

    assert tree(repo) == tree(repo.parent / "other")
    assert not marker.exists()


def test_git_folder_stays_byte_identical(repo: Path):
    patch = patch_of(repo, change)
    before = tree(repo / ".git", with_git=True)

    apply_patch(repo, patch)

    assert tree(repo / ".git", with_git=True) == before


def test_permissions_of_a_file_are_kept(repo: Path):
    (repo / "a.py").chmod(0o600)

    apply_patch(repo, patch_of(repo, change))

    assert (repo / "a.py").stat().st_mode & 0o777 == 0o600


def test_a_file_changed_since_means_that_nothing_changes(repo: Path):
    patch = patch_of(repo, change)
    (repo / "a.py").write_bytes(b"zero\none\ntwo\nthree\n")  # the hunk itself would still fit
    before = tree(repo)

    with pytest.raises(UsageFault, match=r"nothing was changed: a\.py has changed"):
        apply_patch(repo, patch)

    assert tree(repo) == before


def test_a_hunk_that_fails_means_that_nothing_changes(repo: Path):
    patch = patch_of(repo, change).replace(b"-two\n", b"-2\n")
    before = tree(repo)

    with pytest.raises(UsageFault, match="nothing was changed"):
        apply_patch(repo, patch)

    assert tree(repo) == before


def test_other_uncommitted_work_is_left_alone(repo: Path):
    patch = patch_of(repo, lambda root: (root / "a.py").write_bytes(b"one\nTWO\nthree\n"))
    (repo / "crlf.txt").write_bytes(b"mine\n")
    (repo / "a.py").chmod(0o644)

    apply_patch(repo, patch)

    assert (repo / "crlf.txt").read_bytes() == b"mine\n"
    assert (repo / "a.py").read_bytes() == b"one\nTWO\nthree\n"


def test_a_file_that_is_in_the_way_of_a_new_one_is_kept(repo: Path):
    patch = patch_of(repo, change)
    (repo / "run.sh").write_bytes(b"mine\n")

    with pytest.raises(UsageFault, match="nothing was changed"):
        apply_patch(repo, patch)

    assert (repo / "run.sh").read_bytes() == b"mine\n"


def test_a_disk_that_refuses_leaves_everything_as_it_was(
    repo: Path, monkeypatch: pytest.MonkeyPatch
):
    patch = patch_of(repo, change)
    before = tree(repo)
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if target.name == "run.sh":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)

    with pytest.raises(EnvironmentFault, match="No space left"):
        apply_patch(repo, patch)

    assert tree(repo) == before


@pytest.mark.parametrize("branch", [None, "fix"], ids=["work-tree", "branch"])
def test_a_repository_that_cannot_be_written_is_said_so(repo: Path, branch: str | None):
    patch = patch_of(repo, change)
    before = tree(repo, with_git=True)
    mount = ["mount", "--bind", "-o", "ro", str(repo), str(repo)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root can make a folder read-only for itself")
    try:
        with pytest.raises(EnvironmentFault, match="nothing was changed"):
            apply_patch(repo, patch, branch)
    finally:
        subprocess.run(["umount", str(repo)], check=True)
    assert tree(repo, with_git=True) == before


def test_a_patch_that_is_in_already_is_said_to_be(repo: Path):
    patch = patch_of(repo, change)
    apply_patch(repo, patch)
    with pytest.raises(UsageFault, match="applied already"):
        apply_patch(repo, patch)


def everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    """The folder without loose objects, which no one can see before a ref names them."""
    found = tree(folder, with_git=True)
    return {name: content for name, content in found.items() if "/objects/" not in name}


def new_file(path: str, content: str = "x", mode: str = "100644") -> bytes:
    return (
        f"diff --git a/{path} b/{path}\nnew file mode {mode}\n--- /dev/null\n+++ b/{path}\n"
        f"@@ -0,0 +1 @@\n+{content}\n\\ No newline at end of file\n"
    ).encode()


@pytest.mark.parametrize("branch", [None, "fix"], ids=["work-tree", "branch"])
@pytest.mark.parametrize(
    "patch",
    [
        new_file(".git/hooks/post-checkout"),
        new_file(".GIT/config"),
        new_file("sub/.git/config"),
        new_file("../outside"),
        new_file("sub/../../outside"),
        new_file("/absolute"),
        new_file("link", "/etc/passwd", "120000"),
        new_file("pkg/link", "../../outside", "120000"),
        new_file("link", ".git/config", "120000"),
        new_file("escape", "..", "120000") + new_file("escape/key"),
    ],
    ids=lambda patch: patch.split(b"\n")[0].decode(),
)
def test_a_patch_that_leaves_the_repository_is_refused(repo: Path, patch: bytes, branch):
    before = everything(repo.parent)

    with pytest.raises((PolicyRefused, UsageFault)):
        apply_patch(repo, patch, branch)

    assert everything(repo.parent) == before


def test_a_write_through_a_planted_link_is_refused(repo: Path, tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (repo / "sub").symlink_to(outside)

    with pytest.raises((PolicyRefused, UsageFault)):
        apply_patch(repo, new_file("sub/key"))

    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("patch", [b"", b"\n", b"not a patch\n"], ids=["empty", "blank", "words"])
def test_what_is_no_patch_is_said_so(repo: Path, patch: bytes):
    with pytest.raises(UsageFault):
        apply_patch(repo, patch)


def test_a_branch_gets_the_patch_alone_and_nothing_else_moves(repo: Path):
    patch = patch_of(repo, change)
    (repo / "staged").write_text("mine\n")
    git(repo, "add", "staged")
    (repo / "loose").write_text("mine\n")
    head = git(repo, "rev-parse", "HEAD")
    before, index = tree(repo), (repo / ".git" / "index").read_bytes()

    apply_patch(repo, patch, "fix/it", "Fix it\n\nWell.")

    assert tree(repo) == before
    assert (repo / ".git" / "index").read_bytes() == index
    assert (repo / ".git" / "HEAD").read_bytes() == b"ref: refs/heads/trunk\n"
    assert git(repo, "rev-parse", "fix/it^") == head
    assert git(repo, "log", "-1", "--format=%B", "fix/it").strip() == b"Fix it\n\nWell."
    assert git(repo, "diff", "--binary", "--full-index", "--no-renames", "HEAD", "fix/it") == patch
    git(repo, "fsck", "--strict")


def test_a_branch_commit_bears_the_name_of_the_user(repo: Path):
    git(repo, "config", "user.name", "Ada")
    git(repo, "config", "user.email", "ada@example.org")

    apply_patch(repo, patch_of(repo, change), "fix")

    assert git(repo, "log", "-1", "--format=%an <%ce>", "fix") == b"Ada <ada@example.org>\n"


def test_a_branch_runs_no_hook(repo: Path):
    marker = repo.parent / "marker"
    for name in ("reference-transaction", "pre-commit", "post-commit", "commit-msg"):
        hook = repo / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {marker}\n")
        hook.chmod(0o755)

    apply_patch(repo, patch_of(repo, change), "fix")

    assert git(repo, "rev-parse", "fix")
    assert not marker.exists()


@pytest.mark.parametrize("dirty", ["edited", "deleted", "in the way"])
def test_a_branch_is_refused_where_the_patch_touches_dirty_files(repo: Path, dirty: str):
    patch = patch_of(repo, change)
    if dirty == "edited":
        (repo / "a.py").write_text("mine\n")
    elif dirty == "deleted":
        (repo / "a.py").unlink()
    else:
        (repo / "run.sh").write_text("mine\n")

    with pytest.raises(PolicyRefused, match="uncommitted"):
        apply_patch(repo, patch, "fix")

    assert b"fix" not in git(repo, "branch", "--list")


def test_a_branch_that_exists_is_refused(repo: Path):
    git(repo, "branch", "fix")

    with pytest.raises(PolicyRefused, match="exists already"):
        apply_patch(repo, patch_of(repo, change), "fix")


@pytest.mark.parametrize("name", ["-d", "a..b", "a b", "", "HEAD~1", "x.lock"])
def test_a_name_that_is_no_branch_is_a_usage_fault(repo: Path, name: str):
    with pytest.raises(UsageFault, match="not a name"):
        apply_patch(repo, patch_of(repo, change), name)


def test_a_branch_in_a_linked_worktree_starts_from_its_head(repo: Path, tmp_path: Path):
    git(repo, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))

    apply_patch(tmp_path / "side", patch_of(repo, change), "fix")

    assert git(repo, "rev-parse", "fix^") == git(repo, "rev-parse", "side")


def test_files_without_a_commit_cannot_start_a_branch(tmp_path: Path):
    git(tmp_path, "init", "-q")

    with pytest.raises(UsageFault, match="no commit yet"):
        apply_patch(tmp_path, new_file("a"), "fix")
