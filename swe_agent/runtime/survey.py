"""What an engine says of itself, for a check-up."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.text import visible
from swe_agent.runtime.engine import connect
from swe_agent.runtime.housekeeping import Ours, find_ours

TIMEOUT_S = 10.0
_NEEDED = {"MemoryLimit": "memory limits", "PidsLimit": "limits of processes"}
"""A field of the engine's own report to what it means."""


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
    kind: str = "docker"
    """`docker` or `podman`."""
    runtime: str = ""
    """Name and version of what makes the containers; empty where the engine does not say."""
    lacks: tuple[str, ...] = ()
    """What our limits need of the engine and do not get."""


def survey(image: str) -> Survey:
    """Ask the engine about itself and one image.

    Raises:
        EnvironmentFault: no engine answers, or it stopped answering.
    """
    client = connect(TIMEOUT_S)
    from docker.errors import DockerException, ImageNotFound
    from requests.exceptions import RequestException

    try:
        about, version = client.info(), client.version()
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
            kind="podman" if "Podman" in str(version.get("Components")) else "docker",
            runtime=_runtime(version),
            lacks=lacking(about),
        )
    except (DockerException, RequestException, OSError) as error:
        raise EnvironmentFault(
            f"The Docker engine stopped answering: {visible(str(error))[:200]}", "Restart it."
        ) from error
    finally:
        client.close()


def lacking(about: Mapping[str, object]) -> tuple[str, ...]:
    """What our limits need of an engine and do not get, by its own report.

    Podman without root ignores limits on version 1 of cgroups and reports them all the same.
    """
    ignored = bool(about.get("Rootless")) and str(about.get("CgroupVersion")) == "1"
    missing = [what for key, what in _NEEDED.items() if ignored or about.get(key) is False]
    if "seccomp" not in str(about.get("SecurityOptions")):
        missing.append("seccomp")
    return tuple(missing)


def _runtime(version: dict[str, Any]) -> str:
    """`runc 1.1.5+ds1-1+deb12u1`: the most exact version that the engine gives."""
    for part in version.get("Components") or ():
        found = re.search(r"\b(runc|crun|runsc)\b", str(part.get("Name")))
        if found:
            told = str((part.get("Details") or {}).get("GitCommit", ""))
            text = told if re.match(r"\d+\.\d", told) else str(part.get("Version", ""))
            number = re.search(r"\d+\.\d\S*", text)
            return visible(f"{found[1]} {number[0] if number else ''}".strip())
    return ""
