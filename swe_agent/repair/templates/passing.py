"""What calls forget to pass on, and what they take in that belongs outside."""

import ast
from collections.abc import Iterator
from functools import lru_cache

from swe_agent.repair.syntax import Code, Function, Rewrite, arguments_of, is_loaded, own_nodes
from swe_agent.repair.templates.template import Template

KEYWORD_LIMIT = 8
CHAINED = ("lower", "strip", "copy", "upper", "rstrip", "lstrip")


def passed_on(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A parameter, or an attribute of the same name, handed to a call by keyword or place."""
    function = code.function_of(node)
    if not isinstance(node, ast.Call) or function is None:
        return
    given = {k.arg for k in node.keywords}
    taken = _parameters_of(code, _called(node))
    used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    unused = set(arguments_of(function)) - _read_in(function)
    names = [n for n in code.names_at(node) if n not in ("self", "cls")]
    likely = [n for n in names if n in taken] + [n for n in names if n in unused]
    rest = [n for n in arguments_of(function) if n in names and n not in used]
    for name in list(dict.fromkeys([*likely, *rest]))[:KEYWORD_LIMIT]:
        weight = 1.0 if name in likely else 0.35
        if name == (function.args.kwarg.arg if function.args.kwarg else ""):
            if None not in given:
                yield from with_argument(code, node, f"**{name}", weight)
        elif name not in given:
            yield from with_argument(code, node, f"{name}={name}", weight)
            if not node.keywords and name not in used:
                yield from with_argument(code, node, name, weight * 0.5)
    for name in sorted(taken - given):
        for holder in sorted({n.split(".")[0] for n in _attributes_in(code, function, name)}):
            yield from with_argument(code, node, f"{name}={holder}.{name}", 0.6)


def hoisted(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """`f(x) * y` for `f(x * y)`, and back."""
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[-1], ast.BinOp):
        last = node.args[-1]
        tail = code.text[code.span(last.left)[1] : code.span(last)[1]]
        start, end = code.span(last)
        whole = code.span(node)
        text = code.text[whole[0] : start] + code.text_of(last.left) + code.text[end : whole[1]]
        yield Rewrite(*whole, text + tail, 0.8)
    elif isinstance(node, ast.BinOp) and isinstance(node.left, ast.Call) and node.left.args:
        end = code.span(node.left.args[-1])[1]
        close = code.span(node.left)[1]
        tail = code.text[close : code.span(node)[1]]
        start = code.span(node)[0]
        text = code.text[start:end] + tail + code.text[end:close]
        yield Rewrite(start, code.span(node)[1], text, 0.5)


def chained(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A step left out of a chain of calls: `line.strip().split()`."""
    place = code.parents.get(node)
    if not isinstance(place, ast.Attribute) or not isinstance(node, ast.expr):
        return
    outer = code.parents.get(place)
    if not (isinstance(outer, ast.Call) and outer.func is place and is_loaded(node)):
        return
    if isinstance(node, ast.Name) and node.id in ("self", "cls"):
        return
    end = code.span(node)[1]
    for method in CHAINED:
        if method != place.attr:
            yield Rewrite(end, end, f".{method}()", 1.0 if method in CHAINED[:2] else 0.6)


def caseless(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """Texts compared without regard to case, or to blanks around."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return
    if not isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In | ast.NotIn):
        return
    left, right = node.left, node.comparators[0]
    middle = code.text[code.span(left)[1] : code.span(right)[0]]
    kinds = ast.Name | ast.Attribute | ast.Call | ast.Subscript
    if isinstance(left, kinds) and isinstance(right, kinds):
        for method in ("lower", "strip", "upper"):
            text = f"{code.text_of(left)}.{method}(){middle}{code.text_of(right)}.{method}()"
            yield code.swap(node, text, 1.0 if method == "lower" else 0.4)


def with_argument(code: Code, call: ast.Call, argument: str, weight: float) -> Iterator[Rewrite]:
    """The call with one more argument at its end."""
    parts: list[ast.AST] = [*call.args, *[k.value for k in call.keywords]]
    if not parts:
        end = code.span(call)[1] - 1
        yield Rewrite(end, end, argument, weight)
    elif not (len(parts) == 1 and isinstance(parts[0], ast.GeneratorExp)):
        last = max(code.span(part)[1] for part in parts)
        yield Rewrite(last, last, f", {argument}", weight)


def _parameters_of(code: Code, name: str) -> frozenset[str]:
    """What functions of a name take, as far as files that were read define or this one calls
    them.
    """
    known = _parameters_by_name(code).get(name, set()) | {*code.signatures.get(name, ())}
    return frozenset(known - {"self", "cls"})


@lru_cache(maxsize=64)
def _parameters_by_name(code: Code) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for node in code.nodes:
        if isinstance(node, Function):
            found.setdefault(node.name, set()).update(arguments_of(node))
        elif isinstance(node, ast.ClassDef):
            made = [s for s in node.body if isinstance(s, Function) and s.name == "__init__"]
            found.setdefault(node.name, set()).update(a for s in made for a in arguments_of(s))
        elif isinstance(node, ast.Call):
            keywords = {k.arg for k in node.keywords if k.arg}
            found.setdefault(_called(node), set()).update(keywords)
    return found


def _called(call: ast.Call) -> str:
    return str(getattr(call.func, "id", getattr(call.func, "attr", "")))


def _attributes_in(code: Code, function: Function, name: str) -> list[str]:
    texts = (
        code.text_of(n)
        for n in own_nodes(function)
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)
    )
    in_class = f"self.{name}" in code.text and "self" in arguments_of(function)
    return [*(t for t in texts if t.endswith(f".{name}")), *([f"self.{name}"] if in_class else [])]


def _read_in(function: Function) -> set[str]:
    return {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and is_loaded(n)}


TEMPLATES = (
    Template("passed on", 0.4, passed_on, "passes one more argument on"),
    Template("hoisted", 0.3, hoisted, "computes outside of the call, or inside"),
    Template("chained call", 0.25, chained, "adds a step to the chain of calls"),
    Template("caseless", 0.3, caseless, "compares without regard to case or blanks"),
)
