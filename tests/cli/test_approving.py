"""A person at a terminal approves actions, says why not, or stops the run."""

import json
import os
import pty
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import Call

SCRIPT = "from swe_agent.cli.main import main; main()"
CALC = "def add(a, b):\n    return a - b\n"
TESTS = """import unittest

from calc import add


class T(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(2, 3), 5)
"""
WRONG = {"path": "calc.py", "old": "a - b", "new": "a * b"}
RIGHT = {"path": "calc.py", "old": "a - b", "new": "a + b"}


@dataclass(frozen=True)
class Seen:
    """What came of a run at a terminal."""

    code: int
    screen: str
    events: list[dict[str, object]]


@pytest.fixture
def project(repo: Path) -> Path:
    (repo / "calc.py").write_text(CALC)
    (repo / "test_calc.py").write_text(TESTS)
    return repo


def played(project: Path, folder: Path, typed: str, *more: str) -> Seen:
    """Run a script at a pseudo terminal where all of this is typed ahead."""
    script = folder / "script.jsonl"
    calls = [("edit", WRONG), ("edit", RIGHT), ("submit", {"summary": "done"})]
    rows = [{"text": "", "tool_calls": [{"name": n, "arguments": a}]} for n, a in calls]
    script.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    argv = [
        *(sys.executable, "-c", SCRIPT, "run", str(project), "-i", "add subtracts"),
        *("-m", f"scripted/{script}", "--sandbox", "none", "--no-apply"),
        *("--test", f"{sys.executable} -m unittest", "-o", str(folder / "run"), *more),
    ]
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs) as child:
        os.close(theirs)
        screen = b""
        while chunk := _read(ours):
            screen += chunk
    os.close(ours)
    lines = (folder / "run" / "events.jsonl").read_text().splitlines()
    return Seen(child.returncode, screen.decode(), [json.loads(line) for line in lines])


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""


def observations(seen: Seen) -> list[dict[str, str]]:
    return [e["observation"] for e in seen.events if e["type"] == "tool_returned"]


def test_a_refused_edit_is_not_made_and_the_model_hears_why(project: Path, tmp_path: Path) -> None:
    seen = played(project, tmp_path, "not with a product\ny\n", "--mode", "confirm")
    first, second, _ = observations(seen)
    assert (first["outcome"], second["outcome"]) == ("refused", "ok")
    assert "They say: not with a product" in first["text"]
    assert "- a - b" in seen.screen
    assert "+ a * b" in seen.screen
    assert seen.code == 0


def test_q_stops_the_run_and_it_can_be_resumed(project: Path, tmp_path: Path) -> None:
    seen = played(project, tmp_path, "q\n", "--mode", "confirm")
    assert seen.code == 130
    assert "swe-agent resume" in seen.screen
    assert observations(seen) == []


def test_a_tool_may_be_granted_for_good(project: Path, tmp_path: Path) -> None:
    seen = played(project, tmp_path, "a\n", "--mode", "human")
    assert seen.screen.count("do it?") == 1
    assert observations(seen)[0]["outcome"] == "ok"


def test_without_a_terminal_nobody_can_be_asked(call: Call, project: Path) -> None:
    said = call("run", project, "-i", "x", "-m", "offline", "--mode", "confirm")
    assert said.code == 2
    assert "no terminal" in said.err
