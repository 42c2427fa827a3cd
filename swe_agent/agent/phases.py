"""The phases as a table: what the model is told, how many turns it has, and what follows."""

from functools import cache
from typing import Literal

from pydantic import Field, ValidationError

from swe_agent.core.errors import UsageFault
from swe_agent.core.events import Phase
from swe_agent.core.messages import Record
from swe_agent.settings.content import content_path
from swe_agent.settings.prompts import prompt
from swe_agent.settings.schema import Effort, Role
from swe_agent.settings.strict_yaml import read_mapping

LARGE_FILES = 500
FILE = "prompts/phases.yaml"


class PhaseRow(Record):
    """One phase of an iteration."""

    prompt: str = ""
    """Template of what the model is told when it begins; empty: nothing."""
    turns: int = Field(0, ge=0)
    """Replies after which the next phase begins by itself; 0: no model is asked in this phase."""
    ends_after: frozenset[str] = frozenset()
    """Tools whose use ends the phase."""
    next: Phase
    changes: Literal["run", "next", "refused"] = "run"
    """What becomes of a call that changes files. `next`: the next phase begins first, and it runs
    there. `refused`: no tool runs that may change one."""
    role: Role = "editor"
    """Who is asked."""
    effort: Effort | None = None
    """How hard it is to think where no setting says it; None: as the vendor does by itself."""
    gives: tuple[str, ...] = ()
    """Tools of the shelf that it gives in a repository of over `LARGE_FILES` files."""


class _Table(Record):
    plan: PhaseRow
    edit: PhaseRow
    test: PhaseRow
    reflect: PhaseRow


def reading_only(phase: Phase | Literal[""], tool: str) -> str:
    """Why a tool that may change files is not run in a phase; empty where it is."""
    row = phase_row(phase or "plan")
    if row.changes != "refused":
        return ""
    ends = sorted(row.ends_after & {"plan", "submit"})
    return prompt("reading_only", phase=phase, tool=tool, ends=ends)


@cache
def phase_row(phase: Phase) -> PhaseRow:
    """The row of a phase, from `configs/prompts/phases.yaml`.

    Raises:
        UsageFault: the table is not valid; names the file and the field.
    """
    path = content_path("configs", FILE)
    try:
        table = _Table.model_validate(read_mapping(path))
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageFault(f"{path}: {place}: {first['msg'].lower()}.", "Correct it.") from fault
    rows: dict[Phase, PhaseRow] = {
        "plan": table.plan,
        "edit": table.edit,
        "test": table.test,
        "reflect": table.reflect,
    }
    return rows[phase]
