"""A Docker container of ours: what the engine says of it, what it may not, and how it ends."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from swe_agent.core.errors import EnvironmentFault, SandboxLost, SandboxStarved
from swe_agent.runtime.box import Limits
from swe_agent.runtime.docker import DockerBox, start_box
from swe_agent.runtime.owner import OWNER_LABEL
from swe_agent.runtime.reaping import reap
from swe_agent.runtime.recipe import RUN_LABEL, recipe_for
from swe_agent.runtime.sandbox import BrokerSandbox
from swe_agent.runtime.store import TreeStore
from tests.patience import crowded_s
from tests.starving import doom

pytestmark = pytest.mark.docker

LIMITS = Limits(memory_mb=200, cpus=1.5, pids=77)
SOAK = pytest.mark.soak


@pytest.fixture
def box(engine: docker.DockerClient, base_image: str, tmp_path: Path) -> Iterator[DockerBox]:
    store = TreeStore(tmp_path / "store")
    recipe = recipe_for(engine, base_image, "the-run", LIMITS)
    made = start_box(engine, recipe, store, store.empty)
    yield made
    made.close()


@pytest.fixture
def sandbox(box: DockerBox, tmp_path: Path) -> BrokerSandbox:
    store = TreeStore(tmp_path / "store")
    made = BrokerSandbox(box, store, "/workspace", tmp_path)
    made.begin(store.empty, ())
    return made


@pytest.fixture
def facts(engine: docker.DockerClient, box: DockerBox) -> dict[str, Any]:
    found: dict[str, Any] = engine.api.inspect_container(box.container)
    return found


def test_the_engine_holds_it_to_the_policy(facts: dict[str, Any]) -> None:
    host, config = facts["HostConfig"], facts["Config"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges"]  # no `seccomp=`: the engine's default
    assert (host["Memory"], host["MemorySwap"]) == (200 << 20, 200 << 20)
    assert (host["NanoCpus"], host["PidsLimit"]) == (1_500_000_000, 77)
    assert host["NetworkMode"] == "none"
    assert host["LogConfig"]["Type"] == "none"
    assert host["AutoRemove"] is True
    assert host["Privileged"] is False
    for key in ("Binds", "Mounts", "Devices", "VolumesFrom", "Links", "ExtraHosts", "PortBindings"):
        assert not host.get(key), key
    for key in ("PidMode", "IpcMode", "UTSMode", "UsernsMode"):
        assert host.get(key) != "host", key
    assert facts["Mounts"] == []
    assert config["Healthcheck"] == {"Test": ["NONE"]}
    assert config["Labels"][RUN_LABEL] == "the-run"
    assert config["User"] == "1000:1000"
    assert (config["OpenStdin"], config["StdinOnce"], config["Tty"]) == (True, True, False)


def test_a_machine_with_fewer_processors_than_the_limit_gives_what_it_has(
    engine: docker.DockerClient, base_image: str, tmp_path: Path
) -> None:
    store = TreeStore(tmp_path / "store")
    recipe = recipe_for(engine, base_image, "few", Limits(cpus=4096.0))
    box = start_box(engine, recipe, store, store.empty)
    try:
        facts = engine.api.inspect_container(box.container)
    finally:
        box.close()
    assert facts["HostConfig"]["NanoCpus"] == engine.info()["NCPU"] * 10**9


def test_its_name_is_random(facts: dict[str, Any]) -> None:
    assert re.fullmatch(r"/swe-agent-[0-9a-f]{16}", facts["Name"])


def test_no_key_of_the_host_is_in_it(
    engine: docker.DockerClient,
    base_image: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary-7f3a")
    monkeypatch.setenv("GH_TOKEN", "canary-7f3a")
    store = TreeStore(tmp_path / "store")
    recipe = recipe_for(engine, base_image, "the-run", LIMITS)
    made = start_box(engine, recipe, store, store.empty)
    try:
        assert "canary" not in str(engine.api.inspect_container(made.container))
        found = made.execute("env; cat /proc/*/environ", 20, tmp_path)
        assert b"canary" not in found.output
    finally:
        made.close()


def test_the_kernel_holds_it_to_the_policy(sandbox: BrokerSandbox) -> None:
    status = sandbox.run("cat /proc/self/status", 20).output.decode()
    told = dict(line.split(":\t", 1) for line in status.splitlines())
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(told[name], 16) == 0
    assert (told["NoNewPrivs"], told["Seccomp"]) == ("1", "2")
    assert told["Uid"].split() == ["1000"] * 4
    assert sandbox.execute("cat /proc/self/status", 20).output.decode().count("NoNewPrivs:\t1") == 1


@pytest.mark.parametrize(
    "command",
    [
        "mknod /tmp/x b 8 0",
        "mount -t tmpfs none /mnt",
        "unshare -U true",
        "unshare -m true",
        "chown 0 /workspace",
        "su root -c true </dev/null",
        "touch /usr/bin/x",
        "touch /etc/passwd",
        "cat /etc/shadow",
        "cat /dev/mem",
        "ls /var/run/docker.sock /run/docker.sock",
        "echo 1 >/proc/sys/kernel/core_pattern",
        "echo b >/proc/sysrq-trigger",
        "dmesg",
        "hostname x",
        "date -s 2001-01-01",
        "python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)'",
        "python3 -c 'import socket; socket.create_connection((\"169.254.169.254\", 80), 3)'",
        "python3 -c 'import socket; socket.create_connection((\"172.17.0.1\", 22), 3)'",
        "python3 -c 'import socket; socket.getaddrinfo(\"example.org\", 80)'",
    ],
)
def test_a_right_that_no_command_has(sandbox: BrokerSandbox, command: str) -> None:
    result = sandbox.run(command, 20)
    assert result.exit_code not in (0, 127)
    assert not result.timed_out


def test_a_missing_image_says_so(engine: docker.DockerClient) -> None:
    with pytest.raises(EnvironmentFault, match="there is no image swe-agent-none:0"):
        recipe_for(engine, "swe-agent-none:0", "the-run", LIMITS)


def use(sandbox: BrokerSandbox, way: str) -> None:
    match way:
        case "run":
            sandbox.run("true", 10)
        case "execute":
            sandbox.execute("true", 10)
        case "read":
            sandbox.read_file("f")
        case "write":
            sandbox.write_file("f", b"1" * 3_000_000)
        case "restore":
            sandbox.restore(sandbox.checkpoint())
        case "sweep":
            sandbox.sweep()


@pytest.mark.parametrize("way", ["run", "execute", "read", "write", "restore", "sweep"])
def test_a_removed_container_is_a_lost_sandbox(
    engine: docker.DockerClient, box: DockerBox, sandbox: BrokerSandbox, way: str
) -> None:
    engine.api.remove_container(box.container, force=True)
    began = time.monotonic()
    with pytest.raises(SandboxLost):
        use(sandbox, way)
    with pytest.raises(SandboxLost):
        use(sandbox, way)
    assert time.monotonic() - began < 10
    sandbox.close()


@pytest.mark.parametrize("end", ["remove", "stop", "kill"])
@pytest.mark.parametrize("way", ["run", "execute"])
def test_a_container_that_ends_under_a_command_is_no_result(
    engine: docker.DockerClient, box: DockerBox, sandbox: BrokerSandbox, end: str, way: str
) -> None:
    ends = {
        "remove": lambda: engine.api.remove_container(box.container, force=True),
        "stop": lambda: engine.api.stop(box.container, timeout=0),
        "kill": lambda: engine.api.kill(box.container),
    }
    timer = threading.Timer(1.0, ends[end])
    timer.start()
    with pytest.raises(SandboxLost):
        getattr(sandbox, way)("echo begun; sleep 30", 20)
    timer.join()


GREEDY = "cat /dev/zero >/dev/shm/x"
"""Uses memory that belongs to no process."""


@pytest.mark.parametrize("way", ["run", pytest.param("execute", marks=SOAK)])
@pytest.mark.parametrize("image", ["base_image", pytest.param("busybox_image", marks=SOAK)])
def test_a_container_killed_for_want_of_memory_is_told_with_its_limit(
    request: pytest.FixtureRequest, tmp_path: Path, image: str, way: str
) -> None:
    engine, store = request.getfixturevalue("engine"), TreeStore(tmp_path / "store")
    name = request.getfixturevalue(image)
    recipe = recipe_for(engine, name, "the-run", Limits(memory_mb=40))
    box = start_box(engine, recipe, store, store.empty)
    try:
        sandbox = BrokerSandbox(box, store, "/workspace", tmp_path)
        sandbox.begin(store.empty, ())
        doom(engine, box.container)
        result = getattr(sandbox, way)(GREEDY, 60)
        assert (result.exit_code, result.out_of_memory, result.memory_limit_mb) == (137, True, 40)
        for use_again in ("checkpoint", "tree", "sweep"):
            with pytest.raises(SandboxStarved, match="memory, 40 MB"):
                getattr(sandbox, use_again)()
    finally:
        box.close()


@pytest.mark.soak
def test_a_container_killed_after_a_child_lacked_memory_is_no_result(
    engine: docker.DockerClient, box: DockerBox, sandbox: BrokerSandbox
) -> None:
    hungry = "python3 -c 'x = bytearray(300 << 20)'"
    assert sandbox.run(hungry, 30).out_of_memory
    time.sleep(6)
    engine.api.kill(box.container)
    with pytest.raises(SandboxLost) as fault:
        sandbox.run("true", 10)
    assert not isinstance(fault.value, SandboxStarved)


def test_closing_takes_the_container_away_and_may_be_done_twice(
    engine: docker.DockerClient, box: DockerBox
) -> None:
    box.close()
    assert is_gone_within(engine, box.container, 5)
    box.close()


HOST = """
import os, sys, threading, time, docker
from pathlib import Path
from swe_agent.core.protocols import Entry
from swe_agent.runtime.box import Limits
from swe_agent.runtime.docker import start_box
from swe_agent.runtime.recipe import recipe_for
from swe_agent.runtime.sandbox import BrokerSandbox
from swe_agent.runtime.store import TreeStore
folder, image, run, way, command = Path(sys.argv[1]), *sys.argv[2:]
client, store = docker.from_env(), TreeStore(folder / "store")
tree = store.empty
if way == "copy":
    large = store.put(os.urandom(50_000_000))
    files = {f"f{n}": Entry("file", large, 50_000_000, 0o644) for n in range(40)}
    tree = store.overlay(tree, files)
