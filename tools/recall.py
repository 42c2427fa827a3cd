"""The tool `recall`: the whole output of an earlier step, page by page, what was said then, and the
long arguments of its call."""

import itertools

from pydantic import Field

from swe_agent.aci.tool import Failed, PastCall, ToolArguments, ToolOutput, Workbench
from swe_agent.aci.window import numbered
from swe_agent.core.messages import ToolCall
from swe_agent.core.text import decoded, elided, lines_of

PAGE_LINES = 200
SHOWN_STEPS = 20


class Recall:
    """Show the whole output of an earlier step again, with line numbers, a page at a time; long
    text that its call was given follows."""

    name = "recall"
    writes = False

    class Arguments(ToolArguments):
        step: int = Field(ge=0, description="Number of the step.")
        start: int = Field(1, ge=1, description="First line of the page.")
        end: int | None = Field(None, ge=1, description="Last line of the page, inclusive.")

    def run(self, arguments: Arguments, bench: Workbench) -> ToolOutput:
        """One page per call of that step."""
        past = [call for call in bench.past() if call.step == arguments.step]
        if not past:
            raise Failed(_unknown(arguments.step, bench), "step", {"step": arguments.step})
        said = _said(past[0], arguments, bench)
        room = (bench.limits.output_chars - 200 - sum(map(len, said))) // len(past)
        pages = [*said, *(_page(call, arguments, room, bench) for call in past)]
        return ToolOutput("\n\n".join(pages), {"step": arguments.step})


def _unknown(step: int, bench: Workbench) -> str:
    steps = sorted({call.step for call in bench.past()})
    listed = ", ".join(map(str, steps[-SHOWN_STEPS:])) or "none"
    return f"There is no output of step {step}; the steps with output are: {listed}."


def _said(past: PastCall, arguments: Recall.Arguments, bench: Workbench) -> list[str]:
    if not past.said.strip() or arguments.start > 1:
        return []
    return [f"Step {past.step}, said:\n{elided(past.said, bench.limits.output_chars // 4)}"]


def _given(call: ToolCall) -> list[str]:
    """The arguments of several lines, which the conversation may show shortened."""
    given: list[str] = []
    for name, value in call.arguments.items():
        if isinstance(value, str) and "\n" in value:
            given += ["", f"{call.name} was given this `{name}`:", *lines_of(value)]
    return given


def _page(past: PastCall, arguments: Recall.Arguments, room: int, bench: Workbench) -> str:
    blob = past.observation.blob
    text = decoded(bench.blobs.get(blob)) if blob else past.observation.text
    # The output's lines keep their numbers: what the call was given follows them.
    lines = [*lines_of(text), *_given(past.call)]
    start = arguments.start
    end = min(arguments.end or start + PAGE_LINES - 1, len(lines))
    title = f"Step {past.step}, {past.call.name}"
    if start > len(lines):
        return f"{title}: it has {len(lines)} lines."
    rows = numbered(lines[start - 1 : end], start).split("\n")
    sums = itertools.accumulate(len(row) + 1 for row in rows)
    rows = rows[: max(1, sum(1 for total in sums if total <= room))]
    end = start + len(rows) - 1
    more = f"; `start` = {end + 1} shows more" if end < len(lines) else ""
    return "\n".join([f"{title}, lines {start}-{end} of {len(lines)}{more}:", *rows])
