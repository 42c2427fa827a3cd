"""Which files are the tests'."""

import pytest

from swe_agent.verify.paths import is_test_config, is_test_path, scripts_of, section_of


@pytest.mark.parametrize(
    "path",
    [
        "test_a.py",
        "pkg/a_test.py",
        "app/tests.py",
        "pkg/tests/__init__.py",
        "pkg/tests/golden.json",
        "testing/test_mark.py",
        "test/support.rb",
        "src/test/java/A.java",
        "pkg/a_test.go",
        "web/a.test.tsx",
        "web/__tests__/a.js",
        "json_testcases/bitcount.json",
        "load_testdata.py",
    ],
)
def test_test_files_are_known(path: str) -> None:
    assert is_test_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "django/test/client.py",
        "numpy/testing/utils.py",
        "flask/testing.py",
        "src/contest.py",
        "latest.py",
        "attestation/core.py",
        "conftest.py",
        "setup.cfg",
        "Testament.md",
    ],
)
def test_product_files_are_not_tests(path: str) -> None:
    assert not is_test_path(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("conftest.py", True),
        ("pkg/sub/conftest.py", True),
        ("pytest.ini", True),
        ("tox.ini", True),
        ("jest.config.ts", True),
        ("sitecustomize.py", True),
        ("pyproject.toml", False),
        ("myconftest.py", False),
    ],
)
def test_files_that_are_nothing_but_test_configuration(path: str, expected: bool) -> None:
    assert is_test_config(path) is expected


@pytest.mark.parametrize(
    ("path", "before", "after", "same"),
    [
        ("pyproject.toml", "[project]\nname='a'", "[project]\nname='b'", True),
        ("pyproject.toml", "", "[tool.pytest.ini_options]\naddopts='-x'", False),
        ("pyproject.toml", "[tool.pytest]\na=1\nb=2", "[tool.pytest]\nb = 2\na = 1 # why", True),
        ("pyproject.toml", "[project]", "[project", False),
        ("setup.cfg", "[metadata]\nname=a", "[metadata]\nname=b", True),
        ("setup.cfg", "[tool:pytest]\naddopts=-x", "[metadata]\nname=b", False),
        ("package.json", '{"version": "1"}', '{"version": "2"}', True),
        ("package.json", "{}", '{"scripts": {"test": "true"}}', False),
        ("package.json", "{}", "[]", False),
    ],
)
def test_only_the_test_section_of_a_shared_file_counts(
    path: str, before: str, after: str, same: bool
) -> None:
    assert (section_of(path, before.encode()) == section_of(path, after.encode())) is same


def test_scripts_in_the_command_belong_to_the_tests() -> None:
    assert scripts_of(["bash -e ./ci/run.sh fast"]) == {"ci/run.sh"}
    assert "Makefile" in scripts_of(["make -C . check"])
    assert scripts_of(["python -m pytest"]) == frozenset()
