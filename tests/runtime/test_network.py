"""Commands in a sandbox that may reach one TLS server: every tool reaches it, and nothing else can
be reached."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.protocols import CommandResult, Entry
from swe_agent.runtime.box import HOME, Limits
from swe_agent.runtime.bubblewrap import Plan, start_bubblewrap
from swe_agent.runtime.docker import start_box
from swe_agent.runtime.recipe import RUN_LABEL, recipe_for
from swe_agent.runtime.sandbox import BrokerSandbox
from swe_agent.runtime.sidecar import start_sidecar
from swe_agent.runtime.store import TreeStore
from swe_agent.runtime.tarball import Content
from swe_agent.settings.egress import Destination
from tests.backends import need_bubblewrap
from tests.runtime.servers import certified, counting, serving

RUN = f"network-{os.getpid()}"
BACKENDS = (
    pytest.param("docker", marks=pytest.mark.docker),
    pytest.param("bubblewrap"),
)
TUNNEL = "export NO_PROXY= no_proxy=;"
GET = (
    "python3 -c 'import sys, urllib.request as u; "
    "sys.stdout.buffer.write(u.urlopen(sys.argv[1]).read())'"
)


@dataclass
class Net:
    """A sandbox, and the servers of this machine that it may and may not reach."""

    sandbox: BrokerSandbox
    secure: int
    plain: int
    forbidden: int
    came: list[object]

    def run(self, command: str, timeout_s: float = 30.0) -> CommandResult:
        command = command.replace("SECURE", f"https://localhost:{self.secure}")
        command = command.replace("PLAIN", f"http://localhost:{self.plain}")
        return self.sandbox.run(command.replace("FORBIDDEN", str(self.forbidden)), timeout_s)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file, a package index and a git repository."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "hello").write_text("hello\n")
    (folder / "large").write_bytes(os.urandom(3_000_000))
    package = folder / "simple" / "greeting"
    package.mkdir(parents=True)
    _wheel(package / "greeting-1.0-py3-none-any.whl")
    name = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run([*name, "-C", folder / "simple", *words], check=True)
    clone = ["git", "clone", "-q", "--bare", folder / "simple", folder / "repo.git"]
    subprocess.run(clone, check=True)
    subprocess.run(["git", "-C", folder / "repo.git", "update-server-info"], check=True)
    return folder


def _wheel(place: Path) -> None:
    import zipfile

    about = "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("greeting.py", "WORD = 'hello'\n")
        archive.writestr("greeting-1.0.dist-info/METADATA", about)
        archive.writestr("greeting-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("greeting-1.0.dist-info/RECORD", "")


@pytest.fixture(scope="module", params=BACKENDS)
def net(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, served: Path
) -> Iterator[Net]:
    folder = certified(tmp_path_factory.mktemp("net"))
    with (
        serving(served, folder) as secure,
        serving(served) as plain,
        counting() as (forbidden, came),
        closing(TreeStore(folder / "store")) as store,
    ):
        certificate = (folder / "cert.pem").read_bytes()
        entry = Entry("file", store.put(certificate), len(certificate), 0o644)
        tree = store.overlay(store.empty, {"cert.pem": entry})
        limits = Limits(allow=(Destination("localhost", secure), Destination("localhost", plain)))
        starts = {"docker": docker_box, "bubblewrap": bubblewrap_box}
        with closing(starts[request.param](request, limits, (store, tree, folder))) as sandbox:
            sandbox.begin(tree, ())
            sandbox.run(
                "export SSL_CERT_FILE=$PWD/cert.pem GIT_SSL_CAINFO=$PWD/cert.pem "
                "PIP_CERT=$PWD/cert.pem CURL_CA_BUNDLE=$PWD/cert.pem",
                20,
            )
            yield Net(sandbox, secure, plain, forbidden, came)


def docker_box(
    request: pytest.FixtureRequest, limits: Limits, filled: tuple[TreeStore, str, Path]
) -> BrokerSandbox:
    store, tree, folder = filled
    client = request.getfixturevalue("engine")
    recipe = recipe_for(client, request.getfixturevalue("base_image"), RUN, limits)
    return BrokerSandbox(start_box(client, recipe, store, tree), store, recipe.root, folder)


def bubblewrap_box(
    _: pytest.FixtureRequest, limits: Limits, filled: tuple[TreeStore, str, Path]
) -> BrokerSandbox:
    need_bubblewrap()
    store, tree, folder = filled
    box = start_bubblewrap(Plan(limits))
    box.fill(Content(store, tree, box.root, 0, (HOME, f"{HOME}/home")).tar())
    return BrokerSandbox(box, store, box.root, folder)


TOOLS = {
    "python": f"{GET} SECURE/hello",
    "python, without TLS": f"{GET} PLAIN/hello",
    "pip": "python3 -m pip download -q --no-deps --no-cache-dir --isolated --index-url "
    "SECURE/simple -d /tmp/down greeting && unzip -p /tmp/down/greeting-1.0*.whl greeting.py || "
    "python3 -m zipfile -l /tmp/down/greeting-1.0-py3-none-any.whl",
    "git": "rm -rf /tmp/clone; git clone -q SECURE/repo.git /tmp/clone && git -C /tmp/clone log "
    "--format=%s",
}


@pytest.mark.parametrize("tunnel", ["", TUNNEL], ids=["by its name", "through the proxy"])
@pytest.mark.parametrize("command", TOOLS.values(), ids=TOOLS.keys())
def test_a_tool_reaches_what_is_allowed(net: Net, command: str, tunnel: str) -> None:
    result = net.run(f"{tunnel} {command}", 120)
    assert result.exit_code == 0, result.output
    assert any(word in result.output for word in (b"hello", b"greeting.py", b"first"))


@pytest.mark.parametrize("tunnel", ["", TUNNEL], ids=["by its name", "through the proxy"])
@pytest.mark.parametrize("net", ["bubblewrap"], indirect=True)
def test_curl_reaches_what_is_allowed(net: Net, tunnel: str) -> None:
    if net.run("command -v curl").exit_code:
        pytest.skip("curl is not installed")
    assert net.run(f"{tunnel} curl -sS SECURE/hello").output == b"hello\n"


def test_large_bodies_pass_whole_both_ways_at_once(net: Net) -> None:
    sizes = f"for i in 1 2 3; do {GET} SECURE/large | wc -c & done; wait"
    assert net.run(f"{TUNNEL} {sizes}", 60).output.split() == [b"3000000"] * 3


CLOSED = {
    "another port of the host": "('127.0.0.1', FORBIDDEN)",
    "another port of the name": "('localhost', FORBIDDEN)",
    "the bridge's address of the host": "('172.17.0.1', FORBIDDEN)",
    "a cloud's credentials": "('169.254.169.254', 80)",
    "a stranger": "('192.0.2.1', 443)",
    "IPv6": "('::1', FORBIDDEN)",
    "IPv6 outside": "('2001:db8::1', 443)",
    "a name": "('example.org', 443)",
}


@pytest.mark.parametrize("place", CLOSED.values(), ids=CLOSED.keys())
def test_nothing_else_can_be_reached(net: Net, place: str) -> None:
    code = f"import socket; socket.create_connection({place}, 3)"
    assert net.run(f'python3 -c "{code}"').exit_code == 1
    assert net.came == []


@pytest.mark.parametrize(
    "code",
    [
        "s.socket(s.AF_INET, s.SOCK_RAW, 1)",
        "s.socket(s.AF_PACKET, s.SOCK_RAW, 3)",
        "s.getaddrinfo('example.org', 80)",
        "s.socket(s.AF_INET, s.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    ],
    ids=["raw", "packets", "DNS", "UDP"],
)
def test_no_other_way_leads_out(net: Net, code: str) -> None:
    assert net.run(f'python3 -c "import socket as s; {code}"').exit_code == 1


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:FORBIDDEN/", "https://example.org/", "PLAIN/to/http://127.0.0.1:FORBIDDEN/"],
)
def test_the_proxy_refuses_all_else(net: Net, url: str) -> None:
    result = net.run(f"{TUNNEL} {GET} {url}")
    assert result.exit_code == 1
    assert b"403" in result.output
    assert net.came == []


def test_the_hosts_abstract_sockets_stay_out_of_reach(net: Net) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0{RUN}")
        server.listen()
        code = f"import socket; socket.socket(socket.AF_UNIX).connect('\\0{RUN}')"
        assert net.run(f'python3 -c "{code}"').exit_code == 1


def test_a_time_out_does_not_close_the_way_out(net: Net) -> None:
    assert net.run("sleep 60 & sleep 60", 0.5).timed_out
    net.sandbox.sweep()
    assert net.run(f"{GET} PLAIN/hello").output == b"hello\n"


def test_an_allowed_port_where_nobody_listens_is_refused_not_hung(net: Net) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    result = net.run(f"{TUNNEL} {GET} http://localhost:{port}/")
    assert result.exit_code == 1


@pytest.mark.docker
def test_busybox_needs_no_program_of_its_own(
    engine: docker.DockerClient, busybox_image: str, served: Path, tmp_path: Path
) -> None:
    with serving(served) as port, closing(TreeStore(tmp_path / "store")) as store:
        limits = Limits(allow=(Destination("localhost", port),))
        recipe = recipe_for(engine, busybox_image, RUN, limits)
        with closing(start_box(engine, recipe, store, store.empty)) as box:
            done = box.execute(f"wget -q -O - http://localhost:{port}/hello", 20, tmp_path)
            assert (done.exit_code, done.output) == (0, b"hello\n")


@pytest.mark.docker
def test_the_relay_is_a_container_without_rights_that_goes_with_its_sandbox(
    engine: docker.DockerClient, base_image: str, tmp_path: Path
) -> None:
    label = f"{RUN}-relay"
    with closing(TreeStore(tmp_path / "store")) as store:
        recipe = recipe_for(engine, base_image, label, Limits(allow=(Destination("a.test", 1),)))
        box = start_box(engine, recipe, store, store.empty)
        found = engine.api.containers(filters={"label": f"{RUN_LABEL}={label}"})
        relay = next(row["Id"] for row in found if row["Id"] != box.container)
        facts = engine.api.inspect_container(relay)
        host = facts["HostConfig"]
        assert host["NetworkMode"] == f"container:{box.container}"
        assert engine.api.inspect_container(box.container)["HostConfig"]["NetworkMode"] == "none"
        assert (host["CapDrop"], host["ReadonlyRootfs"]) == (["ALL"], True)
        assert host["SecurityOpt"] == ["no-new-privileges"]
        assert facts["Config"]["User"] == "65534:65534"
        assert facts["Mounts"] == []
        box.close()
        await_none(engine, label)


_DYING = """
import sys, time, docker
from pathlib import Path
from swe_agent.runtime.box import Limits
from swe_agent.runtime.docker import start_box
from swe_agent.runtime.recipe import recipe_for
from swe_agent.runtime.sidecar import start_sidecar
from swe_agent.runtime.store import TreeStore
from swe_agent.settings.egress import Destination
client, store = docker.from_env(), TreeStore(Path(sys.argv[1]))
recipe = recipe_for(client, sys.argv[2], sys.argv[3], Limits(allow=(Destination("a.test", 1),)))
box = start_box(client, recipe, store, store.empty)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.mark.docker
def test_the_relay_ends_when_swe_agent_is_killed(
    engine: docker.DockerClient, base_image: str, tmp_path: Path
) -> None:
    label = f"{RUN}-killed"
    argv = [sys.executable, "-c", _DYING, str(tmp_path / "store"), base_image, label]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as dying:
        assert dying.stdout
        assert dying.stdout.readline() == b"ready\n"
        dying.send_signal(signal.SIGKILL)
    await_none(engine, label)


@pytest.mark.docker
def test_an_image_that_cannot_forward_is_said_aloud(
    engine: docker.DockerClient, busybox_image: str, tmp_path: Path
) -> None:
    limits, labels = Limits(allow=(Destination("a.test", 1),)), {RUN_LABEL: f"{RUN}-none"}
    with closing(TreeStore(tmp_path / "store")) as store:
        recipe = recipe_for(engine, busybox_image, RUN, Limits())
        with closing(start_box(engine, recipe, store, store.empty)) as box:
            with pytest.raises(EnvironmentFault, match="relay") as fault:
                start_sidecar(engine, busybox_image, box.container, labels, limits)
            assert "python3" in fault.value.next_step
            await_none(engine, f"{RUN}-none")


def await_none(engine: docker.DockerClient, run_id: str) -> None:
    """Until the engine has no container of a run, for minutes at most."""
    deadline = time.monotonic() + 200
    while engine.api.containers(all=True, filters={"label": f"{RUN_LABEL}={run_id}"}):
        assert time.monotonic() < deadline
        time.sleep(0.05)
