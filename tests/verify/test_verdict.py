"""The rules of the verdict as a table over reports, and the rounds that `prove` runs for it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from swe_agent.core.task import Status, TestReport
from swe_agent.verify.verdict import Aims, Evidence, ProvingGround, baseline, judge, prove
from tests.verify.fakes import Folders, MemoryStore

P: Status = "passed"
F: Status = "failed"
E: Status = "error"
S: Status = "skipped"
ALL = Aims(given=True)


def report(exit_code: int | None = None, **outcomes: Status) -> TestReport:
    codes = {} if exit_code is None else {"cmd": exit_code}
    return TestReport(outcomes=outcomes, exit_codes=codes)


@dataclass(frozen=True)
class Case:
    base: TestReport
    judged: TestReport
    aims: Aims = ALL
    again: TestReport | None = None
    """The second round of base, where it differs."""
    tests_only: TestReport | None = None
    patched: TestReport | None = None


@pytest.mark.parametrize(
    ("case", "word", "source"),
    [
        (Case(report(a=F, b=P), report(a=P, b=P)), "verified", "given"),
        (Case(report(a=E, b=P), report(a=P, b=P)), "verified", "given"),
        (Case(report(a=F, b=P), report(a=F, b=P)), "unverified", "given"),
        (Case(report(a=F, b=P), report(a=S, b=P)), "unverified", "given"),
        (Case(report(a=F, b=P), report(b=P)), "unverified", "given"),
        (Case(report(a=F, c=F, b=P), report(a=P, c=F, b=P)), "unverified", "given"),
        (Case(report(a=F, b=P), report(a=P, b=F)), "regressed", "given"),
        (Case(report(a=F, b=P), report(a=P, b=S)), "regressed", "given"),
        (Case(report(a=F, b=P), report(a=P)), "regressed", "given"),
        (Case(report(a=F, b=P), report(a=P, b=F), again=report(a=F, b=F)), "verified", "given"),
        (Case(report(a=F, b=P), report(a=P, b=P), again=report(a=P, b=P)), "unverified", "none"),
        (Case(report(a=F), report(a=P), Aims(issue="see test_x.py")), "unverified", "none"),
        (Case(report(a=F, z=F), report(a=P, z=F), Aims(named=("a",))), "verified", "found"),
        (Case(report(a=P), report(a=P), Aims(named=("a",))), "unverified", "none"),
        (Case(report(a=F, z=F), report(a=P, z=F), Aims(fail_to_pass=("a",))), "verified", "given"),
        (Case(report(b=P), report(a=P, b=P), Aims(fail_to_pass=("a",))), "unverified", "given"),
        (Case(report(a=P), report(a=P), Aims(fail_to_pass=("a",))), "unverified", "given"),
        (Case(report(1, cmd=F), report(0, cmd=P)), "verified", "given"),
        (Case(report(2, cmd=E), report(0, a=P)), "verified", "given"),
        (Case(report(2, cmd=E), report(0)), "unverified", "given"),
        (Case(report(1, a=F, b=P), report(139, a=P, b=P, cmd=E)), "regressed", "given"),
        (Case(report(a=P), report(a=P)), "unverified", "none"),
        (
            Case(report(a=P), report(a=P), tests_only=report(a=P, n=F), patched=report(a=P, n=P)),
            "verified",
            "added",
        ),
        (
            Case(report(a=P), report(a=P), tests_only=report(a=P, n=P), patched=report(a=P, n=P)),
            "unverified",
            "added",
        ),
        (
            Case(report(a=P), report(a=P), tests_only=report(a=P, n=F), patched=report(a=P, n=F)),
            "unverified",
            "added",
        ),
        (
            Case(report(a=P), report(a=P), tests_only=report(a=P), patched=report(a=P, n=P)),
            "unverified",
            "added",
        ),
        (
            Case(report(a=P), report(a=F), tests_only=report(a=P, n=F), patched=report(a=P, n=P)),
            "regressed",
            "added",
        ),
    ],
    ids=[
        "failing becomes passing",
        "error becomes passing",
        "still failing",
        "target skipped",
        "target gone",
        "one of two targets",
        "guard fails",
        "guard skipped",
        "guard gone",
        "flaky is neither guard nor target",
        "flaky alone is no target",
        "not named by the issue",
        "named by a reproduction",
        "named but passes at base",
        "listed alone counts",
        "listed but absent at base",
        "listed but passes at base",
        "plain command",
        "crashed command now runs",
        "crashed command now empty",
        "crash at the end",
        "nothing fails",
        "added counts",
        "added passes without the patch",
        "added fails with the patch",
        "added never seen to fail",
        "added, guard lost",
    ],
)
def test_the_verdict_follows_the_rules(case: Case, word: str, source: str) -> None:
    evidence = Evidence(
        base=(case.base, case.again or case.base),
        judged=case.judged,
        tests_only=case.tests_only,
        patched=case.patched,
    )
    verdict = judge(evidence, case.aims)
    assert (verdict.word, verdict.targets_from) == (word, source)
    assert verdict.reason


def test_what_passes_now_and_nobody_named_is_told_with_what_to_do() -> None:
    base = report(a=F, b=F, c=P, d=F)
    evidence = Evidence(base=(base, base), judged=report(a=P, b=P, c=P, d=F))
    verdict = judge(evidence, Aims(issue="it is wrong"))
    assert verdict.word == "unverified"
    assert "2 tests that failed there pass with it" in verdict.reason
    assert "--test (a, b)" in verdict.reason


def test_a_file_that_did_not_load_is_fixed_when_all_its_tests_pass() -> None:
    base = TestReport(outcomes={"t.py": "error"})
    good = TestReport(outcomes={"t.py::a": "passed", "t.py::b": "passed"})
    half = TestReport(outcomes={"t.py::a": "passed", "t.py::b": "failed"})
    assert judge(Evidence((base, base), good), ALL).word == "verified"
    assert judge(Evidence((base, base), half), ALL).word == "unverified"


def test_an_added_test_whose_file_does_not_load_without_the_patch_fails_without_it() -> None:
    base = TestReport(outcomes={"t.py::a": "passed"})
    without = TestReport(outcomes={"n.py": "error"})
    patched = TestReport(outcomes={"t.py::a": "passed", "n.py::new": "passed"})
    verdict = judge(Evidence((base, base), base, ("n.py",), without, patched), Aims())
    assert (verdict.word, verdict.fixed) == ("verified", ("n.py::new",))


def test_a_test_that_the_product_brings_is_not_added_by_the_patchs_tests() -> None:
    base = TestReport(outcomes={"t.py::p[1]": "passed"})
    judged = TestReport(outcomes={"t.py::p[1]": "passed", "t.py::p[2]": "passed"})
    verdict = judge(Evidence((base, base), judged, ("u.py",), base, judged), Aims())
    assert (verdict.word, verdict.targets) == ("unverified", ())


def test_added_tests_do_not_count_where_the_command_breaks_with_them() -> None:
    base = TestReport(outcomes={"a": "passed"}, exit_codes={"cmd": 0})
    without = TestReport(outcomes={"a": "passed", "n": "failed"}, exit_codes={"cmd": 1})
    broken: dict[str, Status] = {"a": "passed", "n": "passed", "cmd": "error"}
    patched = TestReport(outcomes=broken, exit_codes={"cmd": 139})
    verdict = judge(Evidence((base, base), base, ("n.py",), without, patched), Aims())
    assert (verdict.word, verdict.lost) == ("regressed", ("cmd",))


COMMAND = "python -m pytest -q"
PRODUCT = {"calc.py": "def add(a, b):\n    return a - b\n", "test_other.py": "def test_o(): pass\n"}
FIX = {"calc.py": "def add(a, b):\n    return a + b\n"}
ADDED = {"test_add.py": "from calc import add\ndef test_add(): assert add(2, 2) == 4\n"}


@dataclass
class Trial:
    store: MemoryStore
    folders: Folders
    ground: ProvingGround

    def prove(self, patch: dict[str, str], aims: Aims, base: bool = False):
        tree = self.store.tree(PRODUCT)
        reports = baseline(self.ground, tree) if base else ()
        return prove(self.ground, tree, self.store.tree({**PRODUCT, **patch}), aims, reports)


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    store = MemoryStore()
    folders = Folders(store, tmp_path)
    return Trial(store, folders, ProvingGround(store, folders.fresh, (COMMAND,), 60, store))


def test_an_empty_patch_is_no_patch_and_runs_nothing(trial: Trial) -> None:
    assert trial.prove({}, Aims()).verdict.word == "no_patch"
    assert trial.folders.opened == []


def test_added_tests_are_run_with_and_without_the_patch(trial: Trial) -> None:
    proof = trial.prove({**FIX, **ADDED}, Aims())
    assert (proof.verdict.word, proof.verdict.targets_from) == ("verified", "added")
    assert proof.verdict.fixed == ("test_add.py::test_add",)
    assert len(proof.rounds) == 5
    assert [one.tree for one in proof.rounds] == trial.folders.opened


def test_baseline_rounds_that_were_run_before_are_not_repeated(trial: Trial) -> None:
    proof = trial.prove(dict(FIX), Aims(), base=True)
    assert len(trial.folders.opened) == 3
    assert len(proof.rounds) == 1
    assert (proof.verdict.word, proof.verdict.targets_from) == ("unverified", "none")


def test_given_targets_need_no_round_of_added_tests(trial: Trial) -> None:
    proof = trial.prove({**FIX, **ADDED}, Aims(fail_to_pass=("test_add.py::test_add",)), base=True)
    assert len(proof.rounds) == 1
    assert proof.verdict.word == "unverified"


def test_every_round_stores_its_output(trial: Trial) -> None:
    proof = trial.prove(dict(FIX), Aims(), base=True)
    (only,) = proof.rounds
    assert only.report.blob is not None
    assert b"1 passed" in trial.store.get(only.report.blob)
