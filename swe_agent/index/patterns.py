"""Where the patterns of a tree-sitter query match a file, and what was `#set!` for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from swe_agent.index.grammars import grammar, language_of, parse

if TYPE_CHECKING:
    from tree_sitter import Query, Tree

PARSE_LIMIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Match:
    """One place that a pattern matches."""

    spans: dict[str, tuple[int, int]]
    """First and end character of what each capture holds, by its name."""
    settings: dict[str, str]


def matches(path: str, text: str, query: str) -> Iterator[Match]:
    """The places that match, in the order of the query's patterns; none where the file has errors.

    Raises:
        QueryError: the query does not fit the grammar.
    """
    content, tree = text.encode(), _tree(path, text)
    if tree is None:
        return
    from tree_sitter import QueryCursor

    compiled = _compiled(str(language_of(path, content)), query)

    def place(offset: int) -> int:
        return offset if len(content) == len(text) else len(content[:offset].decode())

    found = QueryCursor(compiled).matches(tree.root_node)
    for pattern, captures in sorted(found, key=lambda row: row[0]):
        spans = {
            name: (place(nodes[0].start_byte), place(nodes[-1].end_byte))
            for name, nodes in captures.items()
        }
        settings = compiled.pattern_settings(pattern)
        yield Match(spans, {name: value or "" for name, value in settings.items()})


def parses(path: str, text: str) -> bool:
    """Whether a grammar reads the file without an error."""
    return _tree(path, text) is not None


def _tree(path: str, text: str) -> "Tree | None":
    content = text.encode()
    language = language_of(path, content)
    tree = parse(language, content, PARSE_LIMIT_S) if language else None
    return None if tree is None or tree.root_node.has_error else tree


@cache
def _compiled(language: str, query: str) -> "Query":
    from tree_sitter import Query

    return Query(grammar(language), query)
