"""The verdict on a shipped patch: `judge` decides from reports, `prove` gets the reports.

`prove` runs base twice, then the patch with base's tests (targets and guards that exist at base),
and, only where no target exists at base, the patch's own tests with and without the patch. Each
run has a fresh sandbox.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

from swe_agent.core.errors import SandboxLost
from swe_agent.core.protocols import BlobStore, Sandbox
from swe_agent.core.task import TargetsFrom, TestReport, Verdict, VerdictWord
from swe_agent.verify.compare import failing_of, guards_of, lost_guards
from swe_agent.verify.naming import named_by
from swe_agent.verify.reports import passes
from swe_agent.verify.runners import run_tests
from swe_agent.verify.trees import Trees, TrialTrees, trial_trees

_NAMES_SHOWN = 5
_LOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class Aims:
    """What a patch was asked to achieve, as far as tests can say it."""

    issue: str = ""
    """Untrusted text; searched for the names of failing tests."""
    given: bool = False
    """Whether the user gave the test commands (`--test`)."""
    fail_to_pass: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    """Tests that a reproduction names."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The reports that a verdict rests on."""

    base: tuple[TestReport, ...]
    """Two rounds of the untouched base."""
    judged: TestReport
    """The patch with base's tests and test configuration."""
    changed_tests: tuple[str, ...] = ()
    tests_only: TestReport | None = None
    """Base with the patch's tests; None where they were not needed."""
    patched: TestReport | None = None
    """The patch as it ships; None where it was not needed."""


@dataclass(frozen=True, slots=True)
class ProvingGround:
    """Where and how tests of a trial are run."""

    store: Trees
    fresh: Callable[[str], AbstractContextManager[Sandbox]]
    """A fresh sandbox with the tree of this hash, and the set-up of the run."""
    commands: tuple[str, ...]
    timeout_s: float
    """Of each command."""
    blobs: BlobStore | None = None

    def round(self, tree: str) -> TestReport:
        """Run the commands once on a tree, in a sandbox of its own; in another if that is lost.

        Raises:
            SandboxLost: again and again.
        """
        for _ in range(_LOST_TRIES - 1):
            with suppress(SandboxLost):
                return self._round(tree)
        return self._round(tree)

    def _round(self, tree: str) -> TestReport:
        if not self.commands:
            return TestReport()
        with self.fresh(tree) as sandbox:
            return run_tests(sandbox, self.commands, self.timeout_s, blobs=self.blobs)


@dataclass(frozen=True, slots=True)
class Round:
    """One run of the test commands on one tree."""

    tree: str
    report: TestReport


@dataclass(frozen=True, slots=True)
class Proof:
    """A verdict and the rounds that were run for it, in order."""

    verdict: Verdict
    rounds: tuple[Round, ...]


def baseline(ground: ProvingGround, base_tree: str) -> tuple[TestReport, TestReport]:
    """Two rounds of base, each in a fresh sandbox; a test that passes in one only is flaky.

    Raises:
        EnvironmentFault: no sandbox could be had.
    """
    return ground.round(base_tree), ground.round(base_tree)


def prove(
    ground: ProvingGround,
    base_tree: str,
    patched_tree: str,
    aims: Aims,
    base_reports: Sequence[TestReport] = (),
) -> Proof:
    """Run what the verdict on a patch needs, and judge.

    `base_reports` are two rounds that were already run on a fresh base; without them they are run
    here.

    Raises:
        EnvironmentFault: no sandbox could be had, or it was lost.
    """
    trees = trial_trees(ground.store, base_tree, patched_tree, ground.commands)
    if trees.judged == base_tree and not trees.changed_tests:
        return Proof(Verdict(word="no_patch", reason="The patch changes nothing."), ())
    rounds: list[Round] = []

    def run(tree: str) -> TestReport:
        known = next((one.report for one in rounds if one.tree == tree), None)
        if known is None:
            known = ground.round(tree)
            rounds.append(Round(tree, known))
        return known

    if len(base_reports) < 2:
        base_reports = baseline(ground, base_tree)
        rounds += [Round(base_tree, report) for report in base_reports]
    base = tuple(base_reports)
    judged = base[-1] if trees.judged == base_tree else run(trees.judged)
    evidence = Evidence(base, judged, trees.changed_tests)
    if not targets_of(base, aims)[1] and not aims.fail_to_pass and trees.changed_tests:
        evidence = _with_added(evidence, trees, run)
    return Proof(judge(evidence, aims), tuple(rounds))


def _with_added(
    evidence: Evidence, trees: TrialTrees, run: Callable[[str], TestReport]
) -> Evidence:
    patched = run(trees.patched)
    return Evidence(
        evidence.base, evidence.judged, evidence.changed_tests, run(trees.tests_only), patched
    )


