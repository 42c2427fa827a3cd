"""Which files are read, a few at a time."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from pydantic import JsonValue

from swe_agent.repair.history import Seen
from swe_agent.repair.localize import is_test_file
from swe_agent.repair.scripts import is_script

FILE_LIMIT = 30
VIEW_LINES = 1000
VIEWS_PER_TURN = 24
"""Turns count: of a run's steps few should go into reading."""


def views_of(seen: Seen, wanted: Iterable[str]) -> list[tuple[str, dict[str, JsonValue]]]:
    """Views of wanted files that were not read to the end yet, the first few."""
    views: list[tuple[str, dict[str, JsonValue]]] = []
    for path in list(wanted)[:FILE_LIMIT]:
        start = seen.next_lines.get(path, 1)
        if start and path not in seen.unreadable:
            end = start + VIEW_LINES - 1
            views.append(("view", {"path": path, "start": start, "end": end}))
    return views[:VIEWS_PER_TURN]


def scripts_of(seen: Seen, targets: tuple[str, ...]) -> list[str]:
    """Sources of other languages that are no tests, those that the failures name first; none where
    a target is a single test: those are Python's.
    """
    if not judged_by_commands(seen, targets):
        return []
    said = "\n".join([seen.issue, *(seen.base.failures.values() if seen.base else ())])
    asked = " ".join(targets)
    found = [p for p in seen.paths or () if is_script(p) and p not in asked.split()]
    return sorted(found, key=lambda path: (PurePosixPath(path).name not in said, path))


def judged_by_commands(seen: Seen, targets: Iterable[str]) -> bool:
    """Whether the targets are whole test commands."""
    return seen.base is not None and set(targets) <= seen.base.exit_codes.keys()


def likely_sources(seen: Seen) -> list[str]:
    """Sources that are no tests: those that the issue names first, then those nearest the root."""
    words = set(re.findall(r"\w+", seen.issue))
    sources = [path for path in seen.paths or () if not is_test_file(path)]

    def rank(path: str) -> tuple[bool, int, str]:
        place = PurePosixPath(path)
        return place.stem not in words, len(place.parts), path

    return sorted(sources, key=rank)
