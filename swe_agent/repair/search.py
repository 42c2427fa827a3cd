"""The search: which candidates come next, which passed, which make progress and are built on."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from heapq import merge
from itertools import islice

from swe_agent.repair.asking import near_of, wide_of
from swe_agent.repair.changed import Scope
from swe_agent.repair.choice import fitting, size
from swe_agent.repair.history import Seen, Trial, key_of
from swe_agent.repair.localize import Lines
from swe_agent.repair.propose import Candidate, Suspicions, exact, proposed
from swe_agent.repair.rank import Weights, likeliness, naturalness
from swe_agent.repair.restrict import restricted
from swe_agent.repair.syntax import Code

BATCHES = (40, 80, 160, 200)
"""Candidates of the rounds; in a project, where setting up costs most, all are as the last."""
CANDIDATE_LIMIT = 5000
EXPLORED = 320
"""Candidates tried before one that passes is taken: others may be likelier."""
EXPLORED_LONGEST = 600
"""The same where those that come next are likelier than any that passes."""
EXPLORED_STEP = 40
BASES = 3
SECOND_LIMIT = 400
"""Candidates that are built on one base."""
RESTRICTED_FIRST = 40
"""Conditions that each change which is right for some values gets before any gets more."""
RESTRICTED_LIMIT = 120
RESTRICTED_BATCH = 120
SLOWER_IN_PROJECTS = 2
"""How much longer a restricted one takes there, since more tests judge it."""


@dataclass(slots=True)
class Pool:
    """Candidates made as far as they were asked for, best first."""

    source: Iterator[Candidate]
    made: list[Candidate] = field(default_factory=list)

    def first(self, count: int) -> list[Candidate]:
        """The best `count`, or as many as there are."""
        if count > len(self.made):
            self.made.extend(islice(self.source, count - len(self.made)))
        return self.made[:count]


class Search:
    """The candidates for one state of the files and one list of failing tests; pure but for what it
    keeps ready.
    """

    def __init__(
        self,
        codes: Mapping[str, Code],
        suspicions: Suspicions,
        weights: Weights,
        lines: Lines | None = None,
        more: Iterable[Candidate] = (),
    ) -> None:
        """`more` are candidates of other languages, best first; nothing is built on them."""
        self._codes = dict(codes)
        self._suspicions = dict(suspicions)
        self._weights = weights
        ours = proposed(self._codes, self._suspicions, weights, lines)
        self._pool = Pool(merge(ours, more, key=lambda candidate: -candidate.score))
        self._seconds: dict[str, Pool] = {}
        self._restricted: dict[str, Pool] = {}

    def batch(self, seen: Seen, targets: tuple[str, ...]) -> list[Candidate]:
        """The next candidates to try; empty when the ideas are spent."""
        size = BATCHES[-1 if self._weights.in_project else min(seen.rounds, len(BATCHES) - 1)]
        tried = seen.trials.get(targets, {})
        singles = _untried(self._pool, tried, size, CANDIDATE_LIMIT)
        bases = self._bases(tried, targets, whole_tests=bool(singles))
        if not bases or (singles and seen.rounds < 2):
            return singles
        pairs = self._pairs(bases, tried, size)
        half = max(size // 2, size - len(pairs)) if singles else 0
        return [*singles[:half], *pairs[: size - min(half, len(singles))]]

    def cut_short(self, seen: Seen, targets: tuple[str, ...], limit_s: float) -> list[Candidate]:
        """Candidates that passed half of the tests before one took longer than it was given."""
        tried = seen.trials.get(targets, {})
        return [
            candidate
            for candidate in self._pool.made
            if (trial := tried.get(key_of(candidate.edits)))
            and trial.status == "timeout"
            and 2 * trial.passed >= len(targets)
            and 0 < trial.limit_s < limit_s
        ]

    def passing(self, seen: Seen, targets: tuple[str, ...]) -> list[Candidate]:
        """Candidates with which all targets pass, the likeliest first; those made and taken back
        left out. Where it is known how they behave, those that behave alike speak for each other.
        """
        tried = seen.trials.get(targets, {})
        wide = {**seen.trials.get(wide_of(seen, targets), {}), **tried}
        made = [c for pool in (self._pool, *self._seconds.values()) for c in pool.made]
        cases = [c for pool in self._restricted.values() for c in pool.made]
        good = [
            candidate
            for known, candidates in ((tried, made), (wide, cases))
            for candidate in candidates
            if (trial := known.get(key_of(candidate.edits))) and trial.status == "passed"
            if key_of(candidate.edits) not in seen.rejected and not candidate.is_question
        ]
        tests = _tests_of(seen)
        weighed = [(*self._weight(c, tests), wide[key_of(c.edits)].behaviour) for c in good]
        likely = likeliness(weighed)
        return [good[at] for at in sorted(range(len(good)), key=lambda at: likely[at])]

    def restricted(self, seen: Seen, targets: tuple[str, ...]) -> list[Candidate]:
        """Changes with which the targets pass and other tests do not, each for some cases only; to
        be tried against `wide_of`. None while fewer others were tried.
        """
        tried = seen.trials.get(wide_of(seen, targets), {})
        slower = SLOWER_IN_PROJECTS if self._weights.in_project else 1
        if slower * len(tried) > len(seen.trials.get(targets, {})):
            return []
        found: dict[str, Candidate] = {}
        for limit in (RESTRICTED_FIRST, RESTRICTED_LIMIT):
            for pool in self._cases(seen, targets):
                fresh = _untried(pool, tried, RESTRICTED_BATCH, limit)
                found.update((key_of(c.edits), c) for c in fresh)
            if found:
                break
        return list(found.values())[:RESTRICTED_BATCH]

    def _cases(self, seen: Seen, targets: tuple[str, ...]) -> Iterator[Pool]:
        """What is right for some values only, in the order in which it was tried."""
        tried = seen.trials.get(targets, {})
        others = seen.trials.get(near_of(seen, targets), {})
        for candidate in self._pool.made:
            key = key_of(candidate.edits)
            if (trial := tried.get(key)) is None or trial.status != "passed":
                continue
            other = others.get(key)
            if candidate.is_question or (other is not None and other.status != "passed"):
                if key not in self._restricted:
                    self._restricted[key] = Pool(self._restrictions_of(candidate))
                yield self._restricted[key]

    def _restrictions_of(self, base: Candidate) -> Iterator[Candidate]:
        code = self._codes.get(base.path)
        if code is None or base.rewrite is None:
            return
        around = (f for f in code.functions() if f.lineno <= base.line <= (f.end_lineno or 0))
        scope = Scope(code, max(around, key=lambda f: f.lineno, default=code.tree))
        for rewrite in restricted(code, base.rewrite):
            if scope.changed(rewrite):
                yield replace(
                    base,
                    edits=(exact(base.path, code.text, rewrite),),
                    template=f"{base.template}, restricted",
                    says=f"{base.says}, in some cases",
                    score=base.score * rewrite.weight,
                    rewrite=rewrite,
                    is_question=False,
                )

    def likelier(
        self, seen: Seen, targets: tuple[str, ...], passing: list[Candidate]
    ) -> list[Candidate]:
        """What to try although some pass: the first candidates, then those that would outweigh all
        that pass.
        """
        tried, tests = len(seen.trials.get(targets, {})), _tests_of(seen)
        if tried >= EXPLORED_LONGEST:
            return []
        more = self.batch(seen, targets)[: max(EXPLORED - tried + 1, EXPLORED_STEP)]
        best = max(self._weight(c, tests)[0] for c in passing)
        return more if tried < EXPLORED or (more and more[0].score > best) else []

    def _weight(self, candidate: Candidate, tests: str) -> tuple[float, int]:
        """How likely a candidate that passes is in the light of all that it changes, and how large
        it leaves the function.
        """
        code = self._codes.get(candidate.path)
        weight = candidate.score * _naturalness(candidate, tests)
        if code is None:
            return weight, 0
        text = code.text
        for edit in candidate.edits:
            text = text.replace(edit.old, edit.new) if edit.path == code.path else text
        name = candidate.function
        return weight * fitting(code.text, text, name), size(text, name)

    def nearest(self, seen: Seen, targets: tuple[str, ...]) -> list[Candidate]:
        """The candidates with which most targets pass, though not all."""
        return self._bases(seen.trials.get(targets, {}), targets, whole_tests=False)

    def templates_tried(self, seen: Seen, targets: tuple[str, ...]) -> Counter[str]:
        """How many candidates of each template have a result."""
        tried = seen.trials.get(targets, {})
        pools = (self._pool, *self._seconds.values())
        return Counter(c.template for pool in pools for c in pool.made if key_of(c.edits) in tried)

    def ready(self, seen: Seen, targets: tuple[str, ...]) -> None:
        """Make again what earlier calls were about, so that their results find their candidates."""
        tried = seen.trials.get(targets, {})
        singles = sum(1 for key in tried if key.count('", "') == 2) + BATCHES[-1]
        self._pool.first(min(CANDIDATE_LIMIT, singles))
        if len(tried) > BATCHES[0]:
            self._pairs(self._bases(tried, targets, whole_tests=False), tried, 0)
        if wide_of(seen, targets) in seen.trials:
            for pool in self._cases(seen, targets):
                pool.first(RESTRICTED_LIMIT)

    def _bases(
        self, tried: Mapping[str, Trial], targets: tuple[str, ...], whole_tests: bool
    ) -> list[Candidate]:
        """Candidates worth building on: with the most targets passing.

        With `whole_tests`, one that makes all cases of some test function pass and leaves another
        one failing.
        """
        groups = {_function(test) for test in targets}
        ranked = []
        for candidate in self._pool.made:
            trial = tried.get(key_of(candidate.edits))
            if trial is None or trial.status == "passed" or not trial.passed:
                continue
            if candidate.path not in self._codes or candidate.is_question:
                continue
            if not whole_tests or groups - {_function(test) for test in trial.failed}:
                ranked.append((-trial.passed, -candidate.score, candidate))
        ranked.sort(key=lambda row: row[:2])
        return [candidate for _, _, candidate in ranked[:BASES]]

    def _pairs(
        self, bases: list[Candidate], tried: Mapping[str, Trial], size: int
    ) -> list[Candidate]:
        found: list[Candidate] = []
        for base in bases:
            key = key_of(base.edits)
            if key not in self._seconds:
                self._seconds[key] = Pool(self._built_on(base))
            pool = self._seconds[key]
            made = sum(1 for c in pool.made if key_of(c.edits) in tried)
            pool.first(min(SECOND_LIMIT, made + max(size, BATCHES[-1])))
            found += _untried(pool, tried, max(1, size // len(bases)), SECOND_LIMIT)
        return found[:size]

    def _built_on(self, base: Candidate) -> Iterator[Candidate]:
        """The base with one more edit each."""
        first = base.edits[0]
        text = self._codes[first.path].text.replace(first.old, first.new)
        told = self._codes[first.path].told
        codes = {**self._codes, first.path: Code(first.path, text, told)}
        codes[first.path].signatures = self._codes[first.path].signatures
        moved = _moved(self._suspicions, self._codes[first.path], codes[first.path])
        weights = replace(self._weights, more=())  # what was recorded is of the unchanged lines
        for more in proposed(codes, moved, weights):
            yield replace(
                more,
                edits=(*base.edits, *more.edits),
                template=f"{base.template} and {more.template}",
                says=f"{base.says}, and {more.says} in {more.function}",
                path=base.path,
                line=base.line,
                function=base.function,
                score=base.score * more.score,
                made_of=(more, base),
            )


def _untried(pool: Pool, tried: Mapping[str, Trial], size: int, limit: int) -> list[Candidate]:
    """The best candidates that have no result yet."""
    found: list[Candidate] = []
    count = 0
    while len(found) < size and count < limit:
        step = pool.first(min(limit, count + size))[count:]
        if not step:
            break
        count += len(step)
        found += [c for c in step if key_of(c.edits) not in tried]
    return found[:size]


def _moved(suspicions: Suspicions, before: Code, after: Code) -> dict[tuple[str, int], float]:
    """The suspicions with the lines of functions as they are after an edit of one file."""
    moved = {place: score for place, score in suspicions.items() if place[0] != before.path}
    old = [*before.functions(), *before.constants]
    new = [*after.functions(), *after.constants]
    moved[before.path, 0] = suspicions.get((before.path, 0), 0.0)
    for was, now in zip(old, new, strict=False):
        moved[before.path, now.lineno] = suspicions.get((before.path, was.lineno), 0.0)
    return moved


def _function(test: str) -> str:
    return re.sub(r"\[.*\]$", "", test, flags=re.DOTALL)


def _tests_of(seen: Seen) -> str:
    """What the failing tests say."""
    return "\n".join(seen.base.failures.values()) if seen.base else ""


def _naturalness(candidate: Candidate, tests: str) -> float:
    value = 1.0
    for edit in candidate.edits:
        value *= naturalness(edit.old, edit.new, tests)
    return value
