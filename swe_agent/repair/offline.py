"""The offline model: a policy over the tools that repairs programs by templates. Every reply is a
function of the conversation alone, so a resumed or replayed run goes the same way.
"""

import ast
import re
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from swe_agent.core.messages import ToolCall, Turn
from swe_agent.core.protocols import Model, Prompt
from swe_agent.core.task import TestReport
from swe_agent.repair import explain
from swe_agent.repair.examples import FILE, examples_in, reproduction
from swe_agent.repair.history import EVERY_FILE, Seen, folded, key_of
from swe_agent.repair.localize import (
    failing_test,
    frames,
    imported,
    is_project_module,
    is_test_file,
    modules_of,
    suspicions,
)
from swe_agent.repair.propose import Candidate
from swe_agent.repair.rank import weights_from
from swe_agent.repair.reading import FILE_LIMIT, VIEWS_PER_TURN, likely_sources, views_of
from swe_agent.repair.search import Search
from swe_agent.repair.syntax import Code
from swe_agent.verify.naming import named_by

GLOB_LIMIT: Final = 60
GUARD_LIMIT: Final = 1500
CONFIRM_LIMIT: Final = 20
PROBE_LIMIT: Final = 60
BATCH_S: Final = 30.0
LEAST_BATCH_S: Final = 3.0
EXPLORED: Final = 80
"""Candidates tried before one that passes is taken: others may be likelier."""
EXPLORE_SHARE: Final = 0.25
"""Part of the time for the search that goes into looking further after one passes."""
FAULT_LIMIT: Final = 3
ENDLESS_S: Final = 0.2
"""Processor seconds for one test where the faulty program never ends."""
PATIENT_S: Final = 6.0
"""The same for a candidate that passed some tests and then was stopped."""
AGAIN_LIMIT: Final = 4
FEW_FUNCTIONS: Final = 8
SPECTRUM_TESTS: Final = 60
SPECTRUM_S: Final = 60.0
_STOPPED: Final = re.compile(r"[Tt]imeout\b|timed out")
_Call = tuple[str, dict[str, JsonValue]]
_Calls = list[_Call]


