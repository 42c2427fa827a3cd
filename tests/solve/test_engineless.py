"""Whole runs without an engine: in bubblewrap's sandbox, and in none."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.core.events import EnvironmentReady
from swe_agent.runtime.kept import find_kept, remove_kept
from swe_agent.solve import resume
from tests.backends import need_bubblewrap
from tests.conftest import BASE_IMAGE
from tests.runtime.servers import counting, serving
from tests.solve.conftest import (
    ADD,
    ENGINEER,
    FIX,
    MUL,
    SUBMIT,
    TEST_COMMAND,
    Play,
    Played,
    call,
    contents,
)


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


def test_the_network_is_never_promised_closed_where_nothing_closes_it(play: Play) -> None:
    with pytest.raises(UsageFault, match="Without a sandbox"):
        play(ENGINEER, sandbox__kind="none", sandbox__image=None, sandbox__network="allow:a.test:1")


@pytest.mark.parametrize(("policy", "reached"), [("setup", False), ("off", False), ("on", True)])
def test_bubblewrap_shares_the_network_only_where_that_was_asked_for(
    policy: str, reached: bool, play: Play
) -> None:
    need_bubblewrap()
    with counting() as (port, came):
        knock = f"python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {port}), 5)'"
        look = call("shell", command=knock)
        settings = {"sandbox__kind": "bubblewrap", "sandbox__image": None}
        played = play([look, FIX, SUBMIT], sandbox__network=policy, **settings)
    assert bool(came) is reached
    assert played.result.verdict == "verified"


@pytest.fixture
def kept_no_longer(play: Play) -> Iterator[Play]:
    """Like `play`; the environment that it leaves is removed."""
    names: list[str] = []

    def run(*given: object, **settings: object) -> Played:
        played = play(*given, **settings)
        names.extend(ready.image.rpartition(":")[2] for ready in played.of("environment_ready"))
        return played

    yield run
    remove_kept(tuple(one for one in find_kept() if one.name in names))


def test_bubblewrap_reaches_exactly_what_is_allowed(kept_no_longer: Play, tmp_path: Path) -> None:
    need_bubblewrap()
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "hello").write_text("hello")
    fetch = "import urllib.request as u; print(u.urlopen('http://localhost:{}/hello').read())"
    with serving(tmp_path / "served") as port, counting() as (other, came):
        here, there = (f'python3 -c "{fetch.format(one)}"' for one in (port, other))
        played = kept_no_longer(
            [call("shell", command=here), call("shell", command=there), FIX, SUBMIT],
            sandbox__kind="bubblewrap",
            sandbox__image=None,
            sandbox__network=f"allow:localhost:{port}",
            sandbox__setup=(f"{here} && ! {there}",),
        )
    assert "hello" in played.observations()[0]
    assert "hello" not in played.observations()[1]
    assert played.result.verdict == "verified"
    assert came == []


def test_a_rollback_brings_a_broken_environment_back(kept_no_longer: Play, project: Path) -> None:
    need_bubblewrap()
    (project / ".gitignore").write_text("node_modules\n")
    ruin = call("shell", command="rm -rf node_modules; sed -i 's/a \\* b/a - b/' calc.py")
    played = kept_no_longer(
        [ruin, call("run_tests"), FIX, SUBMIT],
        sandbox__kind="bubblewrap",
        sandbox__image=None,
        sandbox__setup=("mkdir node_modules && echo 1 >node_modules/needed",),
        tests__commands=(f"test -e node_modules/needed && {TEST_COMMAND}",),
    )
    assert (played.result.rollbacks, played.result.verdict) == (1, "verified")
    (told,) = played.of("reminder_given")
    assert "node_modules/needed" in told.model_dump_json()
