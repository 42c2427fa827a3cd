"""What failures say is not there: attributes that objects lack, parameters that functions do not
take.
"""

import ast
from collections.abc import Iterator

from swe_agent.repair.syntax import Code, Function, Rewrite, arguments_of, is_called, is_loaded
from swe_agent.repair.templates.template import IN_PROJECTS, Template

_SIMPLE = ast.Assign | ast.AugAssign | ast.Expr | ast.Return
_VALUES = (("None", 1.0), ("False", 0.6), ("True", 0.5))


def lacked(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """An attribute that failures say objects do not all have: asked for before it is read."""
    if not isinstance(node, ast.Attribute) or node.attr not in code.told.lacking:
        return
    if not is_loaded(node):
        return
    holder = code.text_of(node.value)
    asked = f"hasattr({holder}, {node.attr!r})"
    if not is_called(code, node):
        yield code.swap(node, f"getattr({holder}, {node.attr!r}, None)")
    condition = _condition_around(code, node)
    statement = code.statement_of(node)
    if condition is not None:
        yield code.swap(condition, f"{asked} and {code.text_of(condition)}")
        yield code.swap_operand(condition, f"not {asked} or {code.text_of(condition)}", 0.6)
    elif isinstance(statement, _SIMPLE) and (lines := code.whole_lines(statement)):
        indent = code.indent(statement)
        rows = code.text[lines[0] : lines[1]].splitlines(keepends=True)
        body = "".join(f"    {row}" if row.strip() else row for row in rows)
        yield Rewrite(*lines, f"{indent}if {asked}:\n{body}", 0.8)


def _condition_around(code: Code, node: ast.AST) -> ast.expr | None:
    """The part of a condition in which a node stands."""
    while isinstance(node, ast.expr):
        place = code.parents.get(node)
        if isinstance(place, ast.BoolOp):
            return node
        if isinstance(place, ast.If | ast.While | ast.IfExp) and place.test is node:
            return node
        if place is None:
            break
        node = place
    return None


def taken(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """One more parameter, which failures say that a function is given and does not take."""
    if not isinstance(node, Function):
        return
    for function, name in code.told.given:
        if function == node.name and name not in arguments_of(node):
            start, end = _after_plain(code, node)
            for value, weight in _VALUES:
                yield Rewrite(end, end, _joined(code, start, end, f"{name}={value}"), weight)


def spared(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """Parameters that failures say are not given: they need not be."""
    if not isinstance(node, Function):
        return
    plain = [*node.args.posonlyargs, *node.args.args]
    free = plain[: len(plain) - len(node.args.defaults)]
    for function, names in code.told.wanting:
        wanted = [a for a in free if a.arg in names]
        if function == node.name and wanted and free[-len(wanted) :] == wanted:
            start, end = code.span(wanted[0])[0], code.span(wanted[-1])[1]
            for value in ("None", "''", "0", "False"):
                given = (
                    f"{code.text_of(a)}{' = ' if a.annotation else '='}{value}" for a in wanted
                )
                yield Rewrite(start, end, ", ".join(given), 1.0 if value == "None" else 0.5)


def _after_plain(code: Code, function: Function) -> tuple[int, int]:
    """Where the parameters begin, and where those end that may be given by place."""
    start = code.text.index("(", code.text.index(function.name, code.span(function)[0])) + 1
    given = function.args
    plain = [*given.posonlyargs, *given.args, *given.defaults]
    return start, max((code.span(part)[1] for part in plain), default=start)


def _joined(code: Code, start: int, end: int, parameter: str) -> str:
    if start != end:
        return f", {parameter}"
    return parameter if code.text[end:].lstrip().startswith(")") else f"{parameter}, "


TEMPLATES = (
    Template("lacked", IN_PROJECTS, lacked, "asks first whether there is such an attribute"),
    Template("spared argument", IN_PROJECTS, spared, "need not be given an argument"),
    Template("taken argument", IN_PROJECTS, taken, "takes one more argument"),
)
