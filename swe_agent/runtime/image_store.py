"""The images of an engine as something to plan with: what is there, how much room is left."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from swe_agent.core.errors import EnvironmentFault
from swe_agent.runtime.images import IMAGE_LABEL
from swe_agent.runtime.pull import pull_image
from swe_agent.runtime.recipe import inspect_image

if TYPE_CHECKING:
    from docker import DockerClient


class EngineImages:
    """An engine's images; safe to use from several threads."""

    def __init__(self, client: "DockerClient", pull_timeout_s: float) -> None:
        self._client, self._pull_timeout_s = client, pull_timeout_s
        root = str(client.info().get("DockerRootDir", ""))
        self._root = Path(root) if root else None

    def has(self, image: str) -> bool:
        """Whether it is here."""
        try:
            inspect_image(self._client, image)
        except EnvironmentFault:
            return False
        return True

    def pull(self, image: str) -> None:
        """Get it from its registry.

        Raises:
            EnvironmentFault: it cannot be had.
        """
        pull_image(self._client, image, self._pull_timeout_s)

    def remove(self, image: str) -> None:
        """Take it away with what was made of it; what is in use stays. Does not raise."""
        from docker.errors import DockerException
        from requests import RequestException

        with suppress(DockerException, RequestException, EnvironmentFault):
            base = str(inspect_image(self._client, image)["Id"])
            made = self._client.api.images(filters={"label": f"{IMAGE_LABEL}=env"})
            parents = {row["Id"]: row.get("ParentId", "") for row in made}
            made_of_it = [one for one in parents if _stems(one, base, parents)]
            # Children before what they were made of.
            for one in sorted(made_of_it, key=lambda name: -_depth(name, parents)):
                with suppress(DockerException):
                    self._client.api.remove_image(one)
            self._client.api.remove_image(image)

    def free_mb(self) -> float | None:
        """Room on the disk of the engine's images; None where that is on another machine."""
        if self._root is None:
            return None
        try:
            return shutil.disk_usage(self._root).free / 2**20
        except OSError:
            return None


def _stems(image: str, base: str, parents: dict[str, str]) -> bool:
    """Whether an image was made of the base, however many steps back."""
    while image in parents:
        image = parents[image]
        if image == base:
            return True
    return False


def _depth(image: str, parents: dict[str, str]) -> int:
    """How many of ours lie below an image."""
    depth = 0
    while image in parents:
        image, depth = parents[image], depth + 1
    return depth