class OfflineModel:
    """Repairs Python programs that have a failing test; costs nothing and needs no network."""

    def __init__(self, search_s: float = 300.0) -> None:
        """`search_s` bounds the seconds that `try_edits` may take in all."""
        self._search_s = search_s
        self._ready: dict[str, Search] = {}
        self._codes: dict[tuple[str, str], Code | None] = {}

    @property
    def name(self) -> str:
        """`offline`."""
        return "offline"

    def worst_case_usd(self, prompt: Prompt) -> float | None:
        """Nothing is ever paid."""
        return 0.0

    def warm_up(self) -> None:
        """Nothing is slow to load."""

    def complete(self, prompt: Prompt) -> Turn:
        """The next calls of the policy, or none where the phase offers no tool for them."""
        seen = folded(prompt.history)
        offered = {tool.name for tool in prompt.tools}
        text, wanted = self._next(seen, offered)
        if offered and any(name not in offered for name, _ in wanted):
            return Turn(text=text, model=self.name)
        calls = tuple(
            ToolCall(id=f"offline-{seen.calls + place}", name=name, arguments=arguments)
            for place, (name, arguments) in enumerate(wanted, start=1)
        )
        return Turn(text=text, calls=calls, stop="tool_use" if calls else "end", model=self.name)

    def _next(self, seen: Seen, offered: set[str]) -> tuple[str, _Calls]:
        if seen.faults >= FAULT_LIMIT and not seen.standing:
            return _submit("The tools gave no answer; nothing was changed.")
        if seen.base is None:
            return "Which tests fail?", [("run_tests", {})]
        targets = targets_of(seen.issue, seen.base)
        if not targets and not examples_in(seen.issue):
            return _submit(explain.of_nothing(seen.base))
        if seen.paths is None:
            return "Where are the sources?", [("find_file", {"glob": EVERY_FILE})]
        if not targets:
            return self._reproduce(seen)
        return self._go_for(seen, targets, offered)

    def _reproduce(self, seen: Seen) -> tuple[str, _Calls]:
        """No test fails: make tests of the issue's examples, and go for those that fail."""
        assert seen.base is not None
        views = views_of(seen, likely_sources(seen))
        if views and not seen.standing:
            return "No test fails, but the issue has examples; reading the sources.", views
        text, tests = self._reproduction(seen)
        trial = seen.trials.get(tests, {}).get(key_of(()))
        extra: dict[str, JsonValue] = {"files": {FILE: text}}
        if tests and trial is None and seen.faults < FAULT_LIMIT:
            name, arguments = _try_call([], tests, seen)
            call = (name, arguments | {"candidates": [[]]} | extra)
            return "Do the issue's examples hold?", [call]
        failing = trial.failed if trial else ()
        if not failing:
            return _submit(explain.of_nothing(seen.base, len(tests)))
        is_open = seen.standing and seen.latest is None
        step = self._after_edit if is_open else self._repair
        says, calls = step(seen, failing)
        return says, [(n, given | extra if n == "try_edits" else given) for n, given in calls]

    def _reproduction(self, seen: Seen) -> tuple[str, tuple[str, ...]]:
        codes = {path: code for path in seen.texts if (code := self._code(seen, path))}
        return reproduction(seen.issue, codes, seen.paths or set())

    def _go_for(
        self, seen: Seen, targets: tuple[str, ...], offered: set[str]
    ) -> tuple[str, _Calls]:
        if seen.standing and seen.latest is None:
            return self._after_edit(seen, targets)
        unseen = self._unlisted(seen, targets) or self._unseen(seen, targets)
        if unseen and not seen.standing:
            return "Reading the files that the failing tests reach.", unseen
        if seen.lines is None and not seen.standing and self._is_wide(seen, targets):
            if "localize" in offered:
                call = _spectrum_call(seen, targets)
                return "Which lines do the failing tests run alone?", [call]
            if "tool_search" in offered and not seen.has_asked_for_tools:
                return "Is there a tool for it?", [("tool_search", {"query": "localize"})]
        return self._repair(seen, targets)

    def _after_edit(self, seen: Seen, targets: tuple[str, ...]) -> tuple[str, _Calls]:
        kept = self._standing(seen, targets)
        if kept is not None and len(kept.edits) > len(seen.standing):
            return "The repair's next edit.", [_edit_call(kept, len(seen.standing))]
        return "Do all tests pass with the edit?", [("run_tests", {})]

    def _standing(self, seen: Seen, targets: tuple[str, ...]) -> Candidate | None:
        """The candidate that the edits in force are of."""
        made = tuple(seen.standing)
        search = self._search(seen, targets)[0]
        known = search.passing(seen, targets)
        return next((c for c in known if c.edits[: len(made)] == made), None)

    def _repair(self, seen: Seen, targets: tuple[str, ...]) -> tuple[str, _Calls]:
        search, suspicious, codes = self._search(seen, targets)
        passing = search.passing(seen, targets)
        tried = len(seen.trials.get(targets, {}))
        if seen.standing and seen.latest is not None:
            return self._judged(seen, targets, passing, tried)
        left_s = self._search_s - seen.seconds
        explore_s = left_s - (1 - EXPLORE_SHARE) * self._search_s
        if passing and tried < EXPLORED and explore_s > 0:
            more = search.batch(seen, targets)[: EXPLORED - tried + 1]
            if more:
                text = f"{len(passing)} candidates pass; is there a likelier one?"
                return text, [_try_call(more, targets, seen, total_s=explore_s)]
        probe = _probe_of(passing, suspicious, codes) if len(passing) > 1 else None
        if probe and not seen.is_probed:
            name, arguments = _try_call(passing[:PROBE_LIMIT], targets, seen)
            return "Which of them behave alike?", [(name, arguments | {"probe": probe})]
        guards = guards_of(seen, targets)
        unconfirmed = [c for c in passing if key_of(c.edits) not in seen.trials.get(guards, {})]
        if unconfirmed and guards:
            text = f"{len(passing)} candidates fix the failing tests; do the others still pass?"
            return text, [_try_call(unconfirmed[:CONFIRM_LIMIT], guards, seen)]
        kept_ones = self._kept(seen, passing, targets)
        if kept_ones:
            best = kept_ones[0]
            return f"The best repair {best.says}.", [_edit_call(best, 0)]
        again = search.cut_short(seen, targets, PATIENT_S)[:AGAIN_LIMIT]
        if again and left_s > 0:
            call = _try_call(again, targets, seen, PATIENT_S)
            return "Some were stopped early; trying them with more time.", [call]
        batch = search.batch(seen, targets) if left_s > 0 else []
        if not batch:
            return _submit(explain.of_failure(seen, suspicious, codes, tried, left_s > 0))
        first = f"the first {batch[0].says} in {batch[0].function}"
        call = _try_call(batch, targets, seen, total_s=left_s)
        return f"Trying {len(batch)} candidates; {first}.", [call]

    def _judged(
        self, seen: Seen, targets: tuple[str, ...], passing: list[Candidate], tried: int
    ) -> tuple[str, _Calls]:
        """What follows from the tests since the edits that stand."""
        assert seen.latest is not None
        if set(targets) & seen.latest.failed or lost_by(seen):
            back: _Call = ("undo", {"path": seen.standing[-1].path})
            return "The edit loses a test; taking it back.", [back]
        kept = self._standing(seen, targets)
        if kept is None:
            return _submit("The failing tests pass with the edit.")
        rivals = len(self._kept(seen, passing, targets)) - 1
        return _submit(explain.of_repair(kept, rivals, tried))

    def _kept(
        self, seen: Seen, passing: list[Candidate], targets: tuple[str, ...]
    ) -> list[Candidate]:
        """The passing candidates that lose no other test."""
        guards = guards_of(seen, targets)
        if not guards:
            return passing
        trials = seen.trials.get(guards, {})
        return [c for c in passing if (t := trials.get(key_of(c.edits))) and t.status == "passed"]

    def _search(
        self, seen: Seen, targets: tuple[str, ...]
    ) -> tuple[Search, dict[tuple[str, int], float], dict[str, Code]]:
        codes = {path: code for path in seen.texts if (code := self._code(seen, path))}
        if any(test.startswith(FILE) for test in targets):
            codes[FILE] = Code(FILE, self._reproduction(seen)[0])
        failures = seen.base.failures if seen.base else {}
        paths = {*(seen.paths or ()), *codes}
        failing = [failing_test(t, failures.get(t, ""), paths) for t in targets]
        suspicious = suspicions(codes, failing, seen.issue, seen.lines)
        known = bool(seen.lines)
        key = repr((sorted((p, c.text) for p, c in codes.items()), targets, seen.issue, known))
        if key not in self._ready:
            weights = weights_from("\n".join(f.text for f in failing))
            self._ready = {key: Search(codes, suspicious, weights, seen.lines)}
        self._ready[key].ready(seen, targets)
        return self._ready[key], suspicious, codes

    def _unseen(self, seen: Seen, targets: tuple[str, ...]) -> _Calls:
        """Views of files that matter and were not read yet, up to a few at once."""
        paths = seen.paths or set()
        failures = seen.base.failures if seen.base else {}
        failing = [failing_test(t, failures.get(t, ""), paths) for t in targets]
        wanted: dict[str, None] = dict.fromkeys(f.path for f in failing if f.path)
        for test in failing:
            wanted.update(dict.fromkeys(path for path, _ in frames(test.text, paths)))
        wanted.update(dict.fromkeys(_covered(seen)))
        for path in wanted.copy():
            self._add_imports(seen, path, wanted)
        return views_of(seen, wanted)

    def _is_wide(self, seen: Seen, targets: tuple[str, ...]) -> bool:
        """Whether it pays to see which lines the tests run: pytest knows them by these names, and
        there is more than a handful of functions."""
        codes = [code for path in seen.texts if (code := self._code(seen, path))]
        count = sum(1 for c in codes if not is_test_file(c.path) for _ in c.functions())
        return count > FEW_FUNCTIONS and any("::" in test for test in targets)

    def _unlisted(self, seen: Seen, targets: tuple[str, ...]) -> _Calls:
        """Searches for files that failing tests and read files name, where not all are listed."""
        if seen.is_listed or len(seen.globs) >= GLOB_LIMIT:
            return []
        codes = [code for path in seen.texts if (code := self._code(seen, path))]
        modules = dict.fromkeys(m for c in codes for m in modules_of(c) if is_project_module(m))
        named = [test.split("::")[0] for test in targets if "::" in test]
        named += [f"{test.rsplit('.', 2)[0].replace('.', '/')}.py" for test in targets]
        globs = dict.fromkeys(name for name in named if name.endswith(".py"))
        globs.update(dict.fromkeys(f"**/{module}.py" for module in modules))
        globs.update(dict.fromkeys(f"**/{module}/__init__.py" for module in modules))
        fresh = [glob for glob in globs if glob not in seen.globs]
        return [("find_file", {"glob": glob}) for glob in fresh[:VIEWS_PER_TURN]]

    def _add_imports(self, seen: Seen, path: str, wanted: dict[str, None]) -> None:
        """Add what a file imports, and what that imports, as far as it was read."""
        code = self._code(seen, path)
        fresh = [p for p in imported(code, seen.paths or set()) if p not in wanted] if code else []
        wanted.update(dict.fromkeys(fresh))
        if len(wanted) < FILE_LIMIT:
            for other in fresh:
                self._add_imports(seen, other, wanted)

    def _code(self, seen: Seen, path: str) -> Code | None:
        """A file parsed; None where it was not read whole, does not parse or has odd line ends."""
        text = seen.texts.get(path)
        if text is None or seen.next_lines.get(path) or "\r" in text:
            return None
        if (path, text) not in self._codes:
            try:
                self._codes[path, text] = Code(path, text)
            except (SyntaxError, ValueError, RecursionError):
                self._codes[path, text] = None
        return self._codes[path, text]


