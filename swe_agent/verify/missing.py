"""Telling an environment that lacks something from code that is wrong, where no test loads."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.protocols import TreeReader
from swe_agent.core.task import TestReport

_MISSING = re.compile(r"^.*No module named '([\w.]+)'.*$", re.MULTILINE)
_PLACE = re.compile(r"^(\S+\.py:\d+: in .*|\s*File \"[^\"]+\", line \d+.*)$", re.MULTILINE)


def require_modules(report: TestReport, tree: TreeReader, issue: str) -> None:
    """Raise where not one test could be loaded, for want of a module that nobody is to write.

    A module that the repository has, that the issue speaks of, or that a test file is named after
    may be the very work to do, so it counts as failing tests.

    Raises:
        EnvironmentFault: with the module, and the line that imports it.
    """
    if not report.outcomes or set(report.outcomes.values()) != {"error"}:
        return
    named = [_MISSING.search(text) for text in report.failures.values()]
    if len(named) < len(report.outcomes) or not all(named):
        return
    known = _names(tree.paths())
    for found in filter(None, named):
        top = found[1].split(".")[0]
        if top in known or re.search(rf"(?<!\w){re.escape(top)}(?!\w)", issue):
            return
    first = next(filter(None, named))
    places = [place.strip() for place in _PLACE.findall(first.string[: first.start()])]
    at = f" ({places[-1].removesuffix(': in <module>')})" if places else ""
    raise EnvironmentFault(
        f"No test can be loaded: {first[0].removeprefix('E').strip()}{at}",
        f"Install what is missing: --setup 'pip install {first[1].split('.')[0]}' or the project's "
        "own command, or give another image with --image.",
    )


def _names(paths: Iterable[str]) -> set[str]:
    """Every module and package that the files stand for or are tests of."""
    found: set[str] = set()
    for path in paths:
        pure = PurePosixPath(path)
        found |= set(pure.parts[:-1])
        stem = pure.name.split(".")[0]
        found |= {stem, stem.removeprefix("test_"), stem.removesuffix("_test")}
    return found
