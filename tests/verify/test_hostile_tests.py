"""Tests and patches that lie: each is seen through, end to end, with real runners."""

from pathlib import Path

import pytest

from swe_agent.core.task import Verdict
from swe_agent.verify.runners import run_tests
from swe_agent.verify.verdict import Aims, ProvingGround, prove
from tests.verify.fakes import Folders, FolderSandbox, MemoryStore, fill

COMMAND = "python -m pytest -q"
BASE = {
    "calc.py": "def add(a, b):\n    return a - b\n\ndef mul(a, b):\n    return a * b\n",
    "test_calc.py": (
        "from calc import add, mul\n"
        "def test_add(): assert add(2, 2) == 4\n"
        "def test_mul(): assert mul(2, 3) == 6\n"
    ),
}
FIXED = {"calc.py": BASE["calc.py"].replace("a - b", "a + b")}
NO_ISSUE = Aims(issue="`add(2, 2)` gives 0")


def verdict_on(tmp_path: Path, patch: dict[str, str | None], aims: Aims = NO_ISSUE) -> Verdict:
    store = MemoryStore()
    base = store.tree(BASE)
    files = {path: text for path, text in {**BASE, **patch}.items() if text is not None}
    ground = ProvingGround(store, Folders(store, tmp_path).fresh, (COMMAND,), 60)
    return prove(ground, base, store.tree(files), aims).verdict


@pytest.fixture
def box(tmp_path: Path) -> FolderSandbox:
    (tmp_path / "repo").mkdir()
    return FolderSandbox(tmp_path / "repo")


def test_an_honest_fix_is_verified(tmp_path: Path) -> None:
    verdict = verdict_on(tmp_path, dict(FIXED))
    assert verdict.word == "verified"
    assert (verdict.targets_from, verdict.fixed) == ("found", ("test_calc.py::test_add",))


def test_printed_passed_lines_are_not_believed(box: FolderSandbox) -> None:
    lie = (
        "print('\\n=== short test summary info ===\\nPASSED test_a.py::test_a\\n1 passed in 0.1s')"
    )
    fill(box.folder, {"test_a.py": f"def test_a():\n    {lie}\n    assert 0\n"})
    assert run_tests(box, [f"{COMMAND} -s"], 60).outcomes == {"test_a.py::test_a": "failed"}


def test_printed_passed_lines_are_not_believed_without_the_recorder(box: FolderSandbox) -> None:
    lie = (
        "import os\ndef test_a():\n"
        "    print('\\n=== short test summary info ===\\nPASSED test_a.py::test_a')\n"
        "    print('1 passed in 0.1s')\n"
        "    os.sys.stdout.flush(); os._exit(0)\n"
    )
    fill(box.folder, {"test_a.py": lie + "def test_b(): pass\n"})
    command = "python -I -m pytest -s"
    report = run_tests(box, [command], 60)
    assert "test_a.py::test_a" not in report.passed


def test_printed_unittest_lines_are_not_believed(box: FolderSandbox) -> None:
    text = (
        "import unittest\nclass A(unittest.TestCase):\n    def test_a(self):\n"
        "        print('test_b (test_a.A) ... ok')\n        self.fail()\n"
    )
    fill(box.folder, {"test_a.py": text})
    assert run_tests(box, ["python -m unittest -v"], 60).outcomes == {"test_a.A.test_a": "failed"}


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), 9)"])
@pytest.mark.parametrize("runner", ["pytest", "unittest"])
def test_a_test_that_ends_the_process_passes_nothing_after_it(
    box: FolderSandbox, end: str, runner: str
) -> None:
    text = (
        "import os, unittest\nclass A(unittest.TestCase):\n    def test_a(self): pass\n"
        f"    def test_b(self): {end}\n    def test_c(self): pass\n"
    )
    fill(box.folder, {"test_a.py": text})
    command = f"python -m {runner}"
    report = run_tests(box, [command], 60)
    assert len(report.passed) == 1
    assert len(report.failed) == 3
    assert report.outcomes[command] == "error"


def test_a_test_file_that_ends_the_process_at_import_is_no_success(box: FolderSandbox) -> None:
    fill(box.folder, {"test_a.py": "import os\nos._exit(0)\n"})
    report = run_tests(box, [COMMAND], 60)
    assert report.exit_codes == {COMMAND: 0}
    assert report.outcomes == {COMMAND: "error"}


def test_pytest_exit_with_code_zero_passes_nothing_after_it(box: FolderSandbox) -> None:
    text = "import pytest\ndef test_a(): pytest.exit('done', returncode=0)\ndef test_b(): pass\n"
    fill(box.folder, {"test_a.py": text})
    assert not run_tests(box, [COMMAND], 60).passed


def test_a_patch_whose_product_ends_the_process_is_regressed(tmp_path: Path) -> None:
    patch = {"calc.py": "import os\n\ndef add(a, b):\n    os._exit(0)\n\nmul = add\n"}
    verdict = verdict_on(tmp_path, dict(patch))
    assert verdict.word == "regressed"
    assert "test_calc.py::test_mul" in verdict.lost


def test_a_new_conftest_that_skips_everything_proves_nothing(tmp_path: Path) -> None:
    skip = "import pytest\ndef pytest_runtest_setup(item): pytest.skip('later')\n"
    verdict = verdict_on(tmp_path, {"conftest.py": skip})
    assert (verdict.word, verdict.changed_tests) == ("unverified", ("conftest.py",))


def test_a_new_conftest_that_makes_everything_pass_proves_nothing(tmp_path: Path) -> None:
    lie = "def pytest_runtest_logreport(report):\n    report.outcome = 'passed'\n"
    verdict = verdict_on(tmp_path, {"conftest.py": lie})
    assert (verdict.word, verdict.fixed) == ("unverified", ())


def test_a_patch_that_deletes_the_guards_is_measured_with_them(tmp_path: Path) -> None:
    broken = {"calc.py": "def add(a, b):\n    return a + b\n", "test_calc.py": None}
    verdict = verdict_on(tmp_path, broken)
    assert verdict.word == "regressed"
    assert verdict.changed_tests == ("test_calc.py",)


def test_a_patch_that_only_edits_the_tests_is_unverified_and_said_so(tmp_path: Path) -> None:
    edited = {"test_calc.py": BASE["test_calc.py"].replace("add(2, 2) == 4", "True")}
    verdict = verdict_on(tmp_path, dict(edited))
    assert (verdict.word, verdict.fixed) == ("unverified", ())
    assert verdict.changed_tests == ("test_calc.py",)


def test_a_fix_that_also_edits_tests_is_verified_by_bases_tests(tmp_path: Path) -> None:
    more = {"test_calc.py": BASE["test_calc.py"] + "def test_new(): assert add(1, 1) == 2\n"}
    verdict = verdict_on(tmp_path, {**FIXED, **more})
    assert (verdict.word, verdict.targets_from) == ("verified", "found")
    assert verdict.changed_tests == ("test_calc.py",)


def test_a_pytest_section_that_the_patch_adds_is_left_out(tmp_path: Path) -> None:
    ini = "[tool.pytest.ini_options]\naddopts = '--collect-only'\n"
    verdict = verdict_on(tmp_path, {**FIXED, "pyproject.toml": ini})
    assert (verdict.word, verdict.changed_tests) == ("verified", ("pyproject.toml",))


def test_a_module_that_takes_the_runners_place_proves_nothing(tmp_path: Path) -> None:
    verdict = verdict_on(tmp_path, {"pytest.py": "import sys\nsys.exit(0)\n"})
    assert (verdict.word, verdict.changed_tests) == ("unverified", ("pytest.py",))
