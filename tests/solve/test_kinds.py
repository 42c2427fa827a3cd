"""A tiny project of every kind: set up by its profile (which needs a network), its fix verified; in
Docker, and in bubblewrap with what this machine has."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

from swe_agent.core.events import EnvironmentReady
from swe_agent.runtime.images import IMAGE_LABEL
from swe_agent.runtime.kept import find_kept, remove_kept
from tests.backends import need_bubblewrap
from tests.conftest import BASE_IMAGE
from tests.solve.conftest import SUBMIT, Play, call, git
from tests.solve.kinds import DEBIAN_JAVA, KINDS

pytestmark = pytest.mark.soak

JAVA = (
    "apt-get update -qq && apt-get install -y -qq --no-install-recommends maven gradle "
    "default-jdk-headless junit4 libsurefire-java libmaven-compiler-plugin-java "
    "libmaven-resources-plugin-java libmaven-jar-plugin-java libmaven-install-plugin-java"
)


@pytest.fixture(scope="module")
def java_image(engine: docker.DockerClient) -> Iterator[str]:
    """Debian's own Maven and Gradle, with the packages that they would download."""
    name = "swe-agent-test-java:1"
    made = engine.containers.run(BASE_IMAGE, ["sh", "-c", JAVA], detach=True)
    try:
        assert made.wait(timeout=3600)["StatusCode"] == 0, made.logs()[-2000:]
        made.commit(*name.split(":"), conf={"Labels": {IMAGE_LABEL: "env"}})
    finally:
        made.remove(force=True)
    yield name
    engine.images.remove(name, force=True)


@pytest.fixture
def project(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / "project"
    for path, text in KINDS[name].files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "base")
    return folder


NEEDS = {
    "node": "npm",
    "go": "go",
    "rust": "cargo",
    "maven": "mvn",
    "gradle": "gradle",
    "ruby": "bundle",
    "cmake": "cmake",
    "make": "cc",
}
"""What this machine needs to have for a kind, where nothing of the system can be installed."""


@pytest.mark.docker
@pytest.mark.parametrize("name", KINDS)
def test_it_is_set_up_and_its_fix_is_verified(
    name: str, play: Play, engine: docker.DockerClient, request: pytest.FixtureRequest
) -> None:
    kind = KINDS[name]
    is_java = kind.profile == "java"
    played = play(
        [call("edit", path=kind.path, old=kind.old, new=kind.new), SUBMIT],
        issue="Make the failing tests pass",
        sandbox__image=request.getfixturevalue("java_image") if is_java else None,
        tests__commands=(),
    )
    (ready,) = played.of("environment_ready")
    assert isinstance(ready, EnvironmentReady)
    if ready.image != BASE_IMAGE:
        with suppress(DockerException):
            engine.images.remove(ready.image, force=True)
    assert (ready.profile, played.result.verdict) == (kind.profile, "verified")


@pytest.mark.parametrize("name", KINDS)
def test_it_is_set_up_and_its_fix_is_verified_in_bubblewrap(name: str, play: Play) -> None:
    need_bubblewrap()
    kind, program = KINDS[name], NEEDS.get(name, "python3")
    if not shutil.which(program):
        pytest.skip(f"{program} is not on this machine")
    if kind.profile == "java" and not Path(DEBIAN_JAVA.removeprefix("file://"), "junit").is_dir():
        pytest.skip("Debian's junit4 and Maven plugins are not on this machine")
    played = play(
        [call("edit", path=kind.path, old=kind.old, new=kind.new), SUBMIT],
        issue="Make the failing tests pass",
        sandbox__kind="bubblewrap",
        sandbox__image=None,
        tests__commands=(),
    )
    (ready,) = played.of("environment_ready")
    assert isinstance(ready, EnvironmentReady)
    remove_kept(tuple(one for one in find_kept() if ready.image.endswith(f":{one.name}")))
    assert (ready.profile, played.result.verdict) == (kind.profile, "verified")
