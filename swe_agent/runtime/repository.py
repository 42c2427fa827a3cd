"""The user's own repository, read only: where it is, what belongs to it, what differs from HEAD.

Nothing here writes, and nothing that the repository configures is run: git lists names and refs,
and which files differ is found by hashing their bytes, since git's own answer runs filters.
"""

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from swe_agent.core.errors import EnvironmentFault, UsageFault
from swe_agent.core.text import visible
from swe_agent.runtime.committed import SUBMODULE, committed_files, is_clean, mode_of
from swe_agent.runtime.hostgit import answered, at, git_program, run_git, user_ignore_file
from swe_agent.runtime.submodules import FILE, submodule_paths


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as the user has it now.

    Paths are relative to `root`, POSIX; bytes that are not UTF-8 are surrogates.
    """

    root: Path
    head: str
    """Commit; empty where there is none yet."""
    branch: str
    """Empty where HEAD is detached."""
    version_tag: str
    """Nearest tag; empty where there is none."""
    files: tuple[str, ...]
    """Tracked, untracked and included files and links that are in the work tree, sorted."""
    submodules: tuple[str, ...]
    """Folders that are repositories of their own; their files are not in `files`."""
    dirty: frozenset[str]
    """Paths that differ from HEAD, are gone from the work tree, or are not in HEAD."""
    checked_out: tuple[str, ...] = ()
    """Submodules that are checked out: their files are in `files`, and `dirty` by their HEAD."""


def read_repository(path: Path, include: Sequence[str] = ()) -> Repository:
    """The repository that `path` lies in.

    Args:
        path: any folder of the work tree.
        include: gitignore-style globs of ignored files that belong to it all the same.

    Raises:
        UsageFault: no such folder, no repository, a bare one, or one with nothing in it.
        EnvironmentFault: git is missing or does not answer.
    """
    root = find_root(path)
    head = head_commit(root)
    tracked, submodules, sparse = _tracked(root)
    files, nested = _present(root, [*tracked, *_untracked(root), *_included(root, include)])
    inner = tuple(sorted(submodules | nested))
    kept = tuple(f for f in files if not f.startswith(tuple(f"{s}/" for s in inner)))
    if not kept:
        raise UsageFault(
            f"There is nothing in the repository {visible(str(root))}.",
            "Add the files that the issue is about.",
        )
    found = Repository(
        root=root,
        head=head,
        branch=run_git(["symbolic-ref", "--short", "-q", "HEAD"], root, at(root)).line,
        version_tag=_version_tag(root) if head else "",
        files=kept,
        submodules=inner,
        dirty=_dirty(root, head, kept, sparse),
    )
    return _with_submodules(found, submodules)


def _with_submodules(found: Repository, submodules: frozenset[str]) -> Repository:
    """The same with the files of the submodules that are checked out."""
    modules, folders = found.root / FILE, {"": True}
    content = modules.read_bytes() if stat.S_ISREG(mode_of(modules)) else b""
    for path in sorted(submodules & submodule_paths(content)):
        place = found.root / path
        if not _is_real_folder(found.root, path, folders) or not mode_of(place / ".git"):
            continue
        try:
            inner = read_repository(place)
        except UsageFault:  # it stays behind, and is told
            continue
        if inner.root == place:
            found = _joined(found, path, inner)
    return found


def _joined(found: Repository, path: str, inner: Repository) -> Repository:
    def placed(names: Iterable[str]) -> list[str]:
        return [f"{path}/{name}" for name in names]

    left = [name for name in found.submodules if name != path]
    return replace(
        found,
        files=tuple(sorted([*found.files, *placed(inner.files)])),
        dirty=found.dirty | frozenset(placed(inner.dirty)),
        submodules=tuple(sorted([*left, *placed(inner.submodules)])),
        checked_out=tuple(sorted([*found.checked_out, path, *placed(inner.checked_out)])),
    )


def find_root(path: Path) -> Path:
    """Top folder of the work tree that `path` lies in.

    Raises:
        UsageFault: no such folder, no repository, or a bare one.
    """
    if not path.is_dir():
        what = "is not a folder" if path.exists() else "does not exist"
        raise UsageFault(
            f"{visible(str(path))} {what}.",
            "Give the folder of a git repository: `swe-agent run REPO`.",
        )
    top = run_git(["rev-parse", "--show-toplevel"], path)
    shown = os.fsdecode(top.output.removesuffix(b"\n"))
    root = Path(shown).resolve() if shown else _found_by_gitpython(path.resolve())
    if not (root / ".git").exists():
        raise UsageFault(
            f"The git repository at {visible(str(path))} keeps its work tree elsewhere "
            f"({visible(str(root))}).",
            "Unset core.worktree, or clone it: `git clone URL FOLDER`.",
        )
    return root


def listed_files(root: Path) -> list[str]:
    """Tracked and untracked paths of the work tree, as git lists them, sorted; some may be gone,
    or be links.

    Raises:
        UsageFault: git cannot read the repository.
        EnvironmentFault: git is missing or does not answer.
    """
    tracked, submodules, _ = _tracked(root)
    inner = tuple(f"{folder}/" for folder in submodules)
    return sorted(
        p for p in {*tracked, *_untracked(root)} if not p.endswith("/") and not p.startswith(inner)
    )


def head_commit(root: Path) -> str:
    """The commit that HEAD is on; empty where nothing was committed yet."""
    answer = run_git(["rev-parse", "--verify", "-q", "HEAD"], root, at(root))
    if answer.exit_code == 1 and not answer.complaint:
        return ""
    return answered(answer, root).line


def latest_changes(root: Path, most: int) -> list[tuple[str, tuple[str, ...]]]:
    """Subject and changed paths of the last commits of HEAD that are no merges, newest first; empty
    where there are none, or git cannot read them.

    Trees are compared, no file is: nothing that the repository configures runs.
    """
    listing = run_git(["rev-list", "--no-merges", f"--max-count={most}", "HEAD"], root, at(root))
    if listing.exit_code != 0:
        return []
    words = ("diff-tree", "--stdin", "--root", "-r", "-z", "--name-only", "--no-renames")
    shown = run_git([*words, "--format=%x01%s"], root, at(root), stdin=listing.output)
    if shown.exit_code != 0:
        return []
    changes = []
    for commit in os.fsdecode(shown.output).split("\x01")[1:]:
        subject, *paths = commit.split("\0")
        changes.append((subject, tuple(path.lstrip("\n") for path in paths if path)))
    return changes


def _found_by_gitpython(path: Path) -> Path:
    """Where git finds no work tree this may, or says why there is none; it is slow to import."""
    git_program()
    import git

    try:
        repo = git.Repo(path, search_parent_directories=True, expand_vars=False)
    except (git.InvalidGitRepositoryError, git.NoSuchPathError) as error:
        raise UsageFault(
            f"{visible(str(path))} is not in a git repository.",
            "Make it one: `git init` there, or give another folder.",
        ) from error
    with repo:
        if repo.bare or repo.working_tree_dir is None:
            raise UsageFault(
                f"{visible(str(path))} is a bare repository: it has no files to work on.",
                "Clone it: `git clone REPO FOLDER`, and give that folder.",
            )
        return Path(repo.working_tree_dir).resolve()


def _tracked(root: Path) -> tuple[list[str], frozenset[str], frozenset[str]]:
    """Paths of the index: files, submodules, and those that a sparse checkout leaves out."""
    answer = answered(run_git(["ls-files", "-t", "-s", "-z"], root, at(root)), root)
    files: list[str] = []
    submodules: set[str] = set()
    sparse: set[str] = set()
    for row in answer.fields:
        described, _, path = row.partition("\t")
        tag, mode = described.split(" ")[:2]
        if mode == SUBMODULE:
            submodules.add(path)
        else:
            files.append(path)
        if tag == "S":
            sparse.add(path)
    return files, frozenset(submodules), frozenset(sparse)


def _untracked(root: Path) -> list[str]:
    return _others(root, [])


def _included(root: Path, include: Sequence[str]) -> list[str]:
    if not include:
        return []
    import pathspec

    try:
        wanted = pathspec.PathSpec.from_lines("gitignore", include)
    except ValueError as error:
        raise UsageFault(f"--include does not take this pattern: {error}") from error
    return [path for path in _others(root, ["--ignored"]) if wanted.match_file(path)]


def _others(root: Path, more: list[str]) -> list[str]:
    listing: list[str] = ["ls-files", "--others", "--exclude-standard", "-z", *more]
    ignore_file = user_ignore_file(root)
    if ignore_file:
        listing = ["-c", f"core.excludesFile={ignore_file}", *listing]
    return answered(run_git(listing, root, at(root)), root).fields


def _present(root: Path, paths: Sequence[str]) -> tuple[list[str], frozenset[str]]:
    """Regular files and links that are there, not reached through a link; nested repositories."""
    folders: dict[str, bool] = {"": True}
    files: set[str] = set()
    nested: set[str] = set()
    for path in paths:
        if path.endswith("/"):
            nested.add(path.rstrip("/"))
        elif _is_real_folder(root, path.rpartition("/")[0], folders):
            mode = mode_of(root / path)
            if stat.S_ISREG(mode) or stat.S_ISLNK(mode):
                files.add(path)
    return sorted(files), frozenset(nested)


def _is_real_folder(root: Path, folder: str, known: dict[str, bool]) -> bool:
    """Whether no part of the folder's path is a link, which may point anywhere."""
    if folder not in known:
        above = _is_real_folder(root, folder.rpartition("/")[0], known)
        known[folder] = above and stat.S_ISDIR(mode_of(root / folder))
    return known[folder]


def _version_tag(root: Path) -> str:
    try:
        answer = run_git(["describe", "--tags", "--abbrev=0"], root, at(root), timeout_s=30)
    except EnvironmentFault:
        return ""
    return answer.line if answer.exit_code == 0 else ""


def _dirty(root: Path, head: str, files: Sequence[str], sparse: frozenset[str]) -> frozenset[str]:
    committed = committed_files(root, head)
    gone = committed.keys() - set(files) - sparse
    changed = (f for f in files if f not in committed or not is_clean(root, f, committed[f]))
    return frozenset(gone) | frozenset(changed)
