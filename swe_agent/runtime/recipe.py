"""What a container is made of, and what the engine says of an image."""

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from swe_agent.core.errors import EngineAway, EnvironmentFault
from swe_agent.runtime.box import Limits
from swe_agent.runtime.conda import conda_env
from swe_agent.runtime.work_tree import work_tree_below
from swe_agent.settings.egress import Destination

if TYPE_CHECKING:
    from docker import DockerClient

RUN_LABEL = "swe-agent.run"
RESUME = "`swe-agent resume` goes on when it runs again."
TESTBED = "/testbed"
"""Where SWE-bench images have the repository; they are made to run as root."""
ROOT_LABEL = "swe-agent.root"
"""On an image of ours: where it has its work tree, if that is not where ours usually have it."""
FOLDERS_LABEL = "swe-agent.folders"
"""On an image of ours: whose the folders are that a sandbox works in, and where it has its work
tree, as `UID:GID ROOT`. They are made in every other container, which makes its start longer."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a container is made of."""

    image: str
    run_id: str
    root: str
    user: str
    """`uid:gid` of all processes."""
    limits: Limits = field(default_factory=Limits)
    for_setup: bool = False
    """Set-up has the engine's default rights; nothing of the model's ever runs in it."""
    network: bool = False
    has_work_tree: bool = False
    """Whether the image brings a work tree at `root`."""
    env: tuple[tuple[str, str], ...] = ()
    """Environment of all commands, beside the image's own."""
    folders: str = ""
    """What `FOLDERS_LABEL` says."""

    @property
    def has_folders(self) -> bool:
        """Whether the image brings the folders that a sandbox works in."""
        return self.folders == f"{self.user} {self.root}"

    @property
    def has_network(self) -> bool:
        """Whether it reaches all."""
        return self.network or self.limits.network

    @property
    def allow(self) -> tuple[Destination, ...]:
        """What it reaches through a gate."""
        return () if self.has_network else self.limits.allow


def recipe_for(client: "DockerClient", image: str, run_id: str, limits: Limits) -> Recipe:
    """The recipe that fits an image: where the repository goes and under which uid.

    Raises:
        EnvironmentFault: there is no such image here.
    """
    found = inspect_image(client, image)
    config = found.get("Config") or {}
    labels = config.get("Labels") or {}
    recipe = partial(Recipe, image, run_id, limits=limits, folders=labels.get(FOLDERS_LABEL, ""))
    if config.get("WorkingDir") == TESTBED:
        env = conda_env(config.get("Env") or [])
        is_ours = RUN_LABEL in labels
        return recipe(root=TESTBED, user="0:0", has_work_tree=not is_ours, env=env)
    if root := labels.get(ROOT_LABEL):
        return recipe(root=root, user="0:0")
    if root := work_tree_below(client, found):
        return recipe(root=root, user="0:0", has_work_tree=True)
    return recipe(root="/workspace", user="1000:1000")


def inspect_image(client: "DockerClient", image: str) -> dict[str, Any]:
    """What the engine knows of an image.

    Raises:
        EnvironmentFault: there is no such image here.
    """
    from docker.errors import DockerException, ImageNotFound
    from requests import RequestException

    try:
        found: dict[str, Any] = client.api.inspect_image(image)  # type: ignore[no-untyped-call]
    except ImageNotFound as error:
        raise EnvironmentFault(
            f"there is no image {image} on this engine",
            f"`docker pull {image}`, or run `sandbox/ensure-engine` for the default image",
        ) from error
    except DockerException as error:
        raise EnvironmentFault(f"the engine refused to look up {image}: {error}") from error
    except RequestException as error:
        raise EngineAway(f"the engine does not answer: {error}", RESUME) from error
    return found
