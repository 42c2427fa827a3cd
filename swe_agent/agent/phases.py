"""The phases as a table: what the model is told, how many turns it has, and what follows."""

from dataclasses import dataclass

from swe_agent.core.events import Phase
from swe_agent.settings.schema import Role


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """One phase of an iteration."""

    prompt: str
    """Template of what the model is told when it begins; empty: nothing."""
    turns: int
    """Replies after which the next phase begins by itself; 0: no model is asked in this phase."""
    ends_after: frozenset[str]
    """Tools whose use ends the phase."""
    next: Phase
    role: Role = "editor"
    """Who is asked."""
    gives: tuple[str, ...] = ()
    """Tools of the shelf that it gives in a repository of over `LARGE_FILES` files."""


LARGE_FILES = 500
_CHANGES = frozenset({"edit", "edit_lines", "create", "undo", "try_edits", "plan"})

PHASES: dict[Phase, PhaseRow] = {
    "plan": PhaseRow(
        "task",
        turns=12,
        ends_after=_CHANGES | {"submit", "run_tests"},
        next="edit",
        role="planner",
        gives=("repo_map", "find_symbol"),
    ),
    "edit": PhaseRow("", turns=60, ends_after=frozenset({"submit"}), next="test"),
    "test": PhaseRow("", turns=0, ends_after=frozenset(), next="reflect"),
    "reflect": PhaseRow("", turns=0, ends_after=frozenset(), next="edit"),
}
