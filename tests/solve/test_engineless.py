"""Whole runs without an engine: in bubblewrap's sandbox, and in none."""

import subprocess
from pathlib import Path

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.core.events import EnvironmentReady
from swe_agent.solve import resume
from tests.backends import need_bubblewrap
from tests.conftest import BASE_IMAGE
from tests.solve.conftest import ADD, ENGINEER, MUL, Play, contents


@pytest.fixture(params=["bubblewrap", "none"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A backend, with no engine to fall back to."""
    if request.param == "bubblewrap":
        need_bubblewrap()
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    return str(request.param)


def test_a_run_is_verified_and_says_what_it_ran_in(play: Play, project: Path, kind: str) -> None:
    before = contents(project)
    played = play(ENGINEER, sandbox__kind=kind, sandbox__image=None)
    result = played.result
    assert (result.verdict, result.exit_code, result.targets) == ("verified", 0, "given")
    assert (result.rollbacks, result.iterations, result.steps) == (1, 2, 5)
    assert result.tests.before == {ADD: "failed", MUL: "passed"}
    assert result.tests.after == {ADD: "passed", MUL: "passed"}
    assert contents(project) == before
    (ready,) = played.of("environment_ready")
    assert isinstance(ready, EnvironmentReady)
    assert (ready.sandbox, ready.image) == (kind, "")
    subprocess.run(["git", "apply", str(played.folder / "patch.diff")], cwd=project, check=True)
    assert resume(played.folder, lambda _: None) == result


def test_an_image_is_refused_where_there_are_none(play: Play, kind: str) -> None:
    with pytest.raises(UsageFault, match="no images"):
        play(ENGINEER, sandbox__kind=kind, sandbox__image=BASE_IMAGE)
