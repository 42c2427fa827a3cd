"""The examples of an issue become a test that calls the project's own code."""

import subprocess
import sys
from pathlib import Path

import pytest

from swe_agent.repair.reproduction import FILE, examples_in, reproduction
from swe_agent.repair.syntax import Code

POT = """
class Pot:
    def __init__(self):
        self.cups = 0

    def fill(self, cups):
        self.cups = cups


def brew(cups):
    return "tea" * cups
"""
CODES = {"src/pot.py": Code("src/pot.py", POT)}


def outcome(tmp_path: Path, issue: str) -> str:
    """What the issue's test says, run where the project lies."""
    text, tests = reproduction(issue, CODES, {"src/pot.py"})
    assert tests
    (tmp_path / "src").mkdir()
    (tmp_path / "src/pot.py").write_text(POT)
    (tmp_path / FILE).write_text(text)
    command = [sys.executable, "-m", "unittest", FILE]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stderr


@pytest.mark.parametrize(
    "issue",
    [
        "`brew(2)` should return 'teatea'",
        "brew('x') should raise TypeError",
        "```python\nimport pot\nprint(pot.brew(1))  # 'tea'\n```",
        "```python\nfrom pot import Pot\n\np = Pot()\np.fill(3)\nassert p.cups == 3\n```",
        ">>> import math\n>>> p = Pot()\n>>> p.fill(math.floor(2.5))\n>>> p.cups\n2\n",
    ],
)
def test_examples_that_hold_pass(tmp_path: Path, issue: str) -> None:
    assert "\nOK\n" in outcome(tmp_path, issue)


@pytest.mark.parametrize(
    "issue",
    [
        "`brew(2)` should return 'tea'",
        "brew(1) should raise TypeError",
        "```\np = Pot()\np.fill(3)\np.pour()\n```\nAttributeError: pour",
    ],
)
def test_examples_that_do_not_hold_fail(tmp_path: Path, issue: str) -> None:
    assert "FAILED" in outcome(tmp_path, issue)


@pytest.mark.parametrize(
    "issue",
    [
        "`roast(2)` should return 4",
        ">>> y = 3\n>>> y\n3",
        "```\nfrom os import system\nassert system('true') == brew(0)\n```",
        "`brew(open('/etc/passwd').read())` should return 4",
        ">>> brew.__globals__\n{}\n",
        "brew(-1) should raise PotError",
        "```\nassert await brew(1)\n```",
    ],
)
def test_what_is_not_the_projects_or_reaches_out_makes_no_test(issue: str) -> None:
    assert reproduction(issue, CODES, {"src/pot.py"}) == ("", ())


def test_a_step_has_only_the_statements_that_it_needs_before_it() -> None:
    issue = "```\np = Pot()\nq = Pot()\nnoise = brew(1)\np.fill(2)\nassert p.cups == 2\n```"
    (example,) = examples_in(issue)
    assert example.before == ("p = Pot()", "p.fill(2)")


def test_lines_may_end_as_on_windows() -> None:
    (example,) = examples_in("```python\r\nassert brew(2) == 4\r\n```\r\n")
    assert example.expected == "4"


def test_of_one_call_what_should_come_counts_more_than_that_it_fails() -> None:
    issue = "brew(2) crashes.\n\n>>> brew(2)\nTraceback (most recent call last):\nTypeError\n"
    (example,) = examples_in(f"{issue}\nIt should return 'teatea'.")
    assert example.expected == "'teatea'"


@pytest.mark.parametrize(
    "code", ["-" * 20_000 + "1", "(" * 5_000, "brew(" + "[" * 90 + "]" * 90 + ")"]
)
def test_code_that_is_nested_without_measure_is_left(code: str) -> None:
    issue = f"```\nassert brew({code}) == 4\n```\n`brew({code[:200]})` should return 4"
    assert reproduction(issue, CODES, {"src/pot.py"}) == ("", ())
