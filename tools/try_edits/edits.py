"""Makes a candidate's edits in the scratch copy, and puts back what was there; runs inside the
sandbox.
"""

# ruff: noqa: PTH113, PTH116, PTH118, PTH123, UP031
# mypy: ignore-errors

import os


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
