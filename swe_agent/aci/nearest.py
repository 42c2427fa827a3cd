"""Why a text was not found: the lines of the file that come nearest, and what tells them apart.

The cost is bounded on big files: windows are found by the lines they share, only a few are
compared letter by letter.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterator

from swe_agent.aci.window import numbered
from swe_agent.core.text import lines_of

_MAX_LINES = 50_000
_MAX_OLD_LINES = 200
_COMPARED_CHARS = 1200
_LETTERS_LINES = 3000
_WINDOWS = 3
_GOOD = 0.5
_WORD = re.compile(r"\w+")
_NUMBERED = re.compile(r"^ *\d+[|:\t] ?")
_PLAIN = str.maketrans("\u2018\u2019\u201c\u201d\u00a0\u2013\u2014", "''\"\" --")


def diagnosis(path: str, text: str, old: str) -> str:
    """What to tell a model whose `old` is not in the file: one or more sentences, then the nearest
    lines.
    """
    said = [f"`old` was not found in {path}; nothing was changed."]
    if not text:
        return f"{said[0]} The file is empty."
    said.extend(_hints(text, old))
    lines = lines_of(_clean(text))[:_MAX_LINES]
    wanted = lines_of(_clean(old))[:_MAX_OLD_LINES]
    windows = _nearest(lines, wanted)
    if not windows:
        return " ".join([*said, "No lines of the file come near; `search` or `view` it first."])
    shown = []
    for ratio, start in windows:
        piece = lines[start : start + len(wanted)]
        share = "the same but for blanks" if _bare(piece) == _bare(wanted) else f"{ratio:.0%} alike"
        shown.append(f"Lines {start + 1}-{start + len(piece)} ({share}):")
        shown.append(numbered(piece, start + 1))
    first = windows[0][1]
    said.extend(_differences(lines[first : first + len(wanted)], wanted))
    return "\n".join([" ".join(said), *shown])


def _clean(text: str) -> str:
    raw = text.encode("utf-8", "surrogateescape")
    return raw.decode("utf-8", "backslashreplace").replace("\r\n", "\n")


def _bare(lines: list[str]) -> list[str]:
    return ["".join(line.split()) for line in lines]


def _hints(text: str, old: str) -> list[str]:
    hints = []
    lines = [line for line in lines_of(old) if line.strip()]
    if lines and all(_NUMBERED.match(line) for line in lines):
        bare = "\n".join(_NUMBERED.sub("", line) for line in lines_of(old))
        if bare in text.replace("\r\n", "\n"):
            hints.append("It has the line numbers of `view` in it: leave them out.")
    if "\r" in old and "\r" not in text:
        hints.append("It has carriage returns; the file has none.")
    if old.translate(_PLAIN) != old and old.translate(_PLAIN) in text:
        hints.append("It has typographic quotes, dashes or blanks where the file has plain ones.")
    if old.strip("\n") in text and old.strip("\n"):
        hints.append("Without the empty lines at its start or end it would match.")
    elif "\\n" in old and old.replace("\\n", "\n") in text:
        hints.append("It has `\\n` written as two characters where the file has a line end.")
    elif old.lower() in text.lower():
        hints.append("The file has it in other upper and lower case.")
    return hints


def _nearest(lines: list[str], wanted: list[str]) -> list[tuple[float, int]]:
    """Likeness in [0, 1] and start index of the best windows, best first."""
    scored = []
    for start in _candidates(lines, wanted):
        ratio = _likeness(lines[start : start + len(wanted)], wanted)
        if ratio >= _GOOD:
            scored.append((ratio, start))
    scored.sort(key=lambda pair: (-pair[0], pair[1]))
    best: list[tuple[float, int]] = []
    for ratio, start in scored:
        apart = all(abs(start - other) >= len(wanted) for _, other in best)
        if apart and (not best or ratio >= best[0][0] - 0.2):
            best.append((ratio, start))
    return best[:_WINDOWS]


def _candidates(lines: list[str], wanted: list[str]) -> list[int]:
    """Starts of windows that share the most lines with `wanted`, blanks aside; else that hold a
    line like its longest.
    """
    at: dict[str, list[int]] = {}
    for index, line in enumerate(_bare(lines)):
        if line:
            at.setdefault(line, []).append(index)
    votes: Counter[int] = Counter()
    for offset, line in enumerate(_bare(wanted)):
        for index in at.get(line, [])[:50]:
            votes[max(0, index - offset)] += len(line)
    if votes:
        return [start for start, _ in votes.most_common(8)]
    return _like_longest(lines, wanted)


def _like_longest(lines: list[str], wanted: list[str]) -> list[int]:
    longest = max(range(len(wanted)), key=lambda index: len(wanted[index].strip()))
    target = wanted[longest].strip()[:_COMPARED_CHARS]
    if not target:
        return []
    scored = [(score, index) for index, score in enumerate(_alike(lines, target)) if score > 0]
    scored.sort(key=lambda pair: -pair[0])
    return [max(0, index - longest) for _, index in scored[:8]]


def _alike(lines: list[str], target: str) -> Iterator[float]:
    """How many words each line shares with the target; letters count in a short file only."""
    words = set(_WORD.findall(target))
    matcher = difflib.SequenceMatcher(None, "", target, autojunk=False)
    for line in lines:
        shared = len(words.intersection(_WORD.findall(line)))
        if not shared and len(lines) <= _LETTERS_LINES:
            matcher.set_seq1(line.strip()[:_COMPARED_CHARS])
            yield max(0.0, matcher.quick_ratio() - _GOOD)
        else:
            yield float(shared)


def _likeness(piece: list[str], wanted: list[str]) -> float:
    left, right = "\n".join(piece)[:_COMPARED_CHARS], "\n".join(wanted)[:_COMPARED_CHARS]
    return difflib.SequenceMatcher(None, left, right, autojunk=False).ratio()


def _differences(piece: list[str], wanted: list[str]) -> list[str]:
    """What tells the nearest window apart, where blanks are all."""
    if _bare(piece) != _bare(wanted):
        return []
    pairs = [(have, want) for have, want in zip(piece, wanted, strict=True) if have != want]
    if not pairs:
        return []
    have, want = pairs[0]
    if have.rstrip() == want.rstrip():
        return ["The blanks at line ends differ."]
    left, right = _indent(have), _indent(want)
    if left != right:
        return [f"The indentation differs: the file has {_named(left)}, `old` has {_named(right)}."]
    return ["The blanks inside a line differ."]


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _named(blanks: str) -> str:
    tabs, spaces = blanks.count("\t"), blanks.count(" ")
    parts = [f"{tabs} tab{'s' * (tabs != 1)}"] * bool(tabs)
    parts += [f"{spaces} space{'s' * (spaces != 1)}"] * (bool(spaces) or not tabs)
    return " and ".join(parts)
