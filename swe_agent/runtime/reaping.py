"""Removal of containers that no process of ours is at work in any more."""

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from swe_agent.runtime.owner import OWNER_LABEL, is_orphan
from swe_agent.runtime.recipe import RUN_LABEL

if TYPE_CHECKING:
    from docker import DockerClient


def reap(client: "DockerClient", older_than_s: float = 600.0) -> None:
    """Remove containers of ours that were made and never started (their maker was killed in
    between; one that is being started now is younger) and those whose owner has ended. Does not
    raise."""
    from docker.errors import DockerException
    from requests import RequestException

    with suppress(DockerException, RequestException):
        for found in client.api.containers(all=True, filters={"label": RUN_LABEL}):
            is_old = time.time() - found["Created"] > older_than_s
            if (found["State"] == "created" and is_old) or is_orphan(
                found["Labels"].get(OWNER_LABEL, "")
            ):
                client.api.remove_container(found["Id"], force=True, v=True)
