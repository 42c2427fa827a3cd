"""Python's mechanics for the templates: spans, parents, scopes, statements. What a repair looks
like is said in `templates/`; only this module knows offsets and indentation.
"""

import ast
import builtins
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from swe_agent.core.pythonsyntax import parsed_python
from swe_agent.repair.told import Told

Function = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_BLOCKS = ("body", "orelse", "finalbody")
NOTHING_TOLD = Told()


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Replace the characters [start, end) of a file by `text`."""

    start: int
    end: int
    text: str
    weight: float = 1.0
    """How likely this variant is among those of its template, in (0, 1]."""


class Code:
    """One Python source file, parsed; offsets count characters of `text`.

    Raises:
        SyntaxError: it does not parse.
    """

    def __init__(self, path: str, text: str, told: Told = NOTHING_TOLD) -> None:
        self.path = path
        self.text = text
        self.told = told
        self.signatures: Mapping[str, Mapping[str, str]] = {}
        """Parameters of the project's functions with their defaults, as far as it was read."""
        self.members: Mapping[str, frozenset[str]] = {}
        """Attributes that the project's classes set on their objects, as far as it was read."""
        self.types: Mapping[int, Mapping[str, tuple[str, ...]]] = {}
        """Types that variables had as the failing tests ran, by their function's first line."""
        self.tree = parsed_python(text)
        self._lines = [line + "\n" for line in text.split("\n")]
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """Each node's parent."""
        return {c: n for n in self.nodes for c in ast.iter_child_nodes(n)}

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the file."""
        return tuple(ast.walk(self.tree))

    def line_of(self, offset: int) -> int:
        """The 1-based line in which a character stands."""
        return min(len(self._lines), bisect_right(self._starts, offset))

    def offset(self, line: int, column_bytes: int) -> int:
        """Character offset of a 1-based line and a column in UTF-8 bytes, as `ast` counts."""
        text = self._lines[line - 1]
        if not text.isascii():
            column_bytes = len(text.encode()[:column_bytes].decode())
        return self._starts[line - 1] + column_bytes

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Where a node stands; decorators do not count."""
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        last, end = getattr(node, "end_lineno", 1), getattr(node, "end_col_offset", 0)
        return self.offset(line, column), self.offset(last, end)

    def text_of(self, node: ast.AST) -> str:
        """A node's source."""
        start, end = self.span(node)
        return self.text[start:end]

    def swap(self, node: ast.AST, text: str, weight: float = 1.0) -> Rewrite:
        """The node's text replaced."""
        return Rewrite(*self.span(node), text, weight)

    def swap_operand(self, node: ast.AST, text: str, weight: float = 1.0) -> Rewrite:
        """The node replaced by a compound expression, in parentheses where it may need them."""
        start, end = self.span(node)
        enclosed = self.text[start - 1 : start] == "(" and self.text[end : end + 1] == ")"
        place = self.parents.get(node)
        binds = isinstance(
            place, ast.BinOp | ast.UnaryOp | ast.BoolOp | ast.Attribute | ast.Subscript
        )
        if isinstance(place, ast.Subscript):
            binds = place.value is node
        plain = re.fullmatch(r"\w+", text) is not None
        return self.swap(
            node, f"({text})" if binds and not enclosed and not plain else text, weight
        )

    def swap_between(self, left: ast.AST, right: ast.AST, old: str, new: str) -> Rewrite | None:
        """An operator between two nodes replaced; None where it is not found there."""
        start, end = self.span(left)[1], self.span(right)[0]
        pattern = re.escape(old).replace(r"\ ", r"\s+")
        found = re.search(pattern, self.text[start:end])
        if found is None:
            return None
        return Rewrite(start + found.start(), start + found.end(), new)

    def exchange(self, first: ast.AST, second: ast.AST, weight: float = 1.0) -> Rewrite:
        """Two nodes, the first before the second, in each other's place."""
        (a, b), (c, d) = self.span(first), self.span(second)
        return Rewrite(a, d, self.text[c:d] + self.text[b:c] + self.text[a:b], weight)

    def indent(self, statement: ast.stmt) -> str:
        """The white space before a statement's first line."""
        line = self._lines[statement.lineno - 1]
        return line[: len(line) - len(line.lstrip())]

    def whole_lines(self, statement: ast.stmt) -> tuple[int, int] | None:
        """The span of the lines that a statement fills alone, last line end included; None where it
        shares one.
        """
        first = min(
            [statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))]
        )
        start, end = self._starts[first - 1], self._starts[statement.end_lineno or first]
        own = self.span(statement)
        before, after = self.text[start : own[0]], self.text[own[1] : end]
        if (before.strip() and first == statement.lineno) or not re.fullmatch(
            r"\s*(#.*)?\n?", after
        ):
            return None
        return start, min(end, len(self.text))

    def insert(
        self, place: ast.stmt, line: str, after: bool = False, weight: float = 1.0
    ) -> Iterator[Rewrite]:
        """A new statement (one or more lines, not indented) before or after another one."""
        lines = self.whole_lines(place)
        if lines is None:
            return
        indent = self.indent(place)
        text = "".join(f"{indent}{part}\n" for part in line.split("\n"))
        at = lines[1] if after else lines[0]
        if after and not self.text[:at].endswith("\n"):
            text = "\n" + text.removesuffix("\n")
        yield Rewrite(at, at, text, weight)

    def function_of(self, node: ast.AST) -> Function | None:
        """The innermost function around a node, itself not counted."""
        place = self.parents.get(node)
        while place is not None and not isinstance(place, _FUNCTIONS):
            place = self.parents.get(place)
        return place

    def statement_of(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that holds a node."""
        while not isinstance(node, ast.stmt):
            node = self.parents[node]
        return node

    def inside(self, node: ast.AST, kinds: type | tuple[type, ...]) -> bool:
        """Whether a node of such a kind lies around this one, in the same function."""
        place = self.parents.get(node)
        while place is not None and not isinstance(place, _FUNCTIONS):
            if isinstance(place, kinds):
                return True
            place = self.parents.get(place)
        return False

    def block_of(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statements of the block in which a statement stands."""
        parent = self.parents[statement]
        for name in _BLOCKS:
            block = getattr(parent, name, None)
            if isinstance(block, list) and statement in block:
                return block
        return [statement]

    def names_at(self, node: ast.AST) -> tuple[str, ...]:
        """Variables that a node may read: of comprehensions around it, then of its functions,
        nearest first.
        """
        found: dict[str, None] = {}
        place: ast.AST | None = node
        while place is not None:
            if isinstance(place, _COMPREHENSIONS):
                found.update(dict.fromkeys(n for g in place.generators for n in stored(g.target)))
            if isinstance(place, (*_FUNCTIONS, ast.Lambda)):
                found.update(dict.fromkeys(arguments_of(place)))
            if isinstance(place, _FUNCTIONS):
                found.update(dict.fromkeys(locals_of(place)))
            place = self.parents.get(place)
        return tuple(found)

    def types_at(self, node: ast.AST, value: str) -> tuple[str, ...]:
        """The types that a variable had in the function around a node."""
        function = self.function_of(node)
        return tuple(self.types.get(function.lineno, {}).get(value, ())) if function else ()

    @cached_property
    def constants(self) -> tuple[ast.Assign | ast.AnnAssign, ...]:
        """Assignments of the module and of its classes, outside of functions, in order."""
        found = [n for n in self.nodes if isinstance(n, ast.Assign | ast.AnnAssign)]
        outside = [n for n in found if self.function_of(n) is None]
        return tuple(sorted(outside, key=lambda n: n.lineno))

    def functions(self) -> Iterator[Function]:
        """Every function of the file, in order, nested ones too."""
        return iter(self._functions)

    @cached_property
    def _functions(self) -> tuple[Function, ...]:
        found = [n for n in self.nodes if isinstance(n, _FUNCTIONS)]
        return tuple(sorted(found, key=lambda n: n.lineno))


def members_of(codes: Iterable[Code]) -> dict[str, frozenset[str]]:
    """Attributes that classes set on their objects, by the class's name."""
    found: dict[str, frozenset[str]] = {}
    for code in codes:
        for place in code.nodes:
            if isinstance(place, ast.ClassDef):
                own = (n for n in ast.walk(place) if isinstance(n, ast.Attribute))
                names = {
                    n.attr for n in own if not is_loaded(n) and code.text_of(n.value) == "self"
                }
                found[place.name] = found.get(place.name, frozenset()) | names
    return found


def stored(node: ast.AST) -> list[str]:
    """Names that an assignment target binds."""
    return [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]


def arguments_of(function: Function | ast.Lambda) -> list[str]:
    """Names of the parameters, in order."""
    spec = function.args
    every = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
    rest = [a for a in (spec.vararg, spec.kwarg) if a is not None]
    return [a.arg for a in (*every, *rest)]


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function in source order, without those of functions and classes inside it."""
    for child in ast.iter_child_nodes(function):
        yield child
        if not isinstance(child, _DEFINITIONS):
            yield from own_nodes(child)


def locals_of(function: Function) -> list[str]:
    """Names that a function binds by assignment or loop, in order; comprehension variables not
    counted.
    """
    return list(_locals_of(function))


@lru_cache(maxsize=4096)
def _locals_of(function: Function) -> tuple[str, ...]:
    nodes = tuple(own_nodes(function))
    inner = {
        id(n)
        for c in nodes
        if isinstance(c, _COMPREHENSIONS)
        for g in c.generators
        for n in ast.walk(g.target)
    }
    return tuple(
        n.id
        for n in nodes
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and id(n) not in inner
    )


def unread_names(function: Function) -> frozenset[str]:
    """Parameters and variables that a function binds and never reads."""
    read = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and is_loaded(n)}
    bound = {*arguments_of(function), *locals_of(function)} - {"self", "cls", "_"}
    return frozenset(bound - read)


def is_builtin(name: str) -> bool:
    """Whether a name is one of Python's own."""
    return hasattr(builtins, name)


def is_called(code: Code, node: ast.AST) -> bool:
    """Whether a node is what a call calls."""
    place = code.parents.get(node)
    return isinstance(place, ast.Call) and place.func is node


def is_loaded(node: ast.AST) -> bool:
    """Whether an expression is read, not written."""
    return not isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)
