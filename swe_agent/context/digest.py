"""A digest of an observation or of a reply: the lines that matter, as they stood. What it leaves
out, `recall` brings back.

A line is kept when what it names is worth its tokens (`context/cover.py`): names that stand nowhere
else; definitions; errors, outcomes and places in files; what the model itself wrote. No line is
made up or rephrased.
"""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass

from swe_agent.context.cover import Unit, covering, names_in
from swe_agent.context.lines import Line
from swe_agent.context.tokens import BYTES_PER_TOKEN
from swe_agent.core.text import short_mark

LEAST_FILE, LEAST_OUTPUT, LEAST_REPLY, LEAST_ARGUMENT = 0.003, 0.006, 0.01, 0.01
"""Names per token, and per request that will read it, from which a line of a file, of an output, of
an argument or a sentence is kept. What a file says is asked for again; what was said of it stands
in its calls."""
OUTPUT_WEIGHT = 0.3
"""What a name in an output counts against one in a file: on recorded runs 3 % of the ones and 11 %
of the others are used two steps later or more."""
BESIDE_WEIGHT = 3.0
"""How much more the names of an output count beside one that the call or its reply names."""
MOST_LINES = 60
"""Lines that are kept at most."""
ROUND_LINES = 50
"""Every so many lines of a file one stays, since what is gone to next is often a round number."""

_PLACE = re.compile(r"[\w./-]+\.\w+(?::|\", line )\d+")
_DEFINITION = re.compile(
    r"\s*(?:(?:export|public|private|static|async|pub)\s+)*"
    r"(?:def|class|func|function|fn|interface|struct|enum|impl|trait|module|type)\b"
)
_OUTCOME = re.compile(
    r"\b\w*(?:Error|Exception|Warning)\b|^E  |^Traceback|\b(?:FAILED|ERROR|FAIL|passed|failed)\b"
    r"|\b(?:error|failure|fatal|panic)s?\b",
)
_VERDICT = re.compile(
    r"E   |[\w.]*(?:Error|Exception)\b(?::|$)|(?:FAILED|FAIL|ERROR|fatal|panic|error)\b"
    r"|.*\b\d+ (?:passed|failed|errors?|failures?)\b",
)
"""How a line begins that says what came out, not only that something did."""
_DEFINES, _SAYS_OUTCOME, _SAYS_PLACE, _TO_BLAME = 1.0, 2.0, 2.0, 4.0
_STAYS = 1.0
"""Per token: what the model itself has just written stays, so that an edit folds to a diff; so do
the line that it asked for and a verdict."""
_NEAR, _NEAR_LINES = 0.5, 5
"""What a line counts that stands so near to one that was asked for: places to go on from."""
_LINE_TOKENS = 2.0
_SENTENCE = re.compile(r"(?<=[.!?:])\s+|\n+")
_GAP = "[...]"


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around an observation or a reply."""

    known: Set[str] = frozenset()
    """Names that stand elsewhere in the prompt for good."""
    said: Set[str] = frozenset()
    """Names in the reply that an observation answers."""
    numbers: Set[int] = frozenset()
    """Numbers in that reply: lines that were asked for."""
    written: Set[str] = frozenset()
    """Lines of code, stripped, in that reply's calls."""
    expected: int = 1
    """Requests that will read the digest; the more, the shorter it is."""


def digest(step: int, lines: Sequence[Line], around: Around) -> str:
    """The lines of an observation that matter, under a line that says how to see the rest.

    Args:
        step: whose observation it is.
        lines: all of it.
        around: what else the prompt shows.
    """
    is_view = 2 * sum(line.number is not None for line in lines) > len(lines)
    units = _units(lines, is_view, around)
    least = around.expected * (LEAST_FILE if is_view else LEAST_OUTPUT)
    kept = covering(units, around.known, least, MOST_LINES)
    if is_view:
        kept = sorted({*kept, *_edges(lines)})
    rows = [short_mark(len(kept), len(lines), step)]
    before = -1
    for at in kept:
        if at > before + 1 and lines[at].number is None:
            rows.append("...")
        rows.append(lines[at].text)
        before = at
    return "\n".join(rows)


