"""What an expression of the program comes to in a recorded state, as far as it is made of known
operations on literals. Nothing of the project is run.
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from swe_agent.repair.terms import is_small

_POWER_LIMIT = 10**6


class Unknown(Exception):
    """The expression has a part whose value is not known here."""


def _times(one: object, two: object) -> object:
    for value, other in ((one, two), (two, one)):
        is_row = isinstance(value, str | list | tuple) and isinstance(other, int)
        if is_row and len(value) * abs(other) > _POWER_LIMIT:  # type: ignore[arg-type]
            raise Unknown
    return operator.mul(one, two)


def _power(one: object, two: object) -> object:
    if not isinstance(one, int | float) or not isinstance(two, int | float):
        raise Unknown
    if abs(one) > _POWER_LIMIT or abs(two) > 32:
        raise Unknown
    return one**two


_OPERATORS: dict[type[ast.AST], Callable[..., object]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: _times,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: _power,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda one, two: one in two,
    ast.NotIn: lambda one, two: one not in two,
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_CALLED: dict[str, Callable[..., object]] = {
    "len": len,
    "abs": abs,
    "sorted": sorted,
    "set": set,
    "sum": sum,
    "max": max,
    "min": min,
    "str": str,
    "int": int,
    "list": list,
    "tuple": tuple,
    "ord": ord,
    "chr": chr,
    "bool": bool,
    "float": float,
    "round": round,
    "any": any,
    "all": all,
}
_METHODS = frozenset(
    {"lower", "upper", "strip", "lstrip", "rstrip", "split", "swapcase", "title", "capitalize"}
    | {"isupper", "islower", "isdigit", "isalpha", "isalnum", "isspace", "startswith", "endswith"}
    | {"count", "index", "find", "join", "get", "keys", "values", "items", "copy"}
)


def evaluated(node: ast.expr, state: Mapping[str, object]) -> object:
    """The expression's value.

    Raises:
        Unknown: it has a part that is not known, it fails, or its value is large.
    """
    try:
        value = _value(node, state)
    except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError) as problem:
        raise Unknown from problem
    if isinstance(value, type({}.keys()) | type({}.values()) | type({}.items())):
        value = list(value)
    if not is_small(value):
        raise Unknown
    return value


def _value(node: ast.expr, state: Mapping[str, object]) -> object:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name) if name in state:
            return state[name]
        case ast.Attribute(value=ast.Name(id=name), attr=attr) if f"{name}.{attr}" in state:
            return state[f"{name}.{attr}"]
        case ast.BinOp(left=left, op=sign, right=right):
            return _operated(sign, [_value(left, state), _value(right, state)])
        case ast.UnaryOp(op=sign, operand=operand):
            return _operated(sign, [_value(operand, state)])
        case ast.BoolOp():
            return _logic(node, state)
        case ast.Compare():
            return _compared(node, state)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _value(body if _value(test, state) else orelse, state)
        case ast.Subscript(value=held, slice=index):
            return _subscript(_value(held, state), index, state)
        case ast.List(elts=parts):
            return [_value(part, state) for part in parts]
        case ast.Tuple(elts=parts):
            return tuple(_value(part, state) for part in parts)
        case ast.Call(keywords=[]):
            return _call(node, state)
    raise Unknown


def _operated(sign: ast.AST, values: Sequence[object]) -> object:
    if isinstance(sign, ast.Mod) and not isinstance(values[0], str):
        return operator.mod(*values)
    if type(sign) not in _OPERATORS:
        raise Unknown
    return _OPERATORS[type(sign)](*values)


def _logic(node: ast.BoolOp, state: Mapping[str, object]) -> object:
    value: object = None
    for part in node.values:
        value = _value(part, state)
        if bool(value) is isinstance(node.op, ast.Or):
            break
    return value


def _compared(node: ast.Compare, state: Mapping[str, object]) -> object:
    left = _value(node.left, state)
    for sign, part in zip(node.ops, node.comparators, strict=True):
        right = _value(part, state)
        if not _operated(sign, [left, right]):
            return False
        left = right
    return True


def _subscript(held: object, index: ast.expr, state: Mapping[str, object]) -> object:
    if not isinstance(held, str | list | tuple | dict):
        raise Unknown
    if isinstance(index, ast.Slice):
        bounds = (index.lower, index.upper, index.step)
        low, high, step = (_value(bound, state) if bound else None for bound in bounds)
        key: Any = slice(low, high, step)
    else:
        key = _value(index, state)
    return held[key]


def _call(node: ast.Call, state: Mapping[str, object]) -> object:
    given = [_value(argument, state) for argument in node.args]
    match node.func:
        case ast.Name(id=name) if name in _CALLED and name not in state:
            return _CALLED[name](*given)
        case ast.Attribute(value=held, attr=name) if name in _METHODS:
            value = _value(held, state)
            if isinstance(value, str | list | tuple | dict):
                return getattr(value, name)(*given)
    raise Unknown
