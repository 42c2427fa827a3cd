"""Wrong constants: numbers off by a little, flags, texts used elsewhere, first values."""

import ast
from collections.abc import Iterator

from swe_agent.repair.syntax import Code, Rewrite, stored
from swe_agent.repair.templates.donors import kinds_of, told_numbers, told_texts
from swe_agent.repair.templates.template import Template

TEXT_LIMIT = 6
TOLD = 1.5
"""Weight of a number that the docstring names, instead of one that it does not."""
ASKED_NONE = 3.0
"""Weight of None as the first value of a variable of which the function asks whether it is None."""
_SEPARATORS = ("", " ", ",", ", ", "-", "_", "\n", "*", "0", "1")

_RUNS = (
    *("aeiou", "AEIOU", "aeiouAEIOU", "0123456789", "0123456789abcdef", "0123456789ABCDEF"),
    *("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "()[]{}"),
)


def numbers(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A number that is one too large or too small, one of the usual ones, one that the docstring
    names or the function uses elsewhere, or of the other sign or another power of ten.
    """
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        if isinstance(node.operand, ast.Constant):
            yield code.swap(node, code.text_of(node.operand), 0.8)
            yield code.swap(node, "0", 0.5)
        return
    if not (isinstance(node, ast.Constant) and type(node.value) in (int, float)):
        return
    value = node.value
    assert isinstance(value, int | float)
    fractions = {0.5: 0.5, 0.0: 0.3, 1.0: 0.3} if isinstance(value, float) else {}
    near: dict[int | float, float] = {value + 1: 1.0, value - 1: 1.0, **fractions, -value: 0.3}
    for new, weight in ((0, 0.5), (1, 0.5), (-1, 0.4), (2, 0.4), (10, 0.2), (value * 10, 0.2)):
        near.setdefault(new, weight)
    if type(value) is int and value % 10 == 0:
        near.setdefault(value // 10, 0.4)
    told = told_numbers(code, node)
    likely = 0.6 if value in told else TOLD
    near.update({n: max(likely if n > 1 else 0.6, near.get(n, 0.0)) for n in told})
    for other in _others(code, node):
        near.setdefault(other, 0.4)
    for new, weight in near.items():
        if new != value and (new >= 0 or value <= 1 or new == -value):
            yield code.swap_operand(node, str(new), weight)


def unfixed(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A variable, or the length of one, where a fixed number stands."""
    if not (isinstance(node, ast.Constant) and type(node.value) is int):
        return
    place = code.parents.get(node)
    if not isinstance(place, ast.Compare | ast.BinOp | ast.Call | ast.Subscript | ast.Slice):
        return
    names = [name for name in code.names_at(node) if name not in ("self", "cls", "_")]
    share = 1.0 / max(1.0, len(names) / 3) ** 0.5
    for name in names[:8]:
        yield code.swap(node, name, share)
        yield code.swap(node, f"len({name})", share * 0.7)
        if isinstance(place, ast.Call | ast.Slice):
            yield code.swap(node, f"len({name}) - 1", share * 0.5)
        elif isinstance(place, ast.Compare):
            for whole in (name, f"len({name})"):
                for operator in ("//", "/", "-"):
                    yield code.swap(node, f"{whole} {operator} {node.value}", share * 0.4)


def _others(code: Code, node: ast.AST) -> list[int]:
    """Other whole numbers of the function."""
    found = {
        n.value: None
        for n in ast.walk(code.function_of(node) or code.tree)
        if isinstance(n, ast.Constant) and type(n.value) is int
    }
    return list(found)[:8]


def flags(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """True for False."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield code.swap(node, str(not node.value))


def texts(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A text that another place of the same function uses, or a blank for nothing."""
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return
    if isinstance(code.parents.get(node), ast.Expr | ast.JoinedStr | ast.FormattedValue):
        return
    if node.value in ("", " "):
        yield code.swap(node, repr(" " if not node.value else ""), 0.6)
    forms = {node.value.strip(): 0.8, node.value.upper(): 0.4, node.value.lower(): 0.4}
    if len(node.value) <= 2:
        forms.update(dict.fromkeys(_SEPARATORS, 0.4))
    forms.update(dict.fromkeys(told_texts(code, node)[:TEXT_LIMIT], 0.5))
    forms.update(dict.fromkeys(_whole_runs(node.value), 1.0))
    for form, weight in forms.items():
        if form != node.value:
            yield code.swap(node, repr(form), weight)
    function = code.function_of(node)
    others = {
        n.value: None
        for n in ast.walk(function or code.tree)
        if isinstance(n, ast.Constant)
        and isinstance(n.value, str)
        and n.value != node.value
        and len(n.value) < 40
        and not isinstance(code.parents.get(n), ast.Expr | ast.JoinedStr)
    }
    for other in list(others)[:TEXT_LIMIT]:
        yield code.swap(node, repr(other), 0.5)


def _whole_runs(text: str) -> list[str]:
    """The usual runs of letters of which a text looks like a part.

    >>> _whole_runs("aei")
    ['aeiou']
    """
    letters = set(text)
    return [
        run
        for run in _RUNS
        if run != text and len(letters & set(run)) >= max(len(run) / 3, len(letters) - 1, 2)
    ]


def first_values(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """What a variable starts from: an end of the number line instead of 0, a filled list instead of
    an empty one.
    """
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return
    value = node.value
    if isinstance(value, ast.Constant) and type(value.value) in (int, float):
        for text in ("float('-inf')", "float('inf')", "0.0"):
            yield code.swap(value, text, 0.4)
        function = code.function_of(node)
        kinds = kinds_of(function) if function else {}
        for name in code.names_at(node):
            if kinds.get(name) == "many" and name != node.targets[0].id:
                yield code.swap(value, f"{name}[0]", 0.5)
        yield code.swap(value, "None", ASKED_NONE if _is_asked(code, node.targets[0]) else 0.4)
    elif isinstance(value, ast.Constant) and value.value is None:
        for text in ("0", "[]", "''", "{}"):
            yield code.swap(value, text, 0.4)
    elif isinstance(value, ast.List | ast.Tuple) and not value.elts:
        for name in code.names_at(node)[:6]:
            yield code.swap(value, f"[{name}]", 0.2)
        yield code.swap(value, "[0]", 0.2)


def _is_asked(code: Code, name: ast.Name) -> bool:
    """Whether the function asks if a variable is None, which it never is set to."""
    inside = list(ast.walk(code.function_of(name) or code.tree))
    asked = any(
        isinstance(n, ast.Compare)
        and getattr(n.left, "id", "") == name.id
        and getattr(n.comparators[0], "value", 0) is None
        for n in inside
    )
    values = [
        n.value for n in inside if isinstance(n, ast.Assign) and name.id in stored(n.targets[0])
    ]
    return asked and not any(getattr(value, "value", 0) is None for value in values)


def mutable_defaults(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A list or dict made once, at definition, and shared by all calls."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    named = node.args.posonlyargs + node.args.args
    pairs = list(
        zip(named[len(named) - len(node.args.defaults) :], node.args.defaults, strict=True)
    )
    pairs += [(a, d) for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if d]
    body = [
        s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
    ]
    for argument, default in pairs:
        if isinstance(default, ast.List | ast.Dict | ast.Set | ast.Call) and body:
            start = code.span(default)[0]
            text, end = code.text_of(default), code.span(default)[1]
            indent = code.indent(body[0])
            lines = code.whole_lines(body[0])
            if lines is not None:
                middle = code.text[end : lines[0]]
                guard = f"{indent}if {argument.arg} is None:\n{indent}    {argument.arg} = {text}\n"
                yield Rewrite(start, lines[0], f"None{middle}{guard}")


TEMPLATES = (
    Template("number", 0.75, numbers, "uses another number"),
    Template("fixed number", 0.25, unfixed, "counts by a variable instead of a fixed number"),
    Template("flag", 0.6, flags, "turns a flag"),
    Template("text", 0.35, texts, "uses another text of this function"),
    Template("first value", 0.35, first_values, "starts from another value"),
    Template("mutable default", 0.6, mutable_defaults, "makes the default afresh on each call"),
)
