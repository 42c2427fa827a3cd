"""Usual steps that were left out: the same of a second parameter, a count that goes on, parameters
brought in order, a variable begun anew for each row, a place that has to be inside.
"""

import ast
import re
from collections.abc import Iterator
from itertools import combinations

from swe_agent.repair.syntax import (
    Code,
    Function,
    Rewrite,
    arguments_of,
    is_called,
    is_loaded,
    own_nodes,
)
from swe_agent.repair.templates.conditions import tests_of
from swe_agent.repair.templates.donors import docstring_of, kinds_of, told_numbers
from swe_agent.repair.templates.template import Template

NAME_LIMIT = 3
_SIGNS = (("*", 1.0), ("-", 1.0), ("+", 0.8))


def parallel_terms(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A value together with the same of another parameter: `a[i] * b[i]` for `a[i]`."""
    if not isinstance(node, ast.Subscript | ast.Call) or not is_loaded(node):
        return
    held = _held_by(node)
    if held is None or is_called(code, node) or isinstance(code.parents.get(node), ast.Expr):
        return
    text = code.text_of(node)
    for other in _others(code, node, held):
        second = re.sub(rf"\b{held}\b", other, text)
        for sign, weight in _SIGNS:
            yield code.swap_operand(node, f"{text} {sign} {second}", weight)


def shorter_lengths(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """The length of the shorter, or longer, of two things where one alone is measured."""
    match node:
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=held)]):
            place = code.parents.get(node)
        case _:
            return
    if isinstance(place, ast.Call) and getattr(place.func, "id", "") in ("min", "max"):
        return
    for other in _others(code, node, held):
        for bound, weight in (("min", 1.0), ("max", 0.6)):
            yield code.swap(node, f"{bound}(len({held}), len({other}))", weight)


def counted_entries(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """An entry that goes on from what it was: `found[key] = found.get(key, 0) + 1`."""
    match node:
        case ast.Assign(targets=[ast.Subscript() as entry], value=ast.expr() as value):
            weight = 1.0 if isinstance(value, ast.Constant) else 0.5
        case ast.AugAssign(target=ast.Subscript() as entry, op=ast.Add(), value=value):
            weight = 1.0
        case _:
            return
    if not isinstance(entry.slice, ast.Slice):
        whole, key = code.text_of(entry.value), code.text_of(entry.slice)
        text = f"{code.text_of(entry)} = {whole}.get({key}, 0) + {code.text_of(value)}"
        yield code.swap(node, text, weight)


def ordered_parameters(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """Two parameters brought in order first."""
    body = _body(node) if isinstance(node, Function) else []
    if not isinstance(node, Function) or not body:
        return
    kinds = kinds_of(node)
    names = [n for n in arguments_of(node) if n not in ("self", "cls") and kinds.get(n) != "many"]
    for one, two in combinations(names[:NAME_LIMIT], 2):
        yield from code.insert(body[0], f"if {one} > {two}:\n    {one}, {two} = {two}, {one}")
        yield from code.insert(
            body[0], f"if {one} < {two}:\n    {one}, {two} = {two}, {one}", weight=0.5
        )


def begun_anew(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A variable that an inner loop moves on, begun anew for each round of the outer one."""
    function = code.function_of(node)
    if not isinstance(node, ast.For | ast.While) or function is None:
        return
    moved = {
        n.target.id
        for inner in own_nodes(node)
        if isinstance(inner, ast.For | ast.While | ast.If)
        for n in ast.walk(inner)
        if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)
    }
    for start in own_nodes(function):
        match start:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant()) if name in moved:
                if start.lineno < node.lineno:
                    line = code.text_of(start)
                    yield from code.insert(node.body[0], line)
                    yield from code.insert(node.body[-1], line, after=True, weight=0.7)


def inside(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A place asked whether it is inside before what stands there is: `i < len(row) and ...`."""
    for test in tests_of(node):
        text = code.text_of(test)
        bound = f"({text})" if isinstance(test, ast.BoolOp) else text
        for part in ast.walk(test):
            match part:
                case ast.Subscript(value=ast.Name(id=held), slice=at):
                    place = code.text_of(at)
                case _:
                    continue
            if not isinstance(at, ast.Slice | ast.Constant):
                yield code.swap(test, f"{place} < len({held}) and {bound}")
                yield code.swap(test, f"{place} >= 0 and {bound}", 0.6)


def steps(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A range, or a sequence, of which only every so many are meant."""
    prose = docstring_of(code, node).split(">>>")[0].lower()
    numbers = [number for number in told_numbers(code, node) if number > 1][:NAME_LIMIT]
    if re.search(r"every (?:other|second)|alternat|in turn|\bodd\b|\beven\b", prose):
        numbers.append(2)
    match node:
        case ast.Call(func=ast.Name(id="range"), args=[end]):
            words = ("0", code.text_of(end))
        case ast.Call(func=ast.Name(id="range"), args=[start, end]):
            words = (code.text_of(start), code.text_of(end))
        case ast.Name() if isinstance(
            code.parents.get(node), ast.Return | ast.For | ast.comprehension
        ) and is_loaded(node):
            for number in dict.fromkeys(numbers):
                yield code.swap(node, f"{node.id}[::{number}]", 0.7)
            return
        case _:
            return
    for number in dict.fromkeys(numbers):
        yield code.swap(node, f"range({words[0]}, {words[1]}, {number})")


def _held_by(node: ast.Subscript | ast.Call) -> str | None:
    """The one variable of which a part or a call is."""
    match node:
        case ast.Subscript(value=ast.Name(id=held), slice=at) if not isinstance(at, ast.Slice):
            return held
        case ast.Call(func=ast.Name(), args=[ast.Name(id=held)], keywords=[]):
            return held
    return None


def _others(code: Code, node: ast.AST, held: str) -> list[str]:
    """Other parameters of the function around a node, where it is of a parameter itself."""
    function = code.function_of(node)
    names = arguments_of(function) if function else []
    if held not in names:
        return []
    return [name for name in names if name not in (held, "self", "cls")][:NAME_LIMIT]


def _body(function: Function) -> list[ast.stmt]:
    """A function's statements without its docstring."""
    return function.body[ast.get_docstring(function, clean=False) is not None :]


TEMPLATES = (
    Template("parallel term", 0.25, parallel_terms, "takes the same of another parameter too"),
    Template("shorter length", 0.25, shorter_lengths, "measures both"),
    Template("counted entry", 0.35, counted_entries, "goes on from what the entry was"),
    Template("ordered parameters", 0.2, ordered_parameters, "brings the parameters in order"),
    Template("begun anew", 0.35, begun_anew, "begins the variable anew on each round"),
    Template("inside", 0.35, inside, "asks first whether the place is inside"),
    Template("step", 0.3, steps, "takes every so many alone"),
)
