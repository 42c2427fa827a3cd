"""A new branch with one commit on HEAD, made beside the user's index, work tree and HEAD."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from swe_agent.core.errors import EnvironmentFault, PolicyRefused, UsageFault
from swe_agent.core.text import visible
from swe_agent.runtime.committed import committed_files, is_clean, mode_of
from swe_agent.runtime.hostgit import answered, at, run_git, user_setting
from swe_agent.runtime.scratch import Scratch, scratch

_NOBODY = ("swe-agent", "swe-agent@localhost")


def require_new_branch(root: Path, name: str) -> None:
    """Nothing, if a branch of that name can be made.

    Raises:
        UsageFault: git takes no such name.
        PolicyRefused: there is one.
    """
    ref = f"refs/heads/{name}"
    checked = run_git(["check-ref-format", ref], root)
    if checked.exit_code != 0 or name.startswith("-"):
        raise UsageFault(
            f"{visible(name)!r} is not a name that git takes for a branch.", "Try --branch fix-it."
        )
    if run_git(["rev-parse", "--verify", "-q", ref], root, at(root)).exit_code == 0:
        raise PolicyRefused(
            f"The branch {visible(name)!r} exists already.", "Give another name with --branch."
        )


def dirty_among(root: Path, head: str, paths: Iterable[str]) -> list[str]:
    """Those of the paths that differ from HEAD in the work tree, sorted."""
    committed = committed_files(root, head)
    found = []
    for path in sorted(paths):
        if path in committed:
            is_dirty = not is_clean(root, path, committed[path])
        else:
            is_dirty = mode_of(root / path) != 0
        if is_dirty:
            found.append(path)
    return found


def commit_on_branch(
    root: Path, head: str, name: str, message: str, change: Callable[[Scratch], None]
) -> None:
    """Commit what `change` does to HEAD's index as the new branch `name`.

    Raises:
        UsageFault: the repository is broken.
        EnvironmentFault: it cannot be written.
    """
    answer = answered(run_git(["rev-parse", "--git-common-dir"], root, at(root)), root)
    objects = (root / answer.line / "objects").resolve()
    if not os.access(objects, os.W_OK):
        raise EnvironmentFault(
            f"{visible(str(objects))} cannot be written; nothing was changed.",
            "Check its permissions and the disk, then try again.",
        )
    sha256 = len(head) == 64
    with scratch(sha256, objects) as private:
        private.must(["read-tree", head])
        change(private)
        tree = private.must(["write-tree", "--missing-ok"]).line
        author, email = _identity(root)
        who = ["-c", f"user.name={author}", "-c", f"user.email={email}"]
        commit = private.must([*who, "commit-tree", tree, "-p", head, "-F", "-"], message.encode())
        update = [*who, "update-ref", f"refs/heads/{name}", commit.line, "0" * len(head)]
        answered(run_git(update, root, at(root)), root)


def _identity(root: Path) -> tuple[str, str]:
    """Name and address of the user, as git would find them."""
    name, email = (
        os.environ.get(variable)
        or run_git(["config", "--local", "--get", key], root, at(root)).line
        or user_setting(root, key)
        for variable, key in (("GIT_AUTHOR_NAME", "user.name"), ("GIT_AUTHOR_EMAIL", "user.email"))
    )
    return name or _NOBODY[0], email or _NOBODY[1]
