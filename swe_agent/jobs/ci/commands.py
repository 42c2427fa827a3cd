"""What people write to start the bot: `@swe-agent ...` or `/swe-agent fix|explain|retry|stop`."""

import re
from dataclasses import dataclass
from typing import Literal, get_args

Word = Literal["fix", "explain", "retry", "stop"]

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
_SLASH = re.compile(r"^\s*/swe-agent\b[ \t]*(\S*)[ \t]*(.*)$")


@dataclass(frozen=True, slots=True)
class Command:
    """What is asked for, and in which further words."""

    word: Word
    more: str = ""


def command_in(text: str, phrase: str) -> Command | None:
    """The first command of a comment; None where it asks for nothing.

    Quoted lines, code, and HTML comments (which no reader sees) do not count.

    >>> command_in("please look\\n/swe-agent fix the parser", "@swe-agent")
    Command(word='fix', more='the parser')
    >>> command_in("> @swe-agent fix", "@swe-agent") is None
    True
    """
    lines = _spoken(text)
    said = re.compile(rf"(?<![\w@./-]){re.escape(phrase)}(?![\w/-])[ \t,:]*(.*)$", re.IGNORECASE)
    for at, line in enumerate(lines):
        below = "\n".join(lines[at + 1 :]).strip()
        if match := _SLASH.match(line):
            word = match[1].lower() or "fix"
            return _command(word, f"{match[2]}\n{below}") if word in get_args(Word) else None
        if match := said.search(_CODE.sub("", line)):
            first, _, rest = match[1].partition(" ")
            word = first.strip(".,:!").lower()
            if word in get_args(Word):
                return _command(word, f"{rest}\n{below}")
            above = "\n".join(lines[:at])
            return _command("fix", f"{above}\n{match[1]}\n{below}")
    return None


def _command(word: str, more: str) -> Command:
    match word:
        case "explain" | "retry" | "stop":
            return Command(word, more.strip())
        case _:
            return Command("fix", more.strip())


def _spoken(text: str) -> list[str]:
    """The lines that a person wrote and others see, outside of code."""
    shown = re.sub(r"<!--.*?(?:-->|\Z)", "", text.replace("\r\n", "\n"), flags=re.DOTALL)
    lines: list[str] = []
    fence = ""
    for line in shown.split("\n"):
        opened = _FENCE.match(line)
        if fence:
            if opened and opened[1].startswith(fence) and line.strip() == opened[1]:
                fence = ""
        elif opened:
            fence = opened[1]
        elif not line.lstrip().startswith(">") and not line.startswith(("    ", "\t")):
            lines.append(line)
    return lines
