"""The way out of a sandbox without network: connections are taken inside and opened here, on the
host, to exactly the destinations that the user named.

Each destination has an address of its own inside, under its own name and port, so that every
program reaches it as it is; programs that ask for a proxy (`HTTPS_PROXY`) get one that knows the
same destinations. Names are resolved here; inside there is no DNS.
"""

import asyncio
import re
import socket
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from ipaddress import ip_address

from swe_agent.runtime.relay import Channel, Channels, Onward, join, nobody
from swe_agent.settings.egress import Destination

PROXY_PORT = 3128
_CONNECT_TIMEOUT_S = 30.0
_HEAD_TIMEOUT_S = 60.0
_HEAD_BYTES = 32_768
_HOST = rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)"
_CONNECT = re.compile(rb"CONNECT " + _HOST + rb":([0-9]{1,5}) HTTP/1\.[01]")
_PLAIN = re.compile(
    rb"([A-Z]{1,20}) http://" + _HOST + rb"(?::([0-9]{1,5}))?(/[!-~]*)? (HTTP/1\.[01])"
)
_DROPPED = (b"host:", b"connection:", b"proxy-", b"keep-alive:", b"upgrade:")

_FAULTS = (OSError, ValueError, EOFError, asyncio.LimitOverrunError, TimeoutError)

Count = Callable[[int], None]


def inside_of(allowed: Sequence[Destination]) -> dict[tuple[str, int], Destination]:
    """Where connections to destinations are taken inside. One that is an address of another machine
    cannot have such a place: only the proxy reaches it.

    >>> inside_of([Destination("a.example", 443), Destination("10.0.0.1", 80)])
    {('127.0.1.1', 443): Destination(host='a.example', port=443)}
    """
    found: dict[tuple[str, int], Destination] = {}
    names = list(dict.fromkeys(one.host for one in allowed if not one.is_address))
    for one in allowed:
        if _is_loopback(one):
            found.setdefault((one.host.replace("localhost", "127.0.0.1"), one.port), one)
        elif not one.is_address:
            found[f"127.0.1.{names.index(one.host) + 1}", one.port] = one
    return found


def addresses_of(allowed: Sequence[Destination]) -> tuple[tuple[str, int], ...]:
    """All addresses on which connections are taken inside, the proxy's first."""
    own = inside_of(allowed)
    port = next(p for p in range(PROXY_PORT, 65_536) if ("127.0.0.1", p) not in own)
    return (("127.0.0.1", port), *own)


def hosts_of(allowed: Sequence[Destination]) -> dict[str, str]:
    """Names for the sandbox's `/etc/hosts`, with their addresses inside."""
    own = inside_of(allowed).items()
    return {one.host: address for (address, _), one in own if not _is_loopback(one)}


def variables_of(allowed: Sequence[Destination]) -> dict[str, str]:
    """What commands are told of the proxy."""
    if not allowed:
        return {}
    host, port = addresses_of(allowed)[0]
    url = f"http://{host}:{port}"
    found = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), url)
    return {**found, "NO_PROXY": "localhost,127.0.0.1,::1", "no_proxy": "localhost,127.0.0.1,::1"}


Resolve = Callable[[str, int], list[str]]


