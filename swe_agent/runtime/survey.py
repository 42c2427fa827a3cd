"""What an engine says of itself, for a check-up."""

from dataclasses import dataclass
from pathlib import Path

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.text import visible
from swe_agent.runtime.engine import connect
from swe_agent.runtime.housekeeping import Ours, find_ours

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Survey:
    """A running engine."""

    system: str
    version: str
    api: str
    folder: Path | None
    """Where it keeps images, if that is on this machine."""
    image_bytes: int | None
    """Size of the image asked for; None where it is not there."""
    ours: Ours
    """Our images and containers."""


def survey(image: str) -> Survey:
    """Ask the engine about itself and one image.

    Raises:
        EnvironmentFault: no engine answers, or it stopped answering.
    """
    client = connect(TIMEOUT_S)
    from docker.errors import DockerException, ImageNotFound
    from requests.exceptions import RequestException

    try:
        about = client.info()
        folder = Path(str(about.get("DockerRootDir", "")))
        try:
            size = int(client.images.get(image).attrs.get("Size", 0))
        except ImageNotFound:
            size = None
        return Survey(
            system=visible(str(about.get("OperatingSystem", "unknown"))),
            version=visible(str(about.get("ServerVersion", "unknown"))),
            api=client.api.api_version,
            folder=folder if folder.is_dir() else None,
            image_bytes=size,
            ours=find_ours(client),
        )
    except (DockerException, RequestException, OSError) as error:
        raise EnvironmentFault(
            f"The Docker engine stopped answering: {visible(str(error))[:200]}", "Restart it."
        ) from error
    finally:
        client.close()
