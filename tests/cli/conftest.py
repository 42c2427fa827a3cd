"""The command line in this process, with homes of its own."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from swe_agent.cli.main import main
from swe_agent.cli.screen import console


@dataclass(frozen=True)
class Answer:
    """What a command came to."""

    code: int
    out: str
    err: str


Call = Callable[..., Answer]


@pytest.fixture(autouse=True)
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Fresh state and config folders, and no keys."""
    monkeypatch.setenv("SWE_AGENT_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("SWE_AGENT_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "SWE_AGENT_MODEL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """Runs `swe-agent` with these arguments."""

    def run(*arguments: str | Path) -> Answer:
        console.cache_clear()
        monkeypatch.setattr(sys, "argv", ["swe-agent", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capfd.readouterr()
        code = left.value.code
        return Answer(code if isinstance(code, int) else 0, out, err)

    return run


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository with one commit of a two-line `gcd.py`."""
    root = tmp_path / "repo"
    root.mkdir()
    (root / "gcd.py").write_text("one\ntwo\n")
    git(root, "init", "-q", "-b", "trunk")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    return root


def git(folder: Path, *arguments: str) -> str:
    """Plain git, with a name to commit by."""
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout
