"""What the offline model asks for: the tests that matter, and the calls of tools about them."""

import ast
import re
from bisect import bisect
from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from swe_agent.core.task import TestReport
from swe_agent.repair.history import Seen
from swe_agent.repair.localize import is_test_file
from swe_agent.repair.propose import Candidate
from swe_agent.repair.reproduction import called_by, examples_in
from swe_agent.repair.scripts import Script
from swe_agent.repair.syntax import Code
from swe_agent.verify.naming import named_by

GUARD_LIMIT: Final = 1500
NEAR_LIMIT: Final = 60
BATCH_S: Final = 30.0
LEAST_BATCH_S: Final = 3.0
CONFIRM_LIMIT: Final = 20
SLOW_CONFIRMED: Final = 3
"""Candidates that are held against all tests at once, of a quick and of a slow suite."""
SLOW_SUITE_S: Final = 10.0
SUITE_S: Final = 240.0
"""Most seconds in which candidates are held against all tests."""
ENDLESS_S: Final = 0.2
"""Processor seconds for one test where the faulty program never ends."""
WATCH_LIMIT: Final = 4
WATCHED_SHARE: Final = 0.5
"""Least suspicion of a function that is watched, as a part of the highest."""
STEEP_PLACES: Final = 40
"""Places as a project has them, of which the first stand out: of these more are watched."""
SPECTRUM_TESTS: Final = 60
SPECTRUM_FIRST: Final = 6
SPECTRUM_S: Final = 60.0
_STOPPED: Final = re.compile(r"[Tt]imeout\b|timed out")
Call = tuple[str, dict[str, JsonValue]]
Calls = list[Call]


def targets_of(issue: str, report: TestReport) -> tuple[str, ...]:
    """The failing tests that the issue names; all that fail where it names none."""
    failing = sorted(report.failed)
    return tuple(named_by(issue, failing, report.failures)) or tuple(failing)


def are_apart(seen: Seen, targets: tuple[str, ...]) -> bool:
    """Whether the issue has examples, and the failing tests are about something else: it names none
    of them, and none speaks of what the examples call.
    """
    failures = seen.base.failures if seen.base else {}
    called = {name for example in examples_in(seen.issue) for name in called_by(example)}
    if not called or named_by(seen.issue, targets, failures):
        return False
    said = "\n".join(f"{test}\n{failures.get(test, '')}" for test in targets)
    return not called & set(re.findall(r"\w+", said))


def guards_of(seen: Seen, targets: tuple[str, ...]) -> tuple[str, ...]:
    """The tests that pass at base, targets left out; those of the targets' files alone where they
    are very many.
    """
    guards = sorted(seen.base.passed - set(targets)) if seen.base else []
    if len(guards) > GUARD_LIMIT:
        files = {test.split("::")[0] for test in targets}
        guards = [test for test in guards if test.split("::")[0] in files][:GUARD_LIMIT]
    return tuple(guards)


