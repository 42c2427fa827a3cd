"""Which files belong to the tests: test files and test configuration.

A verdict restores both from base. Two kinds of configuration are told apart: files that are
nothing else (`conftest.py`, `pytest.ini`, `tox.ini`, ...), and files that have a test section
beside what the product needs (`pyproject.toml`, `setup.cfg`, `package.json`). Of the second kind
only the section counts: where the patch leaves it alone, the patch's file stays (a new dependency
is a real edit); where the section differs, base's whole file is used.
"""

import configparser
import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import PurePosixPath

from swe_agent.core.text import decoded

_TEST_FOLDERS = {
    "tests",
    "__tests__",
    "specs",
    "test_data",
    "test-data",
    "testdata",
    "__snapshots__",
}
_TOP_TEST_FOLDERS = {"test", "testing", "spec"}
"""Test folders at the top only: deeper down (`django/test`) they are the product."""
_TEST_NAME = re.compile(
    r"""^(?: test_.*\.py | .*_tests?\.py | tests?\.py | .*testdata.*
      | .*_test\.(?:go|rb|exs|c|cc|cpp|rs) | .*_spec\.rb | .*\.(?:test|spec)\.[cm]?[jt]sx?
      | .*Tests?\.(?:java|kt|cs|php|scala|swift) )$""",
    re.VERBOSE,
)
_DATA_FOLDER = re.compile(r".*test_?(?:data|cases)$")
_WHOLE_CONFIG = {
    *(
        "conftest.py",
        "pytest.ini",
        ".pytest.ini",
        "pytest.toml",
        ".pytest.toml",
        "tox.ini",
        "tox.toml",
    ),
    *("noxfile.py", "sitecustomize.py", "usercustomize.py", ".coveragerc", "phpunit.xml"),
    *(".mocharc.json", ".mocharc.js", ".mocharc.yml", "karma.conf.js"),
}
_RUNNER_MODULES = {"pytest", "_pytest", "pluggy", "unittest"}
_WHOLE_CONFIG_NAME = re.compile(r"^(?:jest|vitest|playwright|cypress)\.config\.[cm]?[jt]s$")
_PARTLY_CONFIG = {"pyproject.toml", "setup.cfg", "package.json"}


def is_test_path(path: str) -> bool:
    """Whether a file is part of the tests, by its name and folders.

    >>> [is_test_path(p) for p in ("pkg/tests/a.json", "test_a.py", "django/test/client.py")]
    [True, True, False]
    """
    *folders, name = PurePosixPath(path).parts
    if (
        _TEST_NAME.match(name)
        or _TEST_FOLDERS & set(folders)
        or any(map(_DATA_FOLDER.match, folders))
    ):
        return True
    return bool(folders) and (folders[0] in _TOP_TEST_FOLDERS or folders[:2] == ["src", "test"])


def is_test_config(path: str) -> bool:
    """Whether a file is nothing but test configuration.

    >>> is_test_config("sub/conftest.py"), is_test_config("setup.cfg")
    (True, False)
    """
    name = PurePosixPath(path).name
    return name in _WHOLE_CONFIG or bool(_WHOLE_CONFIG_NAME.match(name))


def shadows_runner(path: str) -> bool:
    """Whether a file at the repository's top would be imported instead of the test runner.

    >>> shadows_runner("pytest.py"), shadows_runner("src/pytest.py")
    (True, False)
    """
    return PurePosixPath(path).parts[0].removesuffix(".py") in _RUNNER_MODULES


def has_test_section(path: str) -> bool:
    """Whether a file may hold test configuration beside other things."""
    return PurePosixPath(path).name in _PARTLY_CONFIG


def section_of(path: str, content: bytes | None) -> str:
    """The test configuration inside a file, in one canonical spelling; empty where there is none.

    A file that does not parse is its own section: whatever changed in it may have changed the
    tests.
    """
    if content is None:
        return ""
    text = decoded(content)
    try:
        match PurePosixPath(path).name:
            case "pyproject.toml":
                tools = tomllib.loads(text).get("tool", {})
                found = {
                    key: tools[key] for key in ("pytest", "tox", "nox", "coverage") if key in tools
                }
            case "setup.cfg":
                parser = configparser.RawConfigParser(strict=False)
                parser.read_string(text)
                found = {
                    n: dict(parser[n]) for n in parser.sections() if "pytest" in n or "test" in n
                }
            case _:
                whole = json.loads(text)
                scripts = whole.get("scripts", {})
                found = {
                    key: whole[key] for key in ("jest", "mocha", "vitest", "ava") if key in whole
                }
                found |= {key: script for key, script in scripts.items() if "test" in key}
    except (ValueError, configparser.Error, AttributeError, TypeError):
        return text
    return json.dumps(found, sort_keys=True, default=str) if found else ""


def scripts_of(commands: Iterable[str]) -> frozenset[str]:
    """Files that test commands are made of: shell scripts they name, the Makefile behind `make`.

    >>> sorted(scripts_of(["make test", "bash ./ci/run.sh"]))
    ['GNUmakefile', 'Makefile', 'ci/run.sh', 'makefile']
    """
    words = [word.strip("'\"();&|") for command in commands for word in command.split()]
    found = {word.removeprefix("./") for word in words if word.endswith((".sh", ".mk", ".bash"))}
    if any(PurePosixPath(word).name == "make" for word in words if word):
        found |= {"Makefile", "makefile", "GNUmakefile"}
    return frozenset(found)
