"""A digest of an observation: the lines that matter, as they stood. What it leaves out, `recall`
brings back.

A line is kept when what it names is worth its tokens: names that stand nowhere else, above all
those that the model itself spoke of; definitions; errors, outcomes and places in files. Prose
inside code counts little. No line is made up or rephrased.
"""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass

from swe_agent.context.lines import Line

BYTES_PER_TOKEN = 3.6
VIEW_VALUE = 0.016
"""Value per token, and per step that it will be read again, from which a line of a file is kept."""
OUTPUT_VALUE = 0.01
"""The same for a line of a command's output, a search or a listing, which is denser."""
OUTPUT_LINES = 60
"""Lines of an output that are kept at most."""

_NAME = re.compile(
    r"(?:[\w.-]+/)+[\w.-]+|\b[\w-]+\.(?:py|rst|txt|cfg|toml|ini|md|html|css|json|ya?ml|xml|lock"
    r"|[jt]sx?|go|rs|java|rb|sh|c|h|cc|cpp|hpp)\b|[A-Za-z_]\w{3,}"
)
_WORD = re.compile(r"[A-Za-z_]\w{3,}")
_CODE = re.compile(r"[_/.\d]|[a-z][A-Z]|^[A-Z]")
_PLACE = re.compile(r"[\w./-]+\.\w+(?::|\", line )\d+")
_DEFINITION = re.compile(
    r"\s*(?:(?:export|public|private|static|async|pub)\s+)*"
    r"(?:def|class|func|function|fn|interface|struct|enum|impl|trait|module|type)\b"
)
_OUTCOME = re.compile(
    r"\b\w*(?:Error|Exception|Warning)\b|^E  |^Traceback|\b(?:FAILED|ERROR|FAIL|passed|failed)\b"
    r"|\b(?:error|failure|fatal|panic)s?\b",
)
_QUOTES = ('"""', "'''")
_COMMENT = ("#", "//", "/*", "* ", '"""', "'''", 'r"""')
_COMMON_TEXT = """
self None True False return import from class with else elif except finally raise lambda yield
assert while break continue pass global async await print this that when then have will should
would could does done into only also more than them they been what which there here some such make
need
"""
_COMMON = frozenset(_COMMON_TEXT.split())
_CODE_NAME, _WORD_NAME, _SPOKEN_OF, _IN_PROSE = 1.0, 0.4, 2.0, 0.25
_DEFINES, _SAYS_OUTCOME, _SAYS_PLACE = 3.0, 4.0, 3.0
_LINE_TOKENS = 2.0
_WRITTEN = 1.0
"""Per token: what the model itself has just written stays, so that an edit folds to a diff."""


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around an observation."""

    spoken: Set[str] = frozenset()
    """Names in what the model said so far."""
    known: Set[str] = frozenset()
    """Names that stand elsewhere in the prompt for good."""
    written: Set[str] = frozenset()
    """Lines of code, stripped, in the call that was made."""
    expected: int = 1
    """Requests that will read the digest; the more, the shorter it is."""


def names_in(text: str) -> set[str]:
    """Identifiers of four letters or more, and paths.

    >>> sorted(names_in("in src/app.py: run_all(x)"))
    ['run_all', 'src/app.py']
    """
    found = set(_NAME.findall(text))
    for name in [name for name in found if "/" in name or "." in name]:
        found.update(_WORD.findall(name))
    return found - _COMMON


def digest(step: int, lines: Sequence[Line], around: Around) -> str:
    """The lines that matter, under a line that says how to see the rest.

    Args:
        step: whose observation it is.
        lines: all of it.
        around: what else the prompt shows.
    """
    is_view = 2 * sum(line.number is not None for line in lines) > len(lines)
    least = around.expected * (VIEW_VALUE if is_view else OUTPUT_VALUE)
    told: set[str] = set()  # what stands elsewhere for good is not copied: it grows for ever
    worth: dict[int, float] = {}
    for at, (line, is_prose) in enumerate(zip(lines, _prose(lines), strict=True)):
        mine = names_in(line.body)
        new = {name for name in mine - told if name not in around.known or name in around.spoken}
        value = _value(line, new, around, is_prose) / _tokens(line)
        if value >= least or (is_view and at == 0 and line.number is None):
            worth[at] = value
            told |= mine
    kept = sorted(worth)
    if not is_view and len(kept) > OUTPUT_LINES:
        kept = sorted(sorted(kept, key=lambda at: (-worth[at], at))[:OUTPUT_LINES])
    return _written(step, lines, kept)


def pointer(step: int, tool: str, text: str) -> str:
    """The one line that stands for an observation of which nothing else is left."""
    count = text.count("\n") + 1
    return f"[step {step}: {tool} showed {count} lines; recall({step}) shows them]"


def _written(step: int, lines: Sequence[Line], kept: Sequence[int]) -> str:
    rows = [f"[step {step}, folded to {len(kept)} of {len(lines)} lines; recall({step}) shows all]"]
    before = -1
    for at in kept:
        if at > before + 1 and lines[at].number is None:
            rows.append("...")
        rows.append(lines[at].text)
        before = at
    return "\n".join(rows)


def _value(line: Line, names: Set[str], around: Around, is_prose: bool) -> float:
    body = line.body
    value = 0.0
    for name in names:
        is_code = _CODE.search(name) or f"{name}(" in body
        worth = _CODE_NAME if is_code else _WORD_NAME
        value += (
            worth
            * (_SPOKEN_OF if name in around.spoken else 1.0)
            * (_IN_PROSE if is_prose else 1.0)
        )
    if body.strip() in around.written:
        value += _WRITTEN * _tokens(line)
    if line.number is None:
        value += _SAYS_OUTCOME if _OUTCOME.search(body) else 0.0
        value += _SAYS_PLACE if _PLACE.search(body) else 0.0
    elif not is_prose and _DEFINITION.match(body):
        value += _DEFINES
    return value


def _tokens(line: Line) -> float:
    return len(line.text) / BYTES_PER_TOKEN + _LINE_TOKENS


def _prose(lines: Sequence[Line]) -> list[bool]:
    """Whether each line of a file is a comment or inside a text between triple quotes."""
    flags = []
    inside = _begins_inside([line for line in lines if line.number is not None])
    for line in lines:
        body = line.body.strip()
        if line.number is None:
            flags.append(False)
            continue
        if inside and _DEFINITION.match(line.body) and body.endswith(":"):
            inside = False  # a text that was never closed, or not seen to be
        turns = sum(body.count(quote) for quote in _QUOTES) % 2 == 1
        flags.append(inside or body.startswith(_COMMENT))
        inside = inside != turns
    return flags


def _begins_inside(lines: Sequence[Line]) -> bool:
    """Whether a window opens in the middle of such a text: its first quotes only close."""
    before = ""
    for line in lines:
        body = line.body.strip()
        if sum(body.count(quote) for quote in _QUOTES) == 1:
            if body in _QUOTES:
                opens = before.endswith((":", "=", "(")) or (not before and line.number == 1)
                return not opens
            return body.endswith(_QUOTES) and "=" not in body
        before = body or before
    return False
