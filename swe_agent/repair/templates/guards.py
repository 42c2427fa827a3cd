"""Guards that are missing where objects meet: values that may be None, empty, of another type or
not there.
"""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from swe_agent.repair.syntax import (
    Code,
    Function,
    Rewrite,
    arguments_of,
    is_builtin,
    is_called,
    is_loaded,
    own_nodes,
)
from swe_agent.repair.templates.calling import called_with_one
from swe_agent.repair.templates.conditions import tests_of
from swe_agent.repair.templates.donors import told_results
from swe_agent.repair.templates.template import IN_PROJECTS, Template

VALUE_LIMIT = 6
_TYPES = ("str", "list", "tuple", "dict", "bytes", "int")
_WRAPPERS = ("str", "list", "tuple", "int")
_EMPTIES = ("''", "[]", "{}", "0", "()", "None")


def asked_values(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """One more demand in a condition: an attribute that has to be there, or not."""
    for test in tests_of(node):
        text = _operand(code, test)
        known = set(_values_in(code, test))
        around = [v for v in _values_near(code, node) if v not in known and "." in v]
        share = 0.6 if isinstance(test, ast.BoolOp) else 0.8
        for place, value in enumerate(around[:VALUE_LIMIT]):
            weight = share * (1.0 - 0.1 * place)
            yield code.swap(test, f"{text} and {value} is not None", weight)
            yield code.swap(test, f"{text} and {value}", weight)
            yield code.swap(test, f"{text} and not {value}", weight * 0.8)
            yield code.swap(test, f"{text} or {value}", weight * 0.7)
            yield code.swap(test, f"{text} or {value} is None", weight * 0.5)


def asked_types(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A condition that is for objects of one type only, or for all but those; one type more."""
    if isinstance(node, ast.Call) and _is_named(node.func, "isinstance") and len(node.args) == 2:
        kinds = node.args[1]
        known = [code.text_of(k) for k in (kinds.elts if isinstance(kinds, ast.Tuple) else [kinds])]
        for kind in (*_types_of(code), "float", "set", "bool", "slice"):
            if kind not in known:
                yield code.swap(kinds, f"({', '.join([*known, kind])})", 0.8)
    for test in tests_of(node):
        text = _operand(code, test)
        for value in [v for v in _values_near(code, node) if "." not in v][:3]:
            for kind in _types_of(code):
                yield code.swap(test, f"{text} and not isinstance({value}, {kind})", 0.4)
                yield code.swap(test, f"{text} and isinstance({value}, {kind})", 0.4)
                yield code.swap(test, f"{text} or isinstance({value}, {kind})", 0.3)


def seen_types(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """One type more that a condition is for: one that the value had as the failing tests ran."""
    if not isinstance(node, ast.Call) or not _is_named(node.func, "isinstance"):
        return
    if len(node.args) == 2:
        kinds = node.args[1]
        known = [code.text_of(k) for k in (kinds.elts if isinstance(kinds, ast.Tuple) else [kinds])]
        for place, kind in enumerate(code.types_at(node, code.text_of(node.args[0]))):
            if kind not in known:
                both = f"({', '.join([*known, kind])})"
                yield code.swap(kinds, both, 1.0 - 0.2 * place)


def truth(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """`x is not None` for `x`, where 0 or an empty value is one too; and back."""
    place = code.parents.get(node)
    asked = isinstance(place, ast.BoolOp | ast.If | ast.IfExp | ast.While | ast.comprehension)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        if isinstance(node.operand, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
            yield code.swap_operand(node, f"{code.text_of(node.operand)} is None")
    elif isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript) and asked:
        if isinstance(place, ast.BoolOp) or node in tests_of(place or node):
            yield code.swap(node, f"{code.text_of(node)} is not None")
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        right = node.comparators[0]
        if isinstance(right, ast.Constant) and right.value is None:
            text = code.text_of(node.left)
            form = text if isinstance(node.ops[0], ast.IsNot | ast.NotEq) else f"not {text}"
            yield code.swap(node, form, 0.7)
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) and len(node.values) == 2:
        first, second = (code.text_of(v) for v in node.values)
        yield code.swap_operand(node, f"{first} if {first} is not None else {second}", 0.8)


def enclosed(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A statement that is only for values that are there."""
    if not isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.Return | ast.Raise):
        return
    lines = code.whole_lines(node)
    if lines is None or isinstance(getattr(node, "value", None), ast.Constant):
        return
    indent = code.indent(node)
    body = "".join(f"    {line}" for line in code.text[lines[0] : lines[1]].splitlines(True))
    for place, value in enumerate(_values_in(code, node)[:VALUE_LIMIT]):
        share = 1.0 - 0.12 * place
        for form, weight in (("%s", 0.8), ("%s is not None", 0.9), ("not %s", 0.5)):
            yield Rewrite(*lines, f"{indent}if {form % value}:\n{body}", weight * share)


def early_leaves(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A way out right after a value turns out to be missing."""
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return
    name, function = node.targets[0].id, code.function_of(node)
    if function is None:
        return
    loop = code.inside(node, (ast.For, ast.While))
    for form, weight in ((f"not {name}", 0.8), (f"{name} is None", 1.0)):
        for leave in (*(["continue"] if loop else []), *_ways_out(code, function)):
            yield from code.insert(node, f"if {form}:\n    {leave}", after=True, weight=weight)


def fallbacks(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A value to go on with where there is none: `x or []`, `d.get(k)`, `f(x) if x else ''`."""
    place = code.parents.get(node)
    if (
        isinstance(node, ast.Subscript)
        and is_loaded(node)
        and not isinstance(node.slice, ast.Slice)
    ):
        held, key = code.text_of(node.value), code.text_of(node.slice)
        yield code.swap(node, f"{held}.get({key})", 0.9)
        for empty in _EMPTIES[:3]:
            yield code.swap(node, f"{held}.get({key}, {empty})", 0.6)
    if not isinstance(node, ast.Call | ast.Attribute | ast.Name | ast.Subscript):
        return
    if not is_loaded(node) or not isinstance(
        place, ast.Assign | ast.Return | ast.For | ast.keyword
    ):
        return
    text = code.text_of(node)
    for empty in _EMPTIES[:4]:
        yield code.swap(node, f"{text} or {empty}", 0.6)
    if isinstance(node, ast.Call):
        for value in _values_in(code, node)[:3]:
            for empty in _EMPTIES:
                yield code.swap(node, f"{text} if {value} else {empty}", 0.4)
            yield code.swap(node, f"{text} if {value} is not None else None", 0.4)


def prepared(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A parameter brought into shape before it is used."""
    if not isinstance(node, Function):
        return
    body = node.body[1:] or node.body if ast.get_docstring(node, clean=False) else node.body
    apt = (n for n in called_with_one(code) if n != node.name and not is_builtin(n))
    shapers = list(apt)[:VALUE_LIMIT]
    for name in [a for a in arguments_of(node) if a not in ("self", "cls")][:VALUE_LIMIT]:
        for kind, form in (("str", f"[{name}]"), ("bytes", f"{name}.decode()")):
            line = f"if isinstance({name}, {kind}):\n    {name} = {form}"
            yield from code.insert(body[0], line, weight=0.6)
        for empty in _EMPTIES[:4]:
            yield from code.insert(body[0], f"if {name} is None:\n    {name} = {empty}", weight=0.6)
        for wrapper in (*_WRAPPERS, *shapers):
            yield from code.insert(body[0], f"{name} = {wrapper}({name})", weight=0.6)
        yield from code.insert(body[0], f"{name} = abs({name})", weight=0.5)
        for method in ("strip", "lower"):
            yield from code.insert(body[0], f"{name} = {name}.{method}()", weight=0.5)


def _values_in(code: Code, node: ast.AST) -> list[str]:
    """Names and attributes that code reads, the plainest first; what is called is none."""
    known = set(code.names_at(node))
    found: dict[str, None] = {}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and is_loaded(inner) and inner.id in known:
            found[inner.id] = None
        elif isinstance(inner, ast.Attribute) and is_loaded(inner):
            called = is_called(code, inner)
            text = code.text_of(inner)
            if not called and re.fullmatch(r"[\w.]+", text):
                found[text] = None
    return [value for value in found if value not in ("self", "cls", "_")]


def _values_near(code: Code, node: ast.AST) -> list[str]:
    """What a condition and what hangs on it read, then the rest of the function."""
    function = code.function_of(node)
    near = [_values_in(code, node), _values_in(code, function) if function else []]
    return list(dict.fromkeys(value for values in near for value in values))


@lru_cache(maxsize=64)
def _types_of(code: Code) -> tuple[str, ...]:
    """Types that the file asks for or defines, then the usual ones."""
    asked = [
        code.text_of(kind)
        for n in code.nodes
        if isinstance(n, ast.Call) and _is_named(n.func, "isinstance") and len(n.args) == 2
        for kind in (n.args[1].elts if isinstance(n.args[1], ast.Tuple) else [n.args[1]])
    ]
    return tuple(dict.fromkeys([*asked[:VALUE_LIMIT], *_TYPES]))


def _is_named(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _ways_out(code: Code, function: ast.AST) -> list[str]:
    """How a function ends by its docstring and elsewhere, and with nothing."""
    ends = [f"return {result}" for result in told_results(code, function)]
    ends += [code.text_of(n) for n in own_nodes(function) if isinstance(n, ast.Return)]
    short = [text for text in ends if "\n" not in text and len(text) < 40]
    return list(dict.fromkeys(["return", *short, "return None", "return []", "return ''"]))[:5]


def _operand(code: Code, test: ast.expr) -> str:
    text = code.text_of(test)
    loose = isinstance(test, ast.BoolOp | ast.IfExp | ast.Lambda | ast.NamedExpr)
    joined = isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And)
    return f"({text})" if loose and not joined else text


TEMPLATES = (
    Template("asked value", 0.35, asked_values, "asks for one more value"),
    Template("asked type", 0.25, asked_types, "asks for the type too"),
    Template("seen type", IN_PROJECTS, seen_types, "is for one type more"),
    Template("truth", 0.6, truth, "tells nothing from none"),
    Template("enclosed", 0.25, enclosed, "does it only where there is a value"),
    Template("early leave", 0.25, early_leaves, "leaves where the value is missing"),
    Template("fallback", 0.3, fallbacks, "goes on with an empty value where there is none"),
    Template("preparation", 0.2, prepared, "brings a parameter into shape first"),
)
