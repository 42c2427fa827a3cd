"""Servers on this machine's loopback: one that speaks TLS with a certificate of its own, and one
that only counts who comes."""

import functools
import http.server
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class _Files(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(folder: Path, certificate: Path | None = None) -> Iterator[int]:
    """Serve a folder; `/to/URL` redirects. Yields the port.

    Args:
        folder: what is served.
        certificate: a folder of `certified`; None: without TLS.
    """
    handler = functools.partial(_Files, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def certified(folder: Path) -> Path:
    """Make `cert.pem` and `key.pem` for `localhost` in a folder."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out"
    name = ("cert.pem", "-addext", "subjectAltName=DNS:localhost")
    argv = [program, *words.split(), *name]
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)
    return folder


@contextmanager
def counting() -> Iterator[tuple[int, list[object]]]:
    """A listener that nobody may reach: its port, and who came all the same."""
    came: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def take() -> None:
            while True:
                try:
                    connection, peer = listener.accept()
                except OSError:
                    return
                came.append(peer)
                connection.close()

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1]), came
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
