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
from swe_agent.aci.statements import (
    Lines,
    Sound,
    changed_lines,
    piece_around,
    starts_of,
    starts_with,
)
from swe_agent.core.text import decoded

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

LIMIT_BYTES = 1_000_000
LIMIT_S = 2.0
_MAX_ERRORS = 200
_SNIPPET_CHARS = 60
_PYTHON = ("py", "pyi")
_SOUND = Sound()


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
    is_python = language in _PYTHON
    if is_python and _stays_sound(before, after):
        return Gate()
    tree = parse(language, after, LIMIT_S)
    new = None if tree is None else _tree_problems(language, before, after, tree)
    if tree is None or new is None:
        return Gate(note="syntax not checked: parsing took too long")
    if not new and is_python:
        new = _layout_problems(before, after, tree)
    return Gate(tuple(new))


def _stays_sound(before: bytes, after: bytes) -> bool:
    """Whether a Python file that was without errors still is, by the statements around the change;
    where that cannot be told so, the whole file has to be asked."""
    starts = _SOUND.of(before)
    if starts is None:
        return False
    rows = after.split(b"\n")
    lines = changed_lines(before.split(b"\n"), rows)
    piece = piece_around(starts, rows, lines)
    tree = parse("py", piece.source, LIMIT_S)
    if tree is None or tree.root_node.has_error or _layout_fault(piece.source):
        return False
    _SOUND.keep(after, starts_with(starts, piece, starts_of(tree), lines.shift))
    return True


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
            inside = [child for child in node.children if child.has_error or child.is_missing]
            stack.extend(reversed(inside))
            if not inside:  # what is missing is a token without a name, as the end of a line
                found.append(_nameless(node))
    return found


def _nameless(node: "Node") -> Problem:
    line, end_line = node.start_point[0] + 1, node.end_point[0] + 1
    return Problem("missing", line, end_line, f"something is missing up to line {end_line}")


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
    lines = changed_lines(before.split(b"\n"), after.split(b"\n"))
    moved: Counter[tuple[str, int]] = Counter()
    touched = 0
    for error in old:
        is_below = error.line > lines.last + 1
        moved[error.kind, error.line + lines.shift if is_below else error.line] += 1
        touched += not is_below and error.end_line > lines.first
    fresh = []
    for error in new:
        if moved[error.kind, error.line] > 0:
            moved[error.kind, error.line] -= 1
        else:
            fresh.append(error)
    return fresh if len(fresh) > touched else []


def _layout_problems(before: bytes, after: bytes, tree: "Tree") -> list[Problem]:
    """Python's indentation errors. Other errors of the host's parser are left out: its version is
    not the project's.

    Only the statements around the change can have one that was not there before, and parsing the
    rest of a long file takes longer.
    """
    starts, rows = starts_of(tree), after.split(b"\n")
    lines = changed_lines(before.split(b"\n"), rows)
    now = Lines(lines.first, lines.last + lines.shift, 0)
    if _layout_fault(piece_around(starts, rows, now).source) is None:
        if not tree.root_node.has_error:
            _SOUND.keep(after, starts)
        return []
    fault = _layout_fault(after)
    if fault is None or _layout_fault(before) is not None:
        return []
    line = fault.lineno or 1
    return [Problem("layout", line, line, fault.msg)]


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
