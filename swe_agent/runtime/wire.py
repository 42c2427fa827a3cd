"""Byte streams to a broker: two output channels told apart, with time-outs."""

import socket
import struct
from typing import TYPE_CHECKING, Protocol, cast

from swe_agent.core.errors import SandboxLost

STDOUT, STDERR = 1, 2

Chunk = tuple[int, bytes]


class Wire(Protocol):
    """One persistent stream to a sandbox."""

    def send(self, content: bytes) -> None:
        """Send all of it; SandboxLost if the other end is gone."""
        ...

    def receive(self, timeout_s: float) -> list[Chunk]:
        """What has come, as (channel, bytes) in order; empty at the time-out.

        Raises:
            SandboxLost: the stream has ended.
        """
        ...

    def close(self) -> None: ...


class AttachedWire:
    """The engine's attach (or exec) stream: frames of an 8-byte header and a payload."""

    def __init__(self, stream: object) -> None:
        """Args: stream: what the Docker SDK returns for `socket=True`; kept alive here."""
        self._stream = stream
        self._socket: socket.socket = getattr(stream, "_sock", None) or cast(
            "socket.socket", stream
        )
        self._buffer = bytearray()

    def send(self, content: bytes) -> None:
        """Send all of it; SandboxLost if the other end is gone."""
        self._socket.settimeout(60)
        try:
            self._socket.sendall(content)
        except OSError as error:
            raise SandboxLost(f"the sandbox does not take input any more: {error}") from error

    def receive(self, timeout_s: float) -> list[Chunk]:
        """What has come, as (channel, bytes) in order; empty at the time-out."""
        self._socket.settimeout(max(timeout_s, 0.001))
        try:
            raw = self._socket.recv(1 << 18)
        except TimeoutError:
            return []
        except OSError as error:
            raise SandboxLost(f"the stream to the sandbox broke: {error}") from error
        if not raw:
            raise SandboxLost("the sandbox ended")
        self._buffer += raw
        return self._frames()

    def close(self) -> None:
        """End the stream; a sandbox whose input ends goes away by itself."""
        close = getattr(self._stream, "close", None)
        if close:
            close()
        self._socket.close()

    def _frames(self) -> list[Chunk]:
        """The frames that are whole."""
        frames: list[Chunk] = []
        at, have = 0, len(self._buffer)
        while have - at >= 8:
            channel, size = self._buffer[at], struct.unpack_from(">I", self._buffer, at + 4)[0]
            if have - at - 8 < size:
                break
            frames.append((channel, bytes(self._buffer[at + 8 : at + 8 + size])))
            at += 8 + size
        del self._buffer[:at]
        return frames


if TYPE_CHECKING:
    _: type[Wire] = AttachedWire
