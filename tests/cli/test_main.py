"""The boundary: the right exit code, one clear sentence, nothing on stdout but what was asked."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from swe_agent import __version__
from swe_agent.cli import main as boundary
from swe_agent.core.errors import EnvironmentFault, Interrupted, ModelFault, PolicyRefused

COMMANDS = ["demo", "run", "resume", "apply", "doctor"]
FAMILIES = {
    "runs": ["rm", "prune"],
    "tools": ["list", "show"],
    "config": ["show", "where", "list", "check"],
}


def test_version_prints_the_version_alone(call):
    answer = call("--version")

    assert (answer.code, answer.out, answer.err) == (0, f"{__version__}\n", "")


@pytest.mark.parametrize(
    "words",
    [[], *([c] for c in COMMANDS), *([f, c] for f, cs in FAMILIES.items() for c in cs)],
    ids=" ".join,
)
def test_every_command_has_help_with_examples(call, words):
    answer = call(*words, "--help")

    assert answer.code == 0
    assert "Example" in answer.out
    assert f"swe-agent {' '.join(words)}" in answer.out


@pytest.mark.parametrize(
    "words",
    [["frob"], ["run", "--frob"], ["resume"], ["run", "--max-steps", "many"], ["tools", "frob"]],
    ids=" ".join,
)
def test_a_wrong_command_line_exits_2_without_a_traceback(call, words):
    answer = call(*words)

    assert answer.code == 2
    assert answer.out == ""
    assert "Error" in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (EnvironmentFault("Engine\x1b[2J gone.", "Start it."), 6),
        (ModelFault("Provider down.", "Try later."), 7),
        (PolicyRefused("Not allowed.", "Ask."), 8),
        (Interrupted("Stopped.", "Resume."), 130),
        (KeyboardInterrupt(), 130),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_each_fault_ends_with_its_exit_code(call, monkeypatch, fault, code):
    def failing(**_: object) -> None:
        raise fault

    monkeypatch.setattr(boundary, "app", failing)

    answer = call("run")

    assert answer.code == code
    assert "\x1b" not in answer.err
    if getattr(fault, "next_step", ""):
        assert fault.next_step in answer.err


def test_a_bug_leaves_a_line_and_a_private_log(call, monkeypatch, homes: Path):
    def failing(**_: object) -> None:
        raise RuntimeError("boom\x1b[2J")

    monkeypatch.setattr(boundary, "app", failing)

    answer = call("run")

    (log,) = (homes / "state" / "crashes").iterdir()
    assert answer.code == 1
    assert str(log) in answer.err
    assert "Traceback" not in answer.err
    assert "RuntimeError: boom<U+001B>" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_a_reader_that_goes_away_causes_no_traceback(homes: Path):
    script = "from swe_agent.cli.main import main; main()"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", script, "config", "show", "--json"],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)

    assert done.stderr == ""


def test_help_loads_neither_rich_nor_pydantic_nor_an_sdk():
    script = (
        "import sys; sys.argv = ['swe-agent', '--help']\n"
        "from swe_agent.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "import json; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    heavy = {"rich", "pydantic", "docker", "git", "openai", "anthropic", "tree_sitter", "yaml"}
    assert heavy.isdisjoint(json.loads(done.stderr))


def test_shell_completion_names_the_commands():
    script = "from swe_agent.cli.main import main; main()"
    environment = {
        **os.environ,
        "_SWE_AGENT_COMPLETE": "complete_bash",
        "COMP_WORDS": "swe-agent r",
        "COMP_CWORD": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )

    assert done.stdout.split() == ["run", "resume", "replay", "report", "runs"]
