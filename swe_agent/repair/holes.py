"""Synthesis: conditions, values and assignments that the recorded states tell apart, put where they
may be missing. One rule a family, like the templates'.
"""

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from swe_agent.repair.growth import KEPT, KEPT_ELSE
from swe_agent.repair.history import State
from swe_agent.repair.recorded import Place, Recorded, recorded_from
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
from swe_agent.repair.templates.template import Template
from swe_agent.repair.terms import COMPARISON, SUM, Term, behaviour

DECAY = 0.75
"""Factor of likelihood for each step of a term's cost."""
CONDITION_LIMIT = 60
VALUE_LIMIT = 40
ASSIGNED_LIMIT = 16
AROUND_LIMIT = 24
RESULT_LIMIT = 6
UNBOUND_LIMIT = 150
UNBOUND = 12.0
"""Factor for setting a variable that is read and never set: one of these has to be right."""
_SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.Return)
_PLACES = (
    *(ast.Return, ast.Assign, ast.AugAssign, ast.Call, ast.Compare, ast.BinOp, ast.Subscript),
    *(ast.For, ast.IfExp, ast.comprehension, ast.ListComp, ast.GeneratorExp, ast.SetComp),
    *(ast.Tuple, ast.List, ast.BoolOp, ast.UnaryOp, ast.Slice),
)


def synthesis(states: Sequence[State]) -> tuple[Template, ...]:
    """Templates that fill in what the recorded states tell apart; none where nothing is known."""
    if not states:
        return ()
    recorded = recorded_from(tuple(states))
    return (
        Template(
            "synthesized condition",
            0.33,
            partial(conditions, recorded),
            "asks for what tells the cases apart",
        ),
        Template("synthesized value", 0.1, partial(values, recorded), "computes another value"),
        Template(
            "synthesized assignment", 0.08, partial(assignments, recorded), "sets a variable anew"
        ),
    )


def conditions(recorded: Recorded, code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A demand, a case, a guard or a filter that is missing."""
    match node:
        case ast.If(test=test) | ast.While(test=test):
            place = recorded.at(code, test)
            if place:
                yield from _widened(code, place, test)
        case ast.comprehension(ifs=[]):
            place = recorded.at(code, node.target)
            for term, weight in _likely(place.asked if place else (), CONDITION_LIMIT):
                end = code.span(node.iter)[1] + _closing(code, node.iter)
                yield Rewrite(end, end, f" if {term.text}", weight)
        case ast.comprehension(ifs=[test]):
            place = recorded.at(code, test)
            if place:
                yield from _widened(code, place, test)
        case ast.Return(value=ast.expr() as value):
            place = recorded.at(code, node)
            if place and isinstance(value, ast.Compare | ast.BoolOp | ast.UnaryOp):
                yield from _widened(code, place, value)
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from _exits(recorded, code, node)
        case ast.For() | ast.While():
            yield from _skips(recorded, code, node)
        case ast.stmt():
            yield from _guards(recorded, code, node)


def values(recorded: Recorded, code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """Another value: more made of the one that stands there, or one made of what is at hand."""
    parent = code.parents.get(node)
    if not isinstance(node, ast.expr) or not isinstance(parent, _PLACES) or is_called(code, node):
        return
    if not is_loaded(node) or isinstance(node, ast.Slice | ast.JoinedStr | ast.Starred):
        return
    place = recorded.at(code, node)
    core = place.term(node, code.text_of(node)) if place else None
    if place is None or core is None:
        return
    free = isinstance(parent, ast.Return)
    fixed = isinstance(node, ast.Constant)
    more = [] if fixed else place.around(core, AROUND_LIMIT)
    least = SUM if isinstance(parent, ast.Compare) else COMPARISON + 1
    for terms, share in ((more, 1.0), (place.values, 0.6)):
        apt = (t for t in terms if t.values != core.values and _alike(t, core, free))
        for term, weight in _likely(apt, VALUE_LIMIT):
            loose = isinstance(parent, ast.BinOp | ast.UnaryOp | ast.BoolOp | ast.Compare)
            held = isinstance(parent, ast.Subscript) and parent.value is node
            text = term.operand(SUM + 1 if held or (loose and least != SUM) else 0)
            yield code.swap(node, text, weight * share)


def assignments(recorded: Recorded, code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A variable set anew before a statement, to a value of its kind."""
    function = code.function_of(node) if isinstance(node, ast.stmt) else None
    if function is None or not isinstance(node, ast.stmt) or _is_text(node):
        return
    place = recorded.at(code, node)
    for name in _unbound(code, function, node) if place else ():
        for term, weight in _likely(place.values if place else (), UNBOUND_LIMIT):
            yield from code.insert(node, f"{name} = {term.text}", weight=weight * UNBOUND)
    for held in place.leaves if place else ():
        if place is None or not held.text.isidentifier() or held.kind in (bool, None):
            continue
        apt = (
            term for term in place.values if term.values != held.values and term.kind is held.kind
        )
        for term, weight in _likely(apt, ASSIGNED_LIMIT):
            yield from code.insert(node, _assigned(held.text, term), weight=weight)


def _unbound(code: Code, function: Function, node: ast.stmt) -> list[str]:
    """Names that a statement reads and nothing binds."""
    known = {*code.names_at(node), *_names_of(code.tree)}
    nested = {n for f in own_nodes(function) if isinstance(f, ast.Lambda) for n in arguments_of(f)}
    read = dict.fromkeys(n.id for n in ast.walk(node) if isinstance(n, ast.Name) and is_loaded(n))
    return [name for name in read if name not in known | nested and not is_builtin(name)]


def _names_of(tree: ast.Module) -> set[str]:
    """Names that a file has anywhere but for reading."""
    found = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not is_loaded(n)}
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, Function | ast.ClassDef | ast.ExceptHandler):
            found.add(node.name or "")
    return found


