"""What the offline model says when it submits: what was wrong, what was changed, how sure it is."""

import difflib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from swe_agent.core.task import TestReport
from swe_agent.repair.history import Seen
from swe_agent.repair.propose import Candidate, name_of
from swe_agent.repair.scripts import Script
from swe_agent.repair.syntax import Code

PLACES_SHOWN = 5
LINES_SHOWN = 3
CHARS_SHOWN = 100


def of_repair(
    kept: Candidate, rivals: int, tried: int, suspicions: Mapping[tuple[str, int], float]
) -> str:
    """The explanation of a change that was made: what, where, why there, and how sure."""
    if rivals == 0:
        sure = f"high: of {tried} candidates that were tried, no other one passes."
    else:
        others = "1 other candidate" if rivals == 1 else f"{rivals} others"
        sure = (
            f"{'medium' if rivals <= 3 else 'low'}: plausible, but the tests could not tell it "
            f"from {others} of the {tried} tried; this is the most natural."
        )
    return (
        f"Changed {kept.function} at {kept.path}:{kept.line}: it {kept.says} now "
        f"(template: {kept.template}). {_shown(kept)}\n"
        f"Why there: {_why(kept, suspicions)}. With the change the tests that failed pass, and "
        f"none that passed is lost.\nConfidence: {sure}"
    )


def _shown(kept: Candidate) -> str:
    """The lines that go and come, the first of each edit."""
    parts = []
    for edit in kept.edits:
        rows = [*difflib.ndiff(edit.old.splitlines(), edit.new.splitlines())]
        gone, come = (
            [row[2:].strip() for row in rows if row.startswith(sign) and row[2:].strip()]
            for sign in ("- ", "+ ")
        )
        old, new = (_short("; ".join(lines[:LINES_SHOWN])) for lines in (gone, come))
        parts.append(
            f"`{old}` became `{new}`."
            if old and new
            else f"New: `{new}`."
            if new
            else f"Gone: `{old}`."
        )
    return " ".join(parts)


def _short(text: str) -> str:
    return text if len(text) <= CHARS_SHOWN else f"{text[: CHARS_SHOWN - 3]}..."


def _why(kept: Candidate, suspicions: Mapping[tuple[str, int], float]) -> str:
    """How suspicious the place of a change was among all."""
    inside = [line for path, line in suspicions if path == kept.path and line <= kept.line]
    own = suspicions.get((kept.path, max(inside, default=0)), 0.0)
    before = sum(score > own for score in suspicions.values())
    near = "by how near the failing tests, their tracebacks and the issue come to it"
    if before == 0:
        return f"no place is more suspicious, {near}"
    return f"{before} of {len(suspicions)} places are more suspicious, {near}"


@dataclass(frozen=True, slots=True)
class Found:
    """What the search knows when it has no repair."""

    suspicions: Mapping[tuple[str, int], float]
    codes: Mapping[str, Code | Script]
    tried: int
    templates: Counter[str]
    """Candidates tried by template."""
    nearest: Candidate | None
    """The one with which the most failing tests pass, though not all."""


def of_failure(seen: Seen, found: Found, is_spent: bool) -> str:
    """The diagnosis where no repair was found: ideas spent, or else the time for the search."""
    why = "its ideas are spent" if is_spent else "the time for the search was over before its ideas"
    failing = sorted(seen.base.failed) if seen.base else []
    lines = [
        "No repair found; nothing was changed. "
        f"{found.tried} candidates were tried in {seen.seconds:.0f} s; {why}."
    ]
    if failing:
        lines.append(f"Failing: {_listed(failing)}")
    return "\n".join([*lines, *of_search(found)])


def of_search(found: Found) -> list[str]:
    """The suspicious places, what was tried there, and the nearest miss."""
    ranked = sorted(found.suspicions.items(), key=lambda item: (-item[1], item[0]))[:PLACES_SHOWN]
    places = [
        f"{_name(found.codes[path], line)} at {path}:{max(1, line)}" for (path, line), _ in ranked
    ]
    lines = [f"Most suspicious: {'; '.join(places)}."] if places else []
    if found.templates:
        counts = [f"{name} {count}" for name, count in found.templates.most_common()]
        lines.append(f"Tried: {_listed(counts)}.")
    if found.nearest:
        near = found.nearest
        lines.append(
            f"Nearest: some failing tests pass where the repair {near.says} "
            f"({near.function} at {near.path}:{near.line}, {near.template})."
        )
    return lines


def _listed(words: list[str]) -> str:
    more = len(words) - PLACES_SHOWN
    return ", ".join(words[:PLACES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def of_nothing(report: TestReport, examples: int = 0) -> str:
    """What is said where no test fails, nor any of so many examples of the issue."""
    also = f" {examples} examples of the issue were run, and hold." if examples else ""
    return (
        f"No failing test: {len(report.passed)} passed.{also} The offline model repairs what a "
        "failing test or an example in the issue shows (`f(1)` should return 2); add one that "
        "shows the fault."
    )


def _name(code: Code | Script, line: int) -> str:
    if isinstance(code, Script):
        found = next((f.name for f in code.functions() if f.lineno == line), "")
    else:
        places = (*code.functions(), *code.constants)
        found = next((name_of(place) for place in places if place.lineno == line), "")
    return found or "the module's own code"
