"""What an issue names: frames of tracebacks, paths, dotted names, identifiers, quoted strings.

Nothing here knows the repository; `rank` looks the names up.
"""

import re
from collections import Counter
from dataclasses import dataclass, field

from swe_agent.index.terms import IDENTIFIER, is_stop, shingles, terms_of

LARGEST_CHARS = 60_000
"""An issue is read so far; what follows is logs."""
_FENCE = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)", re.DOTALL)
_INLINE = re.compile(r"`([^`\n]{1,200})`")
_FRAMES = re.compile(
    r'File "(?P<p1>[^"\n]{1,300})", line (?P<l1>\d+)(?:, in (?P<f1>\S+))?'
    r"|File (?P<p2>[^\s\"]{1,300}?):(?P<l2>\d+), in (?P<f2>[\w.]+)"
    r"|(?<![^\s\"()\[\]])(?P<p3>[^\s\"()\[\]]{1,300}\.py)\)? in (?P<f3>\w+)\("
    r".{0,500}(?:\n(?!\S*.py).{0,500}){0,12}?\n-+> (?P<l3>\d+)"
    r"|^(?P<p4>[\w./\\~-]{1,300}\.\w{1,4}):(?P<l4>\d+)(?::\d+)?(?:: (?:in (?P<f4>[\w.]+))?|$)",
    re.MULTILINE,
)
"""Python's own, IPython's new and old, pytest's and compilers'."""
_PATHLIKE = re.compile(r"[\w./\\~+-]+")
_SUFFIX = re.compile(r"\w\.(?:pyi?|[cm]?[jt]sx?|go|rs|java|[ch]|rb)$")
_LONGEST_PATH = 300
_LINK = re.compile(r"/blob/[^/\s]+/([\w./-]+)(?:#L(\d+)(?:-L(\d+))?)?")
_URL = re.compile(r"https?://\S+")
_DOTTED = re.compile(r"\b[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_CALLED = re.compile(r"\b([A-Za-z_]\w*)\(")
_SHAPED = re.compile(r"_|[a-z][A-Z]|[A-Z]{2,}[a-z]|[a-z]\d")
_ERROR = re.compile(
    r"^\s*(?:E\s+)?(?:[\w.]+(?:Error|Exception|Warning)): (.{6,300})$", re.MULTILINE
)
_QUOTED = re.compile(r"\"([^\"\n]{8,160})\"|'([^'\n]{8,160})'")

TITLE, PROSE, CODE, TRACE, PHRASE = 2.0, 1.0, 0.5, 0.2, 1.0
"""Weights of a word by where it stands."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A place that a traceback or a log names."""

    path: str
    line: int
    function: str
    """Empty where it is not said."""


@dataclass(slots=True)
class Mentions:
    """What an issue names, weighted by how surely it is meant."""

    terms: dict[str, float] = field(default_factory=dict)
    """Search terms with their weights."""
    spelled: dict[str, str] = field(default_factory=dict)
    """The shortest identifier or word of the issue that gave each term."""
    names: dict[str, float] = field(default_factory=dict)
    """Identifiers, as written, in (0, 1]; 1: shaped as code and marked as such."""
    dotted: dict[str, float] = field(default_factory=dict)
    paths: dict[str, float] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)
    """In order of the text."""
    lines: list[Frame] = field(default_factory=list)
    """Lines that links to code name."""


def mentions(issue: str) -> Mentions:
    """Read an issue."""
    text = issue[:LARGEST_CHARS].replace("\r", "")
    found = Mentions()
    _read_places(text, found)
    title, _, body = text.strip().partition("\n")
    blocks = _FENCE.findall(body)
    prose = _FENCE.sub("\n", body)
    inline = _INLINE.findall(title + "\n" + prose)
    plain = _URL.sub(" ", prose)
    traces = [block for block in blocks if _is_trace(block)]
    code = "\n".join(block for block in blocks if not _is_trace(block))
    if _is_trace(plain):
        traces, plain = [*traces, plain], ""
    trace = "\n".join(traces)
    parts = [(title, 0.9), ("\n".join(inline), 1.0), (code, 0.6), (plain, 0.75), (trace, 0.25)]
    _read_names(parts, found)
    _weigh_terms([(title, TITLE), (plain, PROSE), (code, CODE), (trace, TRACE)], found)
    for phrase in _phrases(text):
        for shingle in shingles(phrase):
            found.terms[shingle] = PHRASE
    return found


def _is_trace(text: str) -> bool:
    """Whether most of a text is a traceback."""
    frames = len(_FRAMES.findall(text))
    return frames > 1 and text.count("\n") < 12 * (frames + 1)


def _read_places(text: str, found: Mentions) -> None:
    for match in _FRAMES.finditer(text):
        for kind in "1234":
            path = match["p" + kind]
            if path:
                function = (match["f" + kind] or "").rpartition(".")[2]
                line = int(match["l" + kind] or 0)
                found.frames.append(Frame(path.replace("\\", "/"), line, function))
    for path, first, last in _LINK.findall(text):
        found.paths[path] = 1.0
        if first:
            middle = (int(first) + int(last or first)) // 2
            found.lines.append(Frame(path, middle, ""))
    without = _FRAMES.sub(" ", text)
    for word in _PATHLIKE.findall(without):
        path = word.rstrip(".")
        if len(path) <= _LONGEST_PATH and _SUFFIX.search(path):
            found.paths.setdefault(path.lstrip("./"), 0.8)


def _read_names(parts: list[tuple[str, float]], found: Mentions) -> None:
    """Identifiers and dotted names of each part, at the part's weight; the highest counts."""
    for text, weight in parts:
        called = set(_CALLED.findall(text))
        for dotted in _DOTTED.findall(text):
            found.dotted[dotted] = max(found.dotted.get(dotted, 0.0), weight)
        for name in set(IDENTIFIER.findall(text)):
            if len(name) < 3 or is_stop(name.lower()):
                continue
            is_code = bool(_SHAPED.search(name.strip("_"))) or name in called or name[0] == "_"
            sure = weight if is_code or weight == 1.0 else weight * 0.3
            found.names[name] = max(found.names.get(name, 0.0), sure)


def _weigh_terms(parts: list[tuple[str, float]], found: Mentions) -> None:
    for text, weight in parts:
        counts: Counter[str] = Counter()
        for name in IDENTIFIER.findall(text):
            for term in terms_of(name):
                counts[term] += 1
                if len(name) < len(found.spelled.get(term, name + "_")):
                    found.spelled[term] = name
        for term, count in counts.items():
            gain = weight * min(3.0, count**0.5)
            found.terms[term] = found.terms.get(term, 0.0) + gain
    for term, weight in found.terms.items():
        found.terms[term] = min(weight, 4.0)


def _phrases(text: str) -> list[str]:
    """Error messages first, then quoted strings of several words, each once."""
    errors = [row.strip() for row in _ERROR.findall(text)]
    quoted = ["".join(pair) for pair in _QUOTED.findall(text)]
    return list(dict.fromkeys([*errors, *(q for q in quoted if " " in q)]))[:40]
