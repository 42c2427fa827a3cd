"""The floor: what a shell in a container costs with nothing around it."""

import secrets
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

from docker.errors import APIError

if TYPE_CHECKING:
    from docker import DockerClient

LOOP = 'while IFS= read -r line; do eval "$line"; done'


class FloorShell:
    """A bare `sh` as PID 1 behind the engine's attach; a nonce ends each reply."""

    def __init__(self, client: "DockerClient", image: str) -> None:
        self._api = client.api
        made = self._api.create_container(
            image,
            entrypoint=["sh", "-c", LOOP],
            stdin_open=True,
            host_config=self._api.create_host_config(auto_remove=True, network_mode="none"),
        )
        self._id = made["Id"]
        watched = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        self._stream = self._api.attach_socket(self._id, params=watched)
        self._socket: socket.socket = getattr(self._stream, "_sock", self._stream)
        self._api.start(self._id)

    def ask(self, code: str) -> bytes:
        """What the code prints."""
        nonce = secrets.token_hex(8)
        self._socket.sendall(f"{{ {code}; }} </dev/null; printf '{nonce}'\n".encode())
        raw, output = b"", b""
        while not output.endswith(nonce.encode()):
            raw += self._socket.recv(1 << 18)
            while len(raw) >= 8 and len(raw) >= 8 + (size := struct.unpack(">I", raw[4:8])[0]):
                output, raw = output + raw[8 : 8 + size], raw[8 + size :]
        return output[: -len(nonce)]

    def close(self) -> None:
        """Take the container away."""
        self._socket.close()
        self._stream.close()
        with suppress(APIError):  # its input has ended: it may be on its way already
            self._api.remove_container(self._id, force=True, v=True)
