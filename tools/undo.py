"""The tool `undo`: a file as it was before its last edit."""

from dataclasses import dataclass

from pydantic import Field, JsonValue

from swe_agent.aci.paths import shown, writable_path
from swe_agent.aci.tool import Failed, ToolArguments, ToolOutput, Workbench
from swe_agent.aci.window import window
from swe_agent.core.errors import ToolFailure

EDITS = ("edit", "edit_lines", "create")


class Undo:
    """Take back the last edit of a file that was made with `edit`, `edit_lines` or `create`; may
    be called again for the one before.
    """

    name = "undo"
    writes = True

    class Arguments(ToolArguments):
        path: str = Field(description="File, relative to the repository.")

    def run(self, arguments: Arguments, bench: Workbench) -> ToolOutput:
        """The window of what was put back."""
        sandbox = bench.sandbox
        path = writable_path(arguments.path, sandbox.root, sandbox.tree())
        name = shown(path)
        now = _now(path, bench)
        current = None if now is None else bench.blobs.put(now)
        last = _last_standing(_edits(name, bench), current)
        if last is None:
            raise Failed(f"There is no edit of {name} to undo.", "nothing", {"path": name})
        lost = "" if last.after == current else _LOST
        changed: dict[str, JsonValue] = {"path": name, "before": current, "after": last.before}
        if last.before is None:
            sandbox.remove_file(path)
            gone: JsonValue = {**changed, "start": 0, "end": 0}
            return ToolOutput(f"Removed {name}: it was made by the edit undone.{lost}", gone)
        content = bench.blobs.get(last.before)
        sandbox.write_file(path, content)
        shown_lines = window(content, last.start, last.end)
        back: JsonValue = {**changed, "start": last.start, "end": last.end}
        return ToolOutput(f"{name} is as before its last edit.{lost}\n{shown_lines}", back)


_LOST = " It had been changed since by something else (a command?); that is taken back too."


@dataclass(frozen=True, slots=True)
class _Edit:
    before: str | None
    after: str | None
    start: int
    end: int


def _now(path: str, bench: Workbench) -> bytes | None:
    try:
        return bench.sandbox.read_file(path)
    except ToolFailure:
        return None


def _edits(path: str, bench: Workbench) -> list[_Edit]:
    """Edits of the file that no `undo` took back, oldest first."""
    standing: list[_Edit] = []
    for past in bench.past():
        said = past.observation.data
        if past.observation.outcome != "ok" or not isinstance(said, dict):
            continue
        if said.get("path") != path:
            continue
        if past.call.name in EDITS:
            standing.append(_edit(said))
        elif past.call.name == "undo":
            before = said.get("after")
            while standing and standing[-1].before != before:
                standing.pop()
            del standing[-1:]
    return standing


def _edit(said: dict[str, JsonValue]) -> _Edit:
    before, after, start, end = (said.get(key) for key in ("before", "after", "start", "end"))
    return _Edit(
        before if isinstance(before, str) else None,
        after if isinstance(after, str) else None,
        start if isinstance(start, int) else 1,
        end if isinstance(end, int) else 1,
    )


def _last_standing(edits: list[_Edit], current: str | None) -> _Edit | None:
    """The last edit whose result the file still shows; a rollback may have taken later ones back
    already.
    """
    for edit in reversed(edits):
        if edit.after == current:
            return edit
    if any(edit.before == current for edit in edits):
        return None
    return edits[-1] if edits else None
