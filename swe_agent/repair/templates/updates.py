"""A variable that is never begun, or never moved on in the loop that is to move it."""

import ast
import re
from collections.abc import Iterator

from swe_agent.repair.binding import binds, bound_in_file, set_before
from swe_agent.repair.syntax import (
    Code,
    Function,
    Rewrite,
    arguments_of,
    is_builtin,
    is_loaded,
    own_nodes,
    stored,
)
from swe_agent.repair.templates.donors import conditions_at
from swe_agent.repair.templates.template import Template

EXPRESSION_LIMIT = 6
SOMETIMES_LIMIT = 4
_STARTS = {"0": 1.0, "[]": 0.9, "''": 0.7, "1": 0.6, "{}": 0.6, "set()": 0.5, "None": 0.4}
_FLAGS = {"False": 0.3, "True": 0.3}
_NO_RESULT = (ast.Return, ast.Break, ast.Continue, ast.Raise, ast.Pass)


def starts(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A variable that is read or added to but never begun."""
    if not isinstance(node, Function):
        return
    body = _body(node)
    outer = code.function_of(node)
    known = {*arguments_of(node), *bound_in_file(code), *(code.names_at(outer) if outer else ())}
    plain = {
        name
        for inner in own_nodes(node)
        for name in ([] if isinstance(inner, ast.AugAssign) else binds(inner))
    }
    used = [n.id for n in own_nodes(node) if isinstance(n, ast.Name)]
    for name in dict.fromkeys(used):
        if name in plain | known or is_builtin(name):
            continue
        grows = re.search(rf"\b{name}\.(append|extend)\(", code.text_of(node))
        for text, weight in (_STARTS | _FLAGS).items():
            likely = 1.0 if not grows else 1.0 if text == "[]" else 0.3
            yield from code.insert(body[0], f"{name} = {text}", weight=weight * likely)


def updates(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A variable that is begun before a loop and never moved on in it."""
    if not isinstance(node, ast.For | ast.While):
        return
    function = code.function_of(node)
    if function is None:
        return
    inside = list(ast.walk(node))
    begun = [s for s in own_nodes(function) if isinstance(s, ast.Assign) and s.lineno < node.lineno]
    first = {ast.dump(s.targets[0]): ast.dump(s.value) for s in begun}
    moved = _grown(code, node) | {
        name
        for inner in inside
        for name in binds(inner)
        if not isinstance(inner, ast.Assign)
        or first.get(ast.dump(inner.targets[0])) != ast.dump(inner.value)
    }
    values = _values(code, node)
    for start in begun:
        target = start.targets[0]
        if not isinstance(target, ast.Name) or target.id in moved:
            continue
        for line, weight in _moves_on(target.id, start.value, values):
            for block in _blocks_of(node):
                last = block[-1]
                after = not isinstance(last, _NO_RESULT)
                yield from code.insert(last, line, after=after, weight=weight)
                if after or len(block) > 1:
                    yield from code.insert(block[0], line, weight=weight * 0.6)
        yield from _updates_sometimes(code, node, target.id, start.value)


def _updates_sometimes(
    code: Code, loop: ast.For | ast.While, name: str, start: ast.expr
) -> Iterator[Rewrite]:
    """The variable moved on under a condition, at the loop's end."""
    last = loop.body[-1]
    if isinstance(last, _NO_RESULT):
        return
    first = [*binds(last), *set_before(loop, last)]
    moves = [*_moves_on(name, start, _values(code, loop))][:SOMETIMES_LIMIT]
    asked = [(name, 0.8) for name in dict.fromkeys(first)]
    asked += [*conditions_at(code, last, first)][: 3 * SOMETIMES_LIMIT]
    for condition, likely in asked:
        for line, weight in moves:
            text = f"if {condition}:\n    {line}"
            yield from code.insert(last, text, after=True, weight=weight * likely * 0.6)


def _moves_on(name: str, start: ast.expr, values: list[str]) -> Iterator[tuple[str, float]]:
    """How a variable that began so may move on."""
    match start:
        case ast.Constant(value=bool() as flag):
            yield f"{name} = {not flag}", 0.8
        case ast.Constant(value=int() | float()):
            yield f"{name} += 1", 1.0
            for value in values:
                for form, weight in (("+=", 1.0), ("*=", 0.4), ("-=", 0.4), ("=", 0.5)):
                    yield f"{name} {form} {value}", weight
                yield f"{name} = max({name}, {value})", 0.4
            yield f"{name} -= 1", 0.4
        case ast.Constant(value=str()):
            for value in values:
                yield f"{name} += {value}", 1.0
                yield f"{name} = {value} + {name}", 0.4
        case ast.List():
            for value in values:
                yield f"{name}.append({value})", 1.0
        case ast.Call(func=ast.Name(id="set")):
            for value in values:
                yield f"{name}.add({value})", 1.0
        case _:
            for value in values:
                yield f"{name} = {value}", 0.3
                yield f"{name} += {value}", 0.3
            yield f"{name} += 1", 0.4
            yield f"{name} -= 1", 0.4


def _values(code: Code, loop: ast.For | ast.While) -> list[str]:
    """What a loop has at hand: what it binds, then expressions over that."""
    names = [n for inner in ast.walk(loop) for n in binds(inner)]
    target = stored(loop.target) if isinstance(loop, ast.For) else []
    known = list(dict.fromkeys([*target, *names]))
    compound = [
        code.text_of(n)
        for n in ast.walk(loop)
        if isinstance(n, ast.BinOp | ast.Subscript | ast.Call)
        and is_loaded(n)
        and any(isinstance(i, ast.Name) and i.id in known for i in ast.walk(n))
    ]
    short = sorted(dict.fromkeys(compound), key=len)
    return [*known[:4], *[text for text in short if "\n" not in text][:EXPRESSION_LIMIT]]


def _grown(code: Code, node: ast.AST) -> set[str]:
    """Names whose methods are called as statements: they move on that way."""
    return {
        n.value.func.value.id
        for n in ast.walk(node)
        if isinstance(n, ast.Expr)
        and isinstance(n.value, ast.Call)
        and isinstance(n.value.func, ast.Attribute)
        and isinstance(n.value.func.value, ast.Name)
    }


def _blocks_of(loop: ast.For | ast.While) -> list[list[ast.stmt]]:
    """The blocks of a loop, its own first."""
    found = [loop.body]
    for node in own_nodes(loop):
        for block in (getattr(node, "body", None), getattr(node, "orelse", None)):
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                found.append(block)
    return found[:6]


def _body(function: Function) -> list[ast.stmt]:
    """A function's statements without its docstring."""
    written = ast.get_docstring(function, clean=False) is not None
    return function.body[1:] or function.body if written else function.body


TEMPLATES = (
    Template("start", 0.9, starts, "begins the variable before it is used"),
    Template("update", 0.35, updates, "moves the variable on in the loop"),
)
