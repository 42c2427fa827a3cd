"""Ctrl-C in the middle of a command: the state is saved, nothing is left, `resume` goes on."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = "from swe_agent.cli.main import main; main()"


def replies(place: Path) -> Path:
    """A scripted model that waits in the shell, then gives up."""
    wait = {"tool_calls": [{"name": "shell", "arguments": {"command": "sleep 60"}}]}
    done = {"tool_calls": [{"name": "submit", "arguments": {"summary": "no idea"}}]}
    place.write_text(f"{json.dumps(wait)}\n{json.dumps(done)}\n")
    return place


def heeding() -> None:
    """A shell has what it starts in the background ignore ctrl-C, and these tests with it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.docker
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_an_interrupted_run_exits_130_and_names_resume(
    repo: Path, homes: Path, number: signal.Signals
):
    script = replies(homes / "replies.jsonl")
    started = subprocess.Popen(
        [
            sys.executable,
            "-c",
            SCRIPT,
            "run",
            repo,
            "-i",
            "x",
            "-m",
            f"scripted/{script}",
            "--test",
            "grep -q three gcd.py",
            "--json",
            "-o",
            homes / "out",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
        preexec_fn=heeding,
    )
    assert started.stdout is not None
    for line in started.stdout:
        if json.loads(line)["type"] == "tool_called":
            break
    started.send_signal(number)
    _, err = started.communicate(timeout=250)

    assert started.returncode == 130
    assert f"swe-agent resume {homes / 'out'}" in err
    assert "Traceback" not in err
