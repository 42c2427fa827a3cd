"""The syntax gate: whether a change brings an error that was not there before.

It asks tree-sitter, and for Python's layout, which that grammar forgives, the host's own parser.
It blocks only when it is sure: what it cannot parse in time, or has no grammar for, passes with a
note.
"""

import symtable
import warnings
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from swe_agent.aci.grammars import language_of, parse
from swe_agent.core.text import decoded

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

LIMIT_BYTES = 1_000_000
LIMIT_S = 2.0
_MAX_ERRORS = 200
_SNIPPET_CHARS = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """One syntax error."""

    kind: str
    """`unexpected` or `missing TOKEN`: what two files are compared by."""
    line: int
    end_line: int
    what: str
    """For a reader."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What the gate says of a change."""

    problems: tuple[Problem, ...] = ()
    """New errors, by line; empty: the change may be written."""
    note: str = ""
    """Why the file was not checked, where a reader would expect it."""


def gate(path: str, before: bytes, after: bytes) -> Gate:
    """New syntax errors that `after` has and `before` had not, moved lines taken into account."""
    language = language_of(path, after)
    if language is None or before == after:
        return Gate()
    if max(len(after), len(before)) > LIMIT_BYTES:
        return Gate(note=f"syntax not checked: the file is over {LIMIT_BYTES:,} bytes")
    tree = parse(language, after, LIMIT_S)
    new = None if tree is None else _tree_problems(language, before, after, tree)
    if tree is None or new is None:
        return Gate(note="syntax not checked: parsing took too long")
    if not new and language in ("py", "pyi"):
        new = _layout_problems(before, after, tree)
    return Gate(tuple(new))


def _tree_problems(
    language: str, before: bytes, after: bytes, tree: "Tree"
) -> list[Problem] | None:
    errors = _errors(tree, after)
    if not errors:
        return []
    old_tree = parse(language, before, LIMIT_S)
    if old_tree is None:
        return None
    return _new_errors(_errors(old_tree, before), errors, before, after)


def _errors(tree: "Tree", source: bytes) -> list[Problem]:
    """The outermost errors in order; iterative, since a tree may be as deep as its file is long."""
    found: list[Problem] = []
    stack = [tree.root_node]
    while stack and len(found) < _MAX_ERRORS:
        node = stack.pop()
        if node.is_missing or node.is_error:
            found.append(_problem(node, source))
        elif node.has_error:
            stack.extend(reversed(node.children))
    return found


def _problem(node: "Node", source: bytes) -> Problem:
    line, end_line = node.start_point[0] + 1, node.end_point[0] + 1
    if node.is_missing:
        return Problem(f"missing {node.type}", line, end_line, f"missing {node.type}")
    piece = decoded(source[node.start_byte : node.end_byte][: 4 * _SNIPPET_CHARS])
    first = piece.strip().split("\n", 1)[0]
    cut = first[:_SNIPPET_CHARS] + ("..." if len(first) > _SNIPPET_CHARS else "")
    what = f"unexpected `{cut}`" if cut else "something is missing"
    return Problem("unexpected", line, end_line, what)


def _new_errors(
    old: list[Problem], new: list[Problem], before: bytes, after: bytes
) -> list[Problem]:
    """Errors of `new` that are not an old one, moved or reshaped.

    An old error that the change touches may have become any other, so each lets one new one pass.
    """
    first, old_last, shift = _changed_lines(before, after)
    moved: Counter[tuple[str, int]] = Counter()
    touched = 0
    for error in old:
        line = error.line + shift if error.line > old_last else error.line
        moved[error.kind, line] += 1
        touched += error.line <= old_last and error.end_line >= first
    fresh = []
    for error in new:
        if moved[error.kind, error.line] > 0:
            moved[error.kind, error.line] -= 1
        else:
            fresh.append(error)
    return fresh if len(fresh) > touched else []


def _changed_lines(before: bytes, after: bytes) -> tuple[int, int, int]:
    """First and last line of `before` that differ, and how far the lines after them moved."""
    old, new = before.split(b"\n"), after.split(b"\n")
    shared = min(len(old), len(new))
    head = 0
    while head < shared and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shared - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return head + 1, len(old) - tail, len(new) - len(old)


def _layout_problems(before: bytes, after: bytes, tree: "Tree") -> list[Problem]:
    """Python's indentation errors. Other errors of the host's parser are left out: its version is
    not the project's.
    """
    if _layout_fault(_statements_around(before, after, tree)) is None:
        return []
    fault = _layout_fault(after)
    if fault is None or _layout_fault(before) is not None:
        return []
    line = fault.lineno or 1
    return [Problem("layout", line, line, fault.msg)]


def _statements_around(before: bytes, after: bytes, tree: "Tree") -> bytes:
    """The top-level statements that a change touches and one on either side: no other can have an
    indentation error that was not there before. Parsing the rest of a long file takes longer."""
    first, old_last, shift = _changed_lines(before, after)
    rows = after.split(b"\n")
    start, end = first - 1, min(max(old_last + shift, first), len(rows)) - 1
    low, high = _statement_at(tree, start), _statement_at(tree, end)
    while low and (low := low.prev_sibling) and not _is_outermost(low):
        pass
    while high and (high := high.next_sibling) and not _is_outermost(high):
        pass
    start = min(start, low.start_point[0]) if low else 0
    end = max(end, high.end_point[0]) if high else len(rows)
    return b"\n".join(rows[start : end + 1]) + b"\n"


def _statement_at(tree: "Tree", row: int) -> "Node | None":
    """The top-level statement that a row lies in; None where there is none, or several."""
    root = tree.root_node
    node = root.descendant_for_point_range((row, 0), (row, 1))
    while node is not None and node.parent is not None and node.parent != root:
        node = node.parent
    return None if node is None or node == root else node


def _is_outermost(statement: "Node") -> bool:
    """Whether a statement begins at the margin; broken layout leaves others at the top, too."""
    return statement.start_point[1] == 0 and statement.type != "comment"


def _layout_fault(source: bytes) -> IndentationError | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # The same parser as ast.parse, a third faster: no tree is made for Python to see.
            symtable.symtable(source, "<file>", "exec")  # type: ignore[arg-type]  # bytes do
        except IndentationError as fault:
            return fault
        except (SyntaxError, ValueError, RecursionError, MemoryError, LookupError):
            return None
    return None