def targets_of(base: Sequence[TestReport], aims: Aims) -> tuple[TargetsFrom, tuple[str, ...]]:
    """The targets that exist before any patch, and where they come from; flaky tests are none.

    Listed tests first, then what fails under the user's own command, then failing tests that the
    issue or a reproduction names.
    """
    failing = failing_of(base)
    if aims.fail_to_pass:
        flaky = frozenset().union(*(report.passed for report in base)) - guards_of(base)
        return "given", tuple(sorted(set(aims.fail_to_pass) - flaky))
    if aims.given and failing:
        return "given", tuple(sorted(failing))
    texts = base[0].failures if base else {}
    found = set(named_by(aims.issue, failing, texts)) | (failing & set(aims.named))
    return ("found", tuple(sorted(found))) if found else ("none", ())


def judge(evidence: Evidence, aims: Aims) -> Verdict:
    """The verdict that the evidence allows; the rules are those of the command line's contract."""
    source, targets = targets_of(evidence.base, aims)
    if source == "none":
        targets = _added(evidence)
        source = "added" if targets else "none"
        fixed = tuple(test for test in targets if _counts_as_added(evidence, test))
    else:
        failing = failing_of(evidence.base)
        fixed = tuple(test for test in targets if test in failing and passes(evidence.judged, test))
    lost = lost_guards(evidence.judged, guards_of(evidence.base)) + _crashed(evidence)
    verified = bool(targets) and fixed == targets and not lost
    word: VerdictWord = "regressed" if lost else "verified" if verified else "unverified"
    return Verdict(
        word=word,
        targets_from=source,
        targets=targets,
        fixed=fixed,
        lost=lost,
        changed_tests=evidence.changed_tests,
        reason=_reason(evidence, source, (targets, fixed, lost)),
    )


def _crashed(evidence: Evidence) -> tuple[str, ...]:
    """Commands that broke with the patch and in no round of base."""
    reports = [report for report in (evidence.judged, evidence.patched) if report is not None]
    broken = {c for one in reports for c in one.exit_codes if one.outcomes.get(c) == "error"}
    known = set().union(*(one.failed for one in evidence.base)) | guards_of(evidence.base)
    return tuple(sorted(broken - known))


def _added(evidence: Evidence) -> tuple[str, ...]:
    """Tests that are there only with the patch's own test files."""
    if evidence.patched is None:
        return ()
    known = set(evidence.judged.outcomes) | set(evidence.patched.exit_codes)
    known.update(*(report.outcomes for report in evidence.base))
    return tuple(sorted(set(evidence.patched.outcomes) - known))


def _why_no_targets(evidence: Evidence) -> str:
    """That there are none, and what might be one."""
    why = "No test fails at base that the issue names, and the patch adds none"
    fixed = [test for test in failing_of(evidence.base) if passes(evidence.judged, test)]
    if not fixed:
        return f"{why}."
    tests = "test that failed there passes" if len(fixed) == 1 else "tests that failed there pass"
    return (
        f"{why}. {len(fixed)} {tests} with it: name what counts in the issue, or with --test "
        f"({_listed(tuple(sorted(fixed)))})."
    )


def _counts_as_added(evidence: Evidence, test: str) -> bool:
    """Whether an added test fails without the patch's product and passes with it.

    A test whose file does not even load without the patch fails without it.
    """
    before, after = evidence.tests_only, evidence.patched
    if before is None or after is None or after.outcomes.get(test) != "passed":
        return False
    if test in before.outcomes:
        return test in before.failed
    return any(test.startswith((f"{broken}::", f"{broken}.")) for broken in before.failed)


def _reason(
    evidence: Evidence,
    source: TargetsFrom,
    sets: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]],
) -> str:
    targets, fixed, lost = sets
    if lost:
        return f"Passed twice at base and not with the patch: {_listed(lost)}."
    if not targets:
        return _why_no_targets(evidence)
    if fixed == targets:
        return f"{len(fixed)} of {len(targets)} targets fail at base and pass with the patch."
    open_ = tuple(test for test in targets if test not in fixed)
    if source == "added":
        idle = tuple(t for t in open_ if evidence.patched and passes(evidence.patched, t))
        if idle:
            return f"Added tests that pass without the patch too: {_listed(idle)}."
    else:
        failing = failing_of(evidence.base)
        idle = tuple(test for test in open_ if test not in failing)
        if idle:
            return f"Targets that do not fail at base: {_listed(idle)}."
    return f"Targets that do not pass with the patch: {_listed(open_)}."


def _listed(tests: Sequence[str]) -> str:
    """A few names, and how many more.

    >>> _listed(["a", "b"])
    'a, b'
    """
    more = len(tests) - _NAMES_SHOWN
    return ", ".join(tests[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
