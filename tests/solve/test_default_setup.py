"""Runs on projects whose tests need something installed, without a word about how."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

from swe_agent.core.errors import EnvironmentFault, UsageFault
from swe_agent.core.events import EnvironmentReady
from swe_agent.settings.content import content_path
from swe_agent.solve import resume
from swe_agent.trajectory.log import read_log
from tests.conftest import BASE_IMAGE
from tests.solve.conftest import CALC, RUN, SUBMIT, Play, Played, call, git

pytestmark = pytest.mark.docker

TESTS = """from calc import add


def test_add():
    assert add(2, 3) == 5
"""
PROJECT = """[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "calc"
version = "1"
"""
FIX = call("edit", path="src/calc/__init__.py", old="return a - b", new="return a + b")


@pytest.fixture
def package(project: Path) -> Path:
    """The project as a package that tests cannot import before it is installed."""
    (project / "src" / "calc").mkdir(parents=True)
    (project / "src" / "calc" / "__init__.py").write_text(CALC)
    (project / "tests").mkdir()
    (project / "tests" / "test_it.py").write_text(TESTS)
    (project / "pyproject.toml").write_text(PROJECT)
    git(project, "rm", "-q", "calc.py", "test_calc.py")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "a package")
    return project


@pytest.fixture
def offline_pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The user's own profile for Python: ours, with a pip that has what the image has."""
    monkeypatch.setenv("SWE_AGENT_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "config" / "sandbox" / "profiles"
    folder.mkdir(parents=True)
    ours = content_path("sandbox", "profiles/python.yaml").read_text()
    alone = "pip install --no-index --no-build-isolation"
    (folder / "python.yaml").write_text(ours.replace("pip install", alone))


def environment(played: Played) -> EnvironmentReady:
    (event,) = played.of("environment_ready")
    assert isinstance(event, EnvironmentReady)
    return event


@pytest.fixture
def detected(play: Play) -> Iterator[Play]:
    """Runs with nothing said about image, set-up and tests; the images made are taken away."""
    made: list[str] = []

    def run(*args: object, **settings: object) -> Played:
        settings = {"sandbox__image": None, "tests__commands": (), **settings}
        played = play(*args, **settings)
        made.append(environment(played).image)
        return played

    yield run
    engine = docker.from_env()
    for name in {*made} - {BASE_IMAGE}:
        with suppress(DockerException):
            engine.images.remove(name, force=True)
    engine.close()


@pytest.mark.usefixtures("package", "offline_pip")
def test_a_package_is_installed_where_its_tests_need_it(detected: Play) -> None:
    played = detected([FIX, SUBMIT])
    assert (played.result.verdict, played.result.targets) == ("verified", "found")
    found = environment(played)
    assert (found.profile, found.test_commands) == ("python", (".venv/bin/python -m pytest",))
    assert found.image.startswith("swe-agent-env:")
    assert ".venv" in found.ignored
    assert "egg-info" not in played.result.patch


@pytest.mark.usefixtures("offline_pip")
def test_a_second_run_finds_the_set_up_and_tests_the_edited_file(
    detected: Play, package: Path, tmp_path: Path
) -> None:
    first = environment(detected([SUBMIT, SUBMIT]))
    (tmp_path / RUN).rename(tmp_path / "first")
    place = package / "src" / "calc" / "__init__.py"
    place.write_text(place.read_text().replace("a - b", "a + b"))
    with pytest.raises(UsageFault, match="no test fails"):
        detected([SUBMIT, SUBMIT], issue="")
    second = next(
        line.event
        for line in read_log(tmp_path / RUN / "events.jsonl")
        if isinstance(line.event, EnvironmentReady)
    )
    assert second.image == first.image


@pytest.mark.usefixtures("offline_pip")
def test_tests_that_collect_without_it_need_no_set_up(detected: Play, project: Path) -> None:
    (project / "pyproject.toml").write_text(PROJECT)
    played = detected([call("edit", path="calc.py", old="a - b", new="a + b"), SUBMIT])
    assert played.result.verdict == "verified"
    assert environment(played).image == BASE_IMAGE


@pytest.mark.usefixtures("package")
def test_a_set_up_that_fails_ends_the_run_before_a_model_is_asked(
    detected: Play, package: Path, tmp_path: Path
) -> None:
    (package / "requirements.txt").write_text("no-such-package-anywhere==4711\n")
    with pytest.raises(EnvironmentFault, match="no-such-package-anywhere") as fault:
        detected([FIX], sandbox__network="off")
    assert "pip install -q -r requirements.txt" in fault.value.message
    assert "--network" in fault.value.next_step
    kinds = {line.event.type for line in read_log(tmp_path / RUN / "events.jsonl")}
    assert "model_called" not in kinds


def test_a_python_that_is_not_here_is_named_with_the_command_that_makes_it(
    detected: Play, package: Path
) -> None:
    text = PROJECT + 'requires-python = ">=3.5,<3.6"\n'
    (package / "pyproject.toml").write_text(text)
    with pytest.raises(EnvironmentFault, match=r"requires Python >=3\.5,<3\.6") as fault:
        detected([FIX])
    assert "ensure-engine --python 3.5" in fault.value.next_step


def test_an_image_with_the_right_python_is_taken(detected: Play, project: Path) -> None:
    engine = docker.from_env()
    engine.images.get(BASE_IMAGE).tag("swe-agent-python:3.4")
    try:
        text = PROJECT + 'requires-python = "==3.4.*"\n'
        (project / "pyproject.toml").write_text(text)
        played = detected([call("edit", path="calc.py", old="a - b", new="a + b"), SUBMIT])
    finally:
        engine.images.remove("swe-agent-python:3.4", noprune=True)
        engine.close()
    assert environment(played).image == "swe-agent-python:3.4"
    assert played.result.verdict == "verified"


@pytest.mark.usefixtures("package", "offline_pip")
def test_an_environment_whose_image_was_pruned_is_made_again_on_resume(
    detected: Play, tmp_path: Path
) -> None:
    stopped: list[str] = []

    def remove(event: object) -> None:
        if isinstance(event, EnvironmentReady) and not stopped:
            stopped.append(event.image)
            raise KeyboardInterrupt

    with pytest.raises(BaseException, match="saved"):
        detected([FIX, SUBMIT], also=remove)
    engine = docker.from_env()
    engine.images.remove(stopped[0], force=True)
    result = resume(tmp_path / RUN, lambda _: None)
    assert result.verdict == "verified"
    engine.images.remove(stopped[0], force=True)
    engine.close()


def test_an_unknown_profile_ends_the_run(detected: Play) -> None:
    with pytest.raises(UsageFault, match="no profile 'pyhton'"):
        detected([FIX], sandbox__profile="pyhton")


def test_where_no_test_loads_the_run_ends_before_the_first_call(play: Play, project: Path) -> None:
    (project / "calc.py").write_text("import no_such_library\n" + CALC)
    with pytest.raises(EnvironmentFault, match=r"No module named 'no_such_library' \(.*calc\.py"):
        play([FIX, SUBMIT])
    log = (project.parent / RUN / "events.jsonl").read_text()
    assert "model_called" not in log
