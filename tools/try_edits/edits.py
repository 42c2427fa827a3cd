"""Makes the scratch copy and a candidate's edits in it, and puts back what was there; runs inside
the sandbox.
"""

# ruff: noqa: PTH103, PTH110, PTH112, PTH113, PTH116, PTH118, PTH120, PTH123, PTH211, UP031
# mypy: ignore-errors

import os
import shutil
import sys

from runners import SKIPPED


def copy_repository(spec: "dict", scratch: str) -> None:
    shutil.copytree(
        spec["repository"], scratch, symlinks=True, ignore=lambda _, names: set(names) & SKIPPED
    )
    modules = os.path.join(spec["repository"], "node_modules")
    if os.path.isdir(modules):
        os.symlink(modules, os.path.join(scratch, "node_modules"))


def add_files(files: "dict[str, str]", scratch: str) -> None:
    """Write files that the repository does not have.

    Raises:
        SystemExit: one would replace a file, or lie elsewhere.
    """
    for path, text in files.items():
        place = os.path.realpath(os.path.join(scratch, path))
        if not place.startswith(scratch + os.sep) or os.path.exists(place):
            sys.exit("cannot add %s: it is there already, or outside" % path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as stream:
            stream.write(text.encode("utf-8", "surrogateescape"))


def replaced(text: str, edit: "dict") -> "tuple[str, str]":
    """The text with the edit made, and what is wrong with the edit (empty: nothing)."""
    count = text.count(edit["old"]) if edit["old"] else 0
    if count != 1:
        return text, "`old` occurs %d times in %s" % (count, edit["path"])
    return text.replace(edit["old"], edit["new"]), ""


def apply_edits(edits: "list[dict]", scratch: str, stamp: int) -> "tuple[dict, str]":
    """Make the edits in the scratch copy; returns what to put back, and what is wrong (empty:
    nothing).
    """
    before, after = {}, {}  # type: dict[str, bytes], dict[str, str]
    for edit in edits:
        path = os.path.normpath(os.path.join(scratch, edit["path"]))
        if not os.path.realpath(path).startswith(scratch + os.sep) or not os.path.isfile(path):
            return {}, "no such file: %s" % edit["path"]
        if path not in after:
            with open(path, "rb") as stream:
                before[path] = stream.read()
            after[path] = before[path].decode("utf-8", "surrogateescape")
        after[path], wrong = replaced(after[path], edit)
        if wrong:
            return {}, wrong
    for path, text in after.items():
        if path.endswith(".py"):
            try:
                compile(text.encode("utf-8", "surrogateescape"), path, "exec", dont_inherit=True)
            except (SyntaxError, ValueError) as problem:
                return {}, "%s: %s" % (type(problem).__name__, problem)
    undo = {}
    for path, text in after.items():
        undo[path] = (before[path], os.stat(path).st_mtime)
        with open(path, "wb") as stream:
            stream.write(text.encode("utf-8", "surrogateescape"))
        os.utime(path, (stamp, stamp))  # a cached module counts as fresh by size and whole seconds
    return undo, ""


def put_back(undo: "dict") -> None:
    for path, (content, stamp) in undo.items():
        with open(path, "wb") as stream:
            stream.write(content)
        os.utime(path, (stamp, stamp))
