"""The places where a Docker engine may answer, and what a first knock says; needs no SDK.

In the order of docker's own client: `DOCKER_HOST`, the chosen context, the usual socket; then the
sockets of a rootless engine, Docker Desktop and podman. What the user named is tried alone.
"""

import errno
import json
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from swe_agent.core.errors import UsageFault
from swe_agent.core.text import visible

DEFAULT_SOCKET = "/var/run/docker.sock"

Trouble = Literal["missing", "refused", "denied", "unreachable"]
Source = Literal["DOCKER_HOST", "context", "docker", "rootless", "desktop", "podman"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A place where an engine may answer."""

    url: str
    source: Source
    trouble: Trouble | None = None
    """Why it does not; None where it takes connections."""

    @property
    def socket_path(self) -> Path | None:
        """The unix socket; None where the engine is reached over the network."""
        return Path(self.url.removeprefix("unix://")) if self.url.startswith("unix://") else None


def candidates() -> list[Endpoint]:
    """The endpoints to try; only the one that the user named, where one is named."""
    host = os.environ.get("DOCKER_HOST", "").strip()
    if host:
        return [Endpoint(_address(host, "DOCKER_HOST"), "DOCKER_HOST")]
    named = _context_host()
    if named:
        return [Endpoint(_address(named, "The docker context"), "context")]
    home = Path.home()
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    places: list[tuple[str, Source]] = [
        (DEFAULT_SOCKET, "docker"),
        (f"{runtime}/docker.sock", "rootless"),
        (f"{home}/.docker/run/docker.sock", "desktop"),
        (f"{home}/.docker/desktop/docker.sock", "desktop"),
        (f"{home}/.colima/default/docker.sock", "desktop"),
        (f"{runtime}/podman/podman.sock", "podman"),
        ("/run/podman/podman.sock", "podman"),
    ]
    return [Endpoint(f"unix://{place}", source) for place, source in places]


def probed(endpoint: Endpoint) -> Endpoint:
    """The endpoint with its trouble. One over the network is taken as it is: the client asks it."""
    place = endpoint.socket_path
    if place is None:
        return endpoint
    return Endpoint(endpoint.url, endpoint.source, _socket_trouble(place))


def _address(text: str, source: str) -> str:
    if text.startswith("/"):
        return f"unix://{text}"
    if text.startswith(("unix://", "tcp://", "http://", "https://", "ssh://")):
        return text
    raise UsageFault(
        f"{source} is {visible(text)!r}, which is not an engine's address.",
        "Give it as unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST, or unset it.",
    )


def _context_host() -> str:
    """Address of the chosen docker context; empty where it is the default one.

    A context with TLS files is not read: set DOCKER_HOST and DOCKER_CERT_PATH for it.
    """
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    chosen = _text_at(_json(folder / "config.json"), "currentContext")
    name = os.environ.get("DOCKER_CONTEXT") or chosen
    if name in ("", "default"):
        return ""
    for meta in sorted(folder.glob("contexts/meta/*/meta.json")):
        content = _json(meta)
        if _text_at(content, "Name") == name:
            return _text_at(content, "Endpoints", "docker", "Host")
    return ""


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _text_at(content: object, *keys: str) -> str:
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content if isinstance(content, str) else ""


def _socket_trouble(place: Path) -> Trouble | None:
    try:
        if not stat.S_ISSOCK(place.stat().st_mode):
            return "missing"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(5)
            probe.connect(str(place))
    except PermissionError:
        return "denied"
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError as error:
        return "refused" if error.errno == errno.ECONNREFUSED else "unreachable"
    return None
