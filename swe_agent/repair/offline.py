"""The offline model: a policy over the tools that repairs programs by templates. Every reply is a
function of the conversation alone, so a resumed or replayed run goes the same way.
"""

import math
from collections.abc import Hashable
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from swe_agent.core.messages import ToolCall, Turn
from swe_agent.core.protocols import Model, Prompt
from swe_agent.repair import explain
from swe_agent.repair.asking import (
    Call,
    Calls,
    are_apart,
    confirm_call,
    covered,
    edit_call,
    guards_of,
    is_slow,
    lost_by,
    near_of,
    probe_of,
    spectrum_call,
    submit,
    targets_of,
    try_call,
    watched,
    wide_of,
)
from swe_agent.repair.history import EVERY_FILE, Seen, folded, key_of
from swe_agent.repair.localize import (
    failing_test,
    frames,
    imported,
    is_project_module,
    is_test_file,
    modules_of,
)
from swe_agent.repair.minimize import least
from swe_agent.repair.propose import Candidate
from swe_agent.repair.reading import (
    FILE_LIMIT,
    VIEWS_PER_TURN,
    judged_by_commands,
    likely_sources,
    scripts_of,
    views_of,
)
from swe_agent.repair.ready import Ready, made_ready
from swe_agent.repair.reproduction import FILE, examples_in, reproduction
from swe_agent.repair.scripts import (
    Script,
    script_globs,
)
from swe_agent.repair.syntax import Code

GLOB_LIMIT: Final = 60
PROBE_LIMIT: Final = 60
EXPLORE_S: Final = 15.0
"""Seconds of the search after which one that passes is taken at once."""
FAULT_LIMIT: Final = 3
PATIENT_S: Final = 6.0
"""Processor seconds for one test with a candidate that passed some tests and then was stopped."""
AGAIN_LIMIT: Final = 4
FEW_FUNCTIONS: Final = 8
MANY_FUNCTIONS: Final = 40
"""With more than these it is a project, of whose faults the templates have priors of their own."""


