"""Text that crosses a boundary: decoding, lines, elision, escaping. Lines end at `\\n` alone."""

import re
import unicodedata
from codecs import getincrementaldecoder
from collections.abc import Iterable

_SHOWN = {"\n", "\t"}
_SHORT_MARK = re.compile(r"^\[\d+ of \d+ lines; recall\(\d+\) shows all\]$", re.MULTILINE)
_INVISIBLE_CATEGORIES = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}


def decoded(raw: bytes) -> str:
    """UTF-8 text; bytes that are not UTF-8 come out as `\\xNN`, so nothing is lost silently.

    >>> decoded(b"caf\\xc3\\xa9 \\xff")
    'café \\\\xff'
    """
    return raw.decode("utf-8", "backslashreplace")


def joined(parts: Iterable[bytes]) -> str:
    """The same for what comes in parts, which need not end with a character; holds the text once.

    >>> joined([b"caf\\xc3", b"\\xa9 ", b"\\xff"])
    'café \\\\xff'
    """
    decoder, whole = getincrementaldecoder("utf-8")("backslashreplace"), ""
    for part in parts:
        whole += decoder.decode(part)  # grows in place; a StringIO's value is a copy
    return whole + decoder.decode(b"", final=True)


def visible(text: str) -> str:
    """The text with control, bidi and invisible characters spelled out, safe to print on any
    terminal.

    >>> visible("a\\x1b[2Jb\\u202e")
    'a<U+001B>[2Jb<U+202E>'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(char) for char in text.replace("\r\n", "\n"))


def _shown(char: str) -> str:
    if char in _SHOWN or unicodedata.category(char) not in _INVISIBLE_CATEGORIES:
        return char
    return f"<U+{ord(char):04X}>"


def lines_of(text: str) -> list[str]:
    """The lines without their ends; a final newline does not make one more line.

    >>> lines_of("a\\n\\x0cb\\n")
    ['a', '\\x0cb']
    """
    if not text:
        return []
    return text.removesuffix("\n").split("\n")


def elided(text: str, limit_chars: int) -> str:
    """Head and tail of a long text, with the exact count of what was cut between them.

    >>> elided("abcdefghij", 4)
    'ab\\n[... 6 characters elided ...]\\nij'
    """
    if len(text) <= limit_chars:
        return text
    head, tail = limit_chars // 2, limit_chars - limit_chars // 2
    cut = len(text) - limit_chars
    return f"{text[:head]}\n[... {cut} characters elided ...]\n{text[len(text) - tail :]}"


def short_mark(kept: int, lines: int, step: int) -> str:
    """The line that stands in a shortened text and says how to see the rest.

    >>> is_shortened("def f():\\n" + short_mark(1, 9, step=4))
    True
    """
    return f"[{kept} of {lines} lines; recall({step}) shows all]"


def is_shortened(text: str) -> bool:
    """Whether a line of a text is such a mark."""
    return _SHORT_MARK.search(text) is not None
