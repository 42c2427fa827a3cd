"""Runs on repositories that bring a Dockerfile: used only when the user says so."""

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from swe_agent.core.errors import EnvironmentFault, PolicyRefused, UsageFault
from swe_agent.core.events import EnvironmentReady
from swe_agent.runtime.own_image import OWN_IMAGES
from swe_agent.settings.load import load
from swe_agent.solve import RunRequest, solve
from tests.conftest import BASE_IMAGE
from tests.solve.conftest import FIX, RUN, SUBMIT, write_script

pytestmark = pytest.mark.docker

DOCKERFILE = f"FROM {BASE_IMAGE}\nWORKDIR /app\nCOPY . .\nRUN echo made >/made\n"


@pytest.fixture(autouse=True)
def _config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("SWE_AGENT_CONFIG_HOME", str(tmp_path / "config"))
    yield
    engine = docker.from_env()
    for image in engine.images.list(name=OWN_IMAGES):
        engine.images.remove(image.tags[0], force=True)
    engine.close()


def played(project: Path, tmp_path: Path, **overrides: object) -> tuple[str, EnvironmentReady]:
    script = write_script(tmp_path / "script.jsonl", [FIX, SUBMIT])
    given = {"model": f"scripted/{script}", "sandbox.kind": "docker", **overrides}
    seen: list[EnvironmentReady] = []
    request = RunRequest(
        project,
        "test_add fails",
        load(overrides=given, repository=project),
        tmp_path / RUN,
    )
    result = solve(request, lambda e: seen.append(e) if e.type == "environment_ready" else None)
    return result.verdict, seen[0]


def asks_for_it(project: Path) -> None:
    (project / ".swe-agent").mkdir()
    (project / ".swe-agent" / "config.yaml").write_text("sandbox.profile: dockerfile\n")


def test_it_is_built_and_used_when_the_user_names_it(project: Path, tmp_path: Path) -> None:
    (project / "Dockerfile").write_text(DOCKERFILE)
    verdict, found = played(project, tmp_path, **{"sandbox.profile": "dockerfile"})
    assert verdict == "verified"
    assert (found.profile, found.root) == ("dockerfile", "/app")
    assert found.image.startswith(f"{OWN_IMAGES}:")


def test_a_repository_cannot_ask_for_it_by_itself(project: Path, tmp_path: Path) -> None:
    (project / "Dockerfile").write_text(DOCKERFILE)
    asks_for_it(project)
    with pytest.raises(PolicyRefused, match="did not agree") as fault:
        played(project, tmp_path)
    assert "--profile dockerfile" in fault.value.next_step


def test_recorded_consent_ends_with_the_content(project: Path, tmp_path: Path) -> None:
    (project / "Dockerfile").write_text(DOCKERFILE)
    assert played(project, tmp_path, **{"sandbox.profile": "dockerfile"})[0] == "verified"
    asks_for_it(project)
    (tmp_path / RUN).rename(tmp_path / "first")
    assert played(project, tmp_path)[1].profile == "dockerfile"
    (tmp_path / RUN).rename(tmp_path / "second")
    (project / "Dockerfile").write_text(DOCKERFILE + "RUN id\n")
    with pytest.raises(PolicyRefused):
        played(project, tmp_path)


def test_one_that_is_not_named_is_only_mentioned(project: Path, tmp_path: Path) -> None:
    (project / "Dockerfile").write_text("FROM nowhere.example/none\n")
    verdict, found = played(project, tmp_path)
    assert (verdict, found.image) == ("verified", BASE_IMAGE)


def test_a_devcontainers_build_is_as_it_says(project: Path, tmp_path: Path) -> None:
    folder = project / ".devcontainer"
    folder.mkdir()
    (folder / "devcontainer.json").write_text(
        '{"build": {"dockerfile": "Dockerfile", "args": {"WHO": "me"}, "target": "used"},'
        '"containerEnv": {"MODE": "test"}, "postCreateCommand": {"a": "test \\"$MODE\\" = test"}}'
    )
    (folder / "beside").write_text("it")
    (folder / "Dockerfile").write_text(
        f'FROM {BASE_IMAGE} AS used\nARG WHO\nCOPY beside /beside\nRUN test "$WHO" = me\n'
        "FROM nowhere.example/none\n"
    )
    verdict, found = played(project, tmp_path, **{"sandbox.profile": "devcontainer"})
    assert (verdict, found.profile) == ("verified", "devcontainer")


def test_its_build_reaches_the_network_by_proxies_without_a_login(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://me:hunter2@proxy.example:3128")
    check = 'RUN test "$https_proxy" = http://proxy.example:3128 && test -z "$HTTP_PROXY"\n'
    (project / "Dockerfile").write_text(DOCKERFILE + check)
    verdict, found = played(project, tmp_path, **{"sandbox.profile": "dockerfile"})
    assert verdict == "verified"
    engine = docker.from_env()
    kept = f"{engine.images.get(found.image).attrs} {engine.images.get(found.image).history()}"
    engine.close()
    assert "example:3128" not in kept.replace("= http://proxy.example:3128", "")


def test_one_that_does_not_build_says_its_line(project: Path, tmp_path: Path) -> None:
    (project / "Dockerfile").write_text(f"FROM {BASE_IMAGE}\nRUN echo no-such-thing; exit 7\n")
    with pytest.raises(EnvironmentFault, match="no-such-thing"):
        played(project, tmp_path, **{"sandbox.profile": "dockerfile"})


def test_naming_one_that_is_not_there_is_a_usage_error(project: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match="no devcontainer"):
        played(project, tmp_path, **{"sandbox.profile": "devcontainer"})
