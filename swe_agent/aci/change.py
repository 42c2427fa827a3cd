"""How every tool that edits writes: syntax gate, write, both versions as blobs, window."""

from pydantic import JsonValue

from swe_agent.aci.edits import Change
from swe_agent.aci.paths import shown
from swe_agent.aci.syntax import Gate, gate
from swe_agent.aci.tool import Failed, ToolOutput, Workbench
from swe_agent.aci.window import window

_SHOWN_PROBLEMS = 5


def written(bench: Workbench, path: str, before: bytes | None, change: Change) -> ToolOutput:
    """Write a change to a file and show it.

    Args:
        bench: where the file lies.
        path: repository-relative; where `writable_path` says a write to it goes.
        before: the file's bytes; None where it is made.
        change: what it becomes.

    Raises:
        Failed: the change brings a syntax error; nothing was written, the message has the would-be
        window. ToolFailure: the file cannot be written.
    """
    name = shown(path)
    checked = gate(path, before or b"", change.after)
    if checked.problems:
        raise _broken(name, checked, change)
    bench.sandbox.write_file(path, change.after)
    verb = "Made" if before is None else "Edited"
    lines = f"lines {change.start}-{change.end}"
    if change.end < change.start:
        lines = f"lines were taken out before line {change.start}"
    note = f" ({checked.note})" if checked.note else ""
    changed: dict[str, JsonValue] = {
        "path": name,
        "before": None if before is None else bench.blobs.put(before),
        "after": bench.blobs.put(change.after),
        "start": change.start,
        "end": change.end,
    }
    return ToolOutput(
        f"{verb} {name}: {lines}{note}.\n{window(change.after, change.start, change.end)}", changed
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
