"""From a path as a model writes it to a path of the repository; nothing else is let through."""

import posixpath

from swe_agent.aci.tool import Failed
from swe_agent.core.protocols import TreeReader

_MAX_LINKS = 40


def repo_path(path: str, root: str) -> str:
    """The repository-relative POSIX path, `""` for the repository itself.

    Args:
        path: relative to the root, or absolute inside the sandbox.
        root: absolute path of the repository inside the sandbox.

    Raises:
        Failed: it is empty, holds a NUL, or lies outside the repository (outcome `refused`).

    >>> repo_path("/repo/src/../a.py", "/repo")
    'a.py'
    """
    if not path.strip():
        raise Failed("The path is empty; name a file or folder, `.` is the repository.", "path")
    if "\0" in path:
        raise Failed("The path holds a NUL character.", "path")
    whole = posixpath.normpath(posixpath.join(root, path))
    if whole.startswith("//"):
        whole = whole[1:]
    inside = root.rstrip("/") + "/"
    if whole + "/" == inside:
        return ""
    if not whole.startswith(inside):
        message = f"{path} is outside the repository {root}; only `shell` can look there."
        raise Failed(message, "outside", outcome="refused")
    return whole.removeprefix(inside)


def writable_path(path: str, root: str, tree: TreeReader) -> str:
    """The repository-relative path that a write to `path` changes: links are followed.

    Raises:
        Failed: as `repo_path`, or it is the repository itself, lies below a `.git`, or a link
        leads there.
    """
    relative = _followed(repo_path(path, root), root, tree)
    if not relative or path.endswith("/"):
        raise Failed(f"{path} is a folder; name a file.", "folder")
    if is_git_internal(relative):
        message = f"{path} lies below .git, which is not part of the patch; nothing was written."
        raise Failed(message, "git", outcome="refused")
    return relative


def is_git_internal(relative: str) -> bool:
    """Whether any part is `.git` in any case, also as file systems that fold names see it.

    >>> is_git_internal("a/.GIT/config"), is_git_internal(".gitignore")
    (True, False)
    """
    return any(_folded(part) in (".git", "git~1") for part in relative.split("/"))


def shown(path: str) -> str:
    """The path fit for an observation: bytes that are not UTF-8 as `\\xNN`."""
    if path.isascii():
        return path
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _folded(part: str) -> str:
    kept = "".join(char for char in part if char.isprintable())
    return kept.rstrip(". ").split(":")[0].lower()


def _followed(relative: str, root: str, tree: TreeReader) -> str:
    for _ in range(_MAX_LINKS):
        link = _first_link(relative, tree)
        if link is None:
            return relative
        target = tree.read(link).decode("utf-8", "surrogateescape")
        rest = relative[len(link) :].lstrip("/")
        folder = posixpath.join(root, posixpath.dirname(link))
        relative = repo_path(posixpath.join(folder, target, rest), root)
    raise Failed(f"{shown(relative)} is a loop of links.", "path")


def _first_link(relative: str, tree: TreeReader) -> str | None:
    parts = relative.split("/")
    for count in range(1, len(parts) + 1):
        prefix = "/".join(parts[:count])
        entry = tree.entry(prefix)
        if entry is not None and entry.kind == "link":
            return prefix
    return None