def targets_of(issue: str, report: TestReport) -> tuple[str, ...]:
    """The failing tests that the issue names; all that fail where it names none."""
    failing = sorted(report.failed)
    return tuple(named_by(issue, failing, report.failures)) or tuple(failing)


def guards_of(seen: Seen, targets: tuple[str, ...]) -> tuple[str, ...]:
    """The tests that pass at base, targets left out; those of the targets' files alone where they
    are very many.
    """
    guards = sorted(seen.base.passed - set(targets)) if seen.base else []
    if len(guards) > GUARD_LIMIT:
        files = {test.split("::")[0] for test in targets}
        guards = [test for test in guards if test.split("::")[0] in files][:GUARD_LIMIT]
    return tuple(guards)


def _spectrum_call(seen: Seen, targets: tuple[str, ...]) -> tuple[str, dict[str, JsonValue]]:
    """The failing tests, and as many that pass in the same files as are quickly run."""
    failing = [test for test in targets if "::" in test][:SPECTRUM_TESTS]
    files = {test.split("::")[0] for test in failing}
    passing = [t for t in guards_of(seen, targets) if t.split("::")[0] in files]
    tests: list[JsonValue] = [*failing, *passing[:SPECTRUM_TESTS]]
    return "localize", {"tests": tests, "timeout_s": SPECTRUM_S}


