"""Numbered windows of a file, as the model sees them. Lines end at `\\n` alone, numbers are
1-based.
"""

from dataclasses import dataclass

from swe_agent.core.text import decoded, lines_of

LINE_CHARS = 500
"""Characters of one line that are shown."""


@dataclass(frozen=True, slots=True)
class FileText:
    """A text file's lines, ready to be shown."""

    lines: tuple[str, ...]
    crlf: bool
    """All lines end in `\\r\\n`; the lines are then without the `\\r`."""

    @property
    def total(self) -> int:
        """Number of lines."""
        return len(self.lines)


def file_text(content: bytes) -> FileText:
    """The lines of a file; bytes that are not UTF-8 come out as `\\xNN`."""
    lines = lines_of(decoded(content))
    ended = lines if content.endswith(b"\n") else lines[:-1]
    crlf = bool(ended) and all(line.endswith("\r") for line in ended)
    if crlf:
        lines = [line.removesuffix("\r") for line in lines]
    return FileText(tuple(lines), crlf)


def is_binary(content: bytes) -> bool:
    """Whether it is no text: a NUL among the first 8,000 bytes, git's own rule."""
    return b"\0" in content[:8000]


def numbered(lines: tuple[str, ...] | list[str], first: int, line_chars: int = LINE_CHARS) -> str:
    """The lines with their numbers, long ones cut with a count, `\\r` spelled out.

    Args:
        lines: the lines to show.
        first: number of the first of them.
        line_chars: characters of one line that are shown.

    >>> numbered(["a", "b"], 9)
    ' 9| a\\n10| b'
    """
    width = len(str(first + len(lines) - 1))
    rows = (f"{first + at:>{width}}| {_cut(line, line_chars)}" for at, line in enumerate(lines))
    return "\n".join(row.rstrip(" ") if row.endswith("| ") else row for row in rows)


def around(start: int, end: int, total: int, margin: int = 3) -> tuple[int, int]:
    """A window of `margin` lines around a range, clipped to the file.

    >>> around(2, 2, 4)
    (1, 4)
    """
    return max(1, start - margin), max(0, min(total, end + margin))


def window(content: bytes, start: int, end: int, max_lines: int = 60) -> str:
    """The lines around a change, numbered; the middle of a long one is left out.

    Args:
        content: the whole file.
        start: first changed line.
        end: last changed line; `start - 1` when lines were only taken out.
        max_lines: lines shown in all.
    """
    text = file_text(content)
    first, last = around(start, end, text.total)
    if last < first:
        return "(the file is empty)"
    if last - first + 1 <= max_lines:
        return numbered(text.lines[first - 1 : last], first)
    half = max_lines // 2
    head = numbered(text.lines[first - 1 : first - 1 + half], first)
    tail = numbered(text.lines[last - half : last], last - half + 1)
    return f"{head}\n[... {last - first + 1 - 2 * half} lines not shown ...]\n{tail}"


def _cut(line: str, line_chars: int) -> str:
    if len(line) > line_chars:
        line = f"{line[:line_chars]}[... {len(line) - line_chars} more characters]"
    return line.replace("\r", "<CR>") if "\r" in line else line
