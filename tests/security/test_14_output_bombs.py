"""Check 14: however much a command prints, the host's memory and the log stay small, and the counts
are exact."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from swe_agent.runtime.output import SPOOL_BYTES
from swe_agent.runtime.store import TreeStore
from swe_agent.trajectory.log import read_log

pytestmark = pytest.mark.docker

GROWTH_KB = 64_000
EVENT_BYTES = 1_000_000
ROOT = Path(__file__).parents[2]


def measured(project: Path, commands: list[str]) -> dict[str, Any]:
    """What each command and round of tests cost, in a process of its own; the run ends well."""
    folder = project.parent
    told = folder / "commands.json"
    told.write_text(json.dumps(commands))
    argv = [sys.executable, "-m", "tests.security.measured", str(folder), str(told)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["verdict"] == "verified"
    assert len(read_log(folder / "run" / "events.jsonl")) > 10
    return found


def bombs(total: int) -> dict[str, tuple[str, int]]:
    """Name to command and the number of bytes that it prints."""
    lines = total // 20
    return {
        "NULs": (f"head -c {total} /dev/zero", total),
        "one line": (f"head -c {total // 2} /dev/zero | tr '\\0' x", total // 2),
        "lines": (f"yes 'nineteen characters' | head -n {lines}", lines * 20),
        "any bytes": (f"head -c {total} /dev/urandom", total),
        "invalid UTF-8": (f"head -c {total // 2} /dev/zero | tr '\\0' '\\377'", total // 2),
        "errors": (f"head -c {total // 4} /dev/zero | tr '\\0' y >&2; exit 3", total // 4),
    }


def check(project: Path, total: int) -> None:
    told = bombs(total)
    rows = measured(project, [command for command, _ in told.values()])["rows"]
    kept = TreeStore(project.parent / "run" / "checkpoints").blobs
    for (name, (_, size)), row in zip(told.items(), rows, strict=True):
        assert row["grown_kb"] < GROWTH_KB, name
        assert row["event_bytes"] < EVENT_BYTES, name
        assert row["data"]["total_bytes"] == size, name
        assert row["data"]["exit_code"] == (3 if name == "errors" else 0), name
        assert f" of {size} bytes elided" in row["text"], name
        assert kept.size_bytes(row["blob"]) == min(size, SPOOL_BYTES), name


def test_twenty_megabytes_of_anything_cost_no_memory(project: Path) -> None:
    check(project, 20_000_000)


@pytest.mark.soak
def test_a_gigabyte_of_anything_costs_no_memory(project: Path) -> None:
    check(project, 1_000_000_000)


@pytest.mark.soak
def test_tests_that_print_without_end_cost_no_memory(project: Path) -> None:
    (project / "test_noise.py").write_text(
        "import sys, unittest\n\n\nclass Noise(unittest.TestCase):\n    def test_noise(self):\n"
        "        for _ in range(3000):\n            sys.stdout.write('x' * 100_000)\n"
    )
    found = measured(project, [])
    assert len(found["tests_kb"]) >= 4
    assert max(found["tests_kb"]) < GROWTH_KB
