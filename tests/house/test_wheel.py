"""The wheel: built, installed into an empty environment, run from another folder."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.house.source import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that has the wheel and, behind it, our dependencies."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    subprocess.run(
        [folder / "bin" / "python", "-m", "pip", "install", "--no-deps", "--no-index", str(wheel)],
        check=True,
        capture_output=True,
    )
    (site,) = folder.glob("lib/python3*/site-packages")
    # A folder that a .pth names is searched, but its own .pth files (our editable install) are not.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def run(installed: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    elsewhere = home / "elsewhere"
    elsewhere.mkdir(parents=True, exist_ok=True)
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "DOCKER_HOST") if name in os.environ
    }
    return subprocess.run(
        [str(installed / arguments[0]), *arguments[1:]],
        cwd=elsewhere,
        env={**kept, "SWE_AGENT_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(home / "state")},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_the_wheel_brings_exactly_one_top_level_name(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"swe_agent"}


def test_the_wheel_holds_the_content_and_no_leavings(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    content = {
        f"swe_agent/_content/{path.relative_to(ROOT).as_posix()}"
        for kind in ("tools", "sandbox", "configs")
        for path in (ROOT / kind).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert content <= names
    assert not [name for name in names if name.endswith(".pyc") or "__pycache__" in name]


def test_the_installed_package_finds_its_own_content_and_the_users(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "mine.py").write_text("")
    asked = run(
        installed,
        tmp_path,
        "python",
        "-c",
        "from swe_agent.settings import content\n"
        "print(content.__file__, content.content_files('tools', '.py'))\n"
        "from swe_agent.settings.load import load; print(load().settings.strategy)",
    )
    assert asked.returncode == 0, asked.stderr
    assert str(installed.parent) in asked.stdout
    assert str(ROOT) not in asked.stdout
    assert "view.py" in asked.stdout
    assert str(tmp_path / "tools" / "mine.py") in asked.stdout
    assert asked.stdout.endswith("react\n")


def test_the_installed_command_says_its_version_alone(installed: Path, tmp_path: Path) -> None:
    asked = run(installed, tmp_path, "swe-agent", "--version")
    assert (asked.returncode, asked.stdout) == (0, "0.1.0\n"), asked.stderr


USERS_TOOL = '''"""A tool of the user's."""

from __future__ import annotations

from dataclasses import dataclass

from swe_agent.aci.tool import ToolArguments, ToolOutput, Workbench


@dataclass
class Greeting:
    word: str


class Greet:
    """Greet whoever asks."""

    name = "greet"
    writes = False

    class Arguments(ToolArguments):
        who: str

    def run(self, arguments: Arguments, bench: Workbench) -> ToolOutput:
        return ToolOutput(Greeting("hello").word)
'''


def test_the_installed_command_loads_a_tool_of_the_users(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "greet.py").write_text(USERS_TOOL)
    asked = run(installed, tmp_path, "swe-agent", "tools", "list")
    said = asked.stdout + asked.stderr
    assert asked.returncode == 0, said
    assert "greet" in said
    assert "Greet whoever asks." in said
    assert "view" in said


@pytest.mark.docker
def test_the_installed_demo_fixes_its_project(installed: Path, tmp_path: Path) -> None:
    asked = run(installed, tmp_path, "swe-agent", "demo")
    assert asked.returncode == 0, asked.stderr
    assert "VERIFIED" in asked.stderr
