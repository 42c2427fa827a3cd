"""A patch into the user's repository: into the work tree, or alone on a new branch; never by half.

What the patch says comes from the sandbox, so its paths and links are checked before a byte moves.
"""

import re
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from swe_agent.core.errors import PolicyRefused, UsageFault
from swe_agent.core.text import visible
from swe_agent.runtime.branch import commit_on_branch, dirty_among, require_new_branch
from swe_agent.runtime.committed import blob_hash, mode_of
from swe_agent.runtime.repository import head_commit
from swe_agent.runtime.scratch import GitEntry, Scratch, scratch
from swe_agent.runtime.swap import Content, read_content, swap

_SECTION = re.compile(rb"^diff --git .*$", re.MULTILINE)
_HASHES = re.compile(rb"^index ([0-9a-f]{7,64})\.\.([0-9a-f]{7,64})", re.MULTILINE)
_RENAME = re.compile(rb"^(?:rename|copy) from ", re.MULTILINE)
_FIRST_HUNK = re.compile(rb"^(?:@@ |GIT binary patch)", re.MULTILINE)


def apply_patch(
    repository_root: Path,
    patch: bytes,
    branch: str | None = None,
    message: str = "Fix by swe-agent",
) -> None:
    """Write the patch into the work tree, or commit it alone on HEAD as a new branch.

    Nothing is changed unless all of it applies to files that are as when it was made. With
    `branch`, index, work tree and HEAD stay as they are.

    Raises:
        UsageFault: it does not apply, or the branch's name is not one.
        PolicyRefused: it touches `.git` or something outside, makes a link that points outside, or
            (with `branch`) touches files with uncommitted changes; or the branch exists.
        EnvironmentFault: git is missing, or the disk refused; the files are as they were.
    """
    if not patch.strip():
        raise UsageFault("The patch is empty.", "There is nothing to apply.")
    if branch is not None:
        require_new_branch(repository_root, branch)
    with scratch() as private:
        touched, hashes = _touched(private, patch)
    for path in sorted(touched):
        _require_inside(path)
    if branch is not None:
        _onto_branch(repository_root, patch, touched, branch, message)
    else:
        _into_work_tree(repository_root, patch, touched, hashes)


def touched_paths(patch: bytes) -> frozenset[str]:
    """Every path that the patch reads or writes.

    Raises:
        UsageFault: it is no patch.
        PolicyRefused: it leaves the repository, or enters `.git`.
    """
    with scratch() as private:
        touched, _ = _touched(private, patch)
    for path in sorted(touched):
        _require_inside(path)
    return touched


def _into_work_tree(
    root: Path, patch: bytes, touched: frozenset[str], hashes: Mapping[str, tuple[str, str]]
) -> None:
    before = {path: read_content(root, path) for path in sorted(touched)}
    if all(path in hashes and _is_of(content, hashes[path][1]) for path, content in before.items()):
        raise UsageFault("The patch is applied already.", "Look at it with `git diff`.")
    for path, content in before.items():
        if path in hashes and not _is_of(content, hashes[path][0]):
            raise _does_not_apply(f"{visible(path)} has changed since the patch was made")
    with scratch() as private:
        private.add({p: (c.mode, c.content) for p, c in before.items() if c is not None})
        _applied(private, patch)
        entries = private.entries()
        _require_harmless_links(private, entries, touched)
        after = {
            path: Content(entries[path][0], private.blob(entries[path][1]))
            if path in entries
            else None
            for path in touched
        }
    _require_real_folders(root, after)
    swap(root, before, after)


def _onto_branch(
    root: Path, patch: bytes, touched: frozenset[str], branch: str, message: str
) -> None:
    head = head_commit(root)
    if not head:
        raise UsageFault(
            "There is no commit yet that a branch could start from.",
            "Commit first, or apply without --branch.",
        )
    dirty = dirty_among(root, head, touched)
    if dirty:
        raise PolicyRefused(
            f"The patch touches files with uncommitted changes: {visible(', '.join(dirty))}.",
            "Commit them and run again, or apply without --branch.",
        )

    def change(private: Scratch) -> None:
        _applied(private, patch)
        _require_harmless_links(private, private.entries(), touched)

    commit_on_branch(root, head, branch, message, change)


