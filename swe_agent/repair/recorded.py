"""The recorded states by place: what is known at a line of a function, and which terms may be made
of it there.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from swe_agent.repair.evaluate import Unknown, evaluated
from swe_agent.repair.growth import Grown, asked, grown, wrapped
from swe_agent.repair.history import State
from swe_agent.repair.syntax import Code, arguments_of, own_nodes, stored
from swe_agent.repair.templates.donors import told_numbers, told_texts
from swe_agent.repair.terms import ATOM, COMPARISON, LOGIC, SUM, Term

STATES_USED = 10
"""States of one line that are looked at: the first and the last half of so many."""
FIXED_LIMIT = 5
FIXED_CHARS = 12
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_USUAL: tuple[tuple[object, float], ...] = ((0, 0.9), (1, 0.9), (2, 1.2), ("", 1.2), ([], 1.4))
_Held = Mapping[str, object]
_Key = tuple[str, str, int, bool, tuple[str, ...]]


@dataclass(slots=True)
class Place:
    """A line, or a comprehension in it, and the states in which it was run."""

    states: tuple[_Held, ...]
    leaves: list[Term]
    _made: dict[tuple[str, int], list[Term]] = field(default_factory=dict)
    _values: Grown | None = None
    _asked: list[Term] | None = None

    @property
    def values(self) -> list[Term]:
        """Terms with a value, the cheapest first."""
        if self._values is None:
            self._values = grown(self.leaves)
        return self._values.terms

    @property
    def asked(self) -> list[Term]:
        """Conditions, the cheapest first; where there are several states, those that change."""
        if self._asked is None:
            found = asked(self.values, self.leaves).terms
            single = len(self.states) == 1
            self._asked = [t for t in found if single or len(set(t.values)) > 1]
        return self._asked

    def around(self, core: Term, limit: int) -> list[Term]:
        """What can be made of a term with the cheapest others, the cheapest first."""
        key = (core.text, limit)
        if key not in self._made:
            self._made[key] = wrapped(core, self.leaves, self.values[:limit]).terms
        return self._made[key]

    def term(self, node: ast.expr, text: str) -> Term | None:
        """An expression of the program as a term that costs nothing; None where its value is not
        known in each state.
        """
        try:
            values = tuple(evaluated(node, state) for state in self.states)
        except Unknown:
            return None
        return Term(text, values, 0.0, _binds(node))


@dataclass(slots=True)
class Recorded:
    """All recorded states; places are made when they are asked for."""

    rows: Mapping[tuple[str, int, bool], tuple[_Held, ...]]
    _places: dict[_Key, Place | None] = field(default_factory=dict)

    def at(self, code: Code, node: ast.AST) -> Place | None:
        """The place of a node: of the comprehension around it, or of its statement; None where
        nothing was recorded.
        """
        inner = _comprehension_of(code, node)
        statement = code.statement_of(node)
        names = tuple(n for n in code.names_at(node) if n not in ("self", "cls", "_"))
        lines = range(inner.lineno, (inner.end_lineno or 0) + 1) if inner else [statement.lineno]
        for line in lines:
            key = (code.path, code.text, line, inner is not None, names)
            if key not in self._places:
                self._places[key] = self._made(code, node, key)
            if self._places[key] is not None:
                return self._places[key]
        return None

    def _made(self, code: Code, node: ast.AST, key: _Key) -> Place | None:
        path, _, line, is_inner, names = key
        bound = _bound_by(_comprehension_of(code, node)) if is_inner else []
        rows = [r for r in self.rows.get((path, line, is_inner), ()) if all(n in r for n in bound)]
        half = STATES_USED // 2
        used = rows if len(rows) <= STATES_USED else [*rows[:half], *rows[-half:]]
        if not used:
            return None
        leaves = _leaves(code, node, used, names)
        return Place(tuple(used), leaves)


@lru_cache(maxsize=4)
def recorded_from(states: tuple[State, ...]) -> Recorded:
    """The states by line; values that are no literals are left out. What was made of the last few
    is kept, since a model that is made anew asks for the same again.
    """
    found: dict[tuple[str, int, bool], list[_Held]] = {}
    for state in states:
        held = {}
        for name, shown in state.shown:
            try:
                held[name] = ast.literal_eval(shown)
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                continue
        rows = found.setdefault((state.path, state.line, state.is_inner), [])
        if held not in rows:  # two may differ in what is left out
            rows.append(held)
    return Recorded({place: tuple(rows) for place, rows in found.items()})


def _leaves(code: Code, node: ast.AST, rows: Sequence[_Held], names: tuple[str, ...]) -> list[Term]:
    """Names that are known in each state, and constants of the place."""
    function = code.function_of(node)
    loops = [n for n in own_nodes(function) if isinstance(n, ast.For)] if function else []
    nearest = {
        *_bound_by(_comprehension_of(code, node)),
        *(n for f in loops for n in stored(f.target)),
    }
    parameters = arguments_of(function) if function else []
    found = []
    for name in [n for n in rows[0] if n.split(".")[0] in (*names, "self")]:
        if all(name in row for row in rows):
            cost = 0.7 if name in nearest else 0.8 if name in parameters else 0.9
            found.append(Term(name, tuple(row[name] for row in rows), cost))
    fixed: dict[str, tuple[object, float]] = {repr(v): (v, cost) for v, cost in _USUAL}
    told = [*told_numbers(code, node)[:FIXED_LIMIT], *told_texts(code, node)[:FIXED_LIMIT]]
    for value in [*_fixed_in(code, function)[: 2 * FIXED_LIMIT], *told]:
        fixed.setdefault(repr(value), (value, 1.1))
    found += [Term(t, (value,) * len(rows), cost) for t, (value, cost) in fixed.items()]
    return found


def _fixed_in(code: Code, function: ast.AST | None) -> list[object]:
    """Numbers and short texts that a function has in its code."""
    found = {}
    for node in own_nodes(function) if function else ():
        known = isinstance(node, ast.Constant) and type(node.value) in (int, float, str)
        known = known and not isinstance(code.parents.get(node), ast.Expr)
        if isinstance(node, ast.Constant) and known and len(str(node.value)) <= FIXED_CHARS:
            found[repr(node.value)] = node.value
    return list(found.values())


def _comprehension_of(code: Code, node: ast.AST) -> ast.expr | None:
    """The comprehension in which a node is evaluated once a member; its first source is not."""
    below: ast.AST = node
    place: ast.AST | None = node
    while place is not None and not isinstance(place, ast.stmt):
        if isinstance(place, _COMPREHENSIONS) and not _is_source(place, below):
            return place if place is not node else None
        if isinstance(place, ast.Lambda):
            return None
        below = place if not isinstance(place, ast.comprehension) else below
        place = code.parents.get(place)
    return None


def _is_source(comprehension: ast.AST, below: ast.AST) -> bool:
    generators = getattr(comprehension, "generators", [])
    return bool(generators) and generators[0].iter is below


def _bound_by(comprehension: ast.expr | None) -> list[str]:
    generators = getattr(comprehension, "generators", [])
    return [name for generator in generators for name in stored(generator.target)]


def _binds(node: ast.expr) -> int:
    match node:
        case ast.BoolOp() | ast.IfExp() | ast.Lambda() | ast.NamedExpr():
            return LOGIC
        case ast.UnaryOp(op=ast.Not()):
            return LOGIC
        case ast.Compare():
            return COMPARISON
        case ast.BinOp() | ast.UnaryOp():
            return SUM
    return ATOM
