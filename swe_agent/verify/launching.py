"""How test commands set pytest up: with which interpreter, environment and options. What runs tests
in a way of its own does it so too.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import PurePosixPath

_SETTINGS = ("-W", "-o", "-c", "-p", "--override-ini", "--import-mode", "--asyncio-mode")
_ASSIGNED = re.compile(r"[A-Za-z_]\w*=")
_SPECIAL, _ESCAPED = re.compile(r'(["`\\])'), r"\\\1"
"""What would end a word in quotes; what begins with a dollar stays for the shell."""
_PYTHON = re.compile(r"python[\d.]*")


def interpreters_of(commands: Sequence[str]) -> list[str]:
    """The interpreters that commands name by a path, or that lie beside the pytest they name.

    >>> interpreters_of(["/env/bin/pytest -q", "python -m pytest"])
    ['/env/bin/python']
    """
    found: dict[str, None] = {}
    for words in map(_words, commands):
        for word, later in pairwise((*words, "")):
            place = PurePosixPath(word)
            if "/" in word and _PYTHON.fullmatch(place.name) and later.startswith("-"):
                found[word] = None
            elif "/" in word and place.name in ("pytest", "py.test"):
                found[str(place.parent / "python")] = None
    return list(found)


def environment_of(commands: Sequence[str]) -> dict[str, str]:
    """The variables that commands set for what they run, as words for a shell; of the first that
    runs pytest or unittest.

    >>> environment_of(["PYTHONPATH=$PWD/src python -m pytest -q"])
    {'PYTHONPATH': '"$PWD/src"'}
    """
    for command in commands:
        words = _words(command)
        if any(PurePosixPath(word).name in ("pytest", "unittest") for word in words):
            rest = iter(words[1:] if words[:1] == ["env"] else words)
            pairs = (word.split("=", 1) for word in _while_assigned(rest))
            return {name: f'"{_SPECIAL.sub(_ESCAPED, value)}"' for name, value in pairs}
    return {}


def options_of(commands: Sequence[str]) -> list[str]:
    """Options that say how pytest is set up, not which tests it runs.

    >>> options_of(["pytest -q -W ignore -o addopts= tests"])
    ['-W', 'ignore', '-o', 'addopts=']
    """
    found: list[str] = []
    for command in commands:
        words = _words(command)
        starts = [at for at, word in enumerate(words) if word.split("/")[-1] == "pytest"]
        rest = iter(words[starts[0] + 1 :] if starts else ())
        for word in rest:
            if word in ("&&", "||", ";", "|"):
                break
            if word in _SETTINGS:
                found += [word, next(rest, "")]
            elif word.startswith(_SETTINGS) and (word[1] != "-" or "=" in word):
                found.append(word)
    return found


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _while_assigned(words: Iterator[str]) -> Iterator[str]:
    for word in words:
        if not _ASSIGNED.match(word):
            return
        yield word