def _touched(private: Scratch, patch: bytes) -> tuple[frozenset[str], dict[str, tuple[str, str]]]:
    """Every path that the patch reads or writes, and by path the hashes before and after it."""
    names = _names(private, patch, [])
    every = frozenset(names) | frozenset(_names(private, patch, ["-R"]))
    starts = [match.start() for match in _SECTION.finditer(patch)]
    sections = [patch[a:b] for a, b in zip(starts, [*starts[1:], len(patch)], strict=True)]
    hashes: dict[str, tuple[str, str]] = {}
    if len(sections) == len(names):
        for name, section in zip(names, sections, strict=True):
            header = _FIRST_HUNK.split(section, maxsplit=1)[0]
            match = _HASHES.search(header)
            if match and not _RENAME.search(header):
                hashes[name] = (match[1].decode(), match[2].decode())
    return every, hashes


def _names(private: Scratch, patch: bytes, more: list[str]) -> list[str]:
    answer = private.git(["apply", "--numstat", "-z", *more, "-"], patch)
    if answer.exit_code != 0:
        complaint = answer.complaint.lower()
        if "invalid path" in complaint or "beyond a symbolic link" in complaint:
            raise PolicyRefused(
                f"The patch leaves the repository or enters .git: {answer.complaint}",
                "Read the patch before you trust the run.",
            )
        raise _does_not_apply(answer.complaint)
    return [row.split("\t", 2)[2] for row in answer.fields]


def _applied(private: Scratch, patch: bytes) -> None:
    complaint = private.apply(patch)
    if complaint:
        raise _does_not_apply(complaint.splitlines()[0].removeprefix("error: "))


def _does_not_apply(why: str) -> UsageFault:
    return UsageFault(
        f"The patch does not apply, nothing was changed: {why}.",
        "Undo what changed in these files, or merge the patch by hand.",
    )


def _is_of(content: Content | None, key: str) -> bool:
    if not key.strip("0"):
        return content is None
    return content is not None and blob_hash(content.content, key).startswith(key)


def _require_inside(path: str) -> None:
    parts = PurePosixPath(path).parts
    inside_git = any(part.lower().rstrip(". ") in (".git", "git~1") for part in parts)
    if path.startswith("/") or ".." in parts or inside_git:
        raise PolicyRefused(
            f"The patch touches {visible(path)!r}, which is not a file of the repository.",
            "Read the patch before you trust the run.",
        )


def _require_harmless_links(
    private: Scratch, entries: Mapping[str, GitEntry], touched: frozenset[str]
) -> None:
    for path in touched:
        mode, key = entries.get(path, ("", ""))
        if mode == "120000" and leaves_repository(path, private.blob(key)):
            raise PolicyRefused(
                f"The patch makes {visible(path)!r} a link that points outside the repository.",
                "Read the patch before you trust the run.",
            )


def leaves_repository(path: str, target: bytes) -> bool:
    """Whether a link at `path` with this target points outside, or into `.git`."""
    depth = list(PurePosixPath(path).parent.parts)
    named = target.decode("utf-8", "surrogateescape")
    if named.startswith("/"):
        return True
    for part in PurePosixPath(named).parts:
        if part == "..":
            if not depth:
                return True
            depth.pop()
        else:
            depth.append(part)
    return any(part.lower() == ".git" for part in depth)


def _require_real_folders(root: Path, after: Mapping[str, Content | None]) -> None:
    """No file may be written through a link, which could lead outside."""
    removed = {path for path, content in after.items() if content is None}
    for path in after:
        for folder in PurePosixPath(path).parents:
            name = folder.as_posix()
            mode = mode_of(root / name)
            if name != "." and mode and not stat.S_ISDIR(mode) and name not in removed:
                raise _does_not_apply(f"{visible(name)} is not a folder")