def _assigned(name: str, term: Term) -> str:
    """`x += y` for `x = x + y`, which for lists is another thing."""
    for sign in ("+", "-", "*", "//") if term.kind is not list else ():
        start = f"{name} {sign} "
        if term.text.startswith(start):
            return f"{name} {sign}= {term.text[len(start) :]}"
    return f"{name} = {term.text}"


def _widened(code: Code, place: Place, test: ast.expr) -> Iterator[Rewrite]:
    """One more demand, or one more case; each that decides otherwise once."""
    text = code.text_of(test)
    core = place.term(test, text)
    loose = isinstance(test, ast.IfExp | ast.Lambda | ast.NamedExpr)
    count: dict[str, int] = {}
    forms: tuple[tuple[str, Callable[[list[object]], bool]], ...] = (("and", all), ("or", any))
    for term, weight in _likely(place.asked, CONDITION_LIMIT):
        for word, decides in forms:
            mixed = isinstance(test, ast.BoolOp) and word != _word(test)
            if core:
                made = [decides([a, b]) for a, b in zip(core.values, term.values, strict=True)]
                if made == [bool(value) for value in core.values]:
                    continue
                key = behaviour(made)
                count[key] = count.get(key, 0) + 1
                if count[key] > KEPT.get(len(made), KEPT_ELSE):
                    continue
            whole = f"({text})" if loose or mixed else text
            yield code.swap(test, f"{whole} {word} {term.operand(COMPARISON)}", weight)


def _exits(recorded: Recorded, code: Code, function: Function) -> Iterator[Rewrite]:
    """A result of its own for some inputs, at the function's start."""
    body = [s for s in function.body if not _is_text(s)]
    place = recorded.at(code, body[0]) if body else None
    if place is None:
        return
    for term, weight in _likely(place.asked, CONDITION_LIMIT // 2):
        for rank, result in enumerate(_results(code, function, place)):
            line = f"if {term.text}:\n    return {result}"
            yield from code.insert(body[0], line, weight=weight * 0.9**rank * 0.7)


def _results(code: Code, function: Function, place: Place) -> list[str]:
    """What a function may return at once: what it returns elsewhere, its parameters, nothing."""
    returned = [n.value for n in own_nodes(function) if isinstance(n, ast.Return) and n.value]
    fixed = [code.text_of(v) for v in returned if isinstance(v, ast.Constant | ast.List | ast.Name)]
    names = [t.text for t in place.leaves if t.text.isidentifier()]
    usual = ["0", "False", "''", "[]", "None"]
    known = [text for text in fixed if text in names or not text.isidentifier()]
    return list(dict.fromkeys([*known, *names[:2], *usual]))[:RESULT_LIMIT]


def _skips(recorded: Recorded, code: Code, loop: ast.For | ast.While) -> Iterator[Rewrite]:
    """Members that a loop passes over, or ends at."""
    place = recorded.at(code, loop.body[0])
    for term, weight in _likely(place.asked if place else (), CONDITION_LIMIT // 2):
        for word, share in (("continue", 0.7), ("break", 0.5)):
            line = f"if {term.text}:\n    {word}"
            yield from code.insert(loop.body[0], line, weight=weight * share)


def _guards(recorded: Recorded, code: Code, node: ast.stmt) -> Iterator[Rewrite]:
    """A statement that is for some cases only."""
    function, lines = code.function_of(node), code.whole_lines(node)
    if not isinstance(node, _SIMPLE) or function is None or lines is None or _is_text(node):
        return
    if node is function.body[-1] or (isinstance(node, ast.Assign) and node in function.body):
        return
    place, indent = recorded.at(code, node), code.indent(node)
    block = code.block_of(node)
    last = code.whole_lines(block[-1])
    ends = {lines[1]: 0.8, last[1] if last and block is not function.body else lines[1]: 0.6}
    for end, share in ends.items():
        rows = code.text[lines[0] : end].splitlines(keepends=True)
        body = "".join(f"    {row}" if row.strip() else row for row in rows)
        for term, weight in _likely(place.asked if place else (), CONDITION_LIMIT):
            yield Rewrite(lines[0], end, f"{indent}if {term.text}:\n{body}", weight * share)


def _likely(terms: Iterable[Term], limit: int) -> Iterator[tuple[Term, float]]:
    """The cheapest terms, with weights."""
    for place, term in enumerate(terms):
        if place >= limit:
            return
        yield term, min(1.0, DECAY ** (term.cost - 1.0))


def _alike(term: Term, core: Term, free: bool) -> bool:
    """Whether a term may stand where another one does; anything may be returned."""
    return free or term.kind is core.kind or {term.kind, core.kind} <= {int, float}


def _closing(code: Code, node: ast.expr) -> int:
    """How many characters of closing brackets follow that belong to an expression."""
    start, end = code.span(node)
    before = code.text[:start].rstrip()
    return 1 if before.endswith("in (") and code.text[end : end + 1] == ")" else 0


def _word(test: ast.expr) -> str:
    joined = isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And)
    return "and" if joined else "or"


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
