"""Exact-match replacement and line replacement over a file's bytes: only the edited lines change.

Text is UTF-8 with surrogate escapes, so bytes that are not UTF-8 and a byte order mark survive. No
I/O here.
"""

import re
from dataclasses import dataclass

from swe_agent.aci.nearest import diagnosis
from swe_agent.aci.tool import Failed

_MAX_PLACES = 1000
_SHOWN_PLACES = 20


@dataclass(frozen=True, slots=True)
class Change:
    """A file's new bytes, and where they differ."""

    after: bytes
    start: int
    """First line of the new text."""
    end: int
    """Last line of the new text; `start - 1` where lines were only taken out."""


def replaced(path: str, before: bytes, old: str, new: str) -> Change:
    """The file with the one occurrence of `old` replaced by `new`.

    In a file with `\\r\\n` ends, a line end of `old` and `new` is one whichever way it is written,
    and the file's stay.

    Raises:
        Failed: `old` is empty, equals `new`, is not there (with the nearest lines), or is there
        more than once.
    """
    text = before.decode("utf-8", "surrogateescape")
    mixed = "\r\n" in text
    if mixed:
        old, new = old.replace("\r\n", "\n"), new.replace("\r\n", "\n")
    if not old:
        raise Failed(
            "`old` is empty: give the exact text to replace, or use `edit_lines`.", "empty"
        )
    if old == new:
        raise Failed("`old` and `new` are the same; nothing would change.", "same")
    places = _places(text, old, mixed)
    if not places:
        raise Failed(diagnosis(path, text, old), "not_found", {"path": path})
    if len(places) > 1:
        raise _ambiguous(path, text, [start for start, _ in places])
    start, end = places[0]
    if mixed:
        new = _with_ends(text[start:end], new, _usual_end(text))
    return _spliced(text, start, end, new)


def lines_replaced(path: str, before: bytes, start: int, end: int, new: str) -> Change:
    """The file with lines `start` to `end` replaced by `new`; `end == start - 1` inserts before
    `start`.

    A last line of `new` without line end gets one, unless the file's last line is replaced and had
    none.

    Raises:
        Failed: the range is not in the file, or nothing would change.
    """
    text = before.decode("utf-8", "surrogateescape")
    lines = _kept_lines(text)
    total = len(lines)
    if not 1 <= start <= total + 1 or not start - 1 <= end <= total:
        raise Failed(
            f"Lines {start}-{end} are not in {path}, which has {total} lines. "
            f"`end` = `start` - 1 inserts before `start`; start = {total + 1} appends.",
            "range",
            {"path": path, "total_lines": total},
        )
    gone = "".join(lines[start - 1 : end])
    usual = _usual_end(text)
    new = _ended_like(new, gone, is_last=end == total)
    if "\r\n" in text:
        new = _with_ends(gone, new.replace("\r\n", "\n"), usual)
    offset = sum(map(len, lines[: start - 1]))
    if start == total + 1 and lines and not text.endswith("\n") and new:
        new = usual + new.removesuffix(usual)
    if gone == new:
        raise Failed("The lines are already like that; nothing would change.", "same")
    return _spliced(text, offset, offset + len(gone), new)


def _ended_like(new: str, gone: str, is_last: bool) -> str:
    if not new or new.endswith("\n"):
        return new
    if is_last and gone and not gone.endswith("\n"):
        return new
    return new + "\n"


def _kept_lines(text: str) -> list[str]:
    """The lines with their ends; only `\\n` ends one."""
    return [line for line in re.split(r"(?<=\n)", text) if line]


def _places(text: str, old: str, mixed: bool) -> list[tuple[int, int]]:
    """Where `old` occurs, overlaps included."""
    found: list[tuple[int, int]] = []
    if not (mixed and "\n" in old):
        at = text.find(old)
        while at >= 0 and len(found) < _MAX_PLACES:
            found.append((at, at + len(old)))
            at = text.find(old, at + 1)
        return found
    pattern = re.compile("\r?\n".join(map(re.escape, old.split("\n"))))
    match = pattern.search(text)
    while match and len(found) < _MAX_PLACES:
        found.append(match.span())
        match = pattern.search(text, match.start() + 1)
    return found


def _ambiguous(path: str, text: str, starts: list[int]) -> Failed:
    lines = [text.count("\n", 0, start) + 1 for start in starts[:_SHOWN_PLACES]]
    more = "" if len(starts) <= _SHOWN_PLACES else f" and {len(starts) - _SHOWN_PLACES} more"
    count = f"{len(starts)}" if len(starts) < _MAX_PLACES else f"at least {_MAX_PLACES}"
    where = ", ".join(map(str, lines)) + more
    message = (
        f"`old` occurs {count} times in {path}, at lines {where}; nothing was changed. "
        "Add lines of context around it, or use `edit_lines`."
    )
    return Failed(message, "ambiguous", {"path": path, "lines": [*lines]})


def _usual_end(text: str) -> str:
    crlf = text.count("\r\n")
    return "\r\n" if crlf > text.count("\n") - crlf else "\n"


def _with_ends(gone: str, new: str, usual: str) -> str:
    """`new` with the line ends of what it replaces: lines at both sides that stay keep their own
    bytes.
    """
    old_lines, new_lines = _kept_lines(gone), _kept_lines(new)
    crlf = gone.count("\r\n")
    end = usual if "\n" not in gone else ("\r\n" if 2 * crlf > gone.count("\n") else "\n")
    head = _same(old_lines, new_lines)
    tail = _same(old_lines[head:][::-1], new_lines[head:][::-1])
    middle = [line.replace("\n", end) for line in new_lines[head : len(new_lines) - tail]]
    return "".join(old_lines[:head] + middle + old_lines[len(old_lines) - tail :])


def _same(old: list[str], new: list[str]) -> int:
    count = 0
    for old_line, new_line in zip(old, new, strict=False):
        if old_line.replace("\r\n", "\n") != new_line:
            break
        count += 1
    return count


def _spliced(text: str, start: int, end: int, new: str) -> Change:
    after = text[:start] + new + text[end:]
    first = text.count("\n", 0, start) + 1
    last = first + new.count("\n") - (1 if new.endswith("\n") or not new else 0)
    if not new and start and text[start - 1] != "\n":
        last = first
    return Change(after.encode("utf-8", "surrogateescape"), first, last)
