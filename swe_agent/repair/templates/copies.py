"""A statement or a branch that is needed once more, for another variable or constant."""

import ast
import re
from collections.abc import Iterator

from swe_agent.repair.syntax import Code, Rewrite
from swe_agent.repair.templates.donors import told_numbers, told_texts
from swe_agent.repair.templates.template import Template

SEPARATORS = (" ", ",", "-", "_")


def siblings(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A statement that is needed once more for another variable."""
    if not isinstance(node, ast.Assign | ast.AugAssign | ast.Expr):
        return
    if node.lineno != node.end_lineno or isinstance(getattr(node, "value", None), ast.Constant):
        return
    text = code.text_of(node)
    known = [n for n in code.names_at(node) if n not in ("self", "cls", "_")]
    used = [n for n in known if re.search(rf"\b{n}\b", text)]
    for one in used:
        for two in known[:8]:
            if two not in used:
                yield from code.insert(node, re.sub(rf"\b{one}\b", two, text), after=True)


def sibling_branches(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A branch that is needed once more for another constant, which the docstring or the function
    names.
    """
    lines = code.whole_lines(node) if isinstance(node, ast.If) else None
    if not isinstance(node, ast.If) or lines is None or node.orelse:
        return
    text = code.text[lines[0] : lines[1]]
    fixed = [n for n in ast.walk(node.test) if isinstance(n, ast.Constant)]
    texts = dict.fromkeys([*told_texts(code, node), *SEPARATORS])
    for one in fixed[:2]:
        same = texts if isinstance(one.value, str) else told_numbers(code, node)
        for other in [value for value in same if value != one.value][:8]:
            copied = text.replace(code.text_of(one), repr(other))
            yield Rewrite(lines[1], lines[1], copied, 1.0 if isinstance(other, int) else 0.6)


TEMPLATES = (
    Template("sibling", 0.2, siblings, "does the same for another variable"),
    Template("sibling branch", 0.3, sibling_branches, "takes the branch for another constant too"),
)
