"""A repository's own Dockerfile or devcontainer: found and understood; `own_image.py` builds it."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from shlex import quote
from typing import Literal

from swe_agent.core.protocols import TreeReader
from swe_agent.core.text import decoded

Own = Literal["dockerfile", "devcontainer"]
OWN_PROFILES: tuple[Own, ...] = ("dockerfile", "devcontainer")
"""Names of profiles that mean the repository's own file."""
_DOCKERFILES = ("Dockerfile", "Containerfile", "docker/Dockerfile")
_DEVCONTAINERS = (".devcontainer/devcontainer.json", ".devcontainer.json")
_LIMIT_BYTES = 200_000
_LEFT_OUT = ("features", "mounts", "runArgs", "initializeCommand", "postStartCommand")
_COMMANDS = ("onCreateCommand", "updateContentCommand", "postCreateCommand")
_IMAGE = re.compile(r"^[a-z0-9][A-Za-z0-9_./:@-]*$")
_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')


@dataclass(frozen=True, slots=True)
class Containerfile:
    """What the repository says of its own environment."""

    kind: Own
    path: str
    content: str
    """Hash of what the user agrees to: the file, and the Dockerfile that it names."""
    dockerfile: str = ""
    """Path of the Dockerfile; empty where an image is named."""
    image: str = ""
    context: str = ""
    """Folder that the Dockerfile is built of; empty: the whole repository."""
    args: tuple[tuple[str, str], ...] = ()
    """Arguments of the build."""
    target: str = ""
    """Stage of the Dockerfile; empty: the last one."""
    env: tuple[tuple[str, str], ...] = ()
    """Environment of all commands."""
    commands: tuple[str, ...] = ()
    """What a devcontainer runs once it is made."""
    left_out: tuple[str, ...] = ()
    """What it asks for beside and does not get."""


def find_containerfile(tree: TreeReader, kind: Own | None = None) -> Containerfile | None:
    """The repository's own file, of one kind or of any; None where there is none that is
    understood."""
    if kind != "dockerfile" and isinstance(found := _devcontainer(tree), Containerfile):
        return found
    for path in _DOCKERFILES if kind != "devcontainer" else ():
        if text := _text(tree, path):
            return Containerfile("dockerfile", path, content_hash(text), dockerfile=path)
    return None


def why_none(tree: TreeReader, kind: Own) -> str:
    """Why there is none of that kind, in a sentence."""
    found = _devcontainer(tree) if kind == "devcontainer" else None
    return found if isinstance(found, str) else f"The repository has no {kind}."


def _devcontainer(tree: TreeReader) -> Containerfile | str | None:
    """The first devcontainer; a sentence where it is not understood."""
    for path in _DEVCONTAINERS:
        if text := _text(tree, path):
            try:
                said = json.loads(_plain_json(text))
            except ValueError as fault:
                return f"{path} is not valid JSON: {fault}."
            return _understood(tree, path, text, said)
    return None


def _understood(tree: TreeReader, path: str, text: str, said: object) -> Containerfile | str:
    if not isinstance(said, Mapping):
        return f"{path} is not an object."
    if "dockerComposeFile" in said:
        return f"{path} asks for Docker Compose, which is not supported."
    about = Containerfile(
        "devcontainer",
        path,
        content_hash(text),
        env=_pairs(said.get("containerEnv")),
        commands=tuple(one for key in _COMMANDS for one in _commands(said.get(key))),
        left_out=tuple(key for key in _LEFT_OUT if said.get(key)),
    )
    build = said.get("build")
    build = build if isinstance(build, Mapping) else {}
    named = build.get("dockerfile", said.get("dockerFile"))
    if isinstance(named, str):
        dockerfile = _joined(path, named)
        context = _joined(path, str(build.get("context", said.get("context", "."))))
        content = _text(tree, dockerfile) if dockerfile else ""
        if not content or context is None:
            return f"{path} names a Dockerfile or context that is not in the repository."
        return replace(
            about,
            content=content_hash(text, content),
            dockerfile=dockerfile or "",
            context=context,
            args=_pairs(build.get("args")),
            target=str(build.get("target") or ""),
        )
    image = said.get("image")
    if isinstance(image, str) and _IMAGE.match(image):
        return replace(about, image=image)
    return f"{path} names neither an image nor a Dockerfile."


def _commands(said: object) -> tuple[str, ...]:
    """What a lifecycle command comes to: a line of shell, words, or several of them by name.

    >>> _commands({"a": "make x", "b": ["echo", "a b"]})
    ('make x', "echo 'a b'")
    """
    if isinstance(said, str):
        return (said,) if said.strip() else ()
    if isinstance(said, list):
        return (" ".join(quote(str(word)) for word in said),) if said else ()
    if isinstance(said, Mapping):
        return tuple(one for each in said.values() for one in _commands(each))
    return ()


def _pairs(said: object) -> tuple[tuple[str, str], ...]:
    """Names and values; those that stand for something of the editor or the host are left out."""
    rows = said.items() if isinstance(said, Mapping) else ()
    return tuple(
        (str(name), str(value))
        for name, value in rows
        if _NAME.match(str(name)) and "${" not in str(value)
    )


def _joined(path: str, named: str) -> str | None:
    """A path that a file names, relative to the file's folder; None where it leaves the repository.

    >>> _joined(".devcontainer/devcontainer.json", "../Dockerfile")
    'Dockerfile'
    """
    parts: list[str] = [*PurePosixPath(path).parent.parts]
    for part in PurePosixPath(named).parts:
        if part == ".." and parts:
            parts.pop()
        elif part in ("..", "/"):
            return None
        else:
            parts.append(part)
    return "/".join(parts)


def _plain_json(text: str) -> str:
    """JSON without comments and trailing commas.

    >>> _plain_json('{"a": "//b", /* c */ "d": [1,],} // e')
    '{"a": "//b",  "d": [1]} '
    """
    bare = _COMMENT.sub(lambda match: match[1] or "", text)
    return _TRAILING.sub(lambda match: match[1] or "", bare)


def content_hash(*texts: str) -> str:
    """What the texts are known by together."""
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogateescape")).hexdigest()


def _text(tree: TreeReader, path: str) -> str:
    entry = tree.entry(path) if path else None
    if entry is None or entry.kind != "file" or entry.size_bytes > _LIMIT_BYTES:
        return ""
    return decoded(tree.read(path))
