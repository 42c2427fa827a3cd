"""Getting an image from its registry, for as long as that may take and no longer."""

import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.text import visible

if TYPE_CHECKING:
    from docker import DockerClient


def pull_image(client: "DockerClient", image: str, timeout_s: float) -> None:
    """Pull an image; an engine that says nothing meanwhile is not waited for any longer either.

    Raises:
        EnvironmentFault: it cannot be had, or not in time.
    """
    said: SimpleQueue[str | None] = SimpleQueue()
    threading.Thread(target=_listen, args=(client, image, said), daemon=True).start()
    deadline = time.monotonic() + timeout_s
    try:
        why = said.get(timeout=timeout_s)
        while why is not None and not why:
            why = said.get(timeout=max(0.0, deadline - time.monotonic()))
    except Empty:
        raise EnvironmentFault(
            f"pulling {image} took more than {timeout_s:g} s",
            "raise engine.pull_timeout_s, or `docker pull` it yourself",
        ) from None
    if why:
        raise EnvironmentFault(
            f"the image {image} is not here and cannot be pulled: {visible(why)[:500]}",
            "check its name, the network and `docker login`, or name another with --image",
        )


def _listen(client: "DockerClient", image: str, said: "SimpleQueue[str | None]") -> None:
    """Tell of the pull: empty words while it goes on, why it failed, None at its end."""
    from docker.errors import DockerException
    from requests import RequestException
    from urllib3.exceptions import HTTPError

    try:
        for line in client.api.pull(image, stream=True, decode=True):
            said.put(str(line.get("error", "")))
        said.put(None)
    except (DockerException, RequestException, HTTPError) as error:
        said.put(str(error) or type(error).__name__)