def _covered(seen: Seen) -> list[str]:
    """Files of the project that failing tests ran, the most suspicious first."""
    lines, paths = seen.lines or {}, seen.paths or set()
    found = [path for path in lines if path in paths and not is_test_file(path)]
    return sorted(found, key=lambda path: (-max(lines[path].values()), path))


def lost_by(seen: Seen) -> frozenset[str]:
    """Tests that passed at base and do not with the edits in force."""
    if seen.base is None or seen.latest is None:
        return frozenset()
    return seen.base.passed - seen.latest.passed


def _try_call(
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


def _probe_of(
    passing: list[Candidate],
    suspicious: dict[tuple[str, int], float],
    codes: dict[str, Code],
) -> dict[str, JsonValue] | None:
    """The function through which the tests most likely reach the best candidates' file."""
    path = passing[0].path
    top = [n for n in codes[path].tree.body if isinstance(n, ast.FunctionDef)]
    best = max(top, key=lambda n: suspicious.get((path, n.lineno), 0.0), default=None)
    return {"path": path, "function": best.name} if best else None


def _is_endless(report: TestReport) -> bool:
    """Whether a test was stopped: the fault may be a loop without end, which no measure bounds."""
    said = (*report.failures.values(), report.tail)
    return 124 in report.exit_codes.values() or any(_STOPPED.search(text) for text in said)


def _edit_call(candidate: Candidate, place: int) -> tuple[str, dict[str, JsonValue]]:
    edit = candidate.edits[place]
    return "edit", {"path": edit.path, "old": edit.old, "new": edit.new}


def _submit(summary: str) -> tuple[str, _Calls]:
    return summary, [("submit", {"summary": summary})]


if TYPE_CHECKING:
    _: Model = OfflineModel()
