"""What calls could give to functions of the whole project: flags that are off unless asked for, and
arguments that stand in the wrong one of two nested calls.
"""

import ast
from collections.abc import Iterator, Mapping

from swe_agent.repair.syntax import Code, Function, Rewrite
from swe_agent.repair.templates.passing import with_argument
from swe_agent.repair.templates.template import IN_PROJECTS, Template

_OPPOSITE = {"True": "False", "False": "True"}


def signatures_of(codes: Mapping[str, Code]) -> dict[str, dict[str, str]]:
    """By the name of a function, or of a class: its parameters, each with its default's source
    (empty: none).
    """
    found: dict[str, dict[str, str]] = {}
    for code in codes.values():
        for function in code.functions():
            place = code.parents.get(function)
            is_made = isinstance(place, ast.ClassDef) and function.name == "__init__"
            name = place.name if is_made and isinstance(place, ast.ClassDef) else function.name
            found.setdefault(name, {}).update(_defaults(code, function))
    return found


def flags(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A flag of the function that is called, set to what it is not by default."""
    if not isinstance(node, ast.Call):
        return
    name = str(getattr(node.func, "id", getattr(node.func, "attr", "")))
    given = {k.arg for k in node.keywords}
    for parameter, default in code.signatures.get(name, {}).items():
        if default in _OPPOSITE and parameter not in given and None not in given:
            yield from with_argument(code, node, f"{parameter}={_OPPOSITE[default]}", 1.0)


def moved_arguments(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """`f(g(x), y)` for `f(g(x, y))`, and back."""
    if not isinstance(node, ast.Call):
        return
    start = code.span(node)[0]
    for inner in node.args:
        if not isinstance(inner, ast.Call):
            continue
        texts = [code.text_of(a) for a in node.args if a is not inner] + _keywords(code, node)
        own = [code.text_of(a) for a in inner.args] + _keywords(code, inner)
        outer_name, inner_name = code.text_of(node.func), code.text_of(inner.func)
        for place, moved in enumerate(own[1:], start=1):
            rest = ", ".join(own[:place] + own[place + 1 :])
            given = ", ".join([f"{inner_name}({rest})", *_ordered([*texts, moved])])
            yield Rewrite(start, code.span(node)[1], f"{outer_name}({given})", 1.0)
        for place, moved in enumerate(texts):
            rest = ", ".join(texts[:place] + texts[place + 1 :])
            given = f"{inner_name}({', '.join(_ordered([*own, moved]))})"
            text = f"{outer_name}({given}{', ' if rest else ''}{rest})"
            if node.args[0] is inner:
                yield Rewrite(start, code.span(node)[1], text, 0.7)


def _ordered(arguments: list[str]) -> list[str]:
    """Arguments by place before those by name, as far as their texts tell."""
    return sorted(arguments, key=lambda a: a.split("=")[0].isidentifier() and "=" in a)


def _keywords(code: Code, call: ast.Call) -> list[str]:
    return [f"{k.arg}={code.text_of(k.value)}" for k in call.keywords if k.arg]


def _defaults(code: Code, function: Function) -> dict[str, str]:
    """A function's parameters with their defaults' sources."""
    given = function.args
    plain = [*given.posonlyargs, *given.args]
    values = [None] * (len(plain) - len(given.defaults)) + [*given.defaults, *given.kw_defaults]
    pairs = zip([*plain, *given.kwonlyargs], values, strict=True)
    return {p.arg: code.text_of(v) if v else "" for p, v in pairs if p.arg not in ("self", "cls")}


TEMPLATES = (
    Template("flag given", IN_PROJECTS, flags, "gives a flag that is not so by default"),
    Template("moved argument", IN_PROJECTS, moved_arguments, "hands an argument to the other call"),
)
