"""What is done to one side and has to be done to the other, too: a condition about the other
neighbour, a call on both operands. And members of a loop that have to be cleaned first.
"""

import ast
import re
from collections.abc import Iterator

from swe_agent.repair.syntax import Code, Rewrite, arguments_of
from swe_agent.repair.templates.conditions import tests_of
from swe_agent.repair.templates.donors import told_texts
from swe_agent.repair.templates.template import Template

NAME_LIMIT = 4
_STEP = re.compile(r"(?<=[\w\])] )[+-](?= \d)")
_END = re.compile(r"\[(0|-1)\]")
_CALLS = ("abs(%s)", "len(%s)", "sorted(%s)", "set(%s)", "str(%s)", "int(%s)")
_CLEANED = ("%s.strip()", "%s.lower()", "abs(%s)", "str(%s)", "int(%s)")


def mirrored(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A condition, and the same about what is on the other side of it: `x[i] > x[i - 1]` and
    `x[i] > x[i + 1]`.
    """
    asked = tests_of(node)
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Compare | ast.BoolOp):
        asked.append(node.value)
    for test in asked:
        joined = isinstance(test, ast.BoolOp)
        parts = test.values if isinstance(test, ast.BoolOp) else [test]
        if not isinstance(parts[-1], ast.Compare):
            continue
        text, known = code.text_of(test), {code.text_of(part) for part in parts}
        is_either = isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or)
        for other, weight in _turned(code, parts[-1]):
            for word in ("or",) if is_either else ("and",) if joined else ("and", "or"):
                if other not in known:
                    yield code.swap(test, f"{text} {word} {other}", weight)


def _turned(code: Code, test: ast.Compare) -> Iterator[tuple[str, float]]:
    """A comparison about the neighbour on the other side, the other end, and with names in turn."""
    text = code.text_of(test)
    for other in (
        _STEP.sub(lambda m: "-" if m.group() == "+" else "+", text),
        _END.sub(lambda m: "[-1]" if m.group(1) == "0" else "[0]", text),
    ):
        if other != text:
            yield other, 1.0
    function = code.function_of(test)
    parameters = [n for n in arguments_of(function) if n not in ("self", "cls")] if function else []
    inside = [name for name in parameters if re.search(rf"\b{name}\b", text)]
    for place, one in enumerate(inside[:NAME_LIMIT]):
        for two in inside[place + 1 : NAME_LIMIT]:
            yield _renamed(text, {one: two, two: one}), 0.7
        for two in parameters[:NAME_LIMIT]:
            if two not in inside:
                yield _renamed(text, {one: two}), 0.7


def _renamed(text: str, names: dict[str, str]) -> str:
    pattern = r"\b(" + "|".join(map(re.escape, names)) + r")\b"
    return re.sub(pattern, lambda match: names[match.group()], text)


def both_sides(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """The same call on both sides of a comparison."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return
    left, right = node.left, node.comparators[0]
    between = code.text[code.span(left)[1] : code.span(right)[0]]
    fixed = isinstance(left, ast.Constant) or isinstance(right, ast.Constant)
    if fixed or {"(", ")"} & set(between):
        return
    for form in _CALLS:
        yield code.swap(node, between.join(form % code.text_of(side) for side in (left, right)))


def cleaned(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """Each member of a loop brought into shape before it is used."""
    if not isinstance(node, ast.For) or not isinstance(node.target, ast.Name):
        return
    name = node.target.id
    forms = [f"%s.strip({text!r})" for text in told_texts(code, node) if len(text) == 1]
    for form in (*_CLEANED, *forms):
        yield from code.insert(node.body[0], f"{name} = {form % name}")


TEMPLATES = (
    Template("mirrored condition", 0.7, mirrored, "asks the same about the other side too"),
    Template("both sides", 0.5, both_sides, "calls the same on both sides first"),
    Template("cleaned member", 0.15, cleaned, "brings each member into shape first"),
)
