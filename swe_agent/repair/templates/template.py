"""What a repair template is."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from swe_agent.repair.syntax import Code, Rewrite

IN_PROJECTS = 0.0
"""Prior of a template that is for projects alone; what it has there stands in `in_projects.tsv`."""
Rule = Callable[[Code, ast.AST], Iterator[Rewrite]]


@dataclass(frozen=True, slots=True)
class Template:
    """One way to change a program, offered every node of a suspicious function."""

    name: str
    prior: float
    """How often such a change is the right one, relative to the other templates, in (0, 1]."""
    rule: Rule
    says: str
    """What the change does, as a clause for the explanation."""
    of_failure: bool = False
    """Whether its variants name types of exceptions; those that no failure names are left out."""
    is_question: bool = False
    """Whether its changes are never kept: passing, they only show where a case is missing."""
