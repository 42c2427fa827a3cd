"""Candidates that are tried in a process which has loaded the project already."""

import sys
from pathlib import Path

import pytest

from tests.aci.local_sandbox import LocalSandbox
from tests.tools.test_try_edits import Desk

SHOP = '''"""A shop."""
import functools

RATE = 2
TABLE = []


def noted(function):
    @functools.wraps(function)
    def inner(*given):
        return function(*given) + 1
    return inner


def entry(name):
    TABLE.append(name)
    return len(TABLE)


FIRST = entry("bread")


class Till:
    fee = 1

    def total(self, prices, extra=0):
        def taxed(price):
            return price * RATE
        return sum(taxed(p) for p in prices) + self.fee + extra

    @property
    def name(self):
        return "till"


@noted
def count(rows):
    return len(rows)
'''
TESTS = """from shop.till import FIRST, Till, count


def test_all():
    till = Till()
    assert (till.total([1, 2]), till.name, count([]), FIRST) == (8, "desk", 2, 2)


def test_other():
    assert Till().fee
"""
CHANGES = {
    "method": ("+ self.fee + extra", "+ self.fee + extra + 1", (8, "till", 1, 1)),
    "inner function": ("price * RATE", "price * RATE * 2", (13, "till", 1, 1)),
    "property": ('"till"', '"desk"', (7, "desk", 1, 1)),
    "decorator's function": ("function(*given) + 1", "function(*given) + 2", (7, "till", 2, 1)),
    "decorated function": ("return len(rows)", "return len(rows) + 1", (7, "till", 2, 1)),
    "constant": ("RATE = 2", "RATE = 3", (10, "till", 1, 1)),
    "default": ("extra=0", "extra=1", (8, "till", 1, 1)),
    "attribute of the class": ("fee = 1", "fee = 2", (8, "till", 1, 1)),
    "what ran while it was loaded": ("len(TABLE)", "len(TABLE) + 1", (7, "till", 1, 2)),
    "more parameters": ("total(self, prices,", "total(self, prices, *more,", (7, "till", 1, 1)),
    "a new line": (
        "        def taxed",
        "        prices = prices[1:]\n        def taxed",
        (5, "till", 1, 1),
    ),
    "no Python": ("RATE = 2", "RATE = (2", None),
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    root = tmp_path / "repo"
    (root / "shop").mkdir(parents=True)
    (root / "tests").mkdir()
    (root / "conftest.py").write_text("")
    (root / "shop/__init__.py").write_text("")
    (root / "shop/till.py").write_text(SHOP)
    return root


@pytest.mark.parametrize("conftest", ["", "import shop.till\n"], ids=["none", "imports it"])
def test_each_change_shows_wherever_it_is_made(shop: Path, conftest: str) -> None:
    (shop / "conftest.py").write_text(conftest)
    expected = [value for _, _, value in CHANGES.values()]
    (shop / "tests/test_till.py").write_text(
        "import pytest\nfrom shop.till import FIRST, Till, count\n\n\n"
        f"@pytest.mark.parametrize('value', {[v for v in dict.fromkeys(expected) if v]!r})\n"
        "def test_value(value):\n    till = Till()\n"
        "    assert (till.total([1, 2]), till.name, count([]), FIRST) == value\n"
    )
    edits = [{"path": "shop/till.py", "old": old, "new": new} for old, new, _ in CHANGES.values()]
    rows = Desk(LocalSandbox(shop), "python -m pytest -q").rows(candidates=edits)
    values = [v for v in dict.fromkeys(expected) if v]
    for (name, (_, _, value)), row in zip(CHANGES.items(), rows, strict=True):
        failed = {f"tests/test_till.py::test_value[value{n}]" for n in range(len(values))}
        if value is None:
            assert row["passed"] == 0, name
        else:
            right = f"tests/test_till.py::test_value[value{values.index(value)}]"
            assert failed - set(row["failed"]) == {right}, (name, row["message"])


def test_many_candidates_load_the_project_a_few_times(shop: Path, tmp_path: Path) -> None:
    loads = tmp_path / "loads"
    (shop / "shop/__init__.py").write_text(f"open({str(loads)!r}, 'a').write('x')\n")
    (shop / "tests/test_till.py").write_text(TESTS)
    edits = [
        {"path": "shop/till.py", "old": "+ self.fee + extra", "new": f"+ self.fee + {n}"}
        for n in range(40)
    ]
    rows = Desk(LocalSandbox(shop), "python -m pytest -q").rows(
        candidates=edits, tests=["tests/test_till.py::test_other"]
    )
    assert [row["status"] for row in rows] == ["passed"] * 40
    assert len(loads.read_text()) < 25


def test_candidates_run_with_the_interpreter_and_the_variables_of_the_command(
    shop: Path, tmp_path: Path
) -> None:
    (shop / "lib").mkdir()
    (shop / "lib/scales.py").write_text("FEE = 5\n")
    (shop / "tests/test_till.py").write_text(
        "import os, sys\nfrom scales import FEE\nfrom shop.till import Till\n\n\n"
        "def test_fee():\n    assert Till().fee == FEE == int(os.environ['FEE'])\n"
        "    assert os.environ['BY'] == 'the one beside pytest'\n"
    )
    (tmp_path / "bin").mkdir()
    beside = tmp_path / "bin/python"
    beside.write_text(f"#!/bin/sh\nBY='the one beside pytest' exec {sys.executable} \"$@\"\n")
    beside.chmod(0o755)
    command = f"FEE=5 PYTHONPATH=lib {tmp_path}/bin/pytest -q"
    edit = {"path": "shop/till.py", "old": "fee = 1", "new": "fee = 5"}
    rows = Desk(LocalSandbox(shop), command).rows(candidates=[edit])
    assert rows[0]["status"] == "passed", rows
