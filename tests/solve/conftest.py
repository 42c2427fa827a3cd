"""A small project with a bug, and runs on it with a script for a model."""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import docker
import docker.errors
import pytest

from swe_agent.core.events import Event
from swe_agent.core.result import RunResult
from swe_agent.settings.load import load
from swe_agent.solve import RunRequest, solve
from tests.conftest import BASE_IMAGE

CALC = """def add(a, b):
    return a - b


def mul(a, b):
    return a * b
"""
TESTS = """import unittest

from calc import add, mul


class CalcTest(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(2, 3), 5)

    def test_mul(self):
        self.assertEqual(mul(2, 3), 6)
"""
TEST_COMMAND = "python3 -m unittest"
RUN = f"run-{os.getpid()}"
"""Id of the runs of this process: another one tests at the same time."""
ADD = "test_calc.CalcTest.test_add"
MUL = "test_calc.CalcTest.test_mul"
Reply = dict[str, object]


def call(name: str, /, **arguments: object) -> Reply:
    """A reply that makes one call."""
    return {"text": "", "tool_calls": [{"name": name, "arguments": arguments}]}


def edit(old: str, new: str) -> Reply:
    return call("edit", path="calc.py", old=old, new=new)


FIX = edit("return a - b", "return a + b")
BREAK = edit("return a * b", "return a ** b")
SUBMIT = call("submit", summary="done")
ENGINEER = [
    call("view", path="calc.py"),
    BREAK,
    call("run_tests"),
    FIX,
    SUBMIT,
]
"""Looks, breaks a test that passed, is rolled back, fixes, submits."""


def git(folder: Path, *args: str) -> str:
    name = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", *name, *args], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a folder, `.git` included, with its bytes and its time of change."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A committed project whose test_add fails."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "calc.py").write_text(CALC)
    (folder / "test_calc.py").write_text(TESTS)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "base")
    return folder


@dataclass
class Played:
    """A finished run and what it logged."""

    result: RunResult
    folder: Path
    events: list[Event] = field(default_factory=list)

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.type == kind]

    def observations(self) -> list[str]:
        return [e.observation.text for e in self.events if e.type == "tool_returned"]


Play = Callable[..., Played]


def write_script(path: Path, replies: list[Reply]) -> Path:
    path.write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    return path


@pytest.fixture
def play(project: Path, tmp_path: Path) -> Play:
    """Run a script on the project; `settings` are dotted overrides."""

    def run(
        replies: list[Reply],
        issue: str = "test_add fails",
        also: Callable[[Event], None] = lambda _: None,
        **settings: object,
    ) -> Played:
        script = write_script(tmp_path / "script.jsonl", replies)
        overrides = {
            "model": f"scripted/{script}",
            "sandbox.image": BASE_IMAGE,
            "tests.commands": (TEST_COMMAND,),
            **{key.replace("__", "."): value for key, value in settings.items()},
        }
        events: list[Event] = []
        folder = tmp_path / RUN
        loaded = load(overrides=overrides, repository=project)

        def watch(event: Event) -> None:
            events.append(event)
            also(event)

        result = solve(RunRequest(project, issue, loaded, folder), watch)
        return Played(result, folder, events)

    return run


Meddle = Callable[[docker.DockerClient, str], None]


@contextmanager
def meddling(meddle: Meddle) -> Iterator[None]:
    """Does something to every container of this process's runs, again and again, as their user
    could."""
    client, is_over = docker.from_env(), threading.Event()

    def work() -> None:
        while not is_over.wait(0.1):
            for found in client.api.containers(filters={"label": f"swe-agent.run={RUN}"}):
                with suppress(docker.errors.DockerException, OSError):
                    meddle(client, found["Id"])

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
