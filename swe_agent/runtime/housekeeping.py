"""What of an engine's images and containers is ours, told by label alone, and its removal."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from swe_agent.core.errors import EnvironmentFault
from swe_agent.runtime.images import IMAGE_LABEL
from swe_agent.runtime.owner import OWNER_LABEL, is_orphan
from swe_agent.runtime.recipe import RUN_LABEL

if TYPE_CHECKING:
    from docker import DockerClient

KEPT_KINDS = ("base", "python")
"""Images that runs share and that take long to make."""
_SETTLED_S = 60.0
"""A container that was made but not started for so long is left over."""
_DEAD = ("created", "exited", "dead")


@dataclass(frozen=True, slots=True)
class OurImage:
    """An image with our label."""

    id: str
    name: str
    """Its first tag; the short id where it has none."""
    kind: str
    """base, python, env, or dockerfile."""
    size_bytes: int
    age_s: float
    in_use: bool
    """Whether any container is made of it."""


@dataclass(frozen=True, slots=True)
class OurContainer:
    """A container with our label."""

    id: str
    name: str
    run_id: str
    image: str
    state: str
    age_s: float
    is_orphan: bool = False
    """Whether the process that made it has ended."""

    @property
    def is_left_over(self) -> bool:
        """Whether no run can be at work in it."""
        return self.is_orphan or (self.state in _DEAD and self.age_s > _SETTLED_S)


@dataclass(frozen=True, slots=True)
class Ours:
    """All that is ours on an engine, newest first."""

    images: tuple[OurImage, ...]
    containers: tuple[OurContainer, ...]


def find_ours(client: "DockerClient") -> Ours:
    """List our images and containers.

    Raises:
        EnvironmentFault: the engine refused.
    """
    from docker.errors import DockerException

    try:
        everything = client.api.containers(all=True)
        rows = {
            row["Id"]: row
            for label in (IMAGE_LABEL, RUN_LABEL)
            for row in client.api.images(filters={"label": label})
        }
    except DockerException as error:
        raise EnvironmentFault(f"The engine does not list what it has: {error}") from error
    used = {row["ImageID"] for row in everything}
    images = [_image(row, used) for row in rows.values()]
    containers = [_container(row) for row in everything if RUN_LABEL in (row.get("Labels") or {})]
    return Ours(
        tuple(sorted(images, key=lambda one: one.age_s)),
        tuple(sorted(containers, key=lambda one: one.age_s)),
    )


def removable(ours: Ours, *, everything: bool = False) -> Ours:
    """What can go: environments that no container uses and containers that are left over;
    `everything` adds base images and those with other Pythons. What is at work stays."""
    return Ours(
        tuple(
            one
            for one in ours.images
            if not one.in_use and (everything or one.kind not in KEPT_KINDS)
        ),
        tuple(one for one in ours.containers if one.is_left_over),
    )


def remove(client: "DockerClient", what: Ours) -> tuple[str, ...]:
    """Remove containers, then images; returns the names of what would not go, with the reason."""
    from docker.errors import DockerException, NotFound

    stayed: list[str] = []
    for container in what.containers:
        try:
            client.api.remove_container(container.id, force=True, v=True)
        except NotFound:
            continue
        except DockerException as error:
            stayed.append(f"{container.name}: {error}")
    for image in what.images:
        try:
            client.api.remove_image(image.name, force=False)
        except NotFound:
            continue
        except DockerException as error:
            stayed.append(f"{image.name}: {error}")
    return tuple(stayed)


def _image(row: dict[str, Any], used: set[str]) -> OurImage:
    labels = row.get("Labels") or {}
    tags = [tag for tag in row.get("RepoTags") or [] if not tag.startswith("<none>")]
    return OurImage(
        id=row["Id"],
        name=tags[0] if tags else row["Id"].removeprefix("sha256:")[:12],
        kind=labels.get(IMAGE_LABEL, "env"),
        size_bytes=int(row.get("Size", 0)),
        age_s=_age(row.get("Created", 0)),
        in_use=row["Id"] in used,
    )


def _container(row: dict[str, Any]) -> OurContainer:
    return OurContainer(
        id=row["Id"],
        name=(row.get("Names") or [row["Id"][:12]])[0].lstrip("/"),
        run_id=row["Labels"][RUN_LABEL],
        image=row.get("Image", ""),
        state=row.get("State", ""),
        age_s=_age(row.get("Created", 0)),
        is_orphan=is_orphan(row["Labels"].get(OWNER_LABEL, "")),
    )


def _age(created: int | float | str) -> float:
    """Seconds since then; podman's API tells the time as text."""
    if isinstance(created, str):
        created = datetime.fromisoformat(created).timestamp()
    return max(0.0, time.time() - created)
