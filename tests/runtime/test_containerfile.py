"""A repository's own Dockerfile or devcontainer: found by its files, never by what it says."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from swe_agent.core.protocols import Entry
from swe_agent.runtime.containerfile import find_containerfile, why_none
from swe_agent.runtime.store import StoredTree, TreeStore
from swe_agent.settings.consent import agree, consents_path, is_agreed


def tree_of(tmp_path: Path, files: Mapping[str, str]) -> StoredTree:
    store = TreeStore(tmp_path / "store")
    entries: dict[str, Entry | None] = {}
    for path, text in files.items():
        content = text.encode()
        entries[path] = Entry("file", store.put(content), len(content))
    return store.reader(store.overlay(store.empty, entries))


def test_a_devcontainer_with_comments_names_its_dockerfile(tmp_path: Path) -> None:
    text = '{\n// how\n"build": {"dockerfile": "../Dockerfile"}, "postCreateCommand": "make",}'
    files = {".devcontainer/devcontainer.json": text, "Dockerfile": "FROM a"}
    found = find_containerfile(tree_of(tmp_path, files))
    assert found is not None
    assert (found.kind, found.dockerfile, found.commands) == (
        "devcontainer",
        "Dockerfile",
        ("make",),
    )


def test_consent_covers_the_dockerfile_that_a_devcontainer_names(tmp_path: Path) -> None:
    text = '{"build": {"dockerfile": "Dockerfile"}}'
    keys = []
    for number, content in enumerate(("FROM a", "FROM b")):
        files = {
            ".devcontainer/devcontainer.json": text,
            ".devcontainer/Dockerfile": content,
        }
        found = find_containerfile(tree_of(tmp_path / str(number), files))
        assert found is not None
        keys.append(found.content)
    assert keys[0] != keys[1]


def test_a_devcontainers_build_and_commands_are_read(tmp_path: Path) -> None:
    text = """{
      "build": {"dockerfile": "Dockerfile", "context": "..", "args": {"WHO": "me"},
                "target": "dev"},
      "containerEnv": {"MODE": "test", "HERE": "${localWorkspaceFolder}"},
      "onCreateCommand": ["echo", "a b"],
      "postCreateCommand": {"one": "make one", "two": "make two"},
      "features": {"ghcr.io/devcontainers/features/node:1": {}},
      "remoteUser": "vscode"
    }"""
    files = {".devcontainer/devcontainer.json": text, ".devcontainer/Dockerfile": "FROM a"}
    found = find_containerfile(tree_of(tmp_path, files))
    assert found is not None
    assert (found.dockerfile, found.context, found.target) == (
        ".devcontainer/Dockerfile",
        "",
        "dev",
    )
    assert (found.args, found.env) == ((("WHO", "me"),), (("MODE", "test"),))
    assert found.commands == ("echo 'a b'", "make one", "make two")
    assert found.left_out == ("features",)


def test_a_devcontainers_context_is_its_own_folder_where_it_names_none(tmp_path: Path) -> None:
    files = {
        ".devcontainer/devcontainer.json": '{"build": {"dockerfile": "Dockerfile"}}',
        ".devcontainer/Dockerfile": "FROM a",
    }
    found = find_containerfile(tree_of(tmp_path, files))
    assert found is not None
    assert found.context == ".devcontainer"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"dockerComposeFile": "a.yml", "service": "x"}', "Docker Compose, which is not"),
        ('{"build": {"dockerfile": "none"}}', "not in the repository"),
        ("{", "not valid JSON"),
        ('{"name": "x"}', "neither an image nor a Dockerfile"),
        ("", "has no devcontainer"),
    ],
)
def test_what_is_not_understood_is_said(tmp_path: Path, text: str, why: str) -> None:
    assert why in why_none(tree_of(tmp_path, {".devcontainer.json": text}), "devcontainer")


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        '{"build": {"dockerfile": "../../../etc/passwd"}}',
        '{"build": {"dockerfile": "/etc/passwd"}}',
        '{"image": "--privileged"}',
        '{"image": 3}',
    ],
)
def test_a_devcontainer_that_is_not_understood_is_none(tmp_path: Path, text: str) -> None:
    assert find_containerfile(tree_of(tmp_path, {".devcontainer.json": text})) is None


def test_consent_is_by_content_and_lasts() -> None:
    assert not is_agreed("containerfile", "one")
    agree("containerfile", "one")
    agree("containerfile", "two")
    assert is_agreed("containerfile", "one")
    assert not is_agreed("containerfile", "three")
    assert consents_path().stat().st_mode & 0o077 == 0
