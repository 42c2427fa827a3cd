"""What a rewrite changes, read from the smallest statement around it: whether it parses, what it
means, and of which pieces it is.
"""

import ast
import re
from collections import Counter
from dataclasses import dataclass

from swe_agent.core.pythonsyntax import parsed_python
from swe_agent.repair.syntax import Code, Function, Rewrite, own_nodes
from swe_agent.repair.usage import pieces

_BLANK = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*")
_Read = tuple[str, Counter[str]]


@dataclass(frozen=True, slots=True)
class Change:
    """The pieces of the statement around a rewrite, before and after."""

    before: Counter[str]
    after: Counter[str]


class Scope:
    """A function, or a constant, as it was, and what rewrites of it meant so far."""

    def __init__(self, code: Code, scope: ast.AST) -> None:
        self._code = code
        self._spans = _spans(code, scope)
        self._read: dict[tuple[int, int], _Read | None] = {}
        self._meanings: set[tuple[int, str]] = set()

    def changed(self, rewrite: Rewrite) -> Change | None:
        """What a rewrite does; None where it does not parse, changes nothing, or means what an
        earlier one meant.
        """
        added = self._added(rewrite)
        if added is not None:
            after = _read(added)
            start, before = _BLANK.match(self._code.text, rewrite.start).end(), None  # type: ignore[union-attr]
        else:
            span = self._around(rewrite)
            start, before = span[0], self._before(span)
            after = _read(_made(self._code.text, span, rewrite))
        if after is None or after == before or (start, after[0]) in self._meanings:
            return None
        self._meanings.add((start, after[0]))
        return Change(before[1] if before else Counter(), after[1])

    def _added(self, rewrite: Rewrite) -> str | None:
        """Whole lines that a rewrite puts in; None where it does anything else."""
        text, at = rewrite.text, rewrite.start
        whole = at == rewrite.end and text.endswith("\n") and self._code.text[at - 1 : at] == "\n"
        first = text.lstrip()
        return text if whole and not first.startswith(("else", "elif", "except")) else None

    def _around(self, rewrite: Rewrite) -> tuple[int, int]:
        """The smallest statement around a rewrite; what is put in at its edge is not inside."""
        edge = rewrite.start == rewrite.end
        first, last = rewrite.start - edge, rewrite.end + edge
        inside = (s for s in self._spans if s[0] <= first and last <= s[1])
        return next(inside, self._spans[-1])

    def _before(self, span: tuple[int, int]) -> _Read | None:
        if span not in self._read:
            self._read[span] = _read(self._code.text[span[0] : span[1]])
        return self._read[span]


def _made(text: str, span: tuple[int, int], rewrite: Rewrite) -> str:
    return text[span[0] : rewrite.start] + rewrite.text + text[rewrite.end : span[1]]


def _read(text: str) -> _Read | None:
    """Meaning and pieces of lines of code at any depth; None where they do not parse."""
    is_deep = text[:1] in (" ", "\t")
    try:
        tree = parsed_python(f"if 1:\n{text}" if is_deep else text)
    except (SyntaxError, ValueError, RecursionError):
        return None
    outer = tree.body[0] if is_deep and tree.body else None
    if isinstance(outer, ast.If):
        tree.body = outer.body
    return ast.dump(tree) + text[: len(text) - len(text.lstrip())], pieces(tree)


def _spans(code: Code, scope: ast.AST) -> list[tuple[int, int]]:
    """Lines that statements fill, the smallest first; the whole file last. Those that do not parse
    by themselves (`elif`) are none.
    """
    inner = own_nodes(scope) if isinstance(scope, Function | ast.Module) else ()
    found = {(0, len(code.text))}
    for node in (scope, *inner):
        if isinstance(node, ast.stmt):
            start, end = code.span(node)
            lines = code.whole_lines(node)
            if lines and not code.text[start:end].startswith("elif"):
                found.add(lines)
    return sorted(found, key=lambda span: span[1] - span[0])
