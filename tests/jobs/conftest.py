"""A small repository on a fake forge, a fake runner, and runs whose outcome a test chooses."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from swe_agent.cli.main import main
from swe_agent.cli.screen import console
from swe_agent.core.events import RunFinished, ToolCalled
from swe_agent.core.messages import ToolCall, Usage
from swe_agent.core.protocols import Watcher
from swe_agent.core.result import RunResult, TestsBeforeAfter
from swe_agent.core.task import Verdict
from swe_agent.solve import RunRequest
from tests.jobs.fake_github import FakeGitHub
from tests.jobs.forge_server import TOKEN

EVENTS = Path(__file__).parent / "ci" / "events"
CALC = "def add(a, b):\n    return a - b\n"
FIXED = "def add(a, b):\n    return a + b\n"
TESTS = "from calc import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n"


def git(folder: Path, *arguments: str) -> str:
    name = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", *name, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="session")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare repository with a commit that has a bug on `main`; copied, never changed."""
    top = tmp_path_factory.mktemp("upstream")
    work, folder = top / "work", top / "bare.git"
    work.mkdir()
    (work / "calc.py").write_text(CALC)
    (work / "test_calc.py").write_text(TESTS)
    git(work, "init", "-q", "-b", "main")
    git(work, "add", "-A")
    git(work, "commit", "-q", "-m", "base")
    git(top, "clone", "-q", "--bare", str(work), str(folder))
    return folder


@pytest.fixture
def bare(upstream: Path, tmp_path: Path) -> Path:
    """The forge's own repository."""
    return shutil.copytree(upstream, tmp_path / "bare.git")


@pytest.fixture
def hub(bare: Path) -> Iterator[FakeGitHub]:
    with FakeGitHub(bare) as server:
        yield server


def commit_to(bare: Path, branch: str, files: dict[str, str], base: str = "main") -> str:
    """Put a commit on a branch of a bare repository; the commit."""
    work = bare.parent / f"clone-{branch.replace('/', '-')}-{len(files)}"
    git(bare.parent, "clone", "-q", "-b", base, str(bare), str(work))
    for name, text in files.items():
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(work, "add", "-A", "-f")
    git(work, "commit", "-q", "-m", f"on {branch}")
    git(work, "push", "-q", "origin", f"HEAD:refs/heads/{branch}")
    return git(work, "rev-parse", "HEAD")


def event(name: str, **changes: Any) -> dict[str, Any]:
    """An event fixture, with dotted fields changed."""
    payload: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    for path, value in changes.items():
        *above, last = path.split("__")
        place = payload
        for part in above:
            place = place[part]
        place[last] = value
    return payload


@dataclass
class Outcome:
    """A stand-in for `solve`: writes files into the source, as an obedient model would."""

    files: dict[str, str | None] = field(default_factory=lambda: {"calc.py": FIXED})
    verdict: Verdict = field(
        default_factory=lambda: Verdict(
            word="verified",
            targets_from="found",
            targets=("test_calc.py::test_add",),
            fixed=("test_calc.py::test_add",),
        )
    )
    summary: str = "add subtracted."
    exit_code: int = 0
    fault: Exception | None = None
    requests: list[RunRequest] = field(default_factory=list)
    seen: Callable[[RunRequest], None] = lambda _: None

    def __call__(self, request: RunRequest, watch: Watcher) -> RunResult:
        self.requests.append(request)
        self.seen(request)
        if self.fault is not None:
            raise self.fault
        patch = patch_of(request.repository, self.files)
        (request.run_folder / "patch.diff").write_bytes(patch)
        call = ToolCall(id="1", name="submit", arguments={"summary": self.summary})
        watch(ToolCalled(step=1, call=call, writes=False))
        watch(RunFinished(verdict=self.verdict, exit_code=self.exit_code, patch=""))
        return RunResult(
            run_id=request.run_folder.name,
            task_id="t",
            verdict=self.verdict.word,
            exit_code=self.exit_code,
            patch=patch.decode(errors="replace"),
            model="scripted/x",
            strategy="react",
            steps=3,
            iterations=1,
            usage=Usage(input_tokens=10, output_tokens=5, cost_usd=0.25),
            targets="found",
            tests=TestsBeforeAfter(
                before={"test_calc.py::test_add": "failed"},
                after={"test_calc.py::test_add": "passed"},
            ),
            duration_s=6.0,
            rollbacks=0,
        )


def patch_of(repository: Path, files: dict[str, str | None]) -> bytes:
    """The patch that makes these files of HEAD; None deletes one, `-> x` makes a link to x."""
    work = repository.parent / f"patching-{repository.name}"
    shutil.copytree(repository, work, symlinks=True)
    for name, text in files.items():
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.unlink()
        elif text.startswith("-> "):
            path.symlink_to(text.removeprefix("-> "))
        else:
            path.write_text(text)
    git(work, "add", "-A", "-f")
    done = subprocess.run(
        ["git", "diff", "--cached", "--binary", "--full-index", "--no-renames", "HEAD"],
        cwd=work,
        check=True,
        capture_output=True,
    )
    shutil.rmtree(work)
    return done.stdout


@dataclass(frozen=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Said]:
    """Runs `swe-agent` in this process, in an empty folder, with these variables on top."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    # Whoever runs the tests may be a pipeline too.
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "GITLAB_", "CI_"))]:
        monkeypatch.delenv(name)

    def run(surroundings: dict[str, str], *words: str) -> Said:
        before = dict(os.environ)
        for variable, value in surroundings.items():
            monkeypatch.setenv(variable, value)
        monkeypatch.setenv("SWE_AGENT_STATE_HOME", str(tmp_path / "state"))
        monkeypatch.setattr(sys, "argv", ["swe-agent", *words])
        console.cache_clear()
        capfd.readouterr()
        try:
            with pytest.raises(SystemExit) as left:
                main()
        finally:
            os.environ.clear()  # the run step forgets what it must not know
            os.environ.update(before)
        out, err = capfd.readouterr()
        return Said(left.value.code if isinstance(left.value.code, int) else 0, out, err)

    return run


@pytest.fixture
def ci(hub: FakeGitHub, tmp_path: Path, command: Callable[..., Said]) -> Callable[..., Said]:
    """Runs `swe-agent ci github` as a workflow of the fake GitHub would.

    `payload` is the event; `runner` changes the environment.
    """

    def run(name: str, payload: dict[str, Any], *arguments: str, **runner: str) -> Said:
        path = tmp_path / "event.json"
        path.write_text(json.dumps(payload))
        surroundings = {
            "GITHUB_EVENT_NAME": name,
            "GITHUB_EVENT_PATH": str(path),
            "GITHUB_REPOSITORY": hub.repository,
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_API_URL": hub.api_url,
            "GITHUB_SERVER_URL": hub.url,
            "GITHUB_RUN_ID": "555",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
            **runner,
        }
        return command(surroundings, "ci", "github", "--work", str(tmp_path / "work"), *arguments)

    return run
