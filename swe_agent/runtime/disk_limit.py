"""A bound on what a sandbox writes to the engine's disk: it is looked at every few seconds, and
what writes too much is stopped.

Engines limit a container's disk on few storage drivers alone. So this bound is soft: what is
written between two looks comes on top.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker import DockerClient

PERIOD_S = 5.0
_SHARE = 20
"""A look may take this part of the time: it costs the engine a walk over what was written."""


class DiskWatch:
    """Watches one sandbox from a thread of its own, once it is started."""

    def __init__(
        self, size_bytes: Callable[[], int | None], stop: Callable[[], object], limit_mb: int
    ) -> None:
        """
        Args:
            size_bytes: what the sandbox has written; None where nobody knows.
            stop: ends all of its commands; does not raise.
            limit_mb: what it may write, in MiB.
        """
        self._size_bytes, self._stop, self._limit_mb = size_bytes, stop, limit_mb
        self._closed = threading.Event()
        self._known = 0
        self._has_stopped = False

    def start(self) -> None:
        """Look from now on, until it is closed."""
        threading.Thread(target=self._watch, name="disk", daemon=True).start()

    def close(self) -> None:
        self._closed.set()

    def look(self) -> None:
        """Stop the commands if the sandbox is over its limit and has grown since it was last found
        so: whoever makes room is left alone."""
        size = self._size_bytes()
        if size is None or self._closed.is_set():
            return
        if size <= max(self._limit_mb << 20, self._known):
            self._known = min(size, self._known)
            return
        self._known = size
        self._has_stopped = True
        self._stop()

    def stopped_at_mb(self) -> int:
        """The limit, if something was stopped at it since this was last asked; else 0."""
        has_stopped, self._has_stopped = self._has_stopped, False
        return self._limit_mb if has_stopped else 0

    def _watch(self) -> None:
        pause_s = PERIOD_S
        while not self._closed.wait(pause_s):
            began = time.monotonic()
            self.look()
            pause_s = max(PERIOD_S, _SHARE * (time.monotonic() - began))


def written_bytes(client: "DockerClient", container: str) -> int | None:
    """What a container's own layer holds; None where the engine does not tell."""
    from docker.errors import DockerException
    from requests import RequestException

    with suppress(DockerException, RequestException):
        for row in client.api.containers(size=True, filters={"id": container}):
            return int(row.get("SizeRw", 0))
    return None
