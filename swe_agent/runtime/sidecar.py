"""A second container that shares nothing with a sandbox but its closed-off network, and passes the
connections that it takes there on to a gate on the host. Nothing in the sandbox can reach or end
it; it ends with the stream to the host."""

import os
import secrets
import select
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from swe_agent.core.errors import EngineAway, EnvironmentFault, SandboxLost
from swe_agent.runtime import relay
from swe_agent.runtime.box import Limits
from swe_agent.runtime.gate import Gate, addresses_of
from swe_agent.runtime.wire import STDOUT, AttachedWire
from swe_agent.settings.egress import Destination

if TYPE_CHECKING:
    from docker import DockerClient

_NOBODY = "65534:65534"
_MEMORY_BYTES = 128 << 20
_PIDS = 16
_NEEDS = "It needs an image with python3: run `sandbox/ensure-engine` for the base image."


class Sidecar:
    """A running relay and the gate behind it."""

    def __init__(self, client: "DockerClient", container: str, wire: AttachedWire) -> None:
        """Made by `start_sidecar`; owns the container from here on."""
        self._api, self._container, self._wire = client.api, container, wire
        self._going: deque[bytes] = deque()
        self._heard, self._wake = os.pipe()
        self._gate: Gate | None = None
        self._thread = threading.Thread(target=self._pump, name="relay", daemon=True)

    def opened(self, allowed: tuple[Destination, ...], timeout_s: float) -> None:
        """Wait until the relay is ready, then let connections through.

        Raises:
            EnvironmentFault: it ended, or was not ready in time.
        """
        said, deadline = b"", time.monotonic() + timeout_s
        try:
            while relay.READY not in said and (left := deadline - time.monotonic()) > 0:
                said += b"".join(chunk for _, chunk in self._wire.receive(left))
        except SandboxLost:
            said = said[:-1]
        if said != relay.READY:
            raise EnvironmentFault(
                "The relay to the allowed network did not start: "
                f"{said[-300:].decode('utf-8', 'replace').strip() or 'no answer'}",
                _NEEDS,
            )
        self._gate = Gate(allowed)
        self._feed = self._gate.carry(self._put)
        self._thread.start()

    def close(self) -> None:
        """Take it away; does not raise."""
        from docker.errors import DockerException
        from requests import RequestException

        if self._gate:
            self._gate.close()
            os.close(self._wake)
            self._thread.join(10)
        with suppress(OSError):
            self._wire.close()
        with suppress(DockerException, RequestException):
            self._api.remove_container(self._container, force=True, v=True)

    def _put(self, data: bytes) -> None:
        self._going.append(data)
        with suppress(OSError):
            os.write(self._wake, b"!")

    def _pump(self) -> None:
        """Both ways over the one stream, until either end is gone."""
        poll = select.poll()
        for descriptor in (self._heard, self._wire.fileno()):
            poll.register(descriptor, select.POLLIN)
        try:
            while True:
                ready = {descriptor for descriptor, _ in poll.poll()}
                if self._heard in ready and not os.read(self._heard, 1 << 16):
                    break
                while self._going:
                    self._wire.send(self._going.popleft())
                for channel, chunk in self._wire.receive(0.0):
                    if channel == STDOUT:
                        self._feed(chunk)
        except SandboxLost:
            self._feed(None)
        os.close(self._heard)


def start_sidecar(
    client: "DockerClient", image: str, beside: str, labels: dict[str, str], limits: Limits
) -> Sidecar:
    """Start a relay in the network of a running container.

    Args:
        client: the engine.
        image: has python3.
        beside: the container.
        labels: of the new container.
        limits: say what is let through, and how long the start may take.

    Raises:
        EngineAway: the engine does not answer.
        EnvironmentFault: it cannot be made or started.
    """
    from docker.errors import DockerException
    from requests import RequestException

    container = ""
    try:
        container = _created(client, image, beside, labels, addresses_of(limits.allow))
        params = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        wire = AttachedWire(client.api.attach_socket(container, params=params))
        client.api.start(container)
    except DockerException as error:
        if container:
            with suppress(DockerException):
                client.api.remove_container(container, force=True, v=True)
        raise EnvironmentFault(f"the relay could not be started: {error}", _NEEDS) from error
    except RequestException as error:
        raise EngineAway(f"the engine does not answer: {error}") from error
    sidecar = Sidecar(client, container, wire)
    try:
        sidecar.opened(limits.allow, limits.start_timeout_s)
    except EnvironmentFault:
        sidecar.close()
        raise
    return sidecar


def _created(
    client: "DockerClient",
    image: str,
    beside: str,
    labels: dict[str, str],
    addresses: tuple[tuple[str, int], ...],
) -> str:
    from docker.types import LogConfig

    words = [f"{host}:{port}" for host, port in addresses]
    made = client.api.create_container(
        image,
        entrypoint=["python3", "-I", "-S", "-c", Path(relay.__file__).read_text("utf-8"), *words],
        command=[],
        name=f"swe-agent-{secrets.token_hex(8)}",
        labels=labels,
        stdin_open=True,
        user=_NOBODY,
        working_dir="/",
        healthcheck={"test": ["NONE"]},
        host_config=client.api.create_host_config(
            auto_remove=True,
            network_mode=f"container:{beside}",
            read_only=True,
            pids_limit=_PIDS,
            mem_limit=_MEMORY_BYTES,
            memswap_limit=_MEMORY_BYTES,
            log_config=LogConfig(type="none"),
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
        ),
    )
    return str(made["Id"])
