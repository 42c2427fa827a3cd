"""`swe-agent sandbox`: what is ours is told by label; nothing else is touched."""

import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

from swe_agent.runtime.housekeeping import (
    OurContainer,
    OurImage,
    Ours,
    find_ours,
    removable,
)
from swe_agent.runtime.images import IMAGE_LABEL
from swe_agent.runtime.recipe import RUN_LABEL
from tests.cli.conftest import Call, git
from tests.conftest import BASE_IMAGE


def image(kind: str, *, in_use: bool = False) -> OurImage:
    return OurImage("sha256:1", f"{kind}:1", kind, 1, 1.0, in_use)


def container(state: str, age_s: float) -> OurContainer:
    return OurContainer("1", state, "run", "image", state, age_s)


def test_what_a_run_is_at_work_in_stays() -> None:
    ours = Ours(
        (image("env"), image("env", in_use=True), image("base"), image("python")),
        (container("running", 1e6), container("created", 5.0), container("exited", 1e6)),
    )
    going = removable(ours)
    assert going.images == (image("env"),)
    assert [one.state for one in going.containers] == ["exited"]
    assert len(removable(ours, everything=True).images) == 3


@pytest.fixture
def labelled(engine: docker.DockerClient, tmp_path: Path) -> Iterator[dict[str, str]]:
    """An image of ours, one of a stranger, and a container of ours that never started."""
    names = {kind: f"swe-agent-test-{kind}:{secrets.token_hex(4)}" for kind in ("ours", "other")}
    (tmp_path / "Dockerfile").write_text(f"FROM {BASE_IMAGE}\nLABEL {IMAGE_LABEL}=env\n")
    engine.images.build(path=str(tmp_path), tag=names["ours"], rm=True)
    engine.images.get(BASE_IMAGE).tag(names["other"])
    left = engine.containers.create(BASE_IMAGE, labels={RUN_LABEL: "gone"})
    yield {**names, "left": left.name or ""}
    for name in names.values():
        with suppress(DockerException):
            engine.images.remove(name, force=True)
    with suppress(DockerException):
        left.remove(force=True)


@pytest.mark.docker
def test_list_shows_what_is_ours_with_size_and_age(call: Call, labelled: dict[str, str]) -> None:
    said = call("sandbox", "list", "--json")
    shown = json.loads(said.out)
    (mine,) = [one for one in shown["images"] if one["name"] == labelled["ours"]]
    assert (mine["kind"], mine["in_use"]) == ("env", False)
    assert mine["size_bytes"] > 1_000_000
    assert labelled["other"] not in [one["name"] for one in shown["images"]]
    assert labelled["left"] in [one["name"] for one in shown["containers"]]
    table = call("sandbox", "list")
    assert (table.code, table.out, labelled["ours"] in table.err) == (0, "", True)


@pytest.mark.docker
def test_prune_without_consent_removes_nothing(
    call: Call, labelled: dict[str, str], engine: docker.DockerClient
) -> None:
    said = call("sandbox", "prune", labelled["ours"])
    assert (said.code, "--yes" in said.err) == (2, True)
    assert engine.images.get(labelled["ours"])


@pytest.mark.docker
def test_prune_removes_an_environment_by_name(
    call: Call, labelled: dict[str, str], engine: docker.DockerClient
) -> None:
    said = call("sandbox", "prune", labelled["ours"], "--yes", "--json")
    assert said.code == 0
    assert [one["name"] for one in json.loads(said.out)["removed"]["images"]] == [labelled["ours"]]
    assert labelled["ours"] not in [one.name for one in find_ours(engine).images]
    assert engine.images.get(BASE_IMAGE)


@pytest.mark.docker
@pytest.mark.parametrize("which", ["other", "left"])
def test_prune_refuses_what_is_not_ours_or_may_be_in_use(
    call: Call, labelled: dict[str, str], which: str
) -> None:
    said = call("sandbox", "prune", labelled[which], "--yes")
    assert said.code == 2
    assert "not an image or container of ours that can go" in said.err


@pytest.mark.docker
def test_build_makes_the_environment_that_a_run_would_use(call: Call, repo: Path) -> None:
    (repo / "test_gcd.py").write_text("import unittest\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "tests")
    said = call("sandbox", "build", repo, "--json", "-s", "sandbox.kind=docker")
    assert said.code == 0, said.err
    made = json.loads(said.out)
    assert (made["image"], made["profile"]) == (BASE_IMAGE, "python")
    assert made["test_commands"] == ["python3 -m pytest"]


@pytest.mark.docker
def test_build_with_an_unknown_profile_is_a_usage_error(call: Call, repo: Path) -> None:
    said = call("sandbox", "build", repo, "--profile", "pithon")
    assert (said.code, "python" in said.err) == (2, True)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Kept environments: one that is old, one in use, one whose set-up did not end."""
    place = tmp_path / "environments"
    for name, age_s in (("old", 7200), ("used", 60), ("swe-agent-half", 7200)):
        (place / name / "workspace").mkdir(parents=True)
        (place / name / "workspace" / "f").write_text("x" * 5000)
        (place / name / "workspace" / "out").symlink_to(tmp_path)
        note = place / name / ("environment.json" if name != "swe-agent-half" else "workspace")
        if name != "swe-agent-half":
            note.write_text("{}")
        then = time.time() - age_s
        os.utime(note, (then, then))
        os.utime(place / name, (then, then))
    monkeypatch.setattr("swe_agent.runtime.kept.kept_folders", lambda: place)
    monkeypatch.setattr("swe_agent.runtime.kept.outer_uid", lambda: None)
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    return place


def test_environments_kept_for_bubblewrap_are_listed_without_an_engine(
    call: Call, kept: Path
) -> None:
    shown = json.loads(call("sandbox", "list", "--json").out)
    rows = {one["name"]: (one["in_use"], one["whole"]) for one in shown["kept"]}
    assert rows == {"old": (False, True), "used": (True, True), "swe-agent-half": (False, False)}
    assert all(4096 <= one["size_bytes"] < 100_000 for one in shown["kept"])
    said = call("sandbox", "list").err
    assert "no engine: DOCKER_HOST" in said
    assert "not finished" in said


def test_prune_takes_kept_environments_that_nobody_uses(
    call: Call, kept: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("stays")
    said = call("sandbox", "prune", "--yes", "--json")
    removed = [one["name"] for one in json.loads(said.out)["removed"]["kept"]]
    assert sorted(removed) == ["old", "swe-agent-half"]
    assert [folder.name for folder in kept.iterdir()] == ["used"]
    assert (tmp_path / "mine").read_text() == "stays"
    assert call("sandbox", "prune", "used", "--yes").code == 0
    assert list(kept.iterdir()) == []