recipe = recipe_for(client, image, run, Limits(memory_mb=200))
box = start_box(client, recipe, store, tree)
sandbox = BrokerSandbox(box, store, "/workspace", folder)
sandbox.begin(store.empty, ())
sandbox.run("setsid sleep 999 & true", 10)
print("ready", flush=True)
match way:
    case "ask":
        sandbox.ask(command)
    case "write":
        sandbox.write_file("f", bytes(1_000_000_000))
    case "tree":
        sandbox.run(command, 10)
        sandbox.tree()
    case _:
        getattr(sandbox, way)(command, 900)
time.sleep(900)
"""
STOPPER = """
(setsid sh -c 'while :; do for p in /proc/[0-9]*; do
    read -r n <$p/comm; [ "$n" != find ] || kill -STOP ${p#/proc/}; done; done' &) 2>/dev/null
sleep 1; touch f
"""
"""Holds up every listing."""


def lease_of(engine: docker.DockerClient, run: str) -> list[dict[str, Any]]:
    found = engine.api.containers(all=True, filters={"label": f"{RUN_LABEL}={run}"})
    return list(found)


@pytest.mark.parametrize(
    ("way", "command"),
    [
        ("run", "true"),
        ("run", "sleep 999"),
        pytest.param("run", "trap '' TERM HUP INT; while :; do sleep 1; done", marks=SOAK),
        pytest.param("run", "yes", marks=SOAK),
        ("execute", "sleep 999"),
        ("ask", "sleep 999"),
        pytest.param("ask", "mkfifo /tmp/fifo; cat /tmp/fifo", marks=SOAK),
        pytest.param("write", "", marks=SOAK),
        ("tree", STOPPER),
        pytest.param("copy", "", marks=SOAK),
    ],
)
def test_kill_9_of_the_host_ends_the_container_within_five_seconds(
    engine: docker.DockerClient, base_image: str, tmp_path: Path, way: str, command: str
) -> None:
    run = f"lease-{os.getpid()}-{time.monotonic_ns()}"
    argv = [sys.executable, "-c", HOST, str(tmp_path), base_image, run, way, command]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout
        if way == "copy":
            while not lease_of(engine, run):
                time.sleep(0.02)
        else:
            assert host.stdout.readline() == "ready\n"
            time.sleep(2 if way == "tree" else 0.5)
        assert lease_of(engine, run)
        os.kill(host.pid, signal.SIGKILL)
        deadline = time.monotonic() + crowded_s(5)
        while (left := lease_of(engine, run)) and time.monotonic() < deadline:
            time.sleep(0.1)  # the dead host is not waited for: it is a zombie by now
    if left:
        engine.api.remove_container(left[0]["Id"], force=True)
    assert not left


def test_what_even_its_watcher_left_goes_at_the_next_start(
    engine: docker.DockerClient, base_image: str, box: DockerBox
) -> None:
    made = subprocess.run(
        [sys.executable, "-c", "from swe_agent.runtime.owner import own_mark; print(own_mark())"],
        capture_output=True,
        text=True,
        check=True,
    )
    labels = {RUN_LABEL: "left", OWNER_LABEL: made.stdout.strip()}
    left = engine.api.create_container(base_image, ["sleep", "900"], labels=labels)["Id"]
    engine.api.start(left)
    reap(engine)
    assert is_gone_within(engine, left, 10)
    assert engine.api.containers(filters={"id": box.container})  # its owner lives


def test_a_container_that_never_started_is_reaped_and_a_strangers_is_not(
    engine: docker.DockerClient, base_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Other tests make containers with the real label at this moment.
    monkeypatch.setattr("swe_agent.runtime.reaping.RUN_LABEL", "swe-agent.reaped-by-a-test")
    ours = engine.api.create_container(base_image, ["true"], labels=["swe-agent.reaped-by-a-test"])[
        "Id"
    ]
    other = engine.api.create_container(base_image, ["true"], name="swe-agent-not-ours")["Id"]
    try:
        reap(engine)
        assert engine.api.containers(all=True, filters={"id": ours})
        reap(engine, older_than_s=-60)
        assert not engine.api.containers(all=True, filters={"id": ours})
        assert engine.api.containers(all=True, filters={"id": other})
    finally:
        engine.api.remove_container(other)


def is_gone_within(engine: docker.DockerClient, container: str, seconds: float) -> bool:
    deadline = time.monotonic() + crowded_s(seconds)
    while time.monotonic() < deadline:
        if not engine.api.containers(all=True, filters={"id": container}):
            return True
        time.sleep(0.1)
    return False
