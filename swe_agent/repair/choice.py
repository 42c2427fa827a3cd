"""Which of the candidates that pass fits its function: what a change does to the function as a
whole, beside how likely and how usual it is.
"""

import ast
import math
import re
from functools import lru_cache
from textwrap import dedent
from typing import TypeGuard

from swe_agent.core.pythonsyntax import parsed_python
from swe_agent.repair.kinds import Kinds
from swe_agent.repair.syntax import Function, arguments_of, locals_of, unread_names
from swe_agent.repair.wording import CALL, names_call, prose_of, spoken_for

MIXED = 0.55
"""Log of the factor for each two kinds of quantities that a change mixes, or keeps apart."""
UNREAD = 1.1
"""The same for each variable that nothing reads any more."""
DROPPED = 0.9
"""The same for calls of which the docstring speaks and which are made no more."""
COPIED = 0.9
"""The same where it writes a value of the docstring's examples that its prose does not name."""
NAMED = 0.6
"""The same, for the better, where it writes a call of which the docstring speaks."""
MOST = 3
_DEFINED = r"^([ \t]*)(?:async )?def %s\b.*\n(?:\1[ \t]+.*\n|[ \t]*\n|\1[)\]].*\n)*"
"""A definition, and the lines that are deeper, blank or end its head."""
_USUAL = frozenset((0, 1, 2, -1, "", None))


def fitting(before: str, after: str, name: str) -> float:
    """How well a function of a file fits together after a change, beside how it did: a factor
    around 1.
    """
    return _fit(_source(before, name), _source(after, name))


def size(text: str, name: str) -> int:
    """How many parts a function of a file has; 0 where it is not found."""
    function = _read(_source(text, name))
    return sum(1 for _ in ast.walk(function)) if function else 0


@lru_cache(maxsize=1024)
def _fit(before: str, after: str) -> float:
    one, two = _read(before), _read(after)
    if one is None or two is None:
        return 1.0
    names = {*arguments_of(one), *locals_of(one)}
    mixed = Kinds(one).count(names) - Kinds(two).count(names)
    unread = len(unread_names(two)) - len(unread_names(one))
    docstring = ast.get_docstring(one) or ""
    prose = prose_of(one.name, docstring)
    dropped = any(names_call(prose, call) for call in _calls(one) - _calls(two))
    named = spoken_for(prose, _body(one), _body(two)) >= CALL
    cost = MIXED * _bounded(mixed) + UNREAD * _bounded(unread) + DROPPED * dropped
    return math.exp(NAMED * named - cost - COPIED * _copies(docstring, one, two))


def _bounded(count: int) -> int:
    return max(-MOST, min(MOST, count))


def _calls(function: Function) -> set[str]:
    """What a function calls, by name."""
    called = [n.func for n in ast.walk(function) if isinstance(n, ast.Call)]
    return {str(getattr(f, "id", getattr(f, "attr", ""))) for f in called}


def _copies(docstring: str, before: Function, after: Function) -> bool:
    """Whether a function now has a value that the docstring's examples alone have."""
    prose, _, examples = docstring.partition(">>>")
    fresh = _values(after) - _values(before)
    return any(_has(examples, value) and not _has(prose, value) for value in fresh)


def _values(function: Function) -> set[str]:
    """Constants of a function's code, but for the usual ones."""
    found = (n.value for s in _statements(function) for n in ast.walk(s) if _is_value(n))
    return {repr(value) for value in found if value not in _USUAL}


def _is_value(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float | str)


def _has(text: str, value: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text) is not None


def _body(function: Function) -> str:
    return "\n".join(map(ast.unparse, _statements(function)))


def _statements(function: Function) -> list[ast.stmt]:
    """A function's statements without its docstring."""
    return function.body[ast.get_docstring(function, clean=False) is not None :]


def _source(text: str, name: str) -> str:
    """The source of the one function of a name; empty where there is none, or several."""
    found = list(re.finditer(_DEFINED % re.escape(name), text + "\n", re.MULTILINE))
    return dedent(found[0].group()) if len(found) == 1 else ""


@lru_cache(maxsize=1024)
def _read(source: str) -> Function | None:
    """A function's tree; None where the source is not of one alone."""
    try:
        body = parsed_python(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return body[0] if len(body) == 1 and isinstance(body[0], Function) else None
