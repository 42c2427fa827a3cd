"""Collects the lines that each test runs, inside the sandbox, for `spectrum`."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import PurePosixPath
from secrets import token_hex

from swe_agent.core.errors import ToolFailure
from swe_agent.core.protocols import Sandbox
from swe_agent.index.spectrum import Covered

_OUT = "lines.jsonl"
_PLUGIN = "swe_agent_line_recorder"
_CHOICE = (
    "for p in {named} .venv/bin/python venv/bin/python python python3; do "
    '"$p" -c "import pytest" 2>/dev/null && break; done'
)
_LENIENT = " -o addopts= -o filterwarnings= -W ignore"
"""What keeps a project's settings from stopping pytest: options of plugins that are not there,
warnings that are errors.
"""
LARGEST_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class How:
    """How pytest is set up."""

    interpreters: tuple[str, ...] = ()
    """Those that are tried before the usual places."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables, with words for a shell."""
    options: tuple[str, ...] = ()


USUAL = How()


def collect(
    sandbox: Sandbox, tests: Sequence[str], timeout_s: float, how: How = USUAL
) -> list[Covered]:
    """Run pytest on the tests named (none: all) and say which lines each of them ran; the first
    Python that has pytest does it, of those named and those in the usual places.

    The code under test can write into the record: it is a hint where to look, never a verdict.

    Raises:
        ToolFailure: no test was recorded; the message has the end of pytest's output.
        SandboxLost: the sandbox is gone.
    """
    folder = f"/tmp/swe-agent-lines-{token_hex(8)}"
    source = files("swe_agent.index.inside").joinpath("line_recorder.py").read_bytes()
    sandbox.write_file(f"{folder}/{_PLUGIN}.py", source)
    try:
        for options in ("", _LENIENT):
            result = sandbox.execute(
                _command(sandbox.root, folder, tests, how) + options, timeout_s
            )
            try:
                recorded = sandbox.read_file(f"{folder}/{_OUT}", LARGEST_BYTES)
            except ToolFailure:
                recorded = b""
            if found := recorded_runs(recorded):
                return found
            if result.timed_out:
                break
    finally:
        sandbox.discard(folder)
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


def _command(root: str, folder: str, tests: Sequence[str], how: How) -> str:
    out = f"{folder}/{_OUT}"
    settings = {"SWE_AGENT_ROOT": shlex.quote(root), "SWE_AGENT_LINES": shlex.quote(out)}
    settings |= how.environment
    paths = [folder, *filter(None, [settings.pop("PYTHONPATH", "")])]
    assigned = " ".join(f"{name}={word}" for name, word in settings.items())
    named = " ".join(shlex.quote(word) for word in (*how.options, *tests))
    choice = _CHOICE.format(named=" ".join(map(shlex.quote, how.interpreters)))
    return (
        f"rm -f {shlex.quote(out)}; cd {shlex.quote(root)} && {{ {choice}; }} && {assigned}"
        f" PYTHONDONTWRITEBYTECODE=1"
        f' PYTHONPATH={":".join(paths)}"${{PYTHONPATH:+:$PYTHONPATH}}"'
        f' "$p" -m pytest -q -p no:cacheprovider -p {_PLUGIN} {named}'
    )
