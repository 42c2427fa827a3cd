"""Small tasks whose bug a script knows how to fix."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

CALC = "def add(a, b):\n    return a - b\n\n\ndef mul(a, b):\n    return a * b\n"
TESTS = """import unittest

from calc import add, mul


class CalcTest(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(2, 3), 5)

    def test_mul(self):
        self.assertEqual(mul(2, 3), 6)
"""
TEST_COMMAND = "python3 -m unittest"


def call(name: str, **arguments: object) -> dict[str, object]:
    """A reply that makes one call."""
    return {"text": "", "tool_calls": [{"name": name, "arguments": arguments}]}


FIX = call("edit", path="calc.py", old="return a - b", new="return a + b")
SUBMIT = call("submit", summary="done")
GOLD = [call("view", path="calc.py"), FIX, SUBMIT]
EMPTY = [call("view", path="calc.py"), SUBMIT, SUBMIT, SUBMIT]


def git(folder: Path, *words: str) -> str:
    """Run git as somebody."""
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@dataclass(frozen=True, slots=True)
class Tasks:
    """A folder with a task file, a repository and scripts."""

    folder: Path

    @property
    def file(self) -> str:
        return str(self.folder / "tasks.jsonl")

    @property
    def model(self) -> str:
        return f"scripted/{self.folder}/scripts/{{id}}.jsonl"

    def script(self, instance_id: str, replies: Sequence[object]) -> None:
        """What the model says in an instance."""
        place = self.folder / "scripts" / f"{instance_id}.jsonl"
        place.parent.mkdir(exist_ok=True)
        place.write_text("".join(json.dumps(one) + "\n" for one in replies), "utf-8")

    def write(self, count: int, **more: object) -> None:
        """So many tasks on the repository, all with the right script."""
        rows = []
        for number in range(count):
            name = f"calc-{number}"
            row = {"id": name, "repo": "./calc", "issue": "test_add fails", "test": TEST_COMMAND}
            rows.append(json.dumps({**row, **more}))
            self.script(name, GOLD)
        Path(self.file).write_text("\n".join(rows), "utf-8")


@pytest.fixture
def tasks(tmp_path: Path) -> Tasks:
    """A repository whose base has a bug, and whose later history has the fix."""
    folder = tmp_path / "calc"
    folder.mkdir()
    (folder / "calc.py").write_text(CALC)
    (folder / "test_calc.py").write_text(TESTS)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "base")
    return Tasks(tmp_path)
