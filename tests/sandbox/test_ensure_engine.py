"""The script that readies an engine: what it says, and what an image gets of this host."""

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import docker

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "sandbox" / "ensure-engine"
MAKE_IMAGE = ROOT / "sandbox" / "make-image"


def run(
    *arguments: str, timeout_s: float = 60, **environment: str
) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value for name, value in os.environ.items() if name not in ("CI", "SWE_AGENT_YES")
    }
    return subprocess.run(
        ["sh", str(SCRIPT), *arguments],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def docker_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `docker` first on PATH that fails with the text of a file."""
    command = tmp_path / "bin" / "docker"
    command.parent.mkdir()
    command.write_text(f"#!/bin/sh\ncat {tmp_path}/says >&2\nexit 1\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    return tmp_path / "says"


def test_help_says_what_it_does() -> None:
    shown = run("--help")
    assert shown.returncode == 0
    assert "--busybox" in shown.stdout


def test_an_unknown_option_is_a_usage_error() -> None:
    assert run("--force").returncode == 2


@pytest.mark.parametrize("arguments", [("--python",), ("--python", "3.9", "--python")])
def test_a_python_without_its_version_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).returncode == 2


@pytest.mark.docker
@pytest.mark.parametrize("version", ["2.7", "3.9.18", "3.9;id", "three"])
def test_only_minor_versions_of_python_3_are_made(version: str) -> None:
    said = run("--python", version)
    assert said.returncode == 6
    assert "--python 3.9" in said.stderr


@pytest.mark.docker
def test_a_missing_python_is_told_with_the_command_that_makes_it() -> None:
    said = run("--check", "--python", "3.1")
    assert (said.returncode, "sandbox/ensure-engine --python 3.1" in said.stderr) == (6, True)


@pytest.mark.docker
@pytest.mark.soak
def test_a_python_of_this_host_becomes_an_image(engine: "docker.DockerClient") -> None:
    made = run("--yes", "--python", "3.9", timeout_s=600)
    assert made.returncode == 0, made.stderr
    show = "import sys, ssl, ctypes; print(sys.version)"
    ask = f"python3 -m venv /tmp/v && /tmp/v/bin/python -c '{show}'"
    said = engine.containers.run(
        "swe-agent-python:3.9", ["sh", "-c", f"{ask}; pip --version"], user="1000:1000", remove=True
    ).decode()
    assert said.startswith("3.9.")
    assert "(python 3.9)" in said


def test_an_engine_elsewhere_that_is_silent_is_named(tmp_path: Path) -> None:
    said = run(DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert said.returncode == 6
    assert f"DOCKER_HOST=unix://{tmp_path}/none.sock" in said.stderr


def test_a_socket_that_one_may_not_use_gets_its_own_sentence(docker_says: Path) -> None:
    docker_says.write_text("permission denied while trying to connect to the Docker daemon socket")
    said = run()
    assert said.returncode == 6
    assert "usermod -aG docker" in said.stderr


@pytest.mark.parametrize("arguments", [[], ["--check"]], ids=["asked", "check"])
def test_nothing_is_started_without_consent(docker_says: Path, arguments: list[str]) -> None:
    docker_says.write_text("Cannot connect to the Docker daemon")
    said = run(*arguments)
    assert said.returncode == 6
    assert "starting dockerd" not in said.stderr
    assert "No Docker engine answers." in said.stderr


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the scripts whose image is made by a line in a file, and an engine that gives each
    image the labels of another file."""
    for name in ("ensure-engine", "Dockerfile"):
        (tmp_path / name).write_bytes((SCRIPT.parent / name).read_bytes())
    (tmp_path / "make-image").write_text('echo "$SWE_AGENT_RECIPE" >>"${0%/*}/made"\n')
    command = tmp_path / "bin" / "docker"
    command.parent.mkdir()
    command.write_text(f"#!/bin/sh\n[ $1 = version ] || cat {tmp_path}/labels\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    return tmp_path


def ensured(images: Path, labels: str, *arguments: str) -> tuple[int, list[str], str]:
    """Exit code, the recipes of the images that were made, and what was said."""
    (images / "labels").write_text(labels)
    (images / "made").write_text("")
    ran = subprocess.run(
        ["sh", str(images / "ensure-engine"), "--yes", *arguments],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return ran.returncode, (images / "made").read_text().split(), ran.stderr


def test_an_image_from_an_older_recipe_is_made_anew_once(images: Path) -> None:
    code, made, said = ensured(images, "base//\n")
    assert (code, len(made), "older recipe" in said) == (0, 1, True)
    assert ensured(images, f"base/{made[0]}/\n")[:2] == (0, [])
    with (images / "Dockerfile").open("a") as stream:
        stream.write("RUN another\n")
    assert len(ensured(images, f"base/{made[0]}/\n")[1]) == 1


def test_an_image_that_is_not_ours_stays_whatever_the_recipe(images: Path) -> None:
    assert ensured(images, "//buildkit\n")[:2] == (0, [])
    assert len(ensured(images, "//Imported from -\n")[1]) == 1


def test_a_check_names_an_older_image_and_makes_nothing(images: Path) -> None:
    code, made, said = ensured(images, "base/1/\n", "--check")
    assert (code, made, "older recipe" in said) == (0, [], True)


def test_an_older_image_stays_where_it_cannot_be_made_anew(images: Path) -> None:
    (images / "make-image").write_text("exit 6\n")
    code, _, said = ensured(images, "base/1/\n")
    assert (code, "stays as it is" in said) == (0, True)


def host_files(tmp_path: Path, pip: str, sources: str = "", **environment: str) -> Path:
    (tmp_path / "home" / ".config" / "pip").mkdir(parents=True)
    (tmp_path / "home" / ".config" / "pip" / "pip.conf").write_text(pip)
    (tmp_path / "apt").mkdir()
    (tmp_path / "apt" / "sources.list").write_text(sources)
    home = {"HOME": str(tmp_path / "home"), "SWE_AGENT_APT": str(tmp_path / "apt")}
    subprocess.run(
        ["sh", str(MAKE_IMAGE), "host-files", str(tmp_path / "image")],
        env={"PATH": os.environ["PATH"], **home, **environment},
        check=True,
        timeout=250,
        stdin=subprocess.DEVNULL,
    )
    return tmp_path / "image"


def test_an_image_gets_the_hosts_package_indexes_and_no_password(tmp_path: Path) -> None:
    image = host_files(
        tmp_path,
        "[global]\nindex-url = https://mirror.test/simple\n"
        "extra-index-url = https://user:hunter2@private.test/simple file:///opt/x https://b.test/s\n",
        PIP_TRUSTED_HOST="mirror.test",
    )
    text = (image / "etc" / "pip.conf").read_text()
    assert "index-url = https://mirror.test/simple\n" in text
    assert "extra-index-url = https://b.test/s\n" in text
    assert "trusted-host = mirror.test\n" in text
    assert "hunter2" not in text
    assert "/opt/x" not in text


def test_an_image_gets_the_hosts_main_archive_and_no_other(tmp_path: Path) -> None:
    release = Path("/etc/os-release")
    if not release.exists() or "VERSION_CODENAME" not in release.read_text():
        pytest.skip("not a Debian-like host")
    code = release.read_text().split("VERSION_CODENAME=")[1].split("\n")[0].strip('"')
    image = host_files(
        tmp_path,
        "",
        f"deb [arch=amd64] http://mirror.test/debian {code} main contrib\n"
        f"deb http://mirror.test/debian {code}-updates main\n"
        f"deb http://u:hunter2@mirror.test/debian {code} main\n"
        f"deb [signed-by=/x/stranger.gpg] http://stranger.test/d {code} main\n"
        f"deb http://pg.test/d {code}-pgdg main\n"
        f"# deb http://old.test/d {code} main\n",
    )
    assert (image / "etc" / "apt" / "sources.list").read_text() == (
        f"deb http://mirror.test/debian {code} main contrib\n"
        f"deb http://mirror.test/debian {code}-updates main\n"
    )


@pytest.mark.docker
def test_a_second_run_changes_nothing_and_says_one_line() -> None:
    said = run("--busybox")
    assert said.returncode == 0
    assert said.stderr.count("\n") == 1


@pytest.mark.docker
@pytest.mark.parametrize(
    ("image", "command"),
    [
        ("swe-agent-base:1", "python --version && git --version && pytest --version && pip -V"),
        ("swe-agent-busybox:1", "find / -maxdepth 1 | xargs stat -c %n && ! command -v git"),
    ],
)
def test_an_image_has_what_the_sandbox_needs(image: str, command: str) -> None:
    ran = subprocess.run(
        ["docker", "run", "--rm", "--network", "none", image, "sh", "-c", command],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
