"""A module that the environment lacks is told from one that is still to be written."""

from collections.abc import Iterable, Mapping

import pytest

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.protocols import Entry
from swe_agent.core.task import TestReport
from swe_agent.verify.missing import require_modules

PYTEST = """ImportError while importing test module '/w/test_a.py'.
Traceback:
/usr/lib/python3.11/importlib/__init__.py:126: in import_module
    return _bootstrap._gcd_import(name[level:], package, level)
test_a.py:1: in <module>
    from pkg import add
pkg/__init__.py:3: in <module>
    import yaml.nodes
E   ModuleNotFoundError: No module named 'yaml'"""
UNITTEST = """ImportError: Failed to import test module: test_a
Traceback (most recent call last):
  File "/w/test_a.py", line 1, in <module>
    import yaml
ModuleNotFoundError: No module named 'yaml'"""


class Tree:
    """A tree that has names alone."""

    def __init__(self, *paths: str) -> None:
        self._paths = paths

    def paths(self) -> Iterable[str]:
        return self._paths

    def entry(self, path: str) -> Entry | None:
        return None

    def read(self, path: str) -> bytes:
        raise KeyError(path)


TREE = Tree("test_a.py", "pkg/__init__.py")


def report(outcomes: Mapping[str, str], failures: Mapping[str, str]) -> TestReport:
    return TestReport.model_validate({"outcomes": outcomes, "failures": failures})


BROKEN = report({"test_a.py": "error"}, {"test_a.py": PYTEST})


@pytest.mark.parametrize(
    ("text", "place"),
    [(PYTEST, "(pkg/__init__.py:3)"), (UNITTEST, '(File "/w/test_a.py", line 1, in <module>)')],
    ids=["pytest", "unittest"],
)
def test_a_module_that_is_not_installed_is_named_with_the_line(text: str, place: str) -> None:
    with pytest.raises(EnvironmentFault) as fault:
        require_modules(report({"test_a.py": "error"}, {"test_a.py": text}), TREE, "add is wrong")
    assert "No module named 'yaml'" in fault.value.message
    assert place in fault.value.message
    assert "pip install yaml" in fault.value.next_step


@pytest.mark.parametrize(
    ("tree", "issue"),
    [
        (Tree("test_a.py", "yaml/x.py"), "add is wrong"),
        (Tree("test_a.py", "src/yaml.py"), "add is wrong"),
        (Tree("test_yaml.py"), "make the tests pass"),
        (Tree("yaml_test.py"), "make the tests pass"),
        (TREE, "write the module `yaml`"),
    ],
    ids=["a package", "a module", "tests of it", "tests of it, too", "the issue's"],
)
def test_a_module_that_is_the_work_to_do_is_no_fault(tree: Tree, issue: str) -> None:
    require_modules(BROKEN, tree, issue)


@pytest.mark.parametrize(
    "seen",
    [
        TestReport(),
        report({"test_a.py": "error", "test_b.py::t": "failed"}, {"test_a.py": PYTEST}),
        report({"test_a.py": "error", "test_b.py::t": "passed"}, {"test_a.py": PYTEST}),
        report({"test_a.py": "error", "test_b.py": "error"}, {"test_a.py": PYTEST}),
        report({"test_a.py": "error"}, {"test_a.py": "SyntaxError: invalid syntax"}),
    ],
    ids=["nothing", "one fails", "one passes", "one says nothing", "syntax"],
)
def test_where_any_test_loads_or_the_code_is_wrong_the_run_goes_on(seen: TestReport) -> None:
    require_modules(seen, TREE, "add is wrong")
