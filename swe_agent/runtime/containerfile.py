"""A repository's own Dockerfile or devcontainer: found, and made into an image when the user
agreed.

Building one runs the repository's commands as root on the engine, with its network.
"""

import hashlib
import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Literal

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.protocols import TreeReader
from swe_agent.core.text import decoded
from swe_agent.runtime.docker import ROOT_LABEL, inspect_image
from swe_agent.runtime.images import IMAGE_LABEL
from swe_agent.runtime.store import TreeStore
from swe_agent.runtime.tarball import tar_of_entries

if TYPE_CHECKING:
    from docker import DockerClient

Own = Literal["dockerfile", "devcontainer"]
OWN_PROFILES: tuple[Own, ...] = ("dockerfile", "devcontainer")
"""Names of profiles that mean the repository's own file."""
OWN_IMAGES = "swe-agent-dockerfile"
_DOCKERFILES = ("Dockerfile", "Containerfile", "docker/Dockerfile")
_DEVCONTAINERS = (".devcontainer/devcontainer.json", ".devcontainer.json")
_LIMIT_BYTES = 200_000
_LAST_LINES = 15
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
    commands: tuple[str, ...] = ()
    """What a devcontainer runs once it is made."""


def find_containerfile(tree: TreeReader, kind: Own | None = None) -> Containerfile | None:
    """The repository's own file, of one kind or of any; None where there is none that is
    understood."""
    if kind != "dockerfile":
        for path in _DEVCONTAINERS:
            if (text := _text(tree, path)) and (found := _devcontainer(tree, path, text)):
                return found
    for path in _DOCKERFILES if kind != "devcontainer" else ():
        if text := _text(tree, path):
            return Containerfile("dockerfile", path, _hash(text), dockerfile=path)
    return None


def build_containerfile(
    client: "DockerClient", store: TreeStore, tree: str, found: Containerfile, network: bool
) -> str:
    """The image of a repository's Dockerfile, built of a tree; an equal one is found again.

    Raises:
        EnvironmentFault: it cannot be built; the message has the engine's last lines.
    """
    from docker.errors import DockerException

    name = f"{OWN_IMAGES}:{_hash(found.dockerfile, tree)[:32]}"
    try:
        if client.api.images(name=name):
            return name
        with tempfile.TemporaryFile() as context:
            for piece in tar_of_entries(store, dict(store.walk(tree))):
                context.write(piece)
            context.seek(0)
            _build(client, name, (context, found.dockerfile), network)
        _label(client, name)
    except DockerException as error:
        raise EnvironmentFault(f"{found.path} cannot be built: {error}") from error
    return name


def _build(client: "DockerClient", name: str, source: tuple[IO[bytes], str], network: bool) -> None:
    context, dockerfile = source
    rows = client.api.build(
        fileobj=context,
        custom_context=True,
        dockerfile=dockerfile,
        tag=name,
        labels={IMAGE_LABEL: "dockerfile"},
        network_mode=None if network else "none",
        rm=True,
        forcerm=True,
        decode=True,
    )
    lines: list[str] = []
    for row in rows:
        lines += str(row.get("stream", "")).splitlines()
        if "error" in row:
            tail = "\n".join(line for line in lines[-_LAST_LINES:] if line.strip())
            raise EnvironmentFault(
                f"The repository's {dockerfile} cannot be built: {row['error']}\n{tail}",
                "Correct it, or go without it: leave out --profile.",
            )


def _label(client: "DockerClient", name: str) -> None:
    """Note where the image has its work tree, for `recipe_for`."""
    config = inspect_image(client, name).get("Config") or {}
    root = config.get("WorkingDir") or "/"
    if root == "/":
        return
    made = client.api.create_container(name, command=["sh"])
    try:
        repository, _, tag = name.partition(":")
        labels = {ROOT_LABEL: root, IMAGE_LABEL: "dockerfile"}
        client.api.commit(made["Id"], repository, tag, conf={"Labels": labels, "WorkingDir": root})
    finally:
        client.api.remove_container(made["Id"], force=True)


def _devcontainer(tree: TreeReader, path: str, text: str) -> Containerfile | None:
    try:
        said = json.loads(_plain_json(text))
    except ValueError:
        return None
    if not isinstance(said, Mapping):
        return None
    build = said.get("build")
    named = build.get("dockerfile") if isinstance(build, Mapping) else said.get("dockerFile")
    after = said.get("postCreateCommand")
    commands = (after,) if isinstance(after, str) and after.strip() else ()
    if isinstance(named, str):
        dockerfile = _joined(path, named)
        content = _text(tree, dockerfile)
        if not content:
            return None
        return Containerfile(
            "devcontainer", path, _hash(text, content), dockerfile, commands=commands
        )
    image = said.get("image")
    if isinstance(image, str) and re.match(r"^[a-z0-9][A-Za-z0-9_./:@-]*$", image):
        return Containerfile("devcontainer", path, _hash(text), image=image, commands=commands)
    return None


def _joined(path: str, named: str) -> str:
    """A path that a file names, relative to the file's folder; what leaves the repository names
    nothing.

    >>> _joined(".devcontainer/devcontainer.json", "../Dockerfile")
    'Dockerfile'
    """
    parts: list[str] = [*PurePosixPath(path).parent.parts]
    for part in PurePosixPath(named).parts:
        if part == ".." and parts:
            parts.pop()
        elif part in ("..", "/"):
            return ""
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


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogateescape")).hexdigest()


def _text(tree: TreeReader, path: str) -> str:
    entry = tree.entry(path) if path else None
    if entry is None or entry.kind != "file" or entry.size_bytes > _LIMIT_BYTES:
        return ""
    return decoded(tree.read(path))
