"""Kinds of quantities: which variables of a function are compared, added, assigned to one another,
so that a change which mixes two that the rest keeps apart (place and member) counts for less.

Source: Hangal and Lam, ICSE 2009, "Automatic Dimension Inference and Checking for Object-Oriented
Programs".
"""

import ast
from collections.abc import Iterable, Sequence

from swe_agent.repair.syntax import Function, arguments_of

_SAME = frozenset(
    {
        *("sorted", "list", "set", "tuple", "reversed", "abs", "round", "int", "float", "iter"),
        *("lower", "upper", "strip", "lstrip", "rstrip", "copy", "title", "capitalize", "replace"),
    }
)
"""Calls whose result is of the kind of what they are given."""
_MEMBER = frozenset({"max", "min", "sum", "next", "pop"})
_PLACE = frozenset({"len", "count", "index", "find", "rfind"})
_DEPTH = 6
_Kind = int | None


class Kinds:
    """The kinds of a function's variables, of their members and of their places."""

    def __init__(self, function: Function) -> None:
        self._up: list[int] = []
        self._parts: list[dict[str, int]] = []
        self._of: dict[str, int] = {}
        self._result = self._new()
        for name in arguments_of(function):
            self._named(name)
        for node in ast.walk(function):
            self._statement(node)

    def count(self, names: Iterable[str]) -> int:
        """How many kinds there are among variables, their members and their places."""
        found = {self._find(self._result)}
        for name in sorted(names):
            held = self._named(name)
            found |= {held, self._part(held, "member"), self._part(held, "place")}
        return len({self._find(kind) for kind in found})

    def _new(self) -> int:
        self._up.append(len(self._up))
        self._parts.append({})
        return len(self._up) - 1

    def _find(self, kind: int) -> int:
        while self._up[kind] != kind:
            kind = self._up[kind]
        return kind

    def _named(self, name: str) -> int:
        if name not in self._of:
            self._of[name] = self._new()
        return self._find(self._of[name])

    def _part(self, kind: int, part: str) -> int:
        parts = self._parts[self._find(kind)]
        if part not in parts:
            parts[part] = self._new()
        return self._find(parts[part])

    def _join(self, one: _Kind, two: _Kind, depth: int = 0) -> _Kind:
        """Both are of one kind; None is of any."""
        if one is None or two is None:
            return two if one is None else one
        one, two = self._find(one), self._find(two)
        if one != two:
            self._up[two] = one
            for part, kind in self._parts[two].items():
                known = self._parts[self._find(one)].setdefault(part, kind)
                if depth < _DEPTH:
                    self._join(known, kind, depth + 1)
        return self._find(one)

    def _joined(self, kinds: Iterable[_Kind]) -> _Kind:
        found: _Kind = None
        for kind in kinds:
            found = self._join(found, kind)
        return found

    def _holder(self, part: str, kind: _Kind) -> int:
        """Something that has members, or places, of a kind."""
        found = self._new()
        if kind is not None:
            self._join(self._part(found, part), kind)
        return found

    def _statement(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._bind(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._bind(target, value)
            case ast.AugAssign(target=target, op=ast.Add() | ast.Sub(), value=value):
                self._join(self._kind(target), self._kind(value))
            case ast.For(target=target, iter=held) | ast.comprehension(target=target, iter=held):
                self._loop(target, held)
            case ast.Return(value=ast.expr() as value):
                self._join(self._result, self._kind(value))
            case ast.BinOp() | ast.Compare() | ast.Call() | ast.Subscript() | ast.IfExp():
                self._kind(node)

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, two in zip(target.elts, value.elts, strict=False):
                self._bind(one, two)
        elif not isinstance(target, ast.Tuple | ast.List):
            self._join(self._kind(target), self._kind(value))

    def _loop(self, target: ast.expr, held: ast.expr) -> None:
        """What a loop's variables are of what it runs over."""
        inner = target.elts if isinstance(target, ast.Tuple) else []
        match held:
            case ast.Call(func=ast.Name(id="zip"), args=rows):
                pairs = [(one, row, "member") for one, row in zip(inner, rows, strict=False)]
            case (
                ast.Call(func=ast.Name(id="enumerate"), args=[row, *_])
                | ast.Call(func=ast.Attribute(value=row, attr="items"))
            ):
                pairs = [(t, row, p) for t, p in zip(inner, ("place", "member"), strict=False)]
            case _:
                pairs = [] if inner else [(target, held, "member")]
        for one, row, part in pairs:
            kind = self._kind(row)
            if kind is not None and not isinstance(one, ast.Tuple):
                self._join(self._kind(one), self._part(kind, part))

    def _kind(self, node: ast.expr) -> _Kind:
        """The kind of an expression's value; None where it may be any."""
        match node:
            case ast.Name(id=name):
                return self._named(name)
            case ast.UnaryOp(operand=inner) if not isinstance(node.op, ast.Not):
                return self._kind(inner)
            case ast.BinOp(left=left, op=operation, right=right):
                return self._computed(left, operation, right)
            case ast.Compare(left=left, ops=operations, comparators=others):
                self._compared([left, *others], operations)
            case ast.IfExp(body=one, orelse=two):
                return self._join(self._kind(one), self._kind(two))
            case ast.Subscript(value=held, slice=at):
                return self._taken(self._kind(held), at)
            case ast.List(elts=members) | ast.Set(elts=members):
                return self._holder("member", self._joined(map(self._kind, members)))
            case ast.ListComp(elt=each) | ast.GeneratorExp(elt=each) | ast.SetComp(elt=each):
                return self._holder("member", self._kind(each))
            case ast.Call(func=ast.Name(id=name), args=given):
                return self._called(name, given)
            case ast.Call(func=ast.Attribute(value=held, attr=name), args=given):
                return self._method(name, self._kind(held), given)
        return None

    def _computed(self, left: ast.expr, operation: ast.operator, right: ast.expr) -> _Kind:
        one, two = self._kind(left), self._kind(right)
        match operation:
            case ast.Add() | ast.Sub():
                return self._join(one, two)
            case ast.Mod():
                return two if two is not None else one
        return None if one is not None and two is not None else one if two is None else two

    def _compared(self, sides: Sequence[ast.expr], operations: Sequence[ast.cmpop]) -> None:
        kinds = [self._kind(side) for side in sides]
        for operation, one, two in zip(operations, kinds, kinds[1:], strict=False):
            if not isinstance(operation, ast.In | ast.NotIn):
                self._join(one, two)
            elif two is not None:
                self._join(one, self._part(two, "member"))

    def _taken(self, held: _Kind, at: ast.expr) -> _Kind:
        """A member, or a part, of what is held."""
        is_part = isinstance(at, ast.Slice)
        bounds = [at.lower, at.upper] if isinstance(at, ast.Slice) else [at]
        places = [self._kind(bound) for bound in bounds if bound is not None]
        if held is None:
            return None
        for place in places:
            self._join(self._part(held, "place"), place)
        return held if is_part else self._part(held, "member")

    def _called(self, name: str, given: Sequence[ast.expr]) -> _Kind:
        kinds = [self._kind(each) for each in given if not isinstance(each, ast.Starred)]
        first = kinds[0] if kinds else None
        if name == "range":
            return self._holder("member", self._joined(kinds[:2]))
        if name in ("max", "min") and len(kinds) > 1:
            return self._joined(kinds)
        return self._made_of(name, first)

    def _method(self, name: str, held: _Kind, given: Sequence[ast.expr]) -> _Kind:
        kinds = [self._kind(each) for each in given if not isinstance(each, ast.Starred)]
        first = kinds[0] if kinds else None
        if held is None:
            return None
        if name in ("append", "add", "remove", "discard", "appendleft", "count", "index", "find"):
            self._join(self._part(held, "member"), first)
        elif name in ("extend", "update", "union", "intersection", "startswith", "endswith"):
            return self._join(held, first)
        elif name == "get":
            self._join(self._part(held, "place"), first)
            return self._part(held, "member")
        elif name == "values":
            return self._holder("member", self._part(held, "member"))
        elif name == "keys":
            return self._holder("member", self._part(held, "place"))
        elif name in ("split", "splitlines"):
            return self._holder("member", held)
        return self._made_of(name, held)

    def _made_of(self, name: str, kind: _Kind) -> _Kind:
        if kind is None or name in _SAME:
            return kind
        return (
            self._part(kind, "member" if name in _MEMBER else "place")
            if (name in _MEMBER | _PLACE)
            else None
        )
