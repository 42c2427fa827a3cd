"""Reaching a Docker engine, and the right sentence where none is. Nothing is started here."""

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from swe_agent.core.errors import EngineAway, EnvironmentFault
from swe_agent.core.text import visible
from swe_agent.runtime.endpoints import Endpoint, candidates, probed
from swe_agent.settings.content import content_path

if TYPE_CHECKING:
    import docker

    Engine = docker.DockerClient
    """A client of an engine, for those who only hand it on."""

TIMEOUT_S = 60.0
OLDEST_API = (1, 40)
"""Docker 19.03; podman's compatible API is newer."""


def connect(timeout_s: float = TIMEOUT_S) -> "docker.DockerClient":
    """A client of an engine that answers; the caller closes it.

    Raises:
        EnvironmentFault: no engine answers, or it is too old; the message says which was tried.
        UsageFault: DOCKER_HOST or the docker context is not an address.
    """
    endpoint = find_engine()
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        client = _client(endpoint, timeout_s)
        # Proxies and .netrc do not concern a socket, and are looked up at every request.
        client.api.trust_env = endpoint.socket_path is None
        version = client.api.api_version
        client.ping()
    except (DockerException, RequestException, OSError) as error:
        raise _silent(endpoint, _root_cause(error)) from error
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_API:
        client.close()
        raise EnvironmentFault(
            f"The Docker engine at {_place(endpoint)} speaks API {version}, which is too old.",
            "Install Docker 19.03 or newer.",
        )
    return client


def find_engine() -> Endpoint:
    """The first endpoint that takes connections; needs no SDK.

    Raises:
        EnvironmentFault: there is none; message and next step fit what was found.
        UsageFault: DOCKER_HOST or the docker context is not an address.
    """
    knocked = [probed(endpoint) for endpoint in candidates()]
    for endpoint in knocked:
        if endpoint.trouble is None:
            return endpoint
    raise diagnosis(knocked)


def refusal(error: Exception, said: str) -> EnvironmentFault:
    """The fault that an engine's refusal comes to; one without room on its disk may find some.

    Args:
        error: what the engine said.
        said: what could not be done, for people.
    """
    text = str(error)
    if "no space left" in text.lower():
        return EngineAway(
            f"{said}: the engine has no space left on its disk ({text[-200:]})",
            "Make room there (`swe-agent sandbox prune` removes what is ours, `docker system df` "
            "shows the rest), then `swe-agent resume`.",
        )
    return EnvironmentFault(f"{said}: {text}")


def _root_cause(error: BaseException) -> str:
    """What the lowest error says: the SDK wraps a refused connection four times."""
    inner = error.__cause__ or error.__context__
    if inner is not None:
        return _root_cause(inner)
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def diagnosis(knocked: list[Endpoint]) -> EnvironmentFault:
    """What is wrong, in one sentence with its next step, from endpoints that take no connection."""
    for trouble in ("denied", "refused", "unreachable"):
        for endpoint in knocked:
            if endpoint.trouble == trouble:
                return _denied(endpoint) if trouble == "denied" else _silent(endpoint, trouble)
    if len(knocked) == 1:
        return _silent(knocked[0], "there is no such socket")
    return _absent()


def _denied(endpoint: Endpoint) -> EnvironmentFault:
    user = os.environ.get("USER") or "$USER"
    steps = {
        "rootless": "The socket is another user's: unset XDG_RUNTIME_DIR or log in as that user.",
        "podman": "Run your own: `systemctl --user enable --now podman.socket`.",
        "DOCKER_HOST": "Point DOCKER_HOST at an engine of yours, or have its group joined.",
    }
    usual = (
        f"Join its group: `sudo usermod -aG docker {user}`, then `newgrp docker` or log in again "
        "(members of that group are as good as root)."
    )
    return EnvironmentFault(
        f"Permission denied on the Docker socket {_place(endpoint)}.",
        steps.get(endpoint.source, usual),
    )


def _silent(endpoint: Endpoint, why: str) -> EnvironmentFault:
    """The endpoint is there, or is named, but no engine answers."""
    place = _place(endpoint)
    reason = visible(why.splitlines()[0][:200]) if why else "no answer"
    match endpoint.source:
        case "DOCKER_HOST":
            return EnvironmentFault(
                f"DOCKER_HOST is {place}, and no Docker engine answers there ({reason}).",
                "Start that engine, correct DOCKER_HOST, or unset it to use this machine's.",
            )
        case "context":
            return EnvironmentFault(
                f"The docker context points to {place}; no Docker engine answers there ({reason}).",
                "Start that engine, or go back: `docker context use default`.",
            )
        case "rootless":
            return EnvironmentFault(
                f"The rootless Docker engine at {place} is not running ({reason}).",
                "Start it: `systemctl --user start docker`.",
            )
        case "desktop":
            return EnvironmentFault(
                f"Docker Desktop is installed but not running ({place}: {reason}).",
                "Start Docker Desktop, wait until it says that the engine runs, and try again.",
            )
        case "podman":
            return EnvironmentFault(
                f"podman's socket {place} is there, but nothing answers ({reason}).",
                "Start it: `systemctl --user start podman.socket`.",
            )
        case "docker":
            return EnvironmentFault(
                f"The Docker engine at {place} is not running ({reason}).", _start_step()
            )
        case _:
            assert_never(endpoint.source)


def _absent() -> EnvironmentFault:
    """No socket at all: say what fits what is installed."""
    if sys.platform == "darwin":
        return EnvironmentFault(
            "No Docker engine runs on this Mac.",
            "Start Docker Desktop (or `colima start`); if there is none, install Docker Desktop.",
        )
    if shutil.which("dockerd"):
        return EnvironmentFault(
            "Docker is installed, but its engine is not running.", _start_step()
        )
    if shutil.which("podman"):
        return EnvironmentFault(
            "podman is installed, but its socket is not on.",
            "Switch it on: `systemctl --user enable --now podman.socket`.",
        )
    if shutil.which("docker"):
        return EnvironmentFault(
            "The docker client is installed, but no engine answers.",
            "Start Docker Desktop, or set DOCKER_HOST to the engine that you use.",
        )
    return EnvironmentFault("There is no Docker engine on this machine.", _install_step())


def _start_step() -> str:
    if shutil.which("systemctl") and Path("/run/systemd/system").is_dir():
        return "Start it: `sudo systemctl start docker`."
    return _install_step()


def _install_step() -> str:
    """The bundled script where it can do the work, else the package to install."""
    if shutil.which("apt-get"):
        script = content_path("sandbox", "ensure-engine")
        root = "" if os.geteuid() == 0 else "sudo "
        return f"Let the bundled script install and start one: `{root}{script}`."
    return (
        "Install Docker (https://docs.docker.com/engine/install/) or podman, start it, "
        "then ask `swe-agent doctor`."
    )


def _place(endpoint: Endpoint) -> str:
    return visible(str(endpoint.socket_path or endpoint.url))


def _client(endpoint: Endpoint, timeout_s: float) -> "docker.DockerClient":
    import docker

    if endpoint.source == "DOCKER_HOST" and not endpoint.url.startswith("ssh://"):
        # With DOCKER_TLS_VERIFY and DOCKER_CERT_PATH.
        return docker.from_env(version="auto", timeout=int(timeout_s))
    return docker.DockerClient(
        base_url=endpoint.url,
        version="auto",
        timeout=int(timeout_s),
        use_ssh_client=endpoint.url.startswith("ssh://"),
    )