class OfflineModel:
    """Repairs Python programs that have a failing test; costs nothing and needs no network."""

    def __init__(self, search_s: float = math.inf) -> None:
        """`search_s` bounds the seconds of `try_edits` in all; without it the run's limits do."""
        self._search_s = search_s
        self._ready: dict[Hashable, Ready] = {}
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

    def _next(self, seen: Seen, offered: set[str]) -> tuple[str, Calls]:
        if seen.faults >= FAULT_LIMIT and not seen.standing:
            return submit("The tools gave no answer; nothing was changed.")
        if seen.base is None:
            return "Which tests fail?", [("run_tests", {})]
        targets = targets_of(seen.issue, seen.base)
        if not targets and not examples_in(seen.issue):
            return submit(explain.of_nothing(seen.base))
        if seen.paths is None:
            others = script_globs() if judged_by_commands(seen, targets) else ()
            globs = (EVERY_FILE, *others)
            return "Where are the sources?", [("find_file", {"glob": glob}) for glob in globs]
        if not targets or are_apart(seen, targets):
            if step := self._reproduce(seen):
                return step
            if not targets:
                return submit(explain.of_nothing(seen.base, len(self._reproduction(seen)[1])))
        return self._go_for(seen, targets, offered)

    def _reproduce(self, seen: Seen) -> tuple[str, Calls] | None:
        """Make tests of the issue's examples, and go for those that fail; None where none does."""
        views = views_of(seen, likely_sources(seen))
        if views and not seen.standing:
            return "The issue has examples that no test shows; reading the sources.", views
        text, tests = self._reproduction(seen)
        trial = seen.trials.get(tests, {}).get(key_of(()))
        extra: dict[str, JsonValue] = {"files": {FILE: text}}
        if tests and trial is None and seen.faults < FAULT_LIMIT:
            name, arguments = try_call([], tests, seen)
            call = (name, arguments | {"candidates": [[]]} | extra)
            return "Do the issue's examples hold?", [call]
        failing = trial.failed if trial else ()
        if not failing:
            return None
        is_open = seen.standing and seen.latest is None
        step = self._after_edit if is_open else self._repair
        says, calls = step(seen, failing)
        return says, [(n, given | extra if n == "try_edits" else given) for n, given in calls]

    def _reproduction(self, seen: Seen) -> tuple[str, tuple[str, ...]]:
        codes = {path: code for path in seen.texts if (code := self._code(seen, path))}
        return reproduction(seen.issue, codes, seen.paths or set())

    def _go_for(self, seen: Seen, targets: tuple[str, ...], offered: set[str]) -> tuple[str, Calls]:
        if seen.standing and seen.latest is None:
            return self._after_edit(seen, targets)
        unseen = self._unlisted(seen, targets) or self._unseen(seen, targets)
        if unseen and not seen.standing:
            return "Reading the files that the failing tests reach.", unseen
        if seen.lines is None and not seen.standing and self._is_wide(seen, targets):
            if "localize" in offered:
                call = spectrum_call(seen, targets)
                return "Which lines do the failing tests run alone?", [call]
            if "tool_search" in offered and not seen.has_asked_for_tools:
                return "Is there a tool for it?", [("tool_search", {"query": "localize"})]
        return self._repair(seen, targets)

    def _after_edit(self, seen: Seen, targets: tuple[str, ...]) -> tuple[str, Calls]:
        kept = self._standing(seen, targets)
        if kept is not None and len(kept.edits) > len(seen.standing):
            return "The repair's next edit.", [edit_call(kept, len(seen.standing))]
        return "Do all tests pass with the edit?", [("run_tests", {})]

    def _standing(self, seen: Seen, targets: tuple[str, ...]) -> Candidate | None:
        """The candidate that the edits in force are of."""
        made = tuple(seen.standing)
        search = self._search(seen, targets)[0]
        known = search.passing(seen, targets)
        whole = (form for c in known for form in (c, least(c, seen, targets)[0]))
        return next((c for c in whole if c.edits[: len(made)] == made), None)

    def _repair(self, seen: Seen, targets: tuple[str, ...]) -> tuple[str, Calls]:
        search, suspicious, codes = self._search(seen, targets)
        passing = search.passing(seen, targets)
        tried = len(seen.trials.get(targets, {}))
        if seen.standing and seen.latest is not None:
            return self._judged(seen, targets, passing, tried)
        left_s = self._search_s - seen.seconds
        explore_s = EXPLORE_S - seen.seconds
        if passing and explore_s > 0:
            more = search.likelier(seen, targets, passing)
            if more:
                text = f"{len(passing)} candidates pass; is there a likelier one?"
                return text, [try_call(more, targets, seen, total_s=explore_s)]
        sound = self._near_ones(seen, passing, targets)[0]
        probe = probe_of(sound, suspicious, codes) if len(sound) > 1 else None
        if probe and not seen.is_probed:
            name, arguments = try_call(sound[:PROBE_LIMIT], targets, seen)
            return "Which of them behave alike?", [(name, arguments | {"probe": probe})]
        judged = self._chosen(seen, targets, passing)
        if judged:
            return judged
        cases = search.restricted(seen, targets) if left_s > 0 else []
        if cases:
            text = f"In which cases: trying {len(cases)} conditions of changes that go too far."
            return text, [try_call(cases, wide_of(seen, targets), seen, total_s=left_s)]
        again = search.cut_short(seen, targets, PATIENT_S)[:AGAIN_LIMIT]
        if again and left_s > 0:
            call = try_call(again, targets, seen, PATIENT_S)
            return "Some were stopped early; trying them with more time.", [call]
        return self._next_batch(seen, targets, left_s)

    def _chosen(
        self, seen: Seen, targets: tuple[str, ...], passing: list[Candidate]
    ) -> tuple[str, Calls] | None:
        """The step to the best of those that pass: the other tests, its smallest form, its edit;
        None where all lose tests.
        """
        guards = guards_of(seen, targets)
        kept_ones = self._kept(seen, passing, targets)
        sound, doubted = self._near_ones(seen, passing, targets)
        unconfirmed = [c for c in sound if key_of(c.edits) not in seen.trials.get(guards, {})]
        if doubted and not unconfirmed and not kept_ones:
            text = f"{len(passing)} candidates fix the failing tests; do those near still pass?"
            return text, [confirm_call(doubted, near_of(seen, targets), seen, True)]
        if unconfirmed and guards and not (kept_ones and is_slow(seen)):
            text = f"{len(passing)} candidates fix the failing tests; do the others still pass?"
            return text, [confirm_call(unconfirmed, guards, seen)]
        if kept_ones:
            best, untried = least(kept_ones[0], seen, targets)
            if untried and not seen.faults:  # what cannot be made smaller in time stands
                call = confirm_call(untried, (*targets, *guards), seen)
                return "Is every part of the repair needed?", [call]
            return f"The best repair {best.says}.", [edit_call(best, 0)]
        return None

    def _next_batch(self, seen: Seen, targets: tuple[str, ...], left_s: float) -> tuple[str, Calls]:
        """The candidates that come next; where there are none, the diagnosis."""
        search, suspicious, codes = self._search(seen, targets)
        tried = len(seen.trials.get(targets, {}))
        near = next(iter(search.nearest(seen, targets)), None)
        templates = search.templates_tried(seen, targets)
        found = explain.Found(suspicious, codes, tried, templates, near)
        batch = search.batch(seen, targets) if left_s > 0 else []
        if not batch:
            return submit(explain.of_failure(seen, found, left_s > 0))
        first = f"the first {batch[0].says} in {batch[0].function}"
        lines = [f"Trying {len(batch)} candidates; {first}.", *explain.of_search(found)]
        name, arguments = try_call(batch, targets, seen, total_s=left_s)
        if seen.states is None:
            arguments |= {"watch": watched(suspicious, codes)}
        return "\n".join(lines), [(name, arguments)]

    def _judged(
        self, seen: Seen, targets: tuple[str, ...], passing: list[Candidate], tried: int
    ) -> tuple[str, Calls]:
        """What follows from the tests since the edits that stand."""
        assert seen.latest is not None
        if set(targets) & seen.latest.failed or lost_by(seen):
            back: Call = ("undo", {"path": seen.standing[-1].path})
            return "The edit loses a test; taking it back.", [back]
        kept = self._standing(seen, targets)
        if kept is None:
            return submit("The failing tests pass with the edit.")
        rivals = len(self._kept(seen, passing, targets)) - 1
        suspicious = self._search(seen, targets)[1]
        return submit(explain.of_repair(kept, rivals, tried, suspicious))

    def _near_ones(
        self, seen: Seen, passing: list[Candidate], targets: tuple[str, ...]
    ) -> tuple[list[Candidate], list[Candidate]]:
        """Those with which the tests near the targets pass too, and those not yet held against
        them; where these tests are all that there are, there is no such difference.
        """
        near = near_of(seen, targets)
        if near == guards_of(seen, targets):
            return passing, []
        known = {**seen.trials.get(wide_of(seen, targets), {}), **seen.trials.get(near, {})}
        doubted = [c for c in passing if key_of(c.edits) not in known]
        tried = [(c, known[key_of(c.edits)]) for c in passing if key_of(c.edits) in known]
        return [c for c, trial in tried if trial.status == "passed"], doubted

    def _kept(
        self, seen: Seen, passing: list[Candidate], targets: tuple[str, ...]
    ) -> list[Candidate]:
        """The passing candidates that lose no other test."""
        guards = guards_of(seen, targets)
        if not guards:
            return passing
        trials = seen.trials.get(guards, {})
        return [c for c in passing if (t := trials.get(key_of(c.edits))) and t.status == "passed"]

    def _search(self, seen: Seen, targets: tuple[str, ...]) -> Ready:
        codes = {path: code for path in seen.texts if (code := self._code(seen, path))}
        if any(test.startswith(FILE) for test in targets):
            codes[FILE] = Code(FILE, self._reproduction(seen)[0])
        read = [path for path in scripts_of(seen, targets) if path in seen.texts]
        texts = {path: code.text for path, code in codes.items()}
        texts.update({path: seen.texts[path] for path in read})
        key = (*sorted(texts.items()), targets, seen.issue, bool(seen.lines), seen.states is None)
        if key not in self._ready:
            scripts = {path: Script(path, seen.texts[path]) for path in read}
            is_project = self._count(seen) > MANY_FUNCTIONS
            self._ready = {key: made_ready(seen, targets, codes, scripts, is_project)}
        ready = self._ready[key]
        ready[0].ready(seen, targets)
        return ready

    def _unseen(self, seen: Seen, targets: tuple[str, ...]) -> Calls:
        """Views of files that matter and were not read yet, up to a few at once."""
        paths = seen.paths or set()
        failures = seen.base.failures if seen.base else {}
        failing = [failing_test(t, failures.get(t, ""), paths) for t in targets]
        wanted: dict[str, None] = dict.fromkeys(f.path for f in failing if f.path)
        for test in failing:
            wanted.update(dict.fromkeys(path for path, _ in frames(test.text, paths)))
        wanted.update(dict.fromkeys((*covered(seen), *scripts_of(seen, targets))))
        for path in wanted.copy():
            self._add_imports(seen, path, wanted)
        return views_of(seen, wanted)

    def _is_wide(self, seen: Seen, targets: tuple[str, ...]) -> bool:
        """Whether it pays to see which lines the tests run: pytest knows them by these names, and
        there is more than a handful of functions."""
        return self._count(seen) > FEW_FUNCTIONS and any("::" in test for test in targets)

    def _count(self, seen: Seen) -> int:
        """How many functions the sources that were read have."""
        codes = [code for path in seen.texts if (code := self._code(seen, path))]
        return sum(1 for c in codes if not is_test_file(c.path) for _ in c.functions())

    def _unlisted(self, seen: Seen, targets: tuple[str, ...]) -> Calls:
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
        if text is None or seen.next_lines.get(path) or "\r" in text or not path.endswith(".py"):
            return None
        if (path, text) not in self._codes:
            try:
                self._codes[path, text] = Code(path, text)
            except (SyntaxError, ValueError, RecursionError):
                self._codes[path, text] = None
        return self._codes[path, text]


if TYPE_CHECKING:
    _: Model = OfflineModel()
