"""The gate opens what it was told to open, and nothing else, whatever it is asked."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from swe_agent.runtime.gate import Gate, addresses_of, hosts_of
from swe_agent.settings.egress import Destination
from tests.runtime.servers import counting, serving


@dataclass
class Proxy:
    """A gate for one file server on the loopback, beside a listener that nobody may reach."""

    port: int
    allowed: int
    forbidden: int
    came: list[object]
    asked: list[str]
    """Names that the gate looked up."""

    def told(self, request: bytes) -> bytes:
        """All that a client gets for a request."""
        with socket.create_connection(("127.0.0.1", self.port), 20) as client:
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            said = b""
            try:
                while chunk := client.recv(1 << 16):
                    said += chunk
            except ConnectionResetError:
                pass
            return said


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    (tmp_path / "hello").write_text("a secret greeting\n")
    asked: list[str] = []

    def resolve(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with serving(tmp_path) as allowed, counting() as (forbidden, came):
        gate = Gate([Destination("localhost", allowed)], resolve)
        listener = socket.create_server(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
        gate.listen([listener])
        yield Proxy(port, allowed, forbidden, came, asked)
        gate.close()


def connect(target: str) -> str:
    return f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"


BYPASSES = {
    "another port": connect("localhost:{forbidden}"),
    "no port": connect("localhost"),
    "port 0": connect("localhost:0"),
    "a port that overflows": connect("localhost:{overflown}"),
    "a stranger": connect("example.org:{allowed}"),
    "the name as a suffix": connect("evil.localhost:{allowed}"),
    "the name as a prefix": connect("localhost.evil.test:{allowed}"),
    "a trailing dot": connect("localhost.:{allowed}"),
    "NUL in the host": connect("evil.test\0.localhost:{allowed}"),
    "NUL behind the host": connect("localhost\0:{allowed}"),
    "an encoded NUL": connect("evil.test%00localhost:{allowed}"),
    "its IP literal": connect("127.0.0.1:{allowed}"),
    "another port's IP literal": connect("127.0.0.1:{forbidden}"),
    "its IPv6 literal": connect("[::1]:{allowed}"),
    "a mapped address": connect("[::ffff:127.0.0.1]:{allowed}"),
    "a decimal address": connect("2130706433:{forbidden}"),
    "a hexadecimal address": connect("0x7f.1:{forbidden}"),
    "a short address": connect("127.1:{forbidden}"),
    "all addresses": connect("0.0.0.0:{forbidden}"),
    "a cloud's credentials": connect("169.254.169.254:80"),
    "a user before the host": connect("localhost:{allowed}@127.0.0.1:{forbidden}"),
    "a wide letter": connect("\uff4cocalhost:{allowed}"),
    "a blank in the host": connect("localhost :{allowed}"),
    "two targets": connect("localhost:{allowed} localhost:{forbidden}"),
    "a line end alone": "CONNECT 127.0.0.1:{forbidden}\nX: localhost:{allowed} HTTP/1.1\r\n\r\n",
    "an empty host": connect(":{allowed}"),
    "a plain request elsewhere": "GET http://127.0.0.1:{forbidden}/ HTTP/1.1\r\n\r\n",
    "a Host that is allowed": "GET http://127.0.0.1:{forbidden}/ HTTP/1.1\r\nHost: localhost:"
    "{allowed}\r\n\r\n",
    "a path alone": "GET / HTTP/1.1\r\nHost: localhost:{allowed}\r\n\r\n",
    "https without a tunnel": "GET https://localhost:{forbidden}/ HTTP/1.1\r\n\r\n",
    "ftp": "GET ftp://localhost:{allowed}/ HTTP/1.1\r\n\r\n",
    "a folded header": "GET http://localhost:{allowed}/hello HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
    "SOCKS 5": "\x05\x01\0\x05\x01\0\x03\x09localhost\0\x50\r\n\r\n",
    "SOCKS 4": "\x04\x01\0\x50\x7f\0\0\x01\0\r\n\r\n",
    "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no end": "CONNECT localhost:{allowed} HTTP/1.1\r\n",
    "a request without end": "GET http://localhost:{allowed}/hello HTTP/1.1\r\n"
    + "A: b\r\n" * 9999,
}


@pytest.mark.parametrize("request_text", BYPASSES.values(), ids=BYPASSES.keys())
def test_what_is_not_allowed_is_not_opened(proxy: Proxy, request_text: str) -> None:
    for key in ("allowed", "forbidden"):
        request_text = request_text.replace(f"{{{key}}}", str(getattr(proxy, key)))
    request_text = request_text.replace("{overflown}", str(proxy.allowed + 65_536))
    said = proxy.told(request_text.encode())
    assert b"200" not in said.partition(b"\r\n")[0]
    assert b"greeting" not in said
    assert (proxy.came, proxy.asked) == ([], [])


def test_a_refusal_says_what_is_allowed(proxy: Proxy) -> None:
    said = proxy.told(connect("example.org:443").encode())
    assert said.startswith(b"HTTP/1.1 403 ")
    assert f"example.org:443 is not allowed; allowed is: localhost:{proxy.allowed}".encode() in said


def test_the_destination_itself_is_opened_through_a_tunnel(proxy: Proxy) -> None:
    head = connect(f"LOCALHOST:{proxy.allowed}").encode()
    said = proxy.told(head + b"GET /hello HTTP/1.0\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200 ")
    assert said.endswith(b"a secret greeting\n")


def test_a_plain_request_is_passed_on_with_its_own_host(proxy: Proxy) -> None:
    url = f"http://localhost:{proxy.allowed}/hello"
    head = f"GET {url} HTTP/1.1\r\nHost: evil.test\r\nProxy-Authorization: x\r\n\r\n"
    assert proxy.told(head.encode()).endswith(b"a secret greeting\n")


def test_a_redirect_is_not_followed(proxy: Proxy) -> None:
    url = f"http://localhost:{proxy.allowed}/to/http://127.0.0.1:{proxy.forbidden}/"
    said = proxy.told(f"GET {url} HTTP/1.1\r\n\r\n".encode())
    assert said.startswith((b"HTTP/1.0 302 ", b"HTTP/1.1 302 "))
    assert proxy.came == []


def test_an_empty_list_opens_nothing() -> None:
    with counting() as (port, came):
        gate = Gate([])
        listener = socket.create_server(("127.0.0.1", 0))
        gate.listen([listener])
        proxy = Proxy(int(listener.getsockname()[1]), port, port, came, [])
        for target in (f"127.0.0.1:{port}", f"localhost:{port}"):
            assert b" 403 " in proxy.told(connect(target).encode())
        gate.close()
        assert came == []


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "fe80::1%lo", "0.0.0.0"]
)
def test_a_name_that_leads_to_this_machine_or_a_cloud_is_not_opened(address: str) -> None:
    with counting() as (port, came):
        gate = Gate([Destination("files.test", port)], lambda *_: [address])
        listener = socket.create_server(("127.0.0.1", 0))
        gate.listen([listener])
        proxy = Proxy(int(listener.getsockname()[1]), port, port, came, [])
        assert b" 502 " in proxy.told(connect(f"files.test:{port}").encode())
        gate.close()
        assert came == []


def test_every_destination_has_a_place_of_its_own_inside() -> None:
    allowed = [
        Destination("a.test", 443),
        Destination("b.test", 443),
        Destination("a.test", 80),
        Destination("10.0.0.1", 80),
        Destination("localhost", 3128),
        Destination("127.0.0.1", 3128),
    ]
    assert addresses_of(allowed) == (
        ("127.0.0.1", 3129),
        ("127.0.1.1", 443),
        ("127.0.1.2", 443),
        ("127.0.1.1", 80),
        ("127.0.0.1", 3128),
    )
    assert hosts_of(allowed) == {"a.test": "127.0.1.1", "b.test": "127.0.1.2"}


def test_closing_it_ends_what_it_carries(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
        gate = Gate([Destination("127.0.0.1", port)])
        listener = socket.create_server(("127.0.0.1", 0))
        gate.listen([listener])
        with socket.create_connection(listener.getsockname(), 20) as client:
            client.sendall(connect(f"127.0.0.1:{port}").encode())
            upstream, _ = server.accept()
            assert client.recv(100).startswith(b"HTTP/1.1 200 ")
            gate.close()
            assert client.recv(100) == upstream.recv(100) == b""
            upstream.close()
