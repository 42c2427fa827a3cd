"""What is done to one side and has to be done to the other, too: a condition about the other
neighbour, a call on both operands, two parts built alike. And members of a loop that have to be
cleaned first.
"""

import ast
import difflib
import re
from collections.abc import Iterator
from itertools import pairwise

from swe_agent.repair.syntax import Code, Rewrite, arguments_of
from swe_agent.repair.templates.conditions import tests_of
from swe_agent.repair.templates.donors import told_texts
from swe_agent.repair.templates.template import Template

NAME_LIMIT = 4
LIKENESS = 0.5
"""Least likeness, from 0 to 1, of two texts of which one may have been meant to be as the other."""
_SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr)
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
    outside = [name for name in parameters if name not in inside]
    if len(inside) == 2 and len(outside) > 1:
        yield _renamed(text, dict(zip(inside, outside, strict=False))), 1.0
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


def alike(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """One of two neighbours made like the other but for a name: `a.lower() == b.lower()` for
    `a == b.lower()`.
    """
    for one, two in _neighbours(node):
        texts = code.text_of(one), code.text_of(two)
        names = _names_in(one), _names_in(two)
        own, others = names[0] - names[1], names[1] - names[0]
        if len(own) != 1 or len(others) != 1 or "\n" in texts[0] + texts[1]:
            continue
        (first,), (second,) = own, others
        yield from _as_other(code, one, _renamed(texts[1], {second: first}))
        yield from _as_other(code, two, _renamed(texts[0], {first: second}))


def _neighbours(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Pairs of parts of a node that are often built alike."""
    match node:
        case ast.BinOp(op=ast.Add(), left=ast.BinOp(op=ast.Add(), left=ast.expr() as left)):
            yield node.left, node.right
            yield left, node.right
        case ast.Compare(left=left, comparators=[right]) | ast.BinOp(left=left, right=right):
            yield left, right
        case ast.BoolOp(values=parts) | ast.Tuple(elts=parts) | ast.Call(args=parts):
            yield from pairwise(parts)
    for block in (getattr(node, "body", None), getattr(node, "orelse", None)):
        rows = block if isinstance(block, list) else []
        for one, two in pairwise(rows):
            if isinstance(one, _SIMPLE) and type(one) is type(two):
                yield one, two


def _names_in(node: ast.AST) -> set[str]:
    """Names in an expression or statement that are not called."""
    called = {id(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and id(n) not in called}


def _as_other(code: Code, node: ast.AST, text: str) -> Iterator[Rewrite]:
    """A node replaced by a text that is somewhat like it; what adds to it is the likelier."""
    own = code.text_of(node)
    ratio = difflib.SequenceMatcher(None, own, text).ratio()
    if own != text and ratio > LIKENESS:
        yield code.swap(node, text, ratio if len(text) > len(own) else 0.6 * ratio)


def cleaned(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """Each member of a loop brought into shape before it is used."""
    if not isinstance(node, ast.For) or not isinstance(node.target, ast.Name):
        return
    name = node.target.id
    forms = [f"%s.strip({text!r})" for text in told_texts(code, node) if len(text) == 1]
    for form in (*_CLEANED, *forms):
        yield from code.insert(node.body[0], f"{name} = {form % name}")


TEMPLATES = (
    Template("alike", 0.8, alike, "does to one what is done to the other"),
    Template("mirrored condition", 0.7, mirrored, "asks the same about the other side too"),
    Template("both sides", 0.5, both_sides, "calls the same on both sides first"),
    Template("cleaned member", 0.15, cleaned, "brings each member into shape first"),
)
