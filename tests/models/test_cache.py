"""Prompt caching: nothing old is paid for twice but as a cheap read."""

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[2] / "bench" / "cache.py"


def test_each_step_pays_for_what_is_new_alone():
    done = subprocess.run(
        [sys.executable, BENCH, "--json", "--steps", "25"], capture_output=True, check=True
    )
    found = json.loads(done.stdout)
    assert found["rebilled"] <= 0
    assert found["fresh"] + found["written"] < found["plain"] / 8
