"""Collects the lines that each test runs, inside the sandbox, for `spectrum`."""

import json
import shlex
from collections.abc import Sequence
from importlib.resources import files
from pathlib import PurePosixPath

from swe_agent.core.errors import ToolFailure
from swe_agent.core.protocols import Sandbox
from swe_agent.index.spectrum import Covered

_FOLDER = "/tmp/swe-agent-lines"
_PLUGIN = "swe_agent_line_recorder"
_CHOICE = (
    "for p in .venv/bin/python venv/bin/python python python3; do "
    '"$p" -c "import pytest" 2>/dev/null && break; done'
)
_LENIENT = " -o addopts= -o filterwarnings= -W ignore"
"""What keeps a project's settings from stopping pytest: options of plugins that are not there,
warnings that are errors.
"""
LARGEST_BYTES = 50_000_000


def collect(
    sandbox: Sandbox, tests: Sequence[str], timeout_s: float, python: str = ""
) -> list[Covered]:
    """Run pytest on the tests named (none: all) and say which lines each of them ran; the first
    Python of the usual places that has pytest does it, where none is named.

    The code under test can write into the record: it is a hint where to look, never a verdict.

    Raises:
        ToolFailure: no test was recorded; the message has the end of pytest's output.
        SandboxLost: the sandbox is gone.
    """
    source = files("swe_agent.index.inside").joinpath("line_recorder.py").read_bytes()
    sandbox.write_file(f"{_FOLDER}/{_PLUGIN}.py", source)
    out = f"{_FOLDER}/lines.jsonl"
    command = _command(sandbox.root, out, tests, python)
    for options in ("", _LENIENT):
        result = sandbox.execute(command + options, timeout_s)
        try:
            recorded = sandbox.read_file(out, LARGEST_BYTES)
        except ToolFailure:
            recorded = b""
        if found := recorded_runs(recorded):
            return found
        if result.timed_out:
            break
    said = result.output[-1_000:].decode("utf-8", "replace")
    raise ToolFailure(f"No test was recorded. pytest said:\n{said}")


def recorded_runs(content: bytes) -> list[Covered]:
    """The record's runs; lines that are damaged are left out."""
    found = []
    for row in content.split(b"\n"):
        try:
            run = json.loads(row)
            lines = {
                str(path): frozenset(int(line) for line in numbers)
                for path, numbers in run["lines"].items()
                if not PurePosixPath(path).is_absolute()
            }
            found.append(Covered(str(run["test"]), bool(run["failed"]), lines))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
    return found


def _command(root: str, out: str, tests: Sequence[str], python: str) -> str:
    settings = {"SWE_AGENT_ROOT": root, "SWE_AGENT_LINES": out}
    assigned = " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
    named = " ".join(shlex.quote(test) for test in tests)
    choice = f"p={shlex.quote(python)}" if python else _CHOICE
    return (
        f"rm -f {shlex.quote(out)}; cd {shlex.quote(root)} && {{ {choice}; }} && {assigned}"
        f' PYTHONDONTWRITEBYTECODE=1 PYTHONPATH={_FOLDER}"${{PYTHONPATH:+:$PYTHONPATH}}"'
        f' "$p" -m pytest -q -p no:cacheprovider -p {_PLUGIN} {named}'
    )
