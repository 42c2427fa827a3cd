"""A condition that was left out: of a statement, a way out, a comprehension; and what to do where a
condition does not hold.
"""

import ast
from collections.abc import Iterator

from swe_agent.repair.binding import binds, set_before
from swe_agent.repair.syntax import Code, Function, Rewrite, arguments_of, own_nodes, stored
from swe_agent.repair.templates.donors import conditions_at
from swe_agent.repair.templates.template import Template

_OPPOSITE = {"+=": "-=", "-=": "+=", "*=": "//=", "//=": "*="}


def guarded(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A statement of a loop that is for some members only; a way out that is not for all."""
    if not isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.Return):
        return
    loop = _loop_of(code, node)
    lines = code.whole_lines(node)
    if lines is None or node.lineno != node.end_lineno:
        return
    indent, text = code.indent(node), code.text_of(node)
    if loop is None:
        function = code.function_of(node)
        if function is not None and isinstance(node, ast.Return) and node not in function.body[-1:]:
            for condition, weight in _rare(arguments_of(function)):
                yield Rewrite(*lines, f"{indent}if {condition}:\n{indent}    {text}\n", weight)
        return
    first = set_before(loop, node)
    rest = _rest_of(code, node)
    for condition, weight in conditions_at(code, node, first):
        yield Rewrite(*lines, f"{indent}if {condition}:\n{indent}    {text}\n", weight)
        if rest:
            inner = code.text[lines[0] : rest].replace(f"\n{indent}", f"\n{indent}    ")
            yield Rewrite(lines[0], rest, f"{indent}if {condition}:\n    {inner}", weight * 0.6)


def filtered(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A comprehension that takes all members where some are meant."""
    if not isinstance(node, ast.comprehension) or node.ifs:
        return
    start, end = code.span(node.iter)
    if "(" in code.text[code.span(node.target)[1] : start]:
        return
    for condition, weight in conditions_at(code, node.iter, stored(node.target)):
        yield Rewrite(end, end, f" if {condition}", weight)


def other_cases(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """What to do where a condition does not hold: the reverse, or begin again."""
    if not isinstance(node, ast.If) or node.orelse:
        return
    lines, function = code.whole_lines(node), code.function_of(node)
    if lines is None or function is None:
        return
    indent, end = code.indent(node), lines[1]
    gap = "" if code.text[:end].endswith("\n") else "\n"
    for line, weight in _reverses(code, node, function):
        yield Rewrite(end, end, f"{gap}{indent}else:\n{indent}    {line}\n", weight)


def _rest_of(code: Code, node: ast.stmt) -> int:
    """Where the block of a statement ends, if one more or two follow; else 0."""
    block = code.block_of(node)
    after = block[block.index(node) + 1 :]
    lines = code.whole_lines(after[-1]) if 0 < len(after) < 3 else None
    return lines[1] if lines else 0


def _rare(names: list[str]) -> Iterator[tuple[str, float]]:
    """Conditions under which a function has its result at once."""
    for name in [name for name in names if name not in ("self", "cls")][:3]:
        for form in ("not %s", "%s < 2", "%s <= 0", "%s < 0", "%s == 1", "len(%s) < 2"):
            yield form % name, 0.8
        for other in names:
            if other != name:
                yield f"{name} > {other}", 0.6
                yield f"{name} == {other}", 0.6


def _loop_of(code: Code, node: ast.stmt) -> ast.For | ast.While | None:
    place = code.parents.get(node)
    while place is not None and not isinstance(place, Function):
        if isinstance(place, ast.For | ast.While):
            return place
        place = code.parents.get(place)
    return None


def _reverses(code: Code, node: ast.If, function: Function) -> Iterator[tuple[str, float]]:
    for statement in node.body:
        match statement:
            case ast.AugAssign(target=target, value=value):
                sign = code.text[code.span(target)[1] : code.span(value)[0]].strip()
                if sign in _OPPOSITE:
                    text = f"{code.text_of(target)} {_OPPOSITE[sign]} {code.text_of(value)}"
                    yield text, 1.0
            case ast.Return(value=ast.Constant(value=bool() as flag)):
                yield f"return {not flag}", 0.6
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield f"{name} = 0", 0.4
    yield from _kept_members(code, node)
    changed = {n for s in ast.walk(node) for n in binds(s)}
    counted = {
        s.target.id
        for s in (node.body if _loop_of(code, node) else ())
        if isinstance(s, ast.AugAssign) and isinstance(s.target, ast.Name)
    }
    for start in own_nodes(function):
        if isinstance(start, ast.Assign) and start.lineno < node.lineno:
            bound = [n for target in start.targets for n in stored(target)]
            for name in bound if isinstance(start.value, ast.Constant) else ():
                likely = 1.5 if name in counted else 0.8 if name in changed else 0.3
                yield f"{name} = {code.text_of(start.value)}", likely


def _kept_members(code: Code, node: ast.If) -> Iterator[tuple[str, float]]:
    """A loop's member kept as it is, where others are kept changed."""
    loop = _loop_of(code, node)
    if not isinstance(loop, ast.For):
        return
    for member in stored(loop.target):
        match node.body[-1]:
            case ast.AugAssign(target=target, op=ast.Add(), value=value):
                if code.text_of(value) != member:
                    yield f"{code.text_of(target)} += {member}", 0.8
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="append") as add, args=[value])):
                if code.text_of(value) != member:
                    yield f"{code.text_of(add)}({member})", 0.8


TEMPLATES = (
    Template("guard", 0.22, guarded, "does it under a condition only"),
    Template("filter", 0.3, filtered, "takes some of the members only"),
    Template("other case", 0.3, other_cases, "does something else where the condition fails"),
)
