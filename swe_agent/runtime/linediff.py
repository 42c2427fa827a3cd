"""Which lines of a text change on the way to another: the least change where that is short, and in
long texts what lies between lines that stand once in both.

Source: Bram Cohen's patience diff, as git-diff(1) describes it.
"""

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

Opcode = tuple[str, int, int, int, int]
"""`equal`, `replace`, `delete` or `insert`, and the spans of both texts, as `difflib` has them."""
_SLOW_LINES = 4_000
"""Finding the least change is quadratic: not done for texts that differ over more lines."""
_GAP_LINES = 500
"""The same, between two lines of a long text that stay."""
_DEPTH = 8
"""So often a gap that is too long is looked into anew for lines that stand once in it."""

_Same = tuple[int, int, int]
"""A run of equal lines: where it begins in both texts, and its length."""


def opcodes(old: Sequence[bytes], new: Sequence[bytes]) -> list[Opcode]:
    """What to do to get from `old` to `new`, in order; `equal` covers all that stays."""
    codes: list[Opcode] = []
    i = j = 0
    for at, there, length in (*_joined(_runs(old, new, _SLOW_LINES)), (len(old), len(new), 0)):
        if i < at or j < there:
            tag = "replace" if i < at and j < there else "delete" if i < at else "insert"
            codes.append((tag, i, at, j, there))
        i, j = at + length, there + length
        if length:
            codes.append(("equal", at, i, there, j))
    return codes


def _joined(runs: Iterator[_Same]) -> Iterator[_Same]:
    """Runs that touch each other as one."""
    i, j, length = 0, 0, 0
    for at, there, more in runs:
        if (at, there) == (i + length, j + length):
            length += more
            continue
        if length:
            yield i, j, length
        i, j, length = at, there, more
    if length:
        yield i, j, length


def _runs(old: Sequence[bytes], new: Sequence[bytes], slow: int, depth: int = 0) -> Iterator[_Same]:
    """Equal runs in order: both ends first, so that what is compared is short."""
    head, most = 0, min(len(old), len(new))
    while head < most and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < most - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    if head:
        yield 0, 0, head
    middle = old[head : len(old) - tail], new[head : len(new) - tail]
    if all(middle):
        for i, j, length in _inner(*middle, slow, depth):
            yield i + head, j + head, length
    if tail:
        yield len(old) - tail, len(new) - tail, tail


def _inner(old: Sequence[bytes], new: Sequence[bytes], slow: int, depth: int) -> Iterator[_Same]:
    if max(len(old), len(new)) <= slow:
        matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
        yield from matcher.get_matching_blocks()[:-1]
        return
    if depth == _DEPTH:
        return
    i = j = 0
    for at, there in _anchors(old, new):
        if i < at and j < there:
            for more, other, length in _runs(old[i:at], new[j:there], _GAP_LINES, depth + 1):
                yield i + more, j + other, length
        yield at, there, 1
        i, j = at + 1, there + 1
    if i and i < len(old) and j < len(new):
        for more, other, length in _runs(old[i:], new[j:], _GAP_LINES, depth + 1):
            yield i + more, j + other, length


def _anchors(old: Sequence[bytes], new: Sequence[bytes]) -> list[tuple[int, int]]:
    """The most lines that stand once in both, in the same order in both."""
    counts = Counter(old), Counter(new)
    places = {line: at for at, line in enumerate(new) if counts[1][line] == 1}
    pairs = [
        (at, places[line]) for at, line in enumerate(old) if counts[0][line] == 1 and line in places
    ]
    ends: list[int] = []  # for each length, the smallest place in `new` that a chain ends at
    chain: list[int] = []  # the pair that each length's chain ends with
    before: list[int] = []
    for number, (_, there) in enumerate(pairs):
        length = bisect_left(ends, there)
        before.append(chain[length - 1] if length else -1)
        ends[length : length + 1], chain[length : length + 1] = [there], [number]
    found = []
    number = chain[-1] if chain else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]
