"""What an issue's words say should come of a call: a value, an exception, or only that it ends."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from swe_agent.core.pythonsyntax import parsed_python

DEEPEST = 60
"""Levels of a syntax tree that are looked into."""
REACH = 240
"""Characters after a call in which what is expected of it may stand."""
_CALL = re.compile(r"(?<![\w.])([A-Za-z_][\w.]*)\(")
_METHOD = re.compile(r"\.[A-Za-z_]\w*\(")
_SHOULD = r"\b(?:should|must|ought\s+to|expected\s+to|has\s+to)"
_SAYS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        _SHOULD + r"\s+(?:return|be|give|yield|equal|produce|print|output|evaluate\s+to)\s*:?",
        r"\bexpect(?:ed|s|ing)?\b(?:\s+(?:output|result|value|behaviou?r|to\s+(?:be|get|return)))?"
        r"[\s*_]*(?:is|was|:|=)?(?:\s*(?:it|returns?|to\s+return)\s)*",
        r"\binstead\s+of\b(?:\s+(?:returning|giving|being|printing))?",
        r"\A[\s`]*to\s+(?:be|return|equal|give)\b",
        r"\A\s*`*\s*==",
    )
)
_RAISES = re.compile(
    _SHOULD + r"\s+(?:raise|throw|fail\s+with)\s+(?:an?\s+)?`*([A-Z]\w*)\b", re.IGNORECASE
)
_ENDS = re.compile(
    _SHOULD + r"\s+(?:not|never)\s+(?:raise|crash|fail|throw)|"
    r"\b(?:should|must)n't\s+(?:raise|crash|fail|throw)|\bshould\s+(?:just\s+)?work\b|"
    r"\A[\s`]*(?:fails|crashes|raises|throws|hangs|breaks|loops|never\s+(?:ends|returns))\b",
    re.IGNORECASE,
)
_FENCE = re.compile(r"[\s*:]*(?:```|~~~)\w*\n(.*?)\n\s*(?:```|~~~)", re.DOTALL)
_QUOTED = re.compile(r"[\s*:]*`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Example:
    """A call, and what should come of it."""

    call: str
    expected: str = ""
    """A literal; empty: anything but an exception, or the one that is named."""
    raises: str = ""
    """Name of the exception that should come."""
    before: tuple[str, ...] = ()
    """Statements that lead to the call."""


def told(issue: str) -> Iterator[Example]:
    """Calls of literals with what the words after them say is expected.

    >>> list(told("`double(2)` returns 5, but should return 4."))[0].expected
    '4'
    """
    calls = [(m.start(), call) for m in _CALL.finditer(issue) if (call := _call_at(issue, m))]
    for place, (start, call) in enumerate(calls):
        end = start + len(call)
        following = calls[place + 1][0] if place + 1 < len(calls) else len(issue)
        found = meant(call, issue[end : min(following, end + REACH)])
        if found is not None:
            yield found


def meant(call: str, after: str, before: tuple[str, ...] = ()) -> Example | None:
    """The example that a call and the words after it make; None where they expect nothing. What a
    `print` of one value should write may be without quotes.
    """
    inner = unprinted(call)
    for pattern in _SAYS:
        if not (found := pattern.search(after)):
            continue
        words = after[found.end() :]
        if value := literal_at(words):
            return Example(inner, value, before=before)
        quoted = _FENCE.match(words) or _QUOTED.match(words)
        if inner != call and quoted:
            return Example(f"str({inner})", repr(quoted[1].strip()), before=before)
    if raised := _RAISES.search(after):
        return Example(inner, raises=raised[1], before=before)
    return Example(inner, before=before) if _ENDS.search(after) else None


def unprinted(source: str) -> str:
    """What a statement prints, where it prints one value; else itself."""
    tree = parsed(source.strip())
    node = tree.body[0] if tree and len(tree.body) == 1 else None
    match node:
        case ast.Expr(ast.Call(ast.Name("print"), [value], [])) if not isinstance(
            value, ast.Starred
        ):
            return ast.unparse(value)
    return source


def is_call(text: str) -> bool:
    """Whether a text is a call of literals alone, so that it means the same anywhere."""
    tree = parsed(text.strip())
    match tree.body if tree else []:
        case [ast.Expr(ast.Call() as call)]:
            return _is_of_literals(call)
    return False


def _is_of_literals(call: ast.Call) -> bool:
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    made = [node for node in ast.walk(call.func) if isinstance(node, ast.Call)]
    return all(map(_is_of_literals, made)) and all(
        isinstance(value, ast.Call) or is_literal(ast.unparse(value)) for value in values
    )


def literal_at(text: str) -> str:
    """The longest literal that a text begins with, alone in a block or in its first line; empty
    where it begins with none.

    >>> literal_at(" `[1, 2]`, not 3")
    '[1, 2]'
    """
    block = _FENCE.match(text)
    if block and is_literal(block[1].strip()):
        return block[1].strip()
    line = text.lstrip(" \t\n`*:").split("\n", 1)[0]
    for end in range(len(line), 0, -1):
        if line[end - 1] in " \t." or line[end : end + 1].isalnum():
            continue
        part = line[:end]
        if is_literal(part):
            return part
    return ""


def is_literal(text: str) -> bool:
    """Whether a text is a Python literal."""
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
    return True


def _call_at(text: str, found: re.Match[str]) -> str:
    """The whole call that begins at a match, with the calls of its value's methods; empty where it
    is none.
    """
    whole = ""
    for end in re.finditer(r"\)", text[found.end() : found.end() + REACH]):
        call = text[found.start() : found.end() + end.end()]
        if parsed(call) is not None:
            whole = call if is_call(call) else whole
            if not _METHOD.match(text, found.end() + end.end()):
                break
    return whole


def parsed(text: str) -> ast.Module | None:
    """The syntax tree of code in an issue; None where it is none, or nested without measure."""
    try:
        tree = parsed_python(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return None if level else tree
