"""Which command runs the tests of a repository; asked of its tree and of the sandbox."""

import json
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.protocols import Sandbox, TreeReader
from swe_agent.core.text import decoded
from swe_agent.verify.paths import section_of

PROBE_TIMEOUT_S = 30.0
_FILES_READ = 100
_READ_LIMIT_BYTES = 1_000_000
_NEXT_STEP = (
    "Say how to run them with --test 'COMMAND' (and how to install with --setup 'COMMAND')."
)
_PROBE = (
    "for p in .venv/bin/python venv/bin/python python3 python; do "
    'if command -v "$p" >/dev/null 2>&1; then echo "python=$p"; '
    '"$p" -m pytest --version >/dev/null 2>&1 && echo pytest=yes; break; fi; done'
)
_PYTHON_TEST = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test|tests)\.py$")
_PYTEST_FILES = {"pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "conftest.py"}
_MAKE_TEST = re.compile(r"^test\s*:(?!=)", re.MULTILINE)


def detect_tests(tree: TreeReader, sandbox: Sandbox) -> tuple[str, ...]:
    """The commands that run the repository's tests; at least one.

    Python first (pytest where it is installed, else unittest), then Go, Cargo, npm, make. Django's
    own runners (`manage.py test`, `runtests.py`) need settings that only the user knows.

    Raises:
        EnvironmentFault: no tests were found, or their runner is missing in the sandbox.
    """
    paths = [
        path for path in tree.paths() if not path.startswith((".venv/", "venv/", "node_modules/"))
    ]
    tests = [path for path in paths if _PYTHON_TEST.search(path)]
    if tests or _has_pytest_settings(tree, paths):
        return (_python_command(tree, sandbox, paths, tests),)
    names = set(paths)
    if "go.mod" in names:
        return ("go test ./...",)
    if "Cargo.toml" in names:
        return ("cargo test",)
    if "package.json" in names and (command := _node_command(_text(tree, "package.json"), names)):
        return (command,)
    makefile = next((name for name in ("GNUmakefile", "makefile", "Makefile") if name in names), "")
    if makefile and _MAKE_TEST.search(_text(tree, makefile)):
        return ("make test",)
    raise EnvironmentFault("No tests were found in this repository.", _NEXT_STEP)


def needs_pytest(tree: TreeReader) -> bool:
    """Whether the tests of a Python project are pytest's rather than unittest's."""
    paths = list(tree.paths())
    texts = [_text(tree, path) for path in paths if _PYTHON_TEST.search(path)][:_FILES_READ]
    if _has_pytest_settings(tree, paths) or any(map(_imports_pytest, texts)):
        return True
    return bool(texts) and not any("unittest" in text for text in texts)


def _python_command(tree: TreeReader, sandbox: Sandbox, paths: list[str], tests: list[str]) -> str:
    said = decoded(sandbox.execute(_PROBE, PROBE_TIMEOUT_S).output)
    python = next((line[7:] for line in said.splitlines() if line.startswith("python=")), "")
    if not python:
        raise EnvironmentFault("The tests are Python's, and the sandbox has no Python.", _NEXT_STEP)
    is_django = any(PurePosixPath(path).name == "manage.py" for path in paths)
    wants_pytest = _has_pytest_settings(tree, paths)
    if is_django and not wants_pytest:
        raise EnvironmentFault(
            "This is a Django project; its tests need its own settings.", _NEXT_STEP
        )
    if "pytest=yes" in said.splitlines():
        return f"{python} -m pytest"
    texts = [_text(tree, path) for path in tests[:_FILES_READ]]
    if not any("unittest" in text for text in texts) or any(_imports_pytest(t) for t in texts):
        raise EnvironmentFault(
            f"The tests need pytest, and {python} in the sandbox does not have it.",
            f"Install it with --setup '{python} -m pip install pytest', "
            "or say how to run the tests with --test 'COMMAND'.",
        )
    return f"{python} -m unittest discover{_start_folder(paths, tests)} -v"


def _start_folder(paths: Iterable[str], tests: list[str]) -> str:
    """unittest finds tests in packages only; a plain folder has to be named."""
    folders = {path.split("/", 1)[0] if "/" in path else "" for path in tests}
    if len(folders) != 1:
        return ""
    (folder,) = folders
    return f" -s {folder}" if folder and f"{folder}/__init__.py" not in set(paths) else ""


def _has_pytest_settings(tree: TreeReader, paths: Iterable[str]) -> bool:
    names = set(paths)
    if any(PurePosixPath(path).name in _PYTEST_FILES for path in names):
        return True
    if "tox.ini" in names and "[pytest]" in _text(tree, "tox.ini"):
        return True
    sections = [
        section_of(name, tree.read(name))
        for name in ("pyproject.toml", "setup.cfg")
        if name in names
    ]
    return any("pytest" in section for section in sections)


def _imports_pytest(text: str) -> bool:
    return bool(re.search(r"^\s*(?:import|from) pytest\b", text, re.MULTILINE))


def _node_command(package: str, names: set[str]) -> str:
    try:
        script = json.loads(package)["scripts"]["test"]
    except (ValueError, KeyError, TypeError):
        return ""
    if not isinstance(script, str) or "no test specified" in script:
        return ""
    runner = "pnpm" if "pnpm-lock.yaml" in names else "yarn" if "yarn.lock" in names else "npm"
    return f"{runner} test"


def _text(tree: TreeReader, path: str) -> str:
    entry = tree.entry(path)
    if entry is None or entry.kind != "file" or entry.size_bytes > _READ_LIMIT_BYTES:
        return ""
    return decoded(tree.read(path))
