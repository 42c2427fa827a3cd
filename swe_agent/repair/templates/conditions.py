"""Conditions that hold too often or too rarely, and guards that are missing."""

import ast
import itertools
from collections.abc import Iterator
from typing import TypeGuard

from swe_agent.repair.syntax import Code, Rewrite, arguments_of, is_called, locals_of, own_nodes
from swe_agent.repair.templates.donors import (
    conditions_at,
    docstring_of,
    kinds_of,
    told_edges,
    told_results,
    told_texts,
)
from swe_agent.repair.templates.template import Template

DONOR_LIMIT = 10
SKIP_LIMIT = 60
TEXT_LIMIT = 3
TOLD = 1.5
"""Weight of a guard that an example of the docstring shows."""


def tests_of(node: ast.AST) -> list[ast.expr]:
    """The conditions that a node decides by."""
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        return [node.test]
    return list(node.ifs) if isinstance(node, ast.comprehension) else []


def null_guards(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A check that the object is there, before the condition asks it: `x is None or x.done`."""
    for test in tests_of(node):
        bases = dict.fromkeys(
            code.text_of(value)
            for n in ast.walk(test)
            for value in _needed(n)
            if isinstance(value, ast.Name | ast.Attribute) and not is_called(code, value)
        )
        text = _operand(code, test)
        for base in bases:
            if base == "self":
                continue
            yield code.swap(test, f"{base} is None or {text}")
            yield code.swap(test, f"{base} is not None and {text}")
            yield code.swap(test, f"not {base} or {text}", 0.6)
            yield code.swap(test, f"{base} and {text}", 0.8)


def _needed(node: ast.AST) -> list[ast.expr]:
    """What must not be None where a part of a condition is asked."""
    match node:
        case ast.Attribute(value=value) | ast.Subscript(value=value):
            return [value]
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()], comparators=[held]):
            return [held, left]
        case ast.Compare(left=left, ops=[ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE()]):
            return [left, *node.comparators]
        case ast.Call(func=ast.Name(id="len" | "any" | "all"), args=[held]):
            return [held]
    return []


def widened(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """One more case in a condition, or one more demand: from the function's names and its other
    conditions.
    """
    tests = tests_of(node)
    if isinstance(node, ast.Return) and _decides(node.value):
        tests.append(node.value)
    for test in tests:
        text = _operand(code, test)
        share = 1.0 if not isinstance(test, ast.BoolOp) else 0.6
        for donor, weight in donors(code, test):
            if donor != code.text_of(test):
                yield code.swap(test, f"{text} or {donor}", weight * share)
                yield code.swap(test, f"{text} and {donor}", weight * share * 0.9)


def _decides(value: ast.expr | None) -> TypeGuard[ast.expr]:
    """Whether a result is an answer, yes or no."""
    match value:
        case ast.Compare() | ast.BoolOp() | ast.Call(func=ast.Name(id="all" | "any")):
            return True
        case ast.Call(func=ast.Attribute(attr=name)):
            return name.startswith(("is", "startswith", "endswith"))
    return False


def donors(code: Code, test: ast.expr) -> Iterator[tuple[str, float]]:
    """Conditions that could be asked here, with their weights."""
    function = code.function_of(test)
    if function is None:
        return
    parameters, kinds = arguments_of(function), kinds_of(function)
    for name in list(dict.fromkeys(code.names_at(test)))[:DONOR_LIMIT]:
        if name in ("self", "cls"):
            continue
        near = 1.0 if name in parameters else 0.6
        yield f"not {name}", 0.8 * near
        if kinds.get(name) == "many":
            yield f"len({name}) > 0", 0.4 * near
        yield name, 0.4 * near
        yield f"{name} is None", 0.4 * near
    others = [t for n in own_nodes(function) for t in tests_of(n) if t is not test]
    for other in others[:DONOR_LIMIT]:
        yield code.text_of(other), 0.4
    asked = [
        n.id for n in ast.walk(test) if isinstance(n, ast.Name) and n.id in code.names_at(test)
    ]
    for form, weight in conditions_at(code, test, list(dict.fromkeys(asked))[:2]):
        yield form, weight * 0.5
    members = {
        code.text_of(n): None
        for n in own_nodes(function)
        if isinstance(n, ast.Subscript) and not isinstance(n.slice, ast.Slice)
    }
    for one, two in itertools.combinations(list(members)[:4], 2):
        yield f"{one} == {two}", 0.3
        yield f"{one} != {two}", 0.3


def narrowed(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A part of a condition left out."""
    if isinstance(node, ast.comprehension) and len(node.ifs) == 1:
        yield Rewrite(code.span(node.iter)[1], code.span(node.ifs[0])[1], "", 0.8)
    if not isinstance(node, ast.BoolOp):
        return
    texts = [code.text_of(v) for v in node.values]
    word = " and " if isinstance(node.op, ast.And) else " or "
    for left_out in range(len(texts)):
        kept = [t for place, t in enumerate(texts) if place != left_out]
        yield code.swap_operand(node, word.join(kept))


def endless(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A loop that has to end when something is used up."""
    if not isinstance(node, ast.While) or not isinstance(
        node.test, ast.Constant | ast.Name | ast.Compare
    ):
        return
    always = isinstance(node.test, ast.Constant)
    for name in code.names_at(node)[:DONOR_LIMIT]:
        if name not in ("self", "cls") and name != code.text_of(node.test):
            yield code.swap(node.test, name, 1.0 if always else 0.4)
            if always:
                yield code.swap(node.test, f"{name} is not None", 0.5)


def early_exits(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A guard at the function's start for input that is empty, missing or smallest."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    body = [
        s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
    ]
    if not body:
        return
    for condition, value in told_edges(code, node):
        yield from code.insert(body[0], f"if {condition}:\n    return {value}", weight=TOLD)
    prose = docstring_of(code, node).split(">>>")[0]
    told = [text for text in told_texts(code, node) if text in prose][:TEXT_LIMIT]
    for name in [a for a in arguments_of(node) if a not in ("self", "cls")][:4]:
        for condition, weight in (
            *((f"{text!r} not in {name}", 1.0) for text in told if text),
            *((form, 0.6) for form in _of_two(node, name)),
            (f"not {name}", 1.0),
            (f"{name} is None", 0.8),
            (f"{name} < 2", 0.8),
            (f"{name} < 0", 0.5),
            (f"{name} <= 0", 0.5),
            (f"{name} == 1", 0.4),
            (f"len({name}) <= 1", 0.5),
        ):
            for value in _exit_values(code, node, name):
                yield from code.insert(body[0], f"if {condition}:\n    {value}", weight=weight)


def _of_two(function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> Iterator[str]:
    """What a guard may ask about a parameter beside another one."""
    kinds = kinds_of(function)
    names = [a for a in arguments_of(function) if a not in ("self", "cls", name)]
    for other in names[:2]:
        match (kinds.get(name), kinds.get(other)):
            case ("many", "many"):
                yield f"len({name}) != len({other})"
            case (_, "many"):
                yield f"{name} > len({other})"
                yield f"{name} not in {other}"
            case ("one", "one"):
                yield f"{name} > {other}"
                yield f"{name} == {other}"


def _exit_values(
    code: Code, function: ast.FunctionDef | ast.AsyncFunctionDef, name: str
) -> list[str]:
    """What the guard may return: what the docstring names, what the function returns elsewhere,
    else the usual empties.
    """
    simple = {
        code.text_of(n.value): None
        for n in own_nodes(function)
        if isinstance(n, ast.Return)
        and isinstance(n.value, ast.Constant | ast.List | ast.Dict | ast.Tuple)
    }
    told = told_results(code, function)
    known = list(dict.fromkeys([*told, *simple, "None", name, "0", "[]", "''", "False"]))
    return ["return" if v == "None" else f"return {v}" for v in known[: max(6, len(told) + 4)]]


def skips(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A guard at a loop's start that passes over what is missing or was seen."""
    if not isinstance(node, ast.For) or not isinstance(node.target, ast.Name):
        return
    name = node.target.id
    function = code.function_of(node)
    conditions = {f"not {name}": 0.8, f"{name} is None": 0.8}
    conditions.update(
        {f"{name} in {other}": 0.4 for other in (locals_of(function) if function else [])}
    )
    for condition, weight in conditions_at(code, node, [name]):
        conditions.setdefault(condition, weight * 0.7)
    likely = sorted(conditions.items(), key=lambda row: -row[1])
    for condition, weight in likely[:SKIP_LIMIT]:
        for word in ("continue", "break"):
            yield from code.insert(
                node.body[0],
                f"if {condition}:\n    {word}",
                weight=weight if word == "continue" else weight / 2,
            )


def _operand(code: Code, test: ast.expr) -> str:
    text = code.text_of(test)
    return (
        f"({text})"
        if isinstance(test, ast.BoolOp | ast.IfExp | ast.Lambda | ast.NamedExpr)
        else text
    )


TEMPLATES = (
    Template("null guard", 0.5, null_guards, "asks first whether the object is there"),
    Template("condition case", 0.3, widened, "adds a case to the condition"),
    Template("condition part", 0.5, narrowed, "drops a part of the condition"),
    Template("loop end", 0.5, endless, "ends the loop when something is used up"),
    Template("early exit", 0.25, early_exits, "returns early for the smallest input"),
    Template("skip", 0.2, skips, "passes over some members"),
)