def near_of(seen: Seen, targets: tuple[str, ...]) -> tuple[str, ...]:
    """Guards that are quickly run and most likely to notice a change: those of the targets' files;
    where they are many, those that stand next to a target by name and some of the others.
    """
    guards = guards_of(seen, targets)
    if len(guards) <= NEAR_LIMIT and not is_slow(seen):
        return guards
    files = {test.split("::")[0] for test in targets}
    near = [test for test in guards if test.split("::")[0] in files] or list(guards)
    places = [bisect(near, target) for target in targets]
    by_name = sorted(range(len(near)), key=lambda at: min(abs(2 * at + 1 - 2 * p) for p in places))
    alike = {near[at] for at in by_name[: NEAR_LIMIT // 2]}
    rest = [test for test in near if test not in alike]
    step = -(-len(rest) // (NEAR_LIMIT // 2))
    return tuple(sorted((*alike, *rest[:: max(1, step)])))


def wide_of(seen: Seen, targets: tuple[str, ...]) -> tuple[str, ...]:
    """The targets and the guards near them."""
    return (*targets, *near_of(seen, targets))


def spectrum_call(seen: Seen, targets: tuple[str, ...]) -> tuple[str, dict[str, JsonValue]]:
    """The failing tests, and as many that pass in the same files as are quickly run; a few of these
    first, so that what is done but once is not done in failing tests alone.
    """
    failing = [test for test in targets if "::" in test][:SPECTRUM_TESTS]
    files = {test.split("::")[0] for test in failing}
    passing = [t for t in guards_of(seen, targets) if t.split("::")[0] in files]
    before, after = passing[:SPECTRUM_FIRST], passing[SPECTRUM_FIRST:SPECTRUM_TESTS]
    tests: list[JsonValue] = [*before, *failing, *after]
    return "localize", {"tests": tests, "timeout_s": SPECTRUM_S}


def covered(seen: Seen) -> list[str]:
    """Files of the project that failing tests ran, the most suspicious first."""
    lines, paths = seen.lines or {}, seen.paths or set()
    found = [path for path in lines if path in paths and not is_test_file(path)]
    return sorted(found, key=lambda path: (-max(lines[path].values()), path))


def lost_by(seen: Seen) -> frozenset[str]:
    """Tests that passed at base and do not with the edits in force."""
    if seen.base is None or seen.latest is None:
        return frozenset()
    return seen.base.passed - seen.latest.passed


def try_call(
    candidates: list[Candidate],
    tests: tuple[str, ...],
    seen: Seen,
    limit_s: float = 0.0,
    total_s: float = BATCH_S,
) -> tuple[str, dict[str, JsonValue]]:
    listed: list[JsonValue] = [
        [{"path": e.path, "old": e.old, "new": e.new} for e in c.edits] for c in candidates
    ]
    arguments: dict[str, JsonValue] = {
        "candidates": listed,
        "tests": list(tests),
        "total_s": max(LEAST_BATCH_S, min(BATCH_S, total_s)),
    }
    if limit_s or (seen.base and _is_endless(seen.base)):
        arguments["timeout_s"] = limit_s or ENDLESS_S
    return "try_edits", arguments


def confirm_call(
    candidates: list[Candidate], tests: tuple[str, ...], seen: Seen, are_near: bool = False
) -> tuple[str, dict[str, JsonValue]]:
    """The candidates against tests that pass; a slow suite gets the time that it takes, and judges
    only a few at once, unless these are but the tests near the targets.
    """
    duration_s = seen.base.duration_s if seen.base else 0.0
    is_quick = are_near or not is_slow(seen)
    few = candidates[: CONFIRM_LIMIT if is_quick else SLOW_CONFIRMED]
    name, arguments = try_call(few, tests, seen)
    arguments["total_s"] = max(BATCH_S, min(SUITE_S, 3 * duration_s))
    return name, arguments


def is_slow(seen: Seen) -> bool:
    """Whether the tests take so long that few candidates can be held against all of them."""
    return seen.base is not None and seen.base.duration_s > SLOW_SUITE_S


def probe_of(
    passing: list[Candidate],
    suspicious: dict[tuple[str, int], float],
    codes: Mapping[str, Code | Script],
) -> dict[str, JsonValue] | None:
    """The function through which the tests most likely reach the best candidates' file."""
    path = passing[0].path
    code = codes[path]
    if not isinstance(code, Code):
        return None
    top = [n for n in code.tree.body if isinstance(n, ast.FunctionDef)]
    best = max(top, key=lambda n: suspicious.get((path, n.lineno), 0.0), default=None)
    return {"path": path, "function": best.name} if best else None


def watched(
    suspicious: Mapping[tuple[str, int], float], codes: Mapping[str, Code | Script]
) -> list[JsonValue]:
    """The functions whose variables are worth knowing: the most suspicious ones."""
    found: list[JsonValue] = []
    many = len(suspicious) > STEEP_PLACES
    most = max(suspicious.values(), default=0.0) * (0.5 if many else 1.0)
    for (path, line), score in sorted(suspicious.items(), key=lambda item: (-item[1], item[0])):
        code = codes.get(path)
        if len(found) >= WATCH_LIMIT or score < WATCHED_SHARE * most or not isinstance(code, Code):
            break
        names = [function.name for function in code.functions() if function.lineno == line]
        found += [{"path": path, "function": name} for name in names]
    return found


def _is_endless(report: TestReport) -> bool:
    """Whether a test was stopped: the fault may be a loop without end, which no measure bounds."""
    said = (*report.failures.values(), report.tail)
    return 124 in report.exit_codes.values() or any(_STOPPED.search(text) for text in said)


def edit_call(candidate: Candidate, place: int) -> tuple[str, dict[str, JsonValue]]:
    edit = candidate.edits[place]
    return "edit", {"path": edit.path, "old": edit.old, "new": edit.new}


def submit(summary: str) -> tuple[str, Calls]:
    return summary, [("submit", {"summary": summary})]
