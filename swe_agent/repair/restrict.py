"""A change that is right for some values only: what the failing tests accept and others do not is
made to hang on a condition.
"""

import ast
import re
from collections.abc import Iterator

from swe_agent.repair.asked import conditions_for
from swe_agent.repair.syntax import Code, Rewrite, is_loaded, own_nodes
from swe_agent.repair.templates.conditions import tests_of

CONDITION_LIMIT = 140
_IF = re.compile(r"(\s*(?:el)?if )(.*):\n")


def restricted(code: Code, rewrite: Rewrite) -> Iterator[Rewrite]:
    """The rewrite for some cases only, those of the likeliest conditions first; none where it is
    not a statement put in or left out, a condition decided, or another value.
    """
    test = _decided(code, rewrite)
    if test is not None:
        yield from _with_case(code, test, rewrite)
    elif _is_lines(code, rewrite):
        yield from _under_condition(code, rewrite)
    else:
        yield from _in_other_cases(code, rewrite)


def _decided(code: Code, rewrite: Rewrite) -> ast.expr | None:
    """The condition that a rewrite decides once for all."""
    if rewrite.text not in ("True", "False"):
        return None
    tests = (test for node in code.nodes for test in tests_of(node))
    return next((t for t in tests if code.span(t) == (rewrite.start, rewrite.end)), None)


def _with_case(code: Code, test: ast.expr, rewrite: Rewrite) -> Iterator[Rewrite]:
    word, sort = ("or", ast.Or) if rewrite.text == "True" else ("and", ast.And)
    text = code.text_of(test)
    loose = isinstance(test, ast.IfExp | ast.Lambda | ast.NamedExpr)
    mixed = isinstance(test, ast.BoolOp) and not isinstance(test.op, sort)
    asked = f"({text})" if loose or mixed else text
    for form, weight in _conditions(code, test, test):
        yield code.swap(test, f"{asked} {word} {_bound(form)}", weight)


def _under_condition(code: Code, rewrite: Rewrite) -> Iterator[Rewrite]:
    """Lines put in under a condition, or left out by one."""
    lines = rewrite.text if rewrite.start == rewrite.end else code.text[rewrite.start : rewrite.end]
    place = _statement_at(code, rewrite)
    if place is None or not lines.strip():
        return
    read = _parsed(lines) or place
    indent = lines[: len(lines) - len(lines.lstrip())]
    asks = _IF.match(lines)
    for form, weight in _conditions(code, place, read):
        if asks:
            start, asked = asks.groups()
            head = f"{start}{_bound(asked)} and {_bound(form)}:\n"
            yield Rewrite(rewrite.start, rewrite.end, head + lines[asks.end() :], weight)
        else:
            body = "".join(
                f"    {line}" if line.strip() else line for line in lines.splitlines(keepends=True)
            )
            text = f"{indent}if {form}:\n{body}"
            yield Rewrite(rewrite.start, rewrite.end, text, weight)


def _in_other_cases(code: Code, rewrite: Rewrite) -> Iterator[Rewrite]:
    """Another value where a condition holds."""
    node = _value_around(code, rewrite)
    if node is None:
        return
    start, end = code.span(node)
    old = code.text_of(node)
    new = code.text[start : rewrite.start] + rewrite.text + code.text[rewrite.end : end]
    free = isinstance(code.parents.get(node), ast.Assign | ast.Return | ast.keyword)
    for form, weight in _conditions(code, code.statement_of(node), node):
        text = f"{new} if {form} else {old}"
        yield code.swap(node, text if free else f"({text})", weight)


def _value_around(code: Code, rewrite: Rewrite) -> ast.expr | None:
    """The smallest value that a rewrite changes to another one; None where it changes a condition
    or what is no value.
    """
    around = []
    for node in code.nodes:
        if isinstance(node, ast.expr) and is_loaded(node):
            start, end = code.span(node)
            if start <= rewrite.start and rewrite.end <= end:
                around.append((end - start, start, end, node))
    around.sort(key=lambda row: row[0])
    for _, start, end, node in around[:8]:
        place = code.parents.get(node)
        if node in tests_of(place or node) or isinstance(place, ast.JoinedStr | ast.FormattedValue):
            return None
        if isinstance(place, ast.BoolOp | ast.Starred) or isinstance(node, ast.Starred):
            continue
        if isinstance(place, ast.Call) and place.func is node:
            continue
        text = code.text[start : rewrite.start] + rewrite.text + code.text[rewrite.end : end]
        if _is_value(text) and "\n" not in text:
            return node
    return None


def _is_lines(code: Code, rewrite: Rewrite) -> bool:
    """Whether a rewrite puts whole lines in, or leaves some out."""
    whole = rewrite.start == 0 or code.text[rewrite.start - 1] == "\n"
    if rewrite.start == rewrite.end:
        return whole and rewrite.text.endswith("\n")
    return whole and not rewrite.text and code.text[rewrite.end - 1 : rewrite.end] == "\n"


def _statement_at(code: Code, rewrite: Rewrite) -> ast.stmt | None:
    """The statement that begins where a rewrite does, else the last one before it."""
    line = code.line_of(rewrite.start)
    found = [n for n in code.nodes if isinstance(n, ast.stmt) and code.function_of(n) is not None]
    here = [n for n in found if n.lineno >= line]
    before = [n for n in found if n.lineno < line]
    if here and min(n.lineno for n in here) <= line + 1:
        return min(here, key=lambda n: n.lineno)
    return max(before, key=lambda n: n.lineno, default=None)


def _conditions(code: Code, place: ast.AST, read: ast.AST) -> list[tuple[str, float]]:
    found = conditions_for(code, place, read)
    return sorted(found, key=lambda row: -row[1])[:CONDITION_LIMIT]


def _bound(form: str) -> str:
    """A condition as a part of a larger one."""
    try:
        node = ast.parse(form.strip(), mode="eval").body
    except SyntaxError:
        return f"({form})"
    loose = isinstance(node, ast.BoolOp | ast.IfExp | ast.Lambda | ast.NamedExpr)
    return f"({form})" if loose else form


def _is_value(text: str) -> bool:
    try:
        ast.parse(f"({text})", mode="eval")
    except (SyntaxError, ValueError):
        return False
    return True


def _parsed(lines: str) -> ast.AST | None:
    """Lines at any depth as a tree, to be read only."""
    try:
        tree = ast.parse(f"if 1:\n{lines}" if lines[:1] in (" ", "\t") else lines)
    except (SyntaxError, ValueError):
        return None
    return tree if any(isinstance(n, ast.Name) for n in own_nodes(tree)) else None
