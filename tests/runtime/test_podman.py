"""Engines that speak Docker's API with an accent."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest

from swe_agent.core.errors import EnvironmentFault
from swe_agent.runtime.docker import start_box
from swe_agent.runtime.recipe import Recipe
from swe_agent.runtime.store import TreeStore

REFUSAL = 'container create: unknown mount option "uid=1000": invalid mount option'


@pytest.fixture
def podman() -> Iterator[tuple[docker.DockerClient, list[dict[str, str]]]]:
    """An engine like podman 4, which knows no owner of a tmpfs and goes no further than `create`;
    and the tmpfs of each request."""
    asked: list[dict[str, str]] = []

    class Engine(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body["HostConfig"]["Tmpfs"])
            refused = any("uid=" in options for options in asked[-1].values())
            self.answer(500 if refused else 201, {"message": REFUSAL} if refused else {"Id": "c1"})

        def do_PUT(self) -> None:
            self.close_connection = True
            self.answer(500, {"message": "no further"})

        do_DELETE = do_PUT

        def answer(self, code: int, content: dict[str, str]) -> None:
            text = json.dumps(content).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Engine)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"tcp://127.0.0.1:{server.server_address[1]}"
    with closing(docker.DockerClient(base_url=url, version="1.41", timeout=20)) as client:
        yield client, asked
    server.shutdown()
    server.server_close()


def test_a_tmpfs_without_an_owner_will_do(
    podman: tuple[docker.DockerClient, list[dict[str, str]]], tmp_path: Path
) -> None:
    client, asked = podman
    recipe = Recipe("a/b:1", "run", "/workspace", "1000:1000")
    with closing(TreeStore(tmp_path / "store")) as store, pytest.raises(EnvironmentFault):
        start_box(client, recipe, store, store.empty)
    first, second = (next(iter(one.values())) for one in asked)
    assert "mode=0700,uid=1000,gid=1000" in first
    assert "mode=1777" in second
    assert "size=" in second
