"""Many connections over one byte stream. Run as a program inside a sandbox's network it takes
connections on the addresses it is given and passes them on over its standard output; the other end
is swe-agent. It imports the standard library alone and runs on Python 3.8.

A frame is a letter, the connection's number (4 bytes), a length (4 bytes) and the payload: `O`
opened (payload: which address), `D` bytes, `E` no more bytes from this side, `X` gone, `A` so many
bytes are dealt with (payload: 4 bytes). A side sends at most `WINDOW_BYTES` that are not dealt
with, so neither side ever waits for the other to read.
"""

from __future__ import annotations

import asyncio
import os
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW_BYTES = 1 << 18
PIECE_BYTES = 1 << 15
MOST_CHANNELS = 256
READY = b"R"
_HEAD = struct.Struct(">cII")
_COUNT = struct.Struct(">I")


class Onward(Protocol):
    """Where bytes go: a channel, or a socket's `StreamWriter`."""

    def write(self, data: bytes) -> None: ...

    async def drain(self) -> None: ...

    def write_eof(self) -> None: ...

    def close(self) -> None: ...


class Channel:
    """One connection: read from `reader`, write as to a `StreamWriter`."""

    def __init__(self, number: int, send: Callable[[bytes], None]) -> None:
        self.number, self._send = number, send
        self.reader = asyncio.StreamReader()
        self._credit, self._more = WINDOW_BYTES, asyncio.Event()
        self._held = bytearray()
        self.unread = 0
        """Bytes that came and are not dealt with."""
        self.is_closed = False

    def write(self, data: bytes) -> None:
        """Hold bytes until `drain`."""
        self._held += data

    async def drain(self) -> None:
        """Send what is held, as far as the other side has room for it."""
        while self._held:
            while not self._credit and not self.is_closed:
                self._more.clear()
                await self._more.wait()
            if self.is_closed:
                raise ConnectionResetError("the other side is gone")
            piece = bytes(self._held[: min(self._credit, PIECE_BYTES)])
            del self._held[: len(piece)]
            self._credit -= len(piece)
            self._tell(b"D", piece)

    def write_eof(self) -> None:
        """Say that no more bytes follow."""
        if not self.is_closed:
            self._tell(b"E", b"")

    def close(self) -> None:
        """Be done with it, both ways."""
        if not self.is_closed:
            self._tell(b"X", b"")
            self.gone()

    def dealt_with(self, count: int) -> None:
        """Let the other side send so much more."""
        self.unread -= count
        if not self.is_closed:
            self._tell(b"A", _COUNT.pack(count))

    def take(self, kind: bytes, payload: bytes) -> None:
        """Take a frame in."""
        if kind == b"D":
            self.unread += len(payload)
            if self.unread > WINDOW_BYTES:
                self.close()
            elif not self.is_closed:
                self.reader.feed_data(payload)
        elif kind == b"E":
            self.reader.feed_eof()
        elif kind == b"A":
            self._credit += _COUNT.unpack(payload)[0]
            self._more.set()
        else:
            self.gone()

    def gone(self) -> None:
        """The other side, or the whole stream, is gone."""
        self.is_closed = True
        self.reader.feed_eof()
        self._more.set()

    def _tell(self, kind: bytes, payload: bytes) -> None:
        self._send(_HEAD.pack(kind, self.number, len(payload)) + payload)


class Channels:
    """All connections of one stream."""

    def __init__(
        self,
        send: Callable[[bytes], None],
        opened: Callable[[int, Channel], None] | None = None,
    ) -> None:
        """
        Args:
            send: puts bytes on the stream; it does not wait.
            opened: told of connections that the other side took, with the address's number.
        """
        self._send, self._opened = send, opened
        self._known: dict[int, Channel] = {}
        self._buffer = bytearray()
        self._count = 0

    def open(self, address: int) -> Channel | None:
        """A new connection; None where there are too many."""
        if len(self._known) >= MOST_CHANNELS:
            return None
        self._count += 1
        self._send(_HEAD.pack(b"O", self._count, 1) + bytes([address]))
        return self._made(self._count)

    def feed(self, data: bytes) -> None:
        """Take in what came over the stream.

        Raises:
            ValueError: it does not follow the protocol.
        """
        self._buffer += data
        while len(self._buffer) >= _HEAD.size:
            kind, number, length = _HEAD.unpack_from(self._buffer)
            if length > PIECE_BYTES:
                raise ValueError("a frame is too long")
            end = _HEAD.size + length
            if len(self._buffer) < end:
                return
            payload = bytes(self._buffer[_HEAD.size : end])
            del self._buffer[:end]
            self._take(kind, number, payload)

    def forget(self, channel: Channel) -> None:
        """Be done with a connection."""
        channel.close()
        self._known.pop(channel.number, None)

    def gone(self) -> None:
        """The stream has ended."""
        for channel in self._known.values():
            channel.gone()

    def _take(self, kind: bytes, number: int, payload: bytes) -> None:
        channel = self._known.get(number)
        if channel is not None:
            channel.take(kind, payload)
        elif kind == b"O" and self._opened:
            made = self._made(number)
            if len(self._known) <= MOST_CHANNELS:
                self._opened(payload[0], made)
            else:
                self.forget(made)

    def _made(self, number: int) -> Channel:
        channel = self._known[number] = Channel(number, self._send)
        return channel


async def join(
    inner: tuple[asyncio.StreamReader, Onward, Callable[[int], None]],
    outer: tuple[asyncio.StreamReader, Onward, Callable[[int], None]],
) -> None:
    """Copy both ways, what is held first, until both have ended or one is gone; both are closed
    then.

    Each side is what is read, where to write, and who hears how much was read.
    """
    ways = {
        asyncio.ensure_future(_pass_on(inner[0], outer[1], inner[2])),
        asyncio.ensure_future(_pass_on(outer[0], inner[1], outer[2])),
    }
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for side in (inner, outer):
            with suppress(OSError, RuntimeError):
                side[1].close()


def nobody(_: int) -> None:
    """Who hears of bytes that nobody counts."""


async def _pass_on(
    reader: asyncio.StreamReader, onward: Onward, dealt_with: Callable[[int], None]
) -> None:
    await onward.drain()
    while data := await reader.read(PIECE_BYTES):
        onward.write(data)
        await onward.drain()
        dealt_with(len(data))
    onward.write_eof()


class _Inner:
    """The end inside the sandbox's network."""

    def __init__(self) -> None:
        self._channels = Channels(self._send)
        self._tasks: set[asyncio.Task[None]] = set()  # asyncio itself holds them weakly

    async def serve(self, addresses: list[tuple[str, int]]) -> None:
        """Take connections until standard input ends."""
        for number, (host, port) in enumerate(addresses):
            await asyncio.start_server(self._taker(number), host, port)
        self._send(READY)
        told = asyncio.StreamReader()
        loop = asyncio.get_event_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(told), sys.stdin)
        while True:
            data = await told.read(1 << 16)
            if not data:
                os._exit(0)
            self._channels.feed(data)

    def _taker(self, number: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._carried(number, reader, writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return taken

    async def _carried(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        channel = self._channels.open(number)
        if channel is None:
            writer.close()
            return
        await join((reader, writer, nobody), (channel.reader, channel, channel.dealt_with))
        self._channels.forget(channel)

    def _send(self, data: bytes) -> None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def _pair(word: str) -> tuple[str, int]:
    host, _, port = word.rpartition(":")
    return host, int(port)


if __name__ == "__main__":
    asyncio.run(_Inner().serve([_pair(word) for word in sys.argv[1:]]))
