"""How every tool that edits writes: syntax gate, write, both versions as blobs, window."""

from collections.abc import Callable

from pydantic import JsonValue

from swe_agent.aci.edits import Change
from swe_agent.aci.paths import shown
from swe_agent.aci.syntax import LIMIT_BYTES, Gate, gate
from swe_agent.aci.tool import Failed, ToolOutput, Workbench
from swe_agent.aci.window import window
from swe_agent.core.protocols import TreeReader

_SHOWN_PROBLEMS = 5


def changed(bench: Workbench, path: str, change: Callable[[bytes], Change]) -> ToolOutput:
    """Change a file and show it. The change is made and judged on what the host has of the file,
    and goes in if the file still reads so; else the file is read, and the change judged again.

    Args:
        bench: where the file lies.
        path: repository-relative; where `writable_path` says a write to it goes.
        change: what it becomes, or Failed.

    Raises:
        Failed: the change cannot be made, or brings a syntax error; nothing was written, the
        message has the would-be window. ToolFailure: the file cannot be read or written.
    """
    expected = _expected(bench.sandbox.tree(), path)
    judged = None if expected is None else _judged(path, expected, change)
    if expected is not None and isinstance(judged, tuple):
        change_made, checked = judged
        if bench.sandbox.replace_file(path, expected, change_made.after):
            return _told(bench, path, expected, change_made, checked)
    before = bench.sandbox.read_file(path)
    if judged is None or before != expected:
        judged = _judged(path, before, change)
    if isinstance(judged, Failed):
        raise judged
    bench.sandbox.write_file(path, judged[0].after)
    return _told(bench, path, before, *judged)


def made(bench: Workbench, path: str, change: Change) -> ToolOutput:
    """Make a file and show it; else as `changed`."""
    checked = gate(path, b"", change.after)
    if checked.problems:
        raise _broken(shown(path), checked, change)
    bench.sandbox.write_file(path, change.after)
    return _told(bench, path, None, change, checked)


def _expected(tree: TreeReader, path: str) -> bytes | None:
    """What the host has of a file; None where that is nothing to go by."""
    entry = tree.entry(path)
    if entry is None or entry.kind != "file" or entry.size_bytes > LIMIT_BYTES:
        return None
    return tree.read(path)


def _judged(
    path: str, before: bytes, change: Callable[[bytes], Change]
) -> tuple[Change, Gate] | Failed:
    try:
        wanted = change(before)
    except Failed as fault:
        return fault
    checked = gate(path, before, wanted.after)
    return _broken(shown(path), checked, wanted) if checked.problems else (wanted, checked)


def _told(
    bench: Workbench, path: str, before: bytes | None, change: Change, checked: Gate
) -> ToolOutput:
    """The window around what was written; both versions are kept as blobs."""
    name = shown(path)
    verb = "Made" if before is None else "Edited"
    lines = f"lines {change.start}-{change.end}"
    if change.end < change.start:
        lines = f"lines were taken out before line {change.start}"
    note = f" ({checked.note})" if checked.note else ""
    said: dict[str, JsonValue] = {
        "path": name,
        "before": None if before is None else bench.blobs.put(before),
        "after": bench.blobs.put(change.after),
        "start": change.start,
        "end": change.end,
    }
    return ToolOutput(
        f"{verb} {name}: {lines}{note}.\n{window(change.after, change.start, change.end)}", said
    )


def _broken(path: str, checked: Gate, change: Change) -> Failed:
    first = checked.problems[0]
    said = [
        f"line {problem.line}: {problem.what}" for problem in checked.problems[:_SHOWN_PROBLEMS]
    ]
    if len(checked.problems) > _SHOWN_PROBLEMS:
        said.append(f"and {len(checked.problems) - _SHOWN_PROBLEMS} more")
    start, end = min(change.start, first.line), max(change.end, first.line)
    hatch = "" if path.endswith((".py", ".pyi")) else " Should the checker be wrong, use `shell`."
    message = (
        f"Nothing was written: the change breaks the syntax of {path}.\n"
        + "\n".join(said)
        + f"\nIt would have read:\n{window(change.after, start, end)}\n"
        + f"The file is as it was; give a change that parses.{hatch}"
    )
    problems: list[JsonValue] = [
        {"line": problem.line, "what": problem.what}
        for problem in checked.problems[:_SHOWN_PROBLEMS]
    ]
    return Failed(message, "syntax", {"path": path, "problems": problems})
