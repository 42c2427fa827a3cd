"""Which command is found for which repository."""

from pathlib import Path

import pytest

from swe_agent.core.errors import EnvironmentFault
from swe_agent.verify.detect import detect_tests
from tests.verify.fakes import FolderSandbox, MemoryTree

PYTEST = "import pytest\ndef test_a(): pass\n"
UNITTEST = "import unittest\nclass A(unittest.TestCase):\n    def test_a(self): pass\n"


def detect(tmp_path: Path, files: dict[str, str], python: str = "") -> tuple[str, ...]:
    (tmp_path / "repo").mkdir(exist_ok=True)
    box = FolderSandbox(tmp_path / "repo", *([python] if python else []))
    tree = MemoryTree({path: text.encode() for path, text in files.items()})
    return detect_tests(tree, box)


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"test_a.py": PYTEST}, "python3 -m pytest"),
        ({"tests/test_a.py": UNITTEST}, "python3 -m pytest"),
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, "python3 -m pytest"),
        ({"go.mod": "module a", "a_test.go": ""}, "go test ./..."),
        ({"Cargo.toml": "", "Makefile": "test:\n"}, "cargo test"),
        ({"package.json": '{"scripts": {"test": "jest"}}'}, "npm test"),
        ({"package.json": '{"scripts": {"test": "jest"}}', "yarn.lock": ""}, "yarn test"),
        ({"Makefile": "all:\n\ntest: all\n\ttrue\n"}, "make test"),
        ({"manage.py": "", "test_a.py": PYTEST, "pytest.ini": "[pytest]"}, "python3 -m pytest"),
    ],
)
def test_the_command_is_found(tmp_path: Path, files: dict[str, str], command: str) -> None:
    assert detect(tmp_path, files) == (command,)


def test_the_repositorys_own_environment_is_preferred(tmp_path: Path) -> None:
    own = tmp_path / "repo" / ".venv" / "bin"
    own.mkdir(parents=True)
    (own / "python").write_text("#!/bin/sh\nexit 0\n")
    (own / "python").chmod(0o755)
    assert detect(tmp_path, {"test_a.py": PYTEST}) == (".venv/bin/python -m pytest",)


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"test_a.py": UNITTEST}, "python3 -m unittest discover -v"),
        ({"tests/test_a.py": UNITTEST}, "python3 -m unittest discover -s tests -v"),
        (
            {"tests/__init__.py": "", "tests/test_a.py": UNITTEST},
            "python3 -m unittest discover -v",
        ),
    ],
)
def test_without_pytest_unittest_runs_the_tests(
    tmp_path: Path, files: dict[str, str], command: str
) -> None:
    assert detect(tmp_path, files, python="/usr/bin/env false") == (command,)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a.py": ""}, "No tests were found"),
        (
            {"package.json": '{"scripts": {"test": "echo \\"Error: no test specified\\""}}'},
            "No tests",
        ),
        ({"package.json": "[1"}, "No tests"),
        ({"Makefile": "test := 1\n"}, "No tests"),
        ({".venv/lib/test_a.py": PYTEST}, "No tests"),
        ({"manage.py": "", "app/tests.py": UNITTEST}, "Django"),
    ],
)
def test_where_nothing_is_found_the_fault_says_how_to_give_it(
    tmp_path: Path, files: dict[str, str], said: str
) -> None:
    with pytest.raises(EnvironmentFault, match=said) as fault:
        detect(tmp_path, files)
    assert "--test" in fault.value.next_step


def test_tests_that_need_a_missing_pytest_are_a_fault_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="need pytest") as fault:
        detect(tmp_path, {"test_a.py": PYTEST}, python="/usr/bin/env false")
    assert "pip install pytest" in fault.value.next_step
