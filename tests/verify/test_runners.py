"""What real runners of little projects come to; hostile ones are in `test_hostile_tests`."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from swe_agent.core.errors import EnvironmentFault, SandboxStarved
from swe_agent.core.protocols import CommandResult, Sandbox
from swe_agent.core.task import TestReport
from swe_agent.verify.runners import require_collected, run_tests
from tests.verify.fakes import FolderSandbox, MemoryStore, fill

SUITE = """
import unittest
import pytest

@pytest.mark.parametrize("x", ["a - b", "c d", "[z] - y"])
def test_param(x):
    assert x != "c d", "boom"

def test_bad():
    assert {"a": 1} == {"a": 2}

@pytest.fixture
def broken():
    raise ValueError("fixture broke")

def test_setup(broken): pass

@pytest.fixture
def late():
    yield
    raise ValueError("late")

def test_teardown(late): pass

@pytest.mark.skip
def test_skip(): pass

@pytest.mark.xfail
def test_expected(): assert 0

@pytest.mark.xfail(strict=True)
def test_unexpected(): pass

class TestUnit(unittest.TestCase):
    def test_method(self): pass
"""
UNIT = '''
import unittest

class A(unittest.TestCase):
    def test_ok(self):
        """A first line.

        And a second one.
        """
    def test_bad(self): self.assertEqual(1, 2)
    def test_broken(self): raise ValueError("x")
    def test_parts(self):
        for i in range(3):
            with self.subTest(i=i): self.assertNotEqual(i, 1)
    @unittest.skip("x")
    def test_skip(self): pass
    @unittest.expectedFailure
    def test_expected(self): self.fail()
    @unittest.expectedFailure
    def test_unexpected(self): pass

class B(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise ValueError("class")
    def test_one(self): pass

class C(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise unittest.SkipTest("no")
    def test_one(self): pass
'''


@pytest.fixture
def box(tmp_path: Path) -> FolderSandbox:
    (tmp_path / "repo").mkdir()
    return FolderSandbox(tmp_path / "repo")


def test_pytest_outcomes_carry_exact_ids_whatever_the_user_set(box: FolderSandbox) -> None:
    fill(box.folder, {"tests/test_a.py": SUITE})
    command = "python -m pytest --tb=no -q"
    report = run_tests(box, [command], 60)
    at = "tests/test_a.py::"
    assert report.outcomes == {
        f"{at}test_param[a - b]": "passed",
        f"{at}test_param[c d]": "failed",
        f"{at}test_param[[z] - y]": "passed",
        f"{at}test_bad": "failed",
        f"{at}test_setup": "error",
        f"{at}test_teardown": "error",
        f"{at}test_skip": "skipped",
        f"{at}test_expected": "skipped",
        f"{at}test_unexpected": "failed",
        f"{at}TestUnit::test_method": "passed",
    }
    assert report.exit_codes == {command: 1}
    assert "boom" in report.failures[f"{at}test_param[c d]"]


def test_the_command_leaves_nothing_of_ours_in_environment_or_tmp(box: FolderSandbox) -> None:
    ours = "{'PYTEST_ADDOPTS', 'PYTHONPATH'}"
    text = f"import os\ndef test_env():\n    assert not {ours} & set(os.environ)\n"
    fill(box.folder, {"test_env.py": text})
    before = set(Path("/tmp").glob("tests-*"))
    assert run_tests(box, ["python -m pytest"], 60).outcomes == {"test_env.py::test_env": "passed"}
    assert set(Path("/tmp").glob("tests-*")) <= before


@pytest.mark.parametrize("runner", ["pytest", "unittest"])
def test_a_path_that_the_command_sets_stays_and_tests_are_recorded(
    box: FolderSandbox, runner: str
) -> None:
    text = "import unittest\nfrom till import FEE\n\nclass A(unittest.TestCase):\n"
    text += "    def test_a(self):\n        told = list(range(40))\n        assert FEE == told\n"
    fill(box.folder, {"lib/till.py": "FEE = 1\n", "test_a.py": text})
    command = f"PYTHONPATH='lib' python -m {runner}"
    report = run_tests(box, [command], 60)
    assert report.exit_codes == {command: 1}
    (failure,) = report.failures.values()
    assert "in test_a" in failure or "told = list" in failure  # the traceback, not the summary


def test_the_users_own_pytest_options_stay(box: FolderSandbox) -> None:
    fill(box.folder, {"test_a.py": "def test_a(): pass\ndef test_b(): pass\n"})
    box.env["PYTEST_ADDOPTS"] = "-k test_b"
    assert list(run_tests(box, ["python -m pytest"], 60).outcomes) == ["test_a.py::test_b"]


def test_a_pytest_started_by_a_test_does_not_record(box: FolderSandbox) -> None:
    text = (
        "import subprocess, sys\n"
        "def test_outer(tmp_path):\n"
        "    (tmp_path / 'test_inner.py').write_text('def test_inner(): assert 0')\n"
        "    assert subprocess.call([sys.executable, '-m', 'pytest', str(tmp_path)]) == 1\n"
    )
    fill(box.folder, {"test_a.py": text})
    assert run_tests(box, ["python -m pytest"], 60).outcomes == {"test_a.py::test_outer": "passed"}


def test_targets_restrict_pytest_to_ids_files_and_functions(box: FolderSandbox) -> None:
    fill(box.folder, {"tests/test_a.py": SUITE, "tests/test_b.py": "def test_b(): pass\n"})
    targets = ["tests/test_a.py::test_param", "tests/test_a.py::TestUnit", "tests/test_b.py"]
    report = run_tests(box, ["python -m pytest"], 60, targets)
    assert sorted(report.outcomes) == [
        "tests/test_a.py::TestUnit::test_method",
        "tests/test_a.py::test_param[[z] - y]",
        "tests/test_a.py::test_param[a - b]",
        "tests/test_a.py::test_param[c d]",
        "tests/test_b.py::test_b",
    ]


def test_an_unknown_target_is_said_and_never_passes(box: FolderSandbox) -> None:
    fill(box.folder, {"test_a.py": "def test_a(): pass\n"})
    report = run_tests(box, ["python -m pytest"], 60, ["test_a.py::test_a", "test_a.py::test_zz"])
    assert report.outcomes == {"test_a.py::test_a": "passed", "test_a.py::test_zz": "error"}
    assert "Unknown test" in report.failures["test_a.py::test_zz"]


@pytest.mark.parametrize("python", ["python", "python -I"], ids=["recorded", "unrecorded"])
def test_a_file_that_does_not_load_is_an_error_with_its_name_and_the_others_run(
    box: FolderSandbox, python: str
) -> None:
    fill(box.folder, {"test_a.py": "import nothing_here\n", "test_b.py": "def test_b(): pass\n"})
    report = run_tests(box, [f"{python} -m pytest"], 60)
    assert report.outcomes == {"test_a.py": "error", "test_b.py::test_b": "passed"}
    assert "nothing_here" in f"{report.failures} {report.tail}"


def test_a_broken_conftest_is_an_error_of_the_command_but_may_be_the_bug(
    box: FolderSandbox,
) -> None:
    fill(box.folder, {"conftest.py": "import nothing_here\n", "test_a.py": "def test_a(): pass\n"})
    report = run_tests(box, ["python -m pytest"], 60)
    assert report.outcomes == {"python -m pytest": "error"}
    require_collected(report, ["python -m pytest"])


def test_tests_that_maxfail_left_out_are_unknown_not_errors(box: FolderSandbox) -> None:
    fill(box.folder, {"test_a.py": "def test_a(): assert 0\ndef test_b(): pass\n"})
    assert run_tests(box, ["python -m pytest -x"], 60).outcomes == {"test_a.py::test_a": "failed"}


def test_a_bad_exit_code_without_a_failing_test_is_an_error_of_the_command(
    box: FolderSandbox,
) -> None:
    finish = "def pytest_sessionfinish(session): session.exitstatus = 3\n"
    fill(box.folder, {"test_a.py": "def test_a(): pass\n", "conftest.py": finish})
    report = run_tests(box, ["python -m pytest"], 60)
    assert report.outcomes == {"test_a.py::test_a": "passed", "python -m pytest": "error"}


def test_a_time_out_is_an_error_of_the_command_and_of_the_tests_it_cut(box: FolderSandbox) -> None:
    text = "import time\ndef test_a(): pass\ndef test_b(): time.sleep(60)\ndef test_c(): pass\n"
    fill(box.folder, {"test_a.py": text})
    report = run_tests(box, ["python -m pytest"], 3)
    assert report.outcomes == {
        "test_a.py::test_a": "passed",
        "test_a.py::test_b": "error",
        "test_a.py::test_c": "error",
        "python -m pytest": "error",
    }
    assert report.exit_codes == {"python -m pytest": 124}


def test_after_two_time_outs_a_files_other_tests_get_less(box: FolderSandbox) -> None:
    text = "import pytest\ndef spin():\n    while True: pass\n"
    text += "".join(f"def test_{name}(): spin()\n" for name in "abc")
    text += "@pytest.mark.timeout(1.2)\ndef test_own(): spin()\n"
    fill(box.folder, {"test_a.py": text, "test_b.py": "def test_quick(): pass\n"})
    report = run_tests(box, ["python -m pytest --timeout=1.4"], 60)
    given = {
        test.split("_")[-1]: re.findall(r"Timeout \(>(.*?)s\)", text)[-1]
        for test, text in report.failures.items()
    }
    assert given == {"a": "1.4", "b": "1.4", "c": "1.0", "own": "1.2"}
    assert report.passed == {"test_b.py::test_quick"}


def test_pytest_that_cannot_load_the_recorder_is_read_by_its_summary(box: FolderSandbox) -> None:
    fill(box.folder, {"test_a.py": SUITE})
    report = run_tests(box, ["python -I -m pytest"], 60)
    assert report.outcomes["test_a.py::test_param[[z] - y]"] == "passed"
    assert report.outcomes["test_a.py::test_param[c d]"] == "failed"
    assert report.outcomes["test_a.py::test_teardown"] == "error"


def test_pytest_behind_a_script_is_read_test_by_test(box: FolderSandbox) -> None:
    fill(box.folder, {"test_a.py": "def test_a(): pass\n", "check.sh": "python -m pytest -q\n"})
    assert run_tests(box, ["sh check.sh"], 60).outcomes == {"test_a.py::test_a": "passed"}


def test_unittest_outcomes_are_ids_with_subtests_and_fixtures(box: FolderSandbox) -> None:
    fill(box.folder, {"tests/__init__.py": "", "tests/test_a.py": UNIT})
    report = run_tests(box, ["python -m unittest discover"], 60)
    at = "tests.test_a."
    assert report.outcomes == {
        f"{at}A.test_ok": "passed",
        f"{at}A.test_bad": "failed",
        f"{at}A.test_broken": "error",
        f"{at}A.test_parts": "failed",
        f"{at}A.test_skip": "skipped",
        f"{at}A.test_expected": "skipped",
        f"{at}A.test_unexpected": "failed",
        f"{at}B": "error",
        f"{at}C": "skipped",
    }
    assert "1 != 2" in report.failures[f"{at}A.test_bad"]


def test_targets_restrict_unittest(box: FolderSandbox) -> None:
    fill(box.folder, {"test_a.py": UNIT, "test_b.py": "import nothing_here\n"})
    targets = ["test_a.A.test_ok", "test_a.A.test_zz", "test_b.X.test_y"]
    report = run_tests(box, ["python -m unittest"], 60, targets)
    assert report.outcomes == {
        "test_a.A.test_ok": "passed",
        "test_a.A.test_zz": "error",
        "test_b": "error",
        "test_b.X.test_y": "error",
    }
    assert "test_b does not load" in report.failures["test_b.X.test_y"]


def test_any_other_command_is_one_test_by_its_exit_code(box: FolderSandbox) -> None:
    report = run_tests(box, ["true", "echo why; exit 3"], 60)
    assert report.outcomes == {"true": "passed", "echo why; exit 3": "failed"}
    assert "why" in report.failures["echo why; exit 3"]
    assert report.exit_codes == {"true": 0, "echo why; exit 3": 3}


def test_the_whole_output_of_all_commands_is_one_blob(box: FolderSandbox) -> None:
    store = MemoryStore()
    report = run_tests(box, ["echo one", "echo two"], 60, blobs=store)
    assert report.blob is not None
    assert store.get(report.blob) == b"$ echo one\none\n\n$ echo two\ntwo\n"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("python -m pytest", "no tests ran"),
        ("python -m pytest nowhere.py", "nowhere.py"),
        ("python -m unittest", "Ran 0 tests"),
        ("no-such-runner", "no-such-runner"),
        ("python -m pytest --no-such-option", "--no-such-option"),
    ],
    ids=["empty", "no file", "unittest", "no runner", "bad option"],
)
def test_a_command_that_collects_nothing_is_an_environment_fault(
    box: FolderSandbox, command: str, said: str
) -> None:
    report = run_tests(box, [command], 60)
    with pytest.raises(EnvironmentFault, match="collects nothing") as fault:
        require_collected(report, [command])
    assert said in fault.value.message
    assert "--test" in fault.value.next_step


@pytest.mark.parametrize("command", ["exit 1", "python -c 'import time; time.sleep(9)'"])
def test_a_plain_command_that_fails_or_hangs_is_a_test(box: FolderSandbox, command: str) -> None:
    require_collected(run_tests(box, [command], 1), [command])


def test_an_empty_report_without_output_still_has_its_sentence() -> None:
    with pytest.raises(EnvironmentFault, match="collects nothing"):
        require_collected(TestReport(), [])


def test_failure_texts_are_the_last_lines_of_at_most_twenty_tests(box: FolderSandbox) -> None:
    lines = "\n".join(f"    x{i} = {i}" for i in range(60))
    tests = "\n".join(f"def test_{i}():\n{lines}\n    assert x1 == {i + 2}" for i in range(25))
    fill(box.folder, {"test_a.py": tests})
    report = run_tests(box, ["python -m pytest"], 60)
    assert len(report.failed) == 25
    assert len(report.failures) == 20
    assert max(text.count("\n") for text in report.failures.values()) < 30


def test_xdist_workers_are_heard(box: FolderSandbox) -> None:
    pytest.importorskip("xdist")
    fill(box.folder, {"test_a.py": "def test_a(): pass\ndef test_b(): assert 0\n"})
    report = run_tests(box, ["python -m pytest -n2"], 60)
    assert report.outcomes == {"test_a.py::test_a": "passed", "test_a.py::test_b": "failed"}


def test_the_recorders_compile_for_the_oldest_grammar() -> None:
    import ast

    folder = Path(sys.modules["swe_agent.verify.runners"].__file__ or "").parent / "inside"
    for file in folder.glob("*.py"):
        ast.parse(file.read_text(), feature_version=(3, 6))


class Starving:
    """A folder whose sandbox ends, for want of memory, under the commands that say so."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._has_ended = FolderSandbox(folder), False

    def __getattr__(self, name: str) -> object:
        if self._has_ended:
            raise SandboxStarved("its commands used up its memory, 64 MB")
        return getattr(self._folder, name)

    def execute(self, command: str, timeout_s: float) -> CommandResult:
        result = self._folder.execute(command, timeout_s)
        self._has_ended = "greedy" in command
        return replace(result, exit_code=137, out_of_memory=True) if self._has_ended else result


def test_a_command_that_ends_the_sandbox_for_want_of_memory_is_an_error(tmp_path: Path) -> None:
    fill(tmp_path / "project", {"test_one.py": "def test_one(): pass\n"})
    commands = ("python -m pytest -q", "echo greedy", "echo after")
    sandbox = cast("Sandbox", Starving(tmp_path / "project"))
    report = run_tests(sandbox, commands, 60, blobs=MemoryStore())
    assert report.outcomes == {
        "test_one.py::test_one": "passed",
        "echo greedy": "error",
        "echo after": "error",
    }
    assert "out of memory: its commands used up its memory, 64 MB" in report.failures["echo greedy"]
    assert "was not run" in report.failures["echo after"]
    assert report.exit_codes["echo greedy"] == 137
    require_collected(report, commands)


def test_a_sandbox_that_ended_before_the_tests_is_lost(tmp_path: Path) -> None:
    fill(tmp_path / "project", {"a.py": ""})
    sandbox = Starving(tmp_path / "project")
    sandbox.execute("echo greedy", 60)
    with pytest.raises(SandboxStarved):
        run_tests(cast("Sandbox", sandbox), ("true",), 60)
