"""The repair templates: each knows one way in which programs are wrong, and its prior among the
others.
"""

from swe_agent.repair.templates import (
    calling,
    calls,
    conditions,
    constants,
    copies,
    demands,
    exceptions,
    expressions,
    forced,
    guards,
    names,
    operators,
    passing,
    patterns,
    returns,
    siblings,
    signatures,
    slices,
    statements,
    told,
    updates,
    variants,
)
from swe_agent.repair.templates.template import Template

TEMPLATES: tuple[Template, ...] = (
    *operators.TEMPLATES,
    *constants.TEMPLATES,
    *names.TEMPLATES,
    *calls.TEMPLATES,
    *slices.TEMPLATES,
    *conditions.TEMPLATES,
    *returns.TEMPLATES,
    *expressions.TEMPLATES,
    *statements.TEMPLATES,
    *updates.TEMPLATES,
    *demands.TEMPLATES,
    *copies.TEMPLATES,
    *variants.TEMPLATES,
    *guards.TEMPLATES,
    *passing.TEMPLATES,
    *patterns.TEMPLATES,
    *exceptions.TEMPLATES,
    *calling.TEMPLATES,
    *told.TEMPLATES,
    *signatures.TEMPLATES,
    *siblings.TEMPLATES,
    *forced.TEMPLATES,
)
