"""Logic that was left out: a variable never begun or never moved on, a statement that needs a
condition, the other case of a condition, the second of two alike statements.
"""

import ast
import re
from collections.abc import Iterator

from swe_agent.repair.syntax import (
    Code,
    Function,
    Rewrite,
    arguments_of,
    is_builtin,
    is_loaded,
    own_nodes,
    stored,
)
from swe_agent.repair.templates.donors import conditions_at, told_numbers, told_texts
from swe_agent.repair.templates.template import Template

EXPRESSION_LIMIT = 6
SOMETIMES_LIMIT = 4
SEPARATORS = (" ", ",", "-", "_")
_STARTS = {"0": 1.0, "[]": 0.9, "''": 0.7, "1": 0.6, "{}": 0.6, "set()": 0.5, "None": 0.4}
_FLAGS = {"False": 0.3, "True": 0.3}
_OPPOSITE = {"+=": "-=", "-=": "+=", "*=": "//=", "//=": "*="}
_NO_RESULT = (ast.Return, ast.Break, ast.Continue, ast.Raise, ast.Pass)


def starts(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A variable that is read or added to but never begun."""
    if not isinstance(node, Function):
        return
    body = _body(node)
    outer = code.function_of(node)
    known = {*arguments_of(node), *_bound_in_file(code), *(code.names_at(outer) if outer else ())}
    plain = {
        name
        for inner in own_nodes(node)
        for name in ([] if isinstance(inner, ast.AugAssign) else _binds(inner))
    }
    used = [n.id for n in own_nodes(node) if isinstance(n, ast.Name)]
    for name in dict.fromkeys(used):
        if name in plain | known or is_builtin(name):
            continue
        grows = re.search(rf"\b{name}\.(append|extend)\(", code.text_of(node))
        for text, weight in (_STARTS | _FLAGS).items():
            likely = 1.0 if not grows else 1.0 if text == "[]" else 0.3
            yield from code.insert(body[0], f"{name} = {text}", weight=weight * likely)


def updates(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A variable that is begun before a loop and never moved on in it."""
    if not isinstance(node, ast.For | ast.While):
        return
    function = code.function_of(node)
    if function is None:
        return
    inside = list(ast.walk(node))
    begun = [s for s in own_nodes(function) if isinstance(s, ast.Assign) and s.lineno < node.lineno]
    first = {ast.dump(s.targets[0]): ast.dump(s.value) for s in begun}
    moved = _grown(code, node) | {
        name
        for inner in inside
        for name in _binds(inner)
        if not isinstance(inner, ast.Assign)
        or first.get(ast.dump(inner.targets[0])) != ast.dump(inner.value)
    }
    values = _values(code, node)
    for start in begun:
        target = start.targets[0]
        if not isinstance(target, ast.Name) or target.id in moved:
            continue
        for line, weight in _moves_on(target.id, start.value, values):
            for block in _blocks_of(node):
                last = block[-1]
                after = not isinstance(last, _NO_RESULT)
                yield from code.insert(last, line, after=after, weight=weight)
                if after or len(block) > 1:
                    yield from code.insert(block[0], line, weight=weight * 0.6)
        yield from _updates_sometimes(code, node, target.id, start.value)


def _updates_sometimes(
    code: Code, loop: ast.For | ast.While, name: str, start: ast.expr
) -> Iterator[Rewrite]:
    """The variable moved on under a condition, at the loop's end."""
    last = loop.body[-1]
    if isinstance(last, _NO_RESULT):
        return
    first = [*_binds(last), *_first_names(loop, last)]
    moves = [*_moves_on(name, start, _values(code, loop))][:SOMETIMES_LIMIT]
    asked = [(name, 0.8) for name in dict.fromkeys(first)]
    asked += [*conditions_at(code, last, first)][: 3 * SOMETIMES_LIMIT]
    for condition, likely in asked:
        for line, weight in moves:
            text = f"if {condition}:\n    {line}"
            yield from code.insert(last, text, after=True, weight=weight * likely * 0.6)


def guarded(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A statement of a loop that is for some members only; a way out that is not for all."""
    if not isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.Return):
        return
    loop = _loop_of(code, node)
    lines = code.whole_lines(node)
    if lines is None or node.lineno != node.end_lineno:
        return
    indent, text = code.indent(node), code.text_of(node)
    if loop is None:
        function = code.function_of(node)
        if function is not None and isinstance(node, ast.Return) and node not in function.body[-1:]:
            for condition, weight in _rare(arguments_of(function)):
                yield Rewrite(*lines, f"{indent}if {condition}:\n{indent}    {text}\n", weight)
        return
    first = _first_names(loop, node)
    rest = _rest_of(code, node)
    for condition, weight in conditions_at(code, node, first):
        yield Rewrite(*lines, f"{indent}if {condition}:\n{indent}    {text}\n", weight)
        if rest:
            inner = code.text[lines[0] : rest].replace(f"\n{indent}", f"\n{indent}    ")
            yield Rewrite(lines[0], rest, f"{indent}if {condition}:\n    {inner}", weight * 0.6)


def _rest_of(code: Code, node: ast.stmt) -> int:
    """Where the block of a statement ends, if one more or two follow; else 0."""
    block = code.block_of(node)
    after = block[block.index(node) + 1 :]
    lines = code.whole_lines(after[-1]) if 0 < len(after) < 3 else None
    return lines[1] if lines else 0


def sibling_branches(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A branch that is needed once more for another constant, which the docstring or the function
    names.
    """
    lines = code.whole_lines(node) if isinstance(node, ast.If) else None
    if not isinstance(node, ast.If) or lines is None or node.orelse:
        return
    text = code.text[lines[0] : lines[1]]
    fixed = [n for n in ast.walk(node.test) if isinstance(n, ast.Constant)]
    texts = dict.fromkeys([*told_texts(code, node), *SEPARATORS])
    for one in fixed[:2]:
        same = texts if isinstance(one.value, str) else told_numbers(code, node)
        for other in [value for value in same if value != one.value][:8]:
            copied = text.replace(code.text_of(one), repr(other))
            yield Rewrite(lines[1], lines[1], copied, 1.0 if isinstance(other, int) else 0.6)


def filtered(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A comprehension that takes all members where some are meant."""
    if not isinstance(node, ast.comprehension) or node.ifs:
        return
    start, end = code.span(node.iter)
    if "(" in code.text[code.span(node.target)[1] : start]:
        return
    for condition, weight in conditions_at(code, node.iter, stored(node.target)):
        yield Rewrite(end, end, f" if {condition}", weight)


def other_cases(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """What to do where a condition does not hold: the reverse, or begin again."""
    if not isinstance(node, ast.If) or node.orelse:
        return
    lines, function = code.whole_lines(node), code.function_of(node)
    if lines is None or function is None:
        return
    indent, end = code.indent(node), lines[1]
    gap = "" if code.text[:end].endswith("\n") else "\n"
    for line, weight in _reverses(code, node, function):
        yield Rewrite(end, end, f"{gap}{indent}else:\n{indent}    {line}\n", weight)


def siblings(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A statement that is needed once more for another variable."""
    if not isinstance(node, ast.Assign | ast.AugAssign | ast.Expr):
        return
    if node.lineno != node.end_lineno or isinstance(getattr(node, "value", None), ast.Constant):
        return
    text = code.text_of(node)
    known = [n for n in code.names_at(node) if n not in ("self", "cls", "_")]
    used = [n for n in known if re.search(rf"\b{n}\b", text)]
    for one in used:
        for two in known[:8]:
            if two not in used:
                yield from code.insert(node, re.sub(rf"\b{one}\b", two, text), after=True)


def _rare(names: list[str]) -> Iterator[tuple[str, float]]:
    """Conditions under which a function has its result at once."""
    for name in [name for name in names if name not in ("self", "cls")][:3]:
        for form in ("not %s", "%s < 2", "%s <= 0", "%s < 0", "%s == 1", "len(%s) < 2"):
            yield form % name, 0.8
        for other in names:
            if other != name:
                yield f"{name} > {other}", 0.6
                yield f"{name} == {other}", 0.6


def _moves_on(name: str, start: ast.expr, values: list[str]) -> Iterator[tuple[str, float]]:
    """How a variable that began so may move on."""
    match start:
        case ast.Constant(value=bool() as flag):
            yield f"{name} = {not flag}", 0.8
        case ast.Constant(value=int() | float()):
            yield f"{name} += 1", 1.0
            for value in values:
                for form, weight in (("+=", 1.0), ("*=", 0.4), ("-=", 0.4), ("=", 0.5)):
                    yield f"{name} {form} {value}", weight
                yield f"{name} = max({name}, {value})", 0.4
            yield f"{name} -= 1", 0.4
        case ast.Constant(value=str()):
            for value in values:
                yield f"{name} += {value}", 1.0
                yield f"{name} = {value} + {name}", 0.4
        case ast.List():
            for value in values:
                yield f"{name}.append({value})", 1.0
        case ast.Call(func=ast.Name(id="set")):
            for value in values:
                yield f"{name}.add({value})", 1.0
        case _:
            for value in values:
                yield f"{name} = {value}", 0.3
                yield f"{name} += {value}", 0.3
            yield f"{name} += 1", 0.4
            yield f"{name} -= 1", 0.4


def _values(code: Code, loop: ast.For | ast.While) -> list[str]:
    """What a loop has at hand: what it binds, then expressions over that."""
    names = [n for inner in ast.walk(loop) for n in _binds(inner)]
    target = stored(loop.target) if isinstance(loop, ast.For) else []
    known = list(dict.fromkeys([*target, *names]))
    compound = [
        code.text_of(n)
        for n in ast.walk(loop)
        if isinstance(n, ast.BinOp | ast.Subscript | ast.Call)
        and is_loaded(n)
        and any(isinstance(i, ast.Name) and i.id in known for i in ast.walk(n))
    ]
    short = sorted(dict.fromkeys(compound), key=len)
    return [*known[:4], *[text for text in short if "\n" not in text][:EXPRESSION_LIMIT]]


def _reverses(code: Code, node: ast.If, function: Function) -> Iterator[tuple[str, float]]:
    for statement in node.body:
        match statement:
            case ast.AugAssign(target=target, value=value):
                sign = code.text[code.span(target)[1] : code.span(value)[0]].strip()
                if sign in _OPPOSITE:
                    text = f"{code.text_of(target)} {_OPPOSITE[sign]} {code.text_of(value)}"
                    yield text, 1.0
            case ast.Return(value=ast.Constant(value=bool() as flag)):
                yield f"return {not flag}", 0.6
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield f"{name} = 0", 0.4
    changed = {n for s in ast.walk(node) for n in _binds(s)}
    for start in own_nodes(function):
        if isinstance(start, ast.Assign) and start.lineno < node.lineno:
            bound = [n for target in start.targets for n in stored(target)]
            for name in bound if isinstance(start.value, ast.Constant) else ():
                yield f"{name} = {code.text_of(start.value)}", 0.8 if name in changed else 0.3


def _grown(code: Code, node: ast.AST) -> set[str]:
    """Names whose methods are called as statements: they move on that way."""
    return {
        n.value.func.value.id
        for n in ast.walk(node)
        if isinstance(n, ast.Expr)
        and isinstance(n.value, ast.Call)
        and isinstance(n.value.func, ast.Attribute)
        and isinstance(n.value.func.value, ast.Name)
    }


def _blocks_of(loop: ast.For | ast.While) -> list[list[ast.stmt]]:
    """The blocks of a loop, its own first."""
    found = [loop.body]
    for node in own_nodes(loop):
        for block in (getattr(node, "body", None), getattr(node, "orelse", None)):
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                found.append(block)
    return found[:6]


def _loop_of(code: Code, node: ast.stmt) -> ast.For | ast.While | None:
    place = code.parents.get(node)
    while place is not None and not isinstance(place, Function):
        if isinstance(place, ast.For | ast.While):
            return place
        place = code.parents.get(place)
    return None


def _first_names(loop: ast.For | ast.While, node: ast.stmt) -> list[str]:
    """What a loop binds, and what is set in it before a statement."""
    target = stored(loop.target) if isinstance(loop, ast.For) else []
    inside = [n for s in ast.walk(loop) if getattr(s, "lineno", 0) < node.lineno for n in _binds(s)]
    return list(dict.fromkeys([*inside[::-1], *target]))


def _binds(node: ast.AST) -> list[str]:
    """Names that one node binds by itself."""
    match node:
        case ast.Assign():
            return [n for target in node.targets for n in _plain(target)]
        case ast.AugAssign() | ast.AnnAssign() | ast.For() | ast.NamedExpr():
            return _plain(node.target)
        case ast.comprehension():
            return stored(node.target)
        case ast.withitem(optional_vars=ast.AST() as bound):
            return stored(bound)
        case ast.ExceptHandler(name=str() as name):
            return [name]
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Import() | ast.ImportFrom():
            return [(alias.asname or alias.name).split(".")[0] for alias in node.names]
        case ast.Lambda():
            return arguments_of(node)
    return []


def _plain(target: ast.AST) -> list[str]:
    return [
        n.id for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]


def _bound_in_file(code: Code) -> set[str]:
    return {name for node in own_nodes(code.tree) for name in _binds(node)} | {
        name for node in code.tree.body for name in _binds(node)
    }


def _body(function: Function) -> list[ast.stmt]:
    """A function's statements without its docstring."""
    written = ast.get_docstring(function, clean=False) is not None
    return function.body[1:] or function.body if written else function.body


TEMPLATES = (
    Template("start", 0.9, starts, "begins the variable before it is used"),
    Template("update", 0.35, updates, "moves the variable on in the loop"),
    Template("guard", 0.22, guarded, "does it under a condition only"),
    Template("filter", 0.3, filtered, "takes some of the members only"),
    Template("other case", 0.3, other_cases, "does something else where the condition fails"),
    Template("sibling", 0.2, siblings, "does the same for another variable"),
    Template("sibling branch", 0.3, sibling_branches, "takes the branch for another constant too"),
)
