"""Globs as a model writes them, matched on repository-relative paths on the host."""

from collections.abc import Callable

import pathspec

_MAX_PATTERNS = 200


def matcher(glob: str) -> Callable[[str], bool]:
    """Whether a path matches: `*.py` at any depth, `src/*.py` from the root, `**` over folders,
    `{a,b}` either.

    A pattern that names a folder matches all below it.

    >>> [matcher("*.{c,h}")(path) for path in ("src/a.c", "b.h", "c.py")]
    [True, True, False]
    """
    patterns = [_escaped(pattern.removeprefix("./")) for pattern in _braces(glob)]
    spec = pathspec.PathSpec.from_lines("gitignore", patterns)
    return spec.match_file


def _escaped(pattern: str) -> str:
    """Leading `!` and `#` and trailing blanks mean themselves here."""
    if pattern[:1] in ("!", "#"):
        pattern = "\\" + pattern
    return pattern


def _braces(glob: str) -> list[str]:
    done: list[str] = []
    queue = [glob]
    while queue and len(done) + len(queue) < _MAX_PATTERNS:
        pattern = queue.pop()
        close = pattern.find("}")
        start = pattern.rfind("{", 0, close) if close >= 0 else -1
        if start < 0:
            done.append(pattern)
            continue
        options = pattern[start + 1 : close].split(",")
        queue.extend(pattern[:start] + option + pattern[close + 1 :] for option in options)
    return done + queue