def resolved(host: str, port: int) -> list[str]:
    """The addresses of a name, as this machine knows them.

    Raises:
        OSError: it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in found))


class Gate:
    """Opens destinations for one sandbox, in a thread of its own; close it with the sandbox."""

    def __init__(self, allowed: Sequence[Destination], resolve: Resolve = resolved) -> None:
        """
        Args:
            allowed: what may be reached; nothing where it is empty.
            resolve: gives the addresses of a name.
        """
        self._allowed, self._resolve = frozenset(allowed), resolve
        self._fixed = dict(enumerate(inside_of(allowed).values(), 1))
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()  # asyncio itself holds them weakly
        self._servers: list[asyncio.Server] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="gate", daemon=True)
        self._thread.start()

    def listen(self, sockets: Sequence[socket.socket]) -> None:
        """Take connections on listening sockets, in the order of `addresses_of`."""
        for number, one in enumerate(sockets):
            asyncio.run_coroutine_threadsafe(self._listening(number, one), self._loop).result()

    def carry(self, send: Callable[[bytes], None]) -> Callable[[bytes | None], None]:
        """Take connections that a relay passes on.

        Args:
            send: puts bytes on the stream to the relay; it does not wait.

        Returns:
            what to call with the bytes that the relay sends; None: it is gone.
        """

        def opened(number: int, channel: Channel) -> None:
            self._begin(self._carried(channels, number, channel))

        channels = Channels(send, opened)

        def fed(data: bytes | None) -> None:
            try:
                channels.gone() if data is None else channels.feed(data)
            except ValueError:
                channels.gone()

        return lambda data: self._call(fed, data)

    def close(self) -> None:
        """End all connections; does not raise."""
        if self._thread.is_alive():
            self._call(self._loop.stop)
            self._thread.join(10)
        if not self._loop.is_running() and not self._loop.is_closed():
            self._loop.run_until_complete(self._ended())
            self._loop.close()

    async def _ended(self) -> None:
        for server in self._servers:
            server.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _call(self, work: Callable[..., None], *given: object) -> None:
        with suppress(RuntimeError):  # it is closed
            self._loop.call_soon_threadsafe(work, *given)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _listening(self, number: int, one: socket.socket) -> None:
        def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._begin(self._served(number, reader, writer, nobody))

        self._servers.append(await asyncio.start_server(taken, sock=one))

    async def _carried(self, channels: Channels, number: int, channel: Channel) -> None:
        await self._served(number, channel.reader, channel, channel.dealt_with)
        channels.forget(channel)

    async def _served(
        self, number: int, reader: asyncio.StreamReader, writer: Onward, count: Count
    ) -> None:
        """One connection: to the destination of its address, or to the one that it asks for."""
        first, answer, wanted = b"", b"", self._fixed.get(number)
        try:
            if wanted is None:
                head = await asyncio.wait_for(_head(reader, count), _HEAD_TIMEOUT_S)
                wanted, answer, first = asked(head)
                if wanted not in self._allowed:
                    await _refuse(writer, self._why_not(wanted))
                    return
            opened = await asyncio.wait_for(self._opened(wanted), _CONNECT_TIMEOUT_S)
        except _FAULTS as error:
            if number == 0:
                await _refuse(writer, f"it cannot be reached: {error or type(error).__name__}", 502)
            writer.close()
            return
        opened[1].write(first)
        writer.write(answer)
        await join((reader, writer, count), (*opened, nobody))

    async def _opened(
        self, wanted: Destination
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """
        Raises:
            OSError: it cannot be reached, or its name leads where no name may.
        """
        places = [wanted.host]
        if not wanted.is_address:
            found = await self._loop.run_in_executor(None, self._resolve, wanted.host, wanted.port)
            places = [place for place in found if _may_stand_for(wanted, place)]
        fault = OSError(f"{wanted.host} has no address that a name may lead to")
        for place in places:
            try:
                return await asyncio.open_connection(place, wanted.port)
            except OSError as error:
                fault = error
        raise fault

    def _why_not(self, wanted: Destination | None) -> str:
        known = ", ".join(map(str, sorted(self._allowed))) or "nothing"
        return f"{wanted or 'this'} is not allowed; allowed is: {known}"


def asked(head: bytes) -> tuple[Destination | None, bytes, bytes]:
    """What a client asks a proxy for: the destination, what it is told when that is open, and what
    the destination is told first; None where it is no request that is understood.

    >>> asked(b"CONNECT a.example:443 HTTP/1.1\\r\\n\\r\\n")[0]
    Destination(host='a.example', port=443)
    >>> asked(b"CONNECT evil.example\\0.a.example:443 HTTP/1.1\\r\\n\\r\\n")[0] is None
    True
    """
    line, *rows = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    if found := _CONNECT.fullmatch(line):
        answer = b"HTTP/1.1 200 Connection established\r\n\r\n"
        return _named(found[1], found[2]), answer, b""
    found = _PLAIN.fullmatch(line)
    if not found or any(row[:1] in b" \t" or b"\0" in row or b"\n" in row for row in rows):
        return None, b"", b""
    method, host, port, path, version = found.groups()
    kept = [row for row in rows if not row.lower().startswith(_DROPPED)]
    name = host + (b":" + port if port else b"")
    first = [b" ".join((method, path or b"/", version)), b"Host: " + name, *kept]
    return _named(host, port or b"80"), b"", b"\r\n".join([*first, b"Connection: close", b"", b""])


def _named(host: bytes, port: bytes) -> Destination:
    return Destination(host.decode().lower().strip("[]"), int(port))


def _is_loopback(one: Destination) -> bool:
    return one.host == "localhost" or (one.is_address and one.host.startswith("127."))


def _may_stand_for(wanted: Destination, place: str) -> bool:
    """Whether a name may lead to an address: none but `localhost` to this machine itself, and none
    to the addresses that are special on every network (a cloud's credentials lie there)."""
    address = ip_address(place.partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_loopback:
        return wanted.host == "localhost"
    return not (address.is_link_local or address.is_unspecified or address.is_multicast)


async def _head(reader: asyncio.StreamReader, count: Count) -> bytes:
    """A request's head.

    Raises:
        ValueError: it is too long.
        IncompleteReadError: it ended before.
    """
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += await reader.readuntil(b"\n")
        if len(head) > _HEAD_BYTES:
            raise ValueError("the request is too long")
    count(len(head))
    return head


async def _refuse(writer: Onward, why: str, code: int = 403) -> None:
    text = f"swe-agent: {why}\n".encode("utf-8", "replace")
    said = "Forbidden" if code == 403 else "Bad Gateway"
    head = f"HTTP/1.1 {code} {said}\r\nConnection: close\r\nContent-Length: {len(text)}\r\n\r\n"
    try:
        writer.write(head.encode() + text)
        await writer.drain()
    except OSError:
        pass
    writer.close()
