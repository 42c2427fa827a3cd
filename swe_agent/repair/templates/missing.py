"""Parts that an otherwise right function lacks: a bound, a number or a branch that the docstring
names, the second key of an order, what is left over by a length or after a loop, a result without
one of its terms, a name in the form that it has elsewhere.
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
    stored,
)
from swe_agent.repair.templates.donors import docstring_of, kinds_of, told_numbers, told_texts
from swe_agent.repair.templates.template import Template

NUMBER_LIMIT = 4
FORM_LIMIT = 4
_LETTER = re.compile(r"(?<!\. )\b[A-Z]\b")
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


def told_terms(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A result computed with one more number, of the docstring or 2: halved, rounded, modulo."""
    place = code.parents.get(node)
    if not isinstance(place, ast.Assign | ast.Return) or place.value is not node:
        return
    if not isinstance(node, ast.BinOp | ast.Name | ast.Call | ast.Subscript):
        return
    text = code.text_of(node)
    bound = f"({text})" if isinstance(node, ast.BinOp) else text
    match node:
        case ast.Call(func=ast.Name(id="sum"), args=[ast.Name(id=held)]):
            yield code.swap(node, f"{text} / len({held})", 1.0)
    told = [number for number in told_numbers(code, node) if number > 1][:NUMBER_LIMIT]
    for number in dict.fromkeys([*told, 2]):
        share = 1.0 if number in told else 0.6
        for form, weight in (
            *((f"{bound} / {number}", 0.8), (f"{bound} // {number}", 0.8)),
            *((f"{bound} * {number}", 0.8), (f"{bound} % {number}", 0.8)),
            *((f"{text} + {number}", 0.4), (f"{text} - {number}", 0.4)),
        ):
            yield code.swap(node, form, share * weight)
        if number < 7 and number in told:
            yield code.swap(node, f"round({text}, {number})")


def told_replacements(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """One more text of the docstring replaced like another one."""
    match node:
        case ast.Call(func=ast.Attribute(attr="replace"), args=[ast.Constant(value=old), new]):
            for text in told_texts(code, node)[:FORM_LIMIT]:
                if text != old:
                    again = f".replace({text!r}, {code.text_of(new)})"
                    yield code.swap(node, code.text_of(node) + again)


def distinct_places(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A condition on two loops' members that has to leave out a member beside itself."""
    if not isinstance(node, ast.If):
        return
    loops = []
    place = code.parents.get(node)
    while place is not None and not isinstance(place, Function):
        if isinstance(place, ast.For):
            loops.append(stored(place.target)[0])
        place = code.parents.get(place)
    text = code.text_of(node.test)
    bound = f"({text})" if isinstance(node.test, ast.BoolOp) else text
    for one, two in combinations(reversed(loops), 2):
        yield code.swap(node.test, f"{one} != {two} and {bound}")
        yield code.swap(node.test, f"{one} < {two} and {bound}", 0.6)


def remainders(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """What is left when a loop ends and has to be kept like what came in it."""
    if not isinstance(node, ast.For | ast.While):
        return
    inner = [s for s in own_nodes(node) if isinstance(s, ast.Expr | ast.AugAssign)]
    simple = [s for s in inner if s.lineno == s.end_lineno][:FORM_LIMIT]
    moved = [n for s in inner if isinstance(s, ast.AugAssign) for n in stored(s.target)]
    begun = [n for s in own_nodes(node) if isinstance(s, ast.Assign) for n in stored(s.targets[0])]
    for statement in simple:
        for name in list(dict.fromkeys([*begun, *moved]))[:FORM_LIMIT]:
            likely = 1.0 if name in _read_in(statement.value) else 0.5
            for form, weight in (("%s", 1.0), ("%s > 1", 0.5)):
                line = f"if {form % name}:\n    {code.text_of(statement)}"
                yield from code.insert(node, line, after=True, weight=likely * weight)
            match statement:
                case ast.Expr(value=ast.Call(func=ast.Attribute() as kept, args=[given])):
                    if code.text_of(given) != name:
                        line = f"if {name}:\n    {code.text_of(kept)}({name})"
                        yield from code.insert(node, line, after=True, weight=0.6)


def sibling_values(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A branch for one more number of the docstring, with one more of its texts."""
    lines = code.whole_lines(node) if isinstance(node, ast.If) else None
    function = code.function_of(node)
    if not isinstance(node, ast.If) or node.orelse or lines is None or function is None:
        return
    match (node.test, node.body):
        case (
            ast.Compare(comparators=[ast.Constant(value=int()) as limit]),
            [ast.Return(value=ast.Constant(value=str()) as result)],
        ):
            used = {n.value for n in own_nodes(function) if isinstance(n, ast.Constant)}
        case _:
            return
    prose = docstring_of(code, node).split(">>>")[0]
    texts = [t for t in (*told_texts(code, node), *_LETTER.findall(prose)) if t not in used]
    numbers = [number for number in told_numbers(code, node) if number not in used]
    start, text = lines[0], code.text[lines[0] : lines[1]]
    for number in numbers[:NUMBER_LIMIT]:
        for other in list(dict.fromkeys(texts))[:FORM_LIMIT]:
            (a, b), (c, d) = code.span(limit), code.span(result)
            middle = text[b - start : c - start]
            copied = f"{text[: a - start]}{number}{middle}{other!r}{text[d - start :]}"
            yield Rewrite(lines[1], lines[1], copied)


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
    Template("told term", 0.25, told_terms, "computes with one more number"),
    Template("told replacement", 0.3, told_replacements, "replaces one more text"),
    Template("distinct places", 0.35, distinct_places, "leaves out a member beside itself"),
    Template("remainder", 0.3, remainders, "keeps what is left after the loop"),
    Template("told branch", 0.3, sibling_values, "takes the branch for another value too"),
    Template("tie", 0.35, ties, "decides between equal ones too"),
    Template("left over", 0.3, left_over, "takes what is left over by the length"),
    Template("shorter result", 0.3, shorter_results, "leaves out a term that comes to nothing"),
    Template("form elsewhere", 0.4, forms_elsewhere, "takes the form that it has elsewhere"),
)
