"""Statements that are missing, superfluous or in the wrong place."""

import ast
from collections.abc import Iterator

from swe_agent.repair.syntax import Code, Rewrite, arguments_of, locals_of, own_nodes
from swe_agent.repair.templates.template import Template

_SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.Return)
_GROWS = {"list": "append", "set": "add", "deque": "append", "Counter": "update"}
COPY_LIMIT = 12


def deletions(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A statement, or the condition around it, that should not be there."""
    if not isinstance(node, (*_SIMPLE, ast.If, ast.For, ast.While, ast.Break, ast.Continue)):
        return
    lines = code.whole_lines(node)
    if lines is None or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return
    if len(code.block_of(node)) > 1:
        if not isinstance(node, ast.If):
            yield Rewrite(*lines, "", 0.7)
        elif not node.orelse and code.text[code.span(node)[0] :].startswith("if"):
            yield Rewrite(*lines, "", 0.8)
    elif isinstance(node, ast.If) and code.text[code.span(node)[0] :].startswith("elif"):
        if not node.orelse:
            yield Rewrite(*lines, "", 0.6)
    else:
        yield code.swap(node, "pass", 0.3)


def unconditional(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """What is done under a condition, done always."""
    if not isinstance(node, ast.If) or node.orelse:
        return
    lines = code.whole_lines(node)
    inner = [code.whole_lines(statement) for statement in node.body]
    if lines is None or None in inner or code.text[code.span(node)[0] :].startswith("elif"):
        return
    indent, deeper = code.indent(node), code.indent(node.body[0])
    start = code.whole_lines(node.body[0])
    assert start is not None
    kept = code.text[start[0] : lines[1]].splitlines(keepends=True)
    dedented = [indent + line[len(deeper) :] if line.startswith(deeper) else line for line in kept]
    yield Rewrite(*lines, "".join(dedented))


def moves(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A statement one place earlier or later, or one level further out or in."""
    if not isinstance(node, ast.stmt):
        return
    block = code.block_of(node)
    place, lines = block.index(node), code.whole_lines(node)
    if lines is None:
        return
    if place + 1 < len(block):
        after = code.whole_lines(block[place + 1])
        if after is not None and after[0] == lines[1]:
            text = code.text[after[0] : after[1]]
            text = text if text.endswith("\n") else text + "\n"
            yield Rewrite(lines[0], after[1], text + code.text[lines[0] : lines[1]], 1.0)
    parent = code.parents.get(node)
    simple = isinstance(node, (*_SIMPLE, ast.Break))
    if (
        simple
        and node is block[-1]
        and len(block) > 1
        and isinstance(parent, ast.For | ast.While | ast.If)
    ):
        own = code.text_of(node)
        if not parent.orelse or block is parent.orelse:
            yield Rewrite(*lines, f"{code.indent(parent)}{own}\n", 1.0)
    if simple and place and isinstance(block[place - 1], ast.For | ast.While | ast.If):
        inner = block[place - 1].body  # type: ignore[attr-defined]
        yield Rewrite(*lines, f"{code.indent(inner[-1])}{code.text_of(node)}\n", 0.8)


def collections(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """What is found has to be kept: `seen.add(node)`, `rest.append(line)`."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    for holder, method, weight in _collections_of(code, node):
        names = [
            n
            for n in dict.fromkeys([*locals_of(node), *arguments_of(node)])
            if n not in (holder, "self", "cls")
        ]
        loops = {n for s in own_nodes(node) if isinstance(s, ast.For) for n in _names(s.target)}
        for block in _blocks(node):
            inner = block is not node.body or node.body[0] not in block
            for name in sorted(names[:8], key=lambda n: n not in loops):
                share = weight * (1.0 if name in loops or name in arguments_of(node) else 0.8)
                line = f"{holder}.{method}({name})"
                yield from _around(code, block, line, share if inner else share * 0.9)


def _collections_of(code: Code, function: ast.AST) -> Iterator[tuple[str, str, float]]:
    """Collections that a function can reach: name, how it grows, and how likely it should but does
    not.
    """
    place: ast.AST | None = function
    while place is not None:
        for node in own_nodes(place) if isinstance(place, ast.FunctionDef) else ():
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                kind = _kind(node.value)
                if kind in _GROWS:
                    name = node.targets[0].id
                    grown = f"{name}.{_GROWS[kind]}(" in code.text_of(place)
                    yield name, _GROWS[kind], 0.4 if grown else 1.0
        place = code.function_of(place)


def _kind(value: ast.expr) -> str:
    if isinstance(value, ast.List | ast.ListComp):
        return "list"
    if isinstance(value, ast.Set | ast.SetComp):
        return "set"
    return value.func.id if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) else ""


def carried(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A variable that a loop reads but never sets anew: `previous = current`."""
    if not isinstance(node, ast.For | ast.While):
        return
    function = code.function_of(node)
    inside = list(ast.walk(node))
    bound = {n.id for n in inside if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    known = [n for n in code.names_at(node) if n not in ("self", "cls")]
    before = set(locals_of(function)) if function else set()
    for name in known[:10]:
        stale = name in before and name not in bound
        for other in known[:10]:
            if other != name:
                weight = (1.0 if stale else 0.2) * (
                    1.0 if other in bound or isinstance(node, ast.While) else 0.4
                )
                yield from _everywhere(code, node.body, f"{name} = {other}", weight)


def copies(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A statement of the function that is needed in a second place too."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    donors = [
        code.text_of(s)
        for s in own_nodes(node)
        if isinstance(s, ast.Assign | ast.AugAssign | ast.Expr | ast.Return)
        and not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
        and s.lineno == s.end_lineno
    ]
    for donor in list(dict.fromkeys(donors))[:COPY_LIMIT]:
        for block in _blocks(node):
            if donor not in {code.text_of(s) for s in block}:
                yield from _around(code, block, donor, 0.8)


def rebound(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A change in place where a new value was meant, or a new value thrown away where the change
    was.
    """
    if (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
    ):
        call, holder = node.value, code.text_of(node.value.func.value)
        if len(call.args) == 1 and node.value.func.attr in ("update", "extend", "append", "add"):
            yield code.swap(node, f"{holder} = {code.text_of(call.args[0])}", 0.5)
        yield code.swap(node, f"{holder} = {code.text_of(node)}", 0.4)
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
        called = node.value.func
        if isinstance(called, ast.Attribute) and called.attr == "sort":
            yield code.swap(node.value, f"sorted({code.text_of(called.value)})")


def augmented(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """`x += y` for `x = y`, and back; a fixed number may also be one to multiply or divide by."""
    if (
        isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and not isinstance(node.targets[0], ast.Tuple)
    ):
        found = code.swap_between(node.targets[0], node.value, "=", "+=")
        if found:
            yield found
            for form in ("-=", "*=", "//=") if isinstance(node.value, ast.Constant) else ():
                yield Rewrite(found.start, found.end, form, 0.5)
    elif isinstance(node, ast.AugAssign):
        yield Rewrite(code.span(node.target)[1], code.span(node.value)[0], " = ", 0.7)


def branches(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """`elif` for `if`, `break` for `continue`, `if` for `while`."""
    if isinstance(node, ast.Break | ast.Continue):
        yield code.swap(node, "continue" if isinstance(node, ast.Break) else "break")
    elif isinstance(node, ast.If | ast.While):
        start = code.span(node)[0]
        block = code.block_of(node)
        place = block.index(node)
        if isinstance(node, ast.While):
            yield Rewrite(start, start + 5, "if", 0.5)
            return
        if code.text[start:].startswith("elif"):
            yield Rewrite(start, start + 4, "if", 0.5)
            return
        yield Rewrite(start, start + 2, "while", 0.7)
        if place and isinstance(block[place - 1], ast.If):
            yield Rewrite(start, start + 2, "elif", 0.7)


def _blocks(function: ast.AST) -> list[list[ast.stmt]]:
    found = [
        getattr(n, name, [])
        for n in (function, *own_nodes(function))
        for name in ("body", "orelse")
    ]
    return [
        block
        for block in found
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt)
    ]


def _around(code: Code, block: list[ast.stmt], line: str, weight: float) -> Iterator[Rewrite]:
    """The line at the block's start, its end, before what leaves it, and after its loops."""
    body = [s for s in block if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    if not body:
        return
    yield from code.insert(body[0], line, weight=weight)
    last = body[-1]
    leaves = isinstance(last, ast.Return | ast.Break | ast.Continue | ast.Raise)
    if not leaves:
        yield from code.insert(last, line, after=True, weight=weight)
    elif len(body) > 1:
        yield from code.insert(last, line, weight=weight)
    for statement in body[:-1]:
        if isinstance(statement, ast.For | ast.While):
            yield from code.insert(statement, line, after=True, weight=weight * 0.9)


def _everywhere(code: Code, block: list[ast.stmt], line: str, weight: float) -> Iterator[Rewrite]:
    for place, statement in enumerate(block):
        edge = place in (0, len(block) - 1)
        yield from code.insert(statement, line, weight=weight if edge else weight * 0.9)
    yield from code.insert(block[-1], line, after=True, weight=weight)


def _names(node: ast.AST) -> list[str]:
    return [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]


TEMPLATES = (
    Template("deletion", 0.4, deletions, "drops a statement"),
    Template("needless condition", 0.3, unconditional, "does it always"),
    Template("move", 0.25, moves, "moves a statement"),
    Template("kept item", 0.4, collections, "keeps an item in the collection"),
    Template("carried value", 0.3, carried, "sets the variable anew on each round"),
    Template("copy", 0.12, copies, "repeats a statement in a second place"),
    Template("rebinding", 0.4, rebound, "binds a new value instead of changing the old one"),
    Template(
        "augmented assignment",
        0.35,
        augmented,
        "adds to the value instead of replacing it, or the reverse",
    ),
    Template("branch", 0.3, branches, "takes another kind of branch"),
)
