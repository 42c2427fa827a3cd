"""Parts that an otherwise right function lacks: a bound that the docstring names, the second key of
an order, what is left over by a length, a result without one of its terms, a name in the form that
it has elsewhere.
"""

import ast
from collections.abc import Iterator

from swe_agent.repair.syntax import (
    Code,
    Function,
    Rewrite,
    arguments_of,
    is_called,
    is_loaded,
    own_nodes,
)
from swe_agent.repair.templates.donors import kinds_of, told_numbers
from swe_agent.repair.templates.template import Template

NUMBER_LIMIT = 4
FORM_LIMIT = 4
_ORDERED = frozenset({"sorted", "sort", "min", "max"})


def told_bounds(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A value that must not pass a number of the docstring: `min(15, fee)` for "at most 15"."""
    place = code.parents.get(node)
    if not isinstance(place, ast.Assign | ast.AugAssign | ast.Return) or place.value is not node:
        return
    if not isinstance(node, ast.BinOp | ast.Name | ast.Call | ast.Subscript):
        return
    for number in told_numbers(code, node)[:NUMBER_LIMIT]:
        for bound in ("min", "max"):
            yield code.swap(node, f"{bound}({code.text_of(node)}, {number})")


def ties(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """What decides between equal ones: `key=lambda w: (len(w), w)` for `key=len`."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _ORDERED:
            keys = [keyword.value for keyword in node.keywords if keyword.arg == "key"]
        case _:
            return
    for key in keys:
        match key:
            case ast.Lambda(args=ast.arguments(args=[ast.arg(arg=each)]), body=body):
                if not isinstance(body, ast.Tuple):
                    text = code.text_of(body)
                    yield code.swap(body, f"({text}, {each})")
                    yield code.swap(body, f"({text}, -{each})", 0.6)
            case ast.Name() | ast.Attribute():
                yield code.swap(key, f"lambda x: ({code.text_of(key)}(x), x)")


def left_over(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A count that may be larger than what it counts along: `steps %= len(row)` before its use."""
    if not isinstance(node, Function):
        return
    kinds = kinds_of(node)
    many = [name for name in arguments_of(node) if kinds.get(name) == "many"]
    for name in arguments_of(node):
        if name in many:
            continue
        for statement in node.body:
            if name in _read_in(statement):
                for held in many:
                    yield from code.insert(statement, f"{name} %= len({held})")
                break


def shorter_results(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A result without its last terms, or its first ones, where these come to nothing."""
    if not isinstance(node, ast.Return) or not isinstance(node.value, ast.BinOp):
        return
    terms = _terms(node.value)
    for cut in range(1, len(terms)):
        for kept, dropped in ((terms[:cut], terms[cut:]), (terms[cut:], terms[:cut])):
            names = dict.fromkeys(name for term in dropped for name in _read_in(term))
            result = " + ".join(map(code.text_of, kept))
            for name in names:
                for form, weight in (("%s == 0", 1.0), ("not %s", 0.8), ("%s == 1", 0.4)):
                    line = f"if {form % name}:\n    return {result}"
                    yield from code.insert(node, line, weight=weight)


def forms_elsewhere(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A name as the function has it in another place: `word.lower()` for `word`."""
    if not isinstance(node, ast.Name) or not is_loaded(node) or is_called(code, node):
        return
    function, place = code.function_of(node), code.parents.get(node)
    if function is None or isinstance(place, ast.Attribute):
        return
    found = {
        code.text_of(n): None
        for n in own_nodes(function)
        if isinstance(n, ast.Call) and _is_of(n, node.id) and n is not place
    }
    around = code.text_of(place) if place is not None else ""
    for form in [form for form in found if form != around and "\n" not in form][:FORM_LIMIT]:
        yield code.swap(node, form)


def _is_of(call: ast.Call, name: str) -> bool:
    """Whether a call makes something of one name alone."""
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=held)), args=given):
            return held == name and all(isinstance(each, ast.Constant) for each in given)
        case ast.Call(func=ast.Name(), args=[ast.Name(id=held)], keywords=[]):
            return held == name
    return False


def _terms(value: ast.expr) -> list[ast.expr]:
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        return [*_terms(value.left), value.right]
    return [value]


def _read_in(node: ast.AST) -> list[str]:
    """Names that code reads, those that it calls left out."""
    called = {id(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
    names = (n for n in ast.walk(node) if isinstance(n, ast.Name) and is_loaded(n))
    return [n.id for n in names if id(n) not in called]


TEMPLATES = (
    Template("told bound", 0.3, told_bounds, "keeps the value within a bound of the docstring"),
    Template("tie", 0.35, ties, "decides between equal ones too"),
    Template("left over", 0.3, left_over, "takes what is left over by the length"),
    Template("shorter result", 0.3, shorter_results, "leaves out a term that comes to nothing"),
    Template("form elsewhere", 0.4, forms_elsewhere, "takes the form that it has elsewhere"),
)
