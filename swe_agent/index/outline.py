"""One file's symbols: definitions, calls and imports, by tree-sitter. Bounded in size and time."""

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

from swe_agent.index.grammars import language_of, parse
from swe_agent.index.languages import QUERIES
from swe_agent.index.macros import without_macros
from swe_agent.index.naming import bases_in, name_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node, Query

Kind = Literal["function", "class"]
PARSE_LIMIT_S = 2.0
LARGEST_BYTES = 1_000_000
LONGEST_LINE = 5_000
"""Mean bytes of a line; above it a file is minified or generated and is not parsed."""
_WIDEST_ERROR = 4_000
MOST_BASES = 16
_LANGUAGE_GROUPS = {"pyi": "py", "mjs": "js", "cjs": "js", "jsx": "js", "mts": "ts", "cts": "ts"}


@dataclass(frozen=True, slots=True)
class Definition:
    """A function or class, with the names of what it lies in."""

    qualified: str
    """`Class.method`, `outer.inner`."""
    kind: Kind
    first: int
    last: int
    """Lines, 1-based, inclusive; decorators belong to it."""
    bases: tuple[str, ...] = ()
    """What a class inherits from, as written but dotted and without type arguments."""

    @property
    def name(self) -> str:
        """The last of its names."""
        return self.qualified.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Outline:
    """What one file defines and uses."""

    language: str = ""
    """Suffix of the grammar; empty where the file was not parsed."""
    definitions: tuple[Definition, ...] = ()
    """In order of their first lines, an outer one before those inside."""
    calls: tuple[tuple[str, int], ...] = ()
    """Name as called and line."""
    imports: tuple[tuple[str, int], ...] = ()
    """Text of each import on one line, and its line."""
    docs: tuple[tuple[int, int], ...] = ()
    """First and last lines of documentation that lies inside definitions (Python's docstrings)."""


def outline(path: str, content: bytes, limit_s: float = PARSE_LIMIT_S) -> Outline:
    """The symbols of a file; empty where no grammar reads it, or it is too large or too slow."""
    if not is_parsable(content):
        return Outline()
    language = language_of(path, content)
    if language is None or language not in QUERIES:
        return Outline()
    readable = without_macros(content) if language in ("c", "cpp") else content
    tree = parse(language, readable, limit_s)
    if tree is None or _is_hopeless(tree.root_node):
        return Outline()
    from tree_sitter import QueryCursor

    captured = QueryCursor(_query(language)).captures(tree.root_node)
    calls = {
        (content[call.start_byte : call.end_byte].decode("utf-8", "replace"), call.start_point.row)
        for call in captured.get("call", ())
    }
    imports = [
        (" ".join(text_of(content, node).split()), node.start_point[0] + 1)
        for node in captured.get("import", ())
    ]
    return Outline(
        _LANGUAGE_GROUPS.get(language, language),
        tuple(_definitions(content, captured)),
        tuple(
            sorted(((name, row + 1) for name, row in calls), key=lambda call: (call[1], call[0]))
        ),
        tuple(sorted(imports, key=lambda row: row[1])),
        tuple((doc.start_point[0] + 1, doc.end_point[0] + 1) for doc in captured.get("doc", ())),
    )


def _is_hopeless(root: "Node") -> bool:
    """Whether errors are so wide that a query's time would grow with their square.

    The binding's own time limit for queries (`progress_callback`) crashes the interpreter.
    """
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.is_error and node.child_count > _WIDEST_ERROR:
            return True
        if node.has_error:
            waiting += node.children
    return False


def is_parsable(content: bytes) -> bool:
    """Whether a file is text of a size and shape that people write."""
    if len(content) > LARGEST_BYTES or b"\0" in content[:8192]:
        return False
    return len(content) < LONGEST_LINE or len(content) / (content.count(b"\n") + 1) < LONGEST_LINE


def _definitions(source: bytes, captured: "dict[str, list[Node]]") -> "list[Definition]":
    """Definitions with qualified names; what lies inside is found by byte ranges, not by depth."""
    marked = [
        (node.start_byte, -node.end_byte, kind, node)
        for kind in ("bases", "class", "function", "scope")
        for node in captured.get(kind, ())
    ]
    decorated = {
        inner.start_byte: whole
        for whole in captured.get("decorated", ())
        if (inner := whole.child_by_field_name("definition")) is not None
    }
    found: list[Definition] = []
    bases: dict[str, list[str]] = {}
    around: list[tuple[int, str]] = []
    for start, minus_end, kind, node in sorted(marked, key=lambda row: row[:3]):
        while around and around[-1][0] <= start:
            around.pop()
        outer = around[-1][1] if around else ""
        if kind == "bases":
            bases.setdefault(outer, []).extend(bases_in(text_of(source, node)))
            continue
        name = name_of(source, node)
        if not name:
            continue
        qualified = f"{outer}.{name}" if outer else name
        if node.type != "type_definition":
            around.append((-minus_end, qualified))
        trait = node.child_by_field_name("trait") if kind == "scope" else None
        if trait is not None:
            bases.setdefault(qualified, []).extend(bases_in(text_of(source, trait)))
        if kind == "scope" or (found and _is_same(found[-1], qualified, node)):
            continue
        first = decorated.get(start, node).start_point[0] + 1
        sort: Kind = "function" if kind == "function" else "class"
        found.append(Definition(qualified, sort, first, node.end_point[0] + 1))
    return [_inheriting(d, bases.get(d.qualified, [])) for d in found]


def _inheriting(found: Definition, bases: list[str]) -> Definition:
    if found.kind == "function":
        return found
    return replace(found, bases=tuple(dict.fromkeys(bases))[:MOST_BASES])


def _is_same(last: Definition, qualified: str, node: "Node") -> bool:
    """Whether a definition is the one before again, as the struct in `typedef struct x {} x` is."""
    return last.qualified == qualified and last.first <= node.start_point[0] + 1 <= last.last


@cache
def _query(language: str) -> "Query":
    from tree_sitter import Query

    from swe_agent.index.grammars import grammar

    return Query(grammar(language), QUERIES[language])
