"""Python's top-level statements: the part of a file that a change can break.

A file without errors is a row of whole statements. Where those around a change are still whole
ones, the file is without errors, too: the rest need not be parsed again.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Tree

_MOST_FILES = 64


@dataclass(frozen=True, slots=True)
class Lines:
    """Which lines two files differ in, counted from 0."""

    first: int
    """The first that differs."""
    last: int
    """The last of the file before that differs; before `first` where lines were only put in."""
    shift: int
    """How far the lines after it moved."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The statements that a change touches and one on either side, as lines `low` to `high`, the
    last not included."""

    low: int
    high: int
    source: bytes


class Sound:
    """Where statements begin in the files without errors that were looked at lately."""

    def __init__(self) -> None:
        self._starts: dict[bytes, array[int]] = {}

    def of(self, source: bytes) -> "array[int] | None":
        """First lines of the statements, counted from 0; None where the file is not known."""
        return self._starts.get(sha256(source).digest())

    def keep(self, source: bytes, starts: Iterable[int]) -> None:
        """Take in that a file is without errors."""
        if len(self._starts) >= _MOST_FILES:
            self._starts.clear()
        self._starts[sha256(source).digest()] = array("I", starts)


def changed_lines(before: list[bytes], after: list[bytes]) -> Lines:
    """What differs between the lines of two files."""
    shared = min(len(before), len(after))
    head = 0
    while head < shared and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < shared - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    return Lines(head, len(before) - tail - 1, len(after) - len(before))


def starts_of(tree: "Tree") -> list[int]:
    """First lines of the statements at the margin; broken layout leaves others at the top, too."""
    return [
        node.start_point[0]
        for node in tree.root_node.children
        if node.start_point[1] == 0 and node.type != "comment"
    ]


def piece_around(starts: "array[int] | list[int]", rows: list[bytes], lines: Lines) -> Piece:
    """The part of a file that a change can break.

    Args:
        starts: where statements begin: in the file before the change.
        rows: lines of the file after it.
        lines: the change.
    """
    at = bisect_right(starts, lines.first) - 2
    low = starts[at] if at >= 0 else 0
    after = bisect_right(starts, max(lines.last, lines.first)) + 1
    high = starts[after] + lines.shift if after < len(starts) else len(rows)
    return Piece(low, high, b"\n".join(rows[low:high]) + b"\n")


def starts_with(starts: "array[int]", piece: Piece, inside: Iterable[int], shift: int) -> list[int]:
    """Where statements begin after a change, by those inside of the piece that it touches."""
    old_high = piece.high - shift
    return [
        *(start for start in starts if start < piece.low),
        *(piece.low + start for start in inside),
        *(start + shift for start in starts if start >= old_high),
    ]
