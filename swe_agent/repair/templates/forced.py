"""Questions to the tests rather than repairs: what if a condition always held, or never, or if the
function ended here? One that the failing tests answer with a pass shows where a case is missing;
`restrict` then finds out for which values.
"""

import ast
from collections.abc import Iterator

from swe_agent.repair.syntax import Code, Function, Rewrite, arguments_of, own_nodes
from swe_agent.repair.templates.conditions import tests_of
from swe_agent.repair.templates.template import IN_PROJECTS, Template

RESULT_LIMIT = 7
RESULT_CHARS = 40
_USUAL = ("None", "''", "[]", "False", "True", "{}", "0")


def decided(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A condition that always holds, or never does."""
    for test in tests_of(node):
        if not isinstance(test, ast.Constant):
            yield code.swap(test, "False")
            if not isinstance(node, ast.While):
                yield code.swap(test, "True")


def ended(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """The function, or the round of a loop, ends before a statement."""
    function = code.function_of(node) if isinstance(node, ast.stmt) else None
    if function is None or not isinstance(node, ast.stmt) or _is_text(node):
        return
    block = code.block_of(node)
    place = block.index(node)
    before = block[place - 1] if place else None
    first = before is None or _is_text(before)
    share = 1.0 if first or isinstance(before, ast.Assign) else 0.5
    if code.inside(node, (ast.For, ast.AsyncFor, ast.While)):
        yield from code.insert(node, "continue", weight=share)
    for rank, value in enumerate(_results(code, function, node)):
        if not isinstance(node, ast.Return) or code.text_of(node) != f"return {value}":
            line = "return" if value == "None" else f"return {value}"
            yield from code.insert(node, line, weight=share * (1.0 - 0.1 * rank))


def refused(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """An exception that the failing tests name is raised before a statement."""
    if not isinstance(node, ast.stmt) or code.function_of(node) is None or _is_text(node):
        return
    first = code.block_of(node)[0] is node
    for name in code.told.types[:2]:
        yield from code.insert(node, f"raise {name}", weight=1.0 if first else 0.6)


def _results(code: Code, function: Function, node: ast.stmt) -> list[str]:
    """What a function may return before a statement: what it returns elsewhere as far as that is
    known there, its parameters, nothing; nothing alone where it returns no value.
    """
    inner = [n for n in own_nodes(function) if isinstance(n, ast.Return) and n.value is not None]
    if not inner:
        return ["None"]
    bound = {
        n.id
        for n in own_nodes(function)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.lineno < node.lineno
    }
    given = [name for name in arguments_of(function) if name not in ("self", "cls")]
    found = []
    for end in inner:
        names = {n.id for n in ast.walk(end) if isinstance(n, ast.Name)}
        local = names - {*given, "self", "cls"}
        text = code.text_of(end.value or end)
        if len(text) <= RESULT_CHARS and "\n" not in text and not (local - bound):
            found.append(text)
    return list(dict.fromkeys([*found[:4], *given[:2], *_USUAL]))[:RESULT_LIMIT]


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


TEMPLATES = (
    Template("forced condition", IN_PROJECTS, decided, "decides always the same", is_question=True),
    Template("forced end", IN_PROJECTS, ended, "ends early", is_question=True),
    Template("forced refusal", IN_PROJECTS, refused, "refuses", is_question=True),
)
