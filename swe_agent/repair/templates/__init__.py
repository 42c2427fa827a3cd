"""The repair templates: each knows one way in which programs are wrong, and its prior among the
others.
"""

from swe_agent.repair.templates import (
    calling,
    calls,
    conditions,
    constants,
    exceptions,
    expressions,
    guards,
    missing,
    names,
    operators,
    passing,
    patterns,
    returns,
    slices,
    statements,
    told,
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
    *missing.TEMPLATES,
    *guards.TEMPLATES,
    *passing.TEMPLATES,
    *patterns.TEMPLATES,
    *exceptions.TEMPLATES,
    *calling.TEMPLATES,
    *told.TEMPLATES,
)
