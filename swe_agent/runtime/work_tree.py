"""Where an image has its repository, when that is a folder below the one that it works in, as those
of Multi-SWE-bench have it: `/home/NAME`, with patches and scripts beside it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from swe_agent.core.errors import EngineAway, EnvironmentFault
from swe_agent.core.text import decoded

if TYPE_CHECKING:
    from docker import DockerClient

ABOVE = "/home"
"""An image that works in this folder is looked into."""
BESIDE = "find .. -maxdepth 1 -type f -delete"
"""Takes away what lies beside such a repository: the answer is among it."""
_LOOK = f'for d in {ABOVE}/*/.git; do [ -e "$d" ] && echo "${{d%/.git}}"; done; true'
_TIMEOUT_S = 60
_known: dict[str, str] = {}
"""By the image's own hash: what is in it never changes."""


def work_tree_below(client: "DockerClient", image: Mapping[str, Any]) -> str:
    """The one git repository right below `ABOVE`, where the image works there; empty where there is
    none, or several.

    Args:
        client: the engine.
        image: what the engine tells of it.

    Raises:
        EngineAway: the engine does not answer.
        EnvironmentFault: the image cannot be looked into.
    """
    if ((image.get("Config") or {}).get("WorkingDir") or "").rstrip("/") != ABOVE:
        return ""
    image_id = str(image["Id"])
    if image_id not in _known:
        found = _listed(client, image_id)
        _known[image_id] = found[0] if len(found) == 1 else ""
    return _known[image_id]


def _listed(client: "DockerClient", image_id: str) -> list[str]:
    from docker.errors import DockerException
    from requests import RequestException

    api = client.api
    rights = api.create_host_config(
        network_mode="none", cap_drop=["ALL"], security_opt=["no-new-privileges"]
    )
    try:
        made = api.create_container(
            image_id, entrypoint=["sh", "-c", _LOOK], command=[], host_config=rights
        )["Id"]
        try:
            api.start(made)
            api.wait(made, timeout=_TIMEOUT_S)
            return decoded(api.logs(made, stderr=False)).split()
        finally:
            api.remove_container(made, force=True, v=True)
    except DockerException as error:
        raise EnvironmentFault(f"the image {image_id} cannot be looked into: {error}") from error
    except RequestException as error:
        raise EngineAway(f"the engine does not answer: {error}", "Start it again.") from error
