"""The image of a repository's own Dockerfile, built once the user agreed.

Building runs the repository's commands as root on the engine, with its network.
"""

import tempfile
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.protocols import Entry
from swe_agent.core.text import visible
from swe_agent.runtime.containerfile import Containerfile, content_hash
from swe_agent.runtime.images import IMAGE_LABEL
from swe_agent.runtime.recipe import FOLDERS_LABEL, ROOT_LABEL, inspect_image
from swe_agent.runtime.store import TreeStore
from swe_agent.runtime.tarball import tar_of_entries

if TYPE_CHECKING:
    from docker import DockerClient

OWN_IMAGES = "swe-agent-dockerfile"
_OUTSIDE = ".swe-agent.Dockerfile"
"""Name in what is sent of a Dockerfile that lies outside of the folder that it is built of."""
_LAST_LINES = 15


def build_containerfile(
    client: "DockerClient",
    store: TreeStore,
    tree: str,
    found: Containerfile,
    proxies: Mapping[str, str] | None,
) -> str:
    """The image of a repository's Dockerfile, built of a tree; an equal one is found again.

    Args:
        client: the engine.
        store: has the tree.
        tree: what it is built of.
        found: what it says.
        proxies: variables that lead to the network, as build arguments that every engine knows
            and none keeps; None: it is built without a network.

    Raises:
        EnvironmentFault: it cannot be built; the message has the engine's last lines.
    """
    from docker.errors import DockerException

    name = f"{OWN_IMAGES}:{content_hash(found.content, found.dockerfile, tree)[:32]}"
    try:
        if client.api.images(name=name):
            return name
        with tempfile.TemporaryFile() as context:
            for piece in tar_of_entries(store, _context(store, tree, found)):
                context.write(piece)
            context.seek(0)
            _build(client, name, found, context, proxies)
        _label(client, name)
    except DockerException as error:
        raise EnvironmentFault(f"{found.path} cannot be built: {error}") from error
    return name


def _context(store: TreeStore, tree: str, found: Containerfile) -> dict[str, Entry]:
    """What the Dockerfile can copy, and the Dockerfile."""
    rows = dict(store.walk(tree))
    inside = PurePosixPath(found.context)
    chosen = {
        str(PurePosixPath(path).relative_to(inside)): entry
        for path, entry in rows.items()
        if PurePosixPath(path) != inside and PurePosixPath(path).is_relative_to(inside)
    }
    return {**chosen, _sent_as(found): rows[found.dockerfile]}


def _sent_as(found: Containerfile) -> str:
    dockerfile = PurePosixPath(found.dockerfile)
    if dockerfile.is_relative_to(found.context):
        return str(dockerfile.relative_to(found.context))
    return _OUTSIDE


def _build(
    client: "DockerClient",
    name: str,
    found: Containerfile,
    context: IO[bytes],
    proxies: Mapping[str, str] | None,
) -> None:
    rows = client.api.build(
        fileobj=context,
        custom_context=True,
        dockerfile=_sent_as(found),
        buildargs={**(proxies or {}), **dict(found.args)},
        target=found.target or None,
        tag=name,
        labels={IMAGE_LABEL: "dockerfile", FOLDERS_LABEL: ""},
        network_mode="none" if proxies is None else None,
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
                f"The repository's {found.dockerfile} cannot be built: "
                f"{visible(str(row['error']))}\n{tail}",
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
