"""Check 7: by default nothing gets out of a sandbox, to the network or to the host's services.
(`--network allow:HOST:PORT` has tests/runtime/test_network.py and test_gate.py.)"""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from swe_agent.runtime.box import Limits
from swe_agent.runtime.docker import start_box
from swe_agent.runtime.recipe import recipe_for
from swe_agent.runtime.sandbox import BrokerSandbox
from swe_agent.runtime.store import TreeStore

pytestmark = pytest.mark.docker
ABSTRACT = f"swe-agent-check-{os.getpid()}"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A service of the host's on every address."""
    with socket.create_server(("0.0.0.0", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(scope="module")
def abstract() -> Iterator[str]:
    """A service of the host's on an abstract socket."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0{ABSTRACT}")
        server.listen()
        yield ABSTRACT


@pytest.fixture(scope="module")
def sandbox(
    engine: docker.DockerClient, base_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrokerSandbox]:
    folder: Path = tmp_path_factory.mktemp("network")
    store = TreeStore(folder / "store")
    box = start_box(engine, recipe_for(engine, base_image, "net", Limits()), store, store.empty)
    made = BrokerSandbox(box, store, "/workspace", folder)
    made.begin(store.empty, ())
    yield made
    box.close()


def gateway() -> str:
    """The host's address on the engine's bridge."""
    client = docker.from_env()
    config = client.api.inspect_network("bridge")["IPAM"]["Config"][0]
    return str(config.get("Gateway") or config["Subnet"].rsplit(".", 1)[0] + ".1")


ATTEMPTS = {
    "loopback service": "s = socket.create_connection(('127.0.0.1', PORT), 3)",
    "the bridge": "s = socket.create_connection(('GATEWAY', PORT), 3)",
    "an address": "s = socket.create_connection(('192.0.2.1', 80), 3)",
    "metadata": "s = socket.create_connection(('169.254.169.254', 80), 3)",
    "IPv6 loopback": "s = socket.create_connection(('::1', PORT), 3)",
    "IPv6": "s = socket.create_connection(('2001:db8::1', 80), 3)",
    "UDP": "s = socket.socket(socket.AF_INET, 2); s.sendto(b'x', ('192.0.2.1', 53))",
    "DNS": "socket.getaddrinfo('example.org', 80)",
    "host.docker.internal": "socket.getaddrinfo('host.docker.internal', 80)",
    "raw": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "packet": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)",
    "engine": "socket.socket(socket.AF_UNIX).connect('/var/run/docker.sock')",
    "abstract socket": f"socket.socket(socket.AF_UNIX).connect('\\0{ABSTRACT}')",
    "vsock": "s = socket.socket(40, socket.SOCK_STREAM); s.settimeout(3); s.connect((2, 1024))",
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_nothing_is_reached(sandbox: BrokerSandbox, port: int, abstract: str, attempt: str) -> None:
    code = attempt.replace("PORT", str(port)).replace("GATEWAY", gateway())
    sandbox.write_file("/tmp/try.py", f"import socket\n{code}\nprint('REACHED')\n".encode())
    for way in (sandbox.run, sandbox.execute):
        result = way("python3 /tmp/try.py", 30)
        assert result.exit_code == 1
        assert b"REACHED" not in result.output
        assert b"rror: " in result.output  # OSError, gaierror: the attempt itself failed


@pytest.mark.parametrize("name", ["loopback service", "the bridge", "abstract socket", "engine"])
def test_control_the_host_itself_reaches_it(port: int, abstract: str, name: str) -> None:
    code = ATTEMPTS[name].replace("PORT", str(port)).replace("GATEWAY", gateway())
    exec(f"import socket\n{code}", {})