def shortened(text: str, around: Around) -> str:
    """The sentences of a reply that matter; the last, which says what it was going to do, stays."""
    said = [part.strip() for part in _SENTENCE.split(text) if part.strip()]
    if not said:
        return text
    units = [Unit(names_in(part), _tokens(part)) for part in said[:-1]]
    known = around.known | names_in(said[-1])
    kept = [*covering(units, known, around.expected * LEAST_REPLY, MOST_LINES), len(said) - 1]
    parts: list[str] = []
    before = -1
    for at in kept:
        parts += [_GAP, said[at]] if at > before + 1 else [said[at]]
        before = at
    return " ".join(parts)


def briefly(step: int, text: str, around: Around) -> str:
    """The lines of a long argument that matter; the first stays, and under it a line says how to
    see the rest."""
    lines = text.split("\n")
    known = around.known | names_in(lines[0])
    units = [
        Unit(names := names_in(line), _tokens(line), own=_defines(line, names, known))
        for line in lines
    ]
    kept = {0, *covering(units, known, around.expected * LEAST_ARGUMENT, MOST_LINES)}
    mark = short_mark(len(kept), len(lines), step)
    return "\n".join([lines[0], mark, *(lines[at] for at in sorted(kept - {0}))])


def pointer(step: int, tool: str, text: str) -> str:
    """The one line that stands for an observation of which nothing else is left."""
    count = text.count("\n") + 1
    return f"[step {step}: {tool} showed {count} lines; recall({step}) shows them]"


def _edges(lines: Sequence[Line]) -> set[int]:
    """The lines of a view that say what it showed: its head, which names the file, the first, the
    last and round ones between."""
    numbers = {at: line.number for at, line in enumerate(lines) if line.number is not None}
    head = {0} if lines[0].number is None else set()
    anchors = {at for at, number in numbers.items() if number % ROUND_LINES == 0}
    return head | {min(numbers), max(numbers)} | anchors


def _units(lines: Sequence[Line], is_view: bool, around: Around) -> list[Unit]:
    """What each line is worth; of lines that are the same, only the first counts by itself."""
    units = []
    seen: set[str] = set()
    to_blame = _to_blame(lines)
    for at, line in enumerate(lines):
        names, tokens = names_in(line.body), _tokens(line.text)
        weight = 1.0
        if not is_view:
            weight = OUTPUT_WEIGHT * (BESIDE_WEIGHT if names & around.said else 1.0)
        body = line.body.strip()
        own = 0.0 if body in seen else _own(line, tokens, names, around)
        own += _TO_BLAME if at in to_blame else 0.0
        own += _asked(line, tokens, around.numbers)
        seen.add(body)
        units.append(Unit(names, tokens, weight, own))
    return units


def _own(line: Line, tokens: float, names: Set[str], around: Around) -> float:
    """What a line is worth beside its names."""
    own = 0.0
    if line.body.strip() in around.written:
        own += _STAYS * tokens
    if line.number is not None:
        return own + _defines(line.body, names, around.known)
    if _VERDICT.match(line.body):
        own += _STAYS * tokens
    own += _SAYS_OUTCOME if _OUTCOME.search(line.body) else 0.0
    return own + (_SAYS_PLACE if _PLACE.search(line.body) else 0.0)


def _defines(line: str, names: Set[str], known: Set[str]) -> float:
    """What a line is worth for defining something that stands nowhere else."""
    return _DEFINES if _DEFINITION.match(line) and names - known else 0.0


def _asked(line: Line, tokens: float, numbers: Set[int]) -> float:
    """What a line is worth for being one that was asked for, or near to one."""
    if line.number is None:
        return 0.0
    if line.number in numbers:
        return _STAYS * tokens
    near = range(line.number - _NEAR_LINES, line.number + _NEAR_LINES + 1)
    return 0.0 if numbers.isdisjoint(near) else _NEAR


def _to_blame(lines: Sequence[Line]) -> set[int]:
    """The places that errors point at: the last before each."""
    found: set[int] = set()
    place = -1
    for at, line in enumerate(lines):
        if line.number is None and _PLACE.search(line.body):
            place = at
        elif place >= 0 and _OUTCOME.search(line.body):
            found.add(place)
            place = -1
    return found


def _tokens(text: str) -> float:
    return len(text) / BYTES_PER_TOKEN + _LINE_TOKENS
