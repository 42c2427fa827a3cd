"""Stands in for `python -m unittest` and writes what `pytest_recorder` writes.

Runs the very same program (`unittest.main(module=None)`); only its result class also writes. Ids
are `module.Class.test`.
"""

# ruff: noqa: ANN401, UP006, UP035 - foreign objects; written for Python 3.6
import json
import os
import re
import sys
import unittest
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple
from unittest.main import TestProgram

__unittest = True

HERE = Path(__file__).absolute().parent
TEXTS = 20
LINES = 30
HOLDER = re.compile(r"^(?:setUp|tearDown)(?:Class|Module) \((.+)\)$")
FAILED_IMPORT = "unittest.loader._FailedTest."
WORST = ("error", "failed", "passed", "skipped")


def _leave_environment() -> None:
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    path = os.pathsep.join(folder for folder in folders if folder != str(HERE))
    if path:
        os.environ["PYTHONPATH"] = path
    else:
        os.environ.pop("PYTHONPATH", None)


def _targets() -> List[str]:
    try:
        return list(json.loads((HERE / "targets.json").read_text(encoding="utf-8")))
    except OSError:
        return []


def _name(test: Any) -> str:
    """A test's id; of a broken fixture the class or module; of a broken import the module."""
    name = str(test.id())
    held = HOLDER.match(name)
    if held:
        return held.group(1)
    return name[len(FAILED_IMPORT) :] if name.startswith(FAILED_IMPORT) else name


def _flat(suite: Any) -> Iterator[Any]:
    for test in suite:
        if isinstance(test, unittest.BaseTestSuite):
            yield from _flat(test)
        else:
            yield test


def _is_wanted(test: Any, targets: List[str]) -> bool:
    """Whether a target is the test, its class or module, or lies in a module that did not load."""
    name = _name(test)
    if test.id() != name and any(target.startswith(name + ".") for target in targets):
        return True
    return any(name == target or name.startswith(target + ".") for target in targets)


class Journal:
    """Where the facts of one session go."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.session = f"{self.pid}-{os.urandom(4).hex()}"
        self.texts = 0

    def write(self, kind: str, *rest: object) -> None:
        if os.getpid() != self.pid:
            return
        line = json.dumps([kind, self.session, *rest]) + "\n"
        with (HERE / "results.jsonl").open("ab") as file:
            file.write(line.encode("ascii"))


class Result(unittest.TextTestResult):
    """Writes a test's worst outcome when it stops."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pending: Dict[str, Tuple[str, str]] = {}

    def _note(self, test: Any, status: str, error: Any = None) -> None:
        name = _name(test)
        known, text = self.pending.get(name, ("skipped", ""))
        if error is not None and journal.texts < TEXTS:
            journal.texts += not text
            whole = str(self._exc_info_to_string(error, test))  # type: ignore[attr-defined]
            lines = whole.strip("\n").split("\n")
            text = (text + "\n" + "\n".join(lines[-LINES:])).strip("\n")
        self.pending[name] = (min(known, status, key=WORST.index), text)
        if not isinstance(test, unittest.TestCase):
            self._flush(name)

    def _flush(self, name: str) -> None:
        status, text = self.pending.pop(name, ("", ""))
        if status:
            journal.write("test", name, status, text)

    def stopTest(self, test: Any) -> None:
        super().stopTest(test)
        self._flush(_name(test))

    def addSuccess(self, test: Any) -> None:
        super().addSuccess(test)
        self._note(test, "passed")

    def addFailure(self, test: Any, err: Any) -> None:
        super().addFailure(test, err)
        self._note(test, "failed", err)

    def addError(self, test: Any, err: Any) -> None:
        super().addError(test, err)
        self._note(test, "error", err)

    def addSkip(self, test: Any, reason: str) -> None:
        super().addSkip(test, reason)
        self._note(getattr(test, "test_case", test), "skipped")

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        super().addExpectedFailure(test, err)
        self._note(test, "skipped")

    def addUnexpectedSuccess(self, test: Any) -> None:
        super().addUnexpectedSuccess(test)
        self._note(test, "failed")

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            is_failure = issubclass(err[0], test.failureException)
            self._note(test, "failed" if is_failure else "error", err)


class Runner(unittest.TextTestRunner):
    """The text runner, with the writing result; keeps the targets only."""

    resultclass = Result

    def run(self, test: Any) -> Any:
        tests = list(_flat(test))
        targets = _targets()
        if targets:
            tests = [one for one in tests if _is_wanted(one, targets)]
            test = unittest.TestSuite(tests)
        journal.write("collected", sorted({_name(one) for one in tests}))
        result = super().run(test)
        journal.write("end", 0 if result.wasSuccessful() else 1)
        return result


if __name__ == "__main__":
    _leave_environment()
    journal = Journal()
    if sys.argv[0].endswith(".py"):
        sys.argv[0] = Path(sys.executable).name + " -m unittest"
        journal.write("begin")
    TestProgram(module=None, testRunner=Runner)
