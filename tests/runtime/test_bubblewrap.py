"""Bubblewrap holds: what a hostile command can see, change and survive."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from swe_agent.core.errors import EnvironmentFault, SandboxLost, SandboxStarved, UsageFault
from swe_agent.core.protocols import Entry
from swe_agent.runtime.box import HOME, Limits
from swe_agent.runtime.bubblewrap import BubblewrapBox, Plan, outer_uid, start_bubblewrap
from swe_agent.runtime.cgroup import drop_groups, make_groups
from swe_agent.runtime.engineless import EnginelessSandboxes
from swe_agent.runtime.hostview import make_folder
from swe_agent.runtime.pipes import remove_folder
from swe_agent.runtime.sandbox import BrokerSandbox
from swe_agent.runtime.sandboxes import choose_sandbox
from swe_agent.runtime.setup import SetUp
from swe_agent.runtime.store import TreeStore
from swe_agent.runtime.tarball import Content
from tests.backends import need_bubblewrap
from tests.patience import comes_true

CANARY = "canary-7f3a91"
Run = Callable[[str], tuple[int, str]]


@pytest.fixture(scope="module", autouse=True)
def _works() -> None:
    need_bubblewrap()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bubblewrap")


@pytest.fixture(scope="module")
def box() -> Iterator[BubblewrapBox]:
    with closing(start_bubblewrap(Plan(Limits(memory_mb=256, pids=64)))) as made:
        yield made


@pytest.fixture(scope="module")
def sandbox(box: BubblewrapBox, folder: Path) -> BrokerSandbox:
    store = TreeStore(folder / "store")
    entry = Entry("file", store.put(b"hello\n"), 6, 0o644)
    tree = store.overlay(store.empty, {"f": entry})
    box.fill(Content(store, tree, box.root, 0, (HOME, f"{HOME}/home")).tar())
    made = BrokerSandbox(box, store, box.root, folder)
    made.begin(tree, ())
    return made


@pytest.fixture(params=["session", "beside it"])
def run(request: pytest.FixtureRequest, sandbox: BrokerSandbox) -> Run:
    """Runs a command in the session, or by `execute`."""
    method = sandbox.run if request.param == "session" else sandbox.execute

    def ran(command: str) -> tuple[int, str]:
        result = method(command, 20)
        return result.exit_code, result.output.decode()

    return ran


def test_the_repository_is_there_and_commands_run_in_it(run: Run) -> None:
    assert run("pwd; cat f; exit 7") == (7, "/workspace\nhello\n")


@pytest.mark.parametrize("kind", ["a home", "the temporary folder", "a run folder"])
def test_no_private_file_of_the_host_is_to_be_seen(run: Run, tmp_path: Path, kind: str) -> None:
    place = {"a home": Path.home(), "the temporary folder": Path("/var/tmp")}.get(kind, tmp_path)
    file = place / f".{CANARY}"
    file.write_text(CANARY)
    try:
        code, said = run(f"cat {file}")
        assert code != 0
        assert CANARY not in said.replace(str(file), "")
    finally:
        file.unlink()


@pytest.mark.parametrize(
    "place",
    [
        *("/root", "/home", "/var/run/docker.sock", "/run/docker.sock", "/etc/shadow"),
        *("/etc/ssh", "/etc/ssl/private", "/var/lib", "/boot", "/sys/kernel", "/dev/kmsg"),
        *("/dev/sda", "/dev/vda", "/mnt", "/media", "/srv"),
    ],
)
def test_what_no_build_needs_is_not_there(run: Run, place: str) -> None:
    assert run(f"test -e {place}")[0] == 1


def test_the_environment_has_nothing_of_the_hosts(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setenv("SOME_API_KEY", CANARY)
    store = TreeStore(folder / "environment")
    with closing(start_bubblewrap(Plan(Limits()))) as made:
        sandbox = BrokerSandbox(made, store, made.root, folder)
        sandbox.begin(store.empty, ())
        code = "env; cat /proc/*/environ; cat /proc/*/cmdline"
        for method in (sandbox.run, sandbox.execute):
            assert CANARY.encode() not in method(code, 20).output


def test_there_is_no_network_but_its_own(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        names = run("sed -n 's/^ *\\([a-z0-9]*\\):.*/\\1/p' /proc/net/dev")[1]
        assert names.split() == ["lo"]
        knock = "import socket; socket.create_connection(('{}', {}), 2)"
        for host, at in (("127.0.0.1", port), ("192.0.2.1", 80), ("169.254.169.254", 80)):
            assert run(f'python3 -c "{knock.format(host, at)}"')[0] != 0


def test_the_hosts_abstract_sockets_cannot_be_reached(run: Run) -> None:
    name = f"\0swe-agent-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        code = f"import socket; socket.socket(socket.AF_UNIX).connect('\\0{name[1:]}')"
        assert run(f'python3 -c "{code}"')[0] != 0


@pytest.mark.parametrize(
    "command",
    [
        "mount -t tmpfs x /tmp",
        "mount --bind /usr /workspace",
        "mount -o remount,rw /usr",
        "umount /proc",
        "mknod /tmp/d b 8 0",
        "mknod /tmp/d c 1 1",
        "unshare -U true",
        "unshare -m true",
        "unshare -Ur mount -t tmpfs x /tmp",
        "chroot / true",
        "nsenter -t 1 -m true",
        "su -c true",
        "chown 0 f",
        "hostname other",
        "echo 1 >/proc/sys/user/max_user_namespaces",
        "echo c >/proc/sysrq-trigger",
        "date -s 2001-01-01",
        "nice -n -5 chrt -f 1 true",
        "keyctl show 2>&1 | grep -q keyring",
        "dmesg -C",
    ],
)
def test_no_right_is_to_be_had(run: Run, command: str) -> None:
    assert run(command)[0] != 0


def test_no_capability_and_no_new_privilege(run: Run) -> None:
    said = run("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status")[1].split()
    rows = dict(zip(said[::2], said[1::2], strict=True))
    assert {rows[f"Cap{kind}:"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert (rows["NoNewPrivs:"], rows["Seccomp:"]) == ("1", "2")


def test_a_refused_system_call_answers_eperm(run: Run) -> None:
    code = "import ctypes,os; c=ctypes.CDLL(None,use_errno=True); c.syscall(321,0,0,0); "
    assert run(f'python3 -c "{code} print(ctypes.get_errno())"') == (0, "1\n")


@pytest.mark.parametrize(
    "place",
    ["/x", "/usr/x", "/usr/bin/x", "/etc/x", "/etc/passwd", "/dev/x", "/run/x", "/var/x", "/opt/x"],
)
def test_writing_outside_is_refused(run: Run, place: str) -> None:
    assert run(f"echo x >{place}")[0] != 0
    assert not Path("/usr/x").exists()


@pytest.mark.parametrize("place", ["/tmp/x", "/workspace/x", "/dev/shm/x", "$HOME/x", "/dev/null"])
def test_writing_where_programs_write_works(run: Run, place: str) -> None:
    assert run(f"echo x >{place}")[0] == 0


def test_only_its_own_processes_are_to_be_seen(run: Run) -> None:
    count, first = run("ls -d /proc/[0-9]* | wc -l; tr '\\0' ' ' </proc/1/cmdline")[1].split("\n")[
        :2
    ]
    assert int(count) < 10
    assert "broker" in first or first.startswith(("bash", "sh"))
    assert run(f"kill -0 {os.getpid()}")[0] != 0


def test_a_setuid_program_gains_nothing(run: Run) -> None:
    assert (
        run("cp /bin/sh /tmp/s; chmod 6755 /tmp/s; /tmp/s -p -c 'id -u; id -g'")[1]
        == "1000\n1000\n"
    )


def test_the_number_of_processes_is_bounded(sandbox: BrokerSandbox) -> None:
    bomb = "import os, time\nn = 0\ntry:\n    while n < 500:\n        os.fork() or time.sleep(60)\n"
    bomb += "        n += 1\nexcept OSError:\n    print(n, flush=True)\n    os._exit(0)"
    said = sandbox.run(f"python3 -c '{bomb}'", 20).output
    assert 0 < int(said) < 64
    sandbox.sweep()
    assert sandbox.run("echo well", 5).output == b"well\n"


def test_a_sandbox_killed_for_want_of_memory_is_told_with_its_limit(tmp_path: Path) -> None:
    store, limits = TreeStore(tmp_path / "store"), Limits(memory_mb=40)
    groups = make_groups(limits)
    drop_groups(groups)
    if not groups:
        pytest.skip("memory as a whole can be limited in control groups alone")
    with closing(start_bubblewrap(Plan(limits))) as box:
        sandbox = BrokerSandbox(box, store, box.root, tmp_path)
        sandbox.begin(store.empty, ())
        result = sandbox.run("cat /dev/zero >/dev/shm/x", 60)
        assert (result.exit_code, result.out_of_memory, result.memory_limit_mb) == (137, True, 40)
        with pytest.raises(SandboxStarved, match="memory, 40 MB"):
            sandbox.checkpoint()


def test_kill_9_of_the_host_ends_it_all_within_five_seconds(tmp_path: Path) -> None:
    script = f"""
import sys, threading
from pathlib import Path
from swe_agent.runtime.box import Limits
from swe_agent.runtime.bubblewrap import Plan, start_bubblewrap
from swe_agent.runtime.sandbox import BrokerSandbox
from swe_agent.runtime.store import TreeStore
box = start_bubblewrap(Plan(Limits()))
store = TreeStore(Path({str(tmp_path)!r}) / "s")
sandbox = BrokerSandbox(box, store, box.root, Path({str(tmp_path)!r}))
sandbox.begin(store.empty, ())
sandbox.run("setsid sleep 31.{os.getpid()} >/dev/null 2>&1 &", 5)
print(box.folder, flush=True)
sandbox.run("trap '' TERM INT HUP; sleep 32.{os.getpid()}", 600)
"""
    host = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert host.stdout is not None
    folder = Path(host.stdout.readline().decode().strip())
    assert comes_true(lambda: len(_sleepers()) == 2)
    host.send_signal(signal.SIGKILL)
    host.wait()
    host.stdout.close()
    assert comes_true(lambda: not _sleepers() and not folder.exists(), 5)


def test_a_sandbox_started_by_a_thread_outlives_it(folder: Path) -> None:
    made: list[BubblewrapBox] = []
    thread = threading.Thread(target=lambda: made.append(start_bubblewrap(Plan(Limits()))))
    thread.start()
    thread.join()
    with closing(made[0]) as box:
        assert box.execute("true", 10, folder).exit_code == 0


def test_a_hostile_tree_is_taken_away_without_following_it(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    victim.chmod(0o777)
    (victim / "kept").write_text("kept")
    deep = "i=0; while [ $i -lt 300 ]; do mkdir d; cd d; i=$((i+1)); done"
    with closing(start_bubblewrap(Plan(Limits()))) as box:
        plant = f"ln -s {victim} l; mkdir -p a; ln -s {victim} a/b; mkfifo p; ({deep}); "
        plant += "mkdir z; touch z/f; chmod 000 z; rm -rf ~; ln -s / ~"
        assert box.execute(plant, 60, tmp_path).exit_code == 0
        folder = box.folder
    assert not folder.exists()
    assert (victim / "kept").read_text() == "kept"


def test_a_planted_link_leads_nowhere_outside(sandbox: BrokerSandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(CANARY)
    sandbox.run(f"ln -sf {secret} leak; ln -sfn {tmp_path} up; ln -sfn / root", 10)
    for path in ("leak", "up/secret", f"root{secret}"):
        with pytest.raises(Exception, match="no such file"):
            sandbox.read_file(path)
    tree = sandbox.tree()
    assert tree.read("leak") == str(secret).encode()
    sandbox.run("rm -f leak up root", 10)


def test_a_kept_folder_is_removed_when_asked(tmp_path: Path) -> None:
    made = make_folder(outer_uid())
    with closing(start_bubblewrap(Plan(Limits(), kept=True), made)) as box:
        box.execute("echo 1 >f", 10, tmp_path)
    assert (made / "workspace/f").read_text() == "1\n"
    remove_folder(made, outer_uid())
    assert not made.exists()


def test_set_up_is_kept_and_copied(tmp_path: Path, cache: Path) -> None:
    store = TreeStore(tmp_path / "store")
    sandboxes = EnginelessSandboxes("bubblewrap", store, Limits(), tmp_path)
    commands = ("mkdir -p node_modules && date +%s%N >node_modules/made", "echo ready >~/ready")
    setup = SetUp("", commands, env={"SET": "up"})
    prepared = sandboxes.prepare(setup, store.empty)
    assert sandboxes.prepare(setup, store.empty) == prepared
    assert prepared.ignored == ("node_modules",)
    seen = set()
    for _ in range(2):
        with sandboxes.fresh(prepared, prepared.tree) as sandbox:
            result = sandbox.execute('cat node_modules/made ~/ready; echo "$SET"', 20)
            assert result.exit_code == 0
            assert result.output.endswith(b"ready\nup\n")
            seen.add(result.output)
    assert len(seen) == len(list(cache.iterdir())) == 1


def test_set_up_that_fails_says_its_line_and_leaves_nothing(tmp_path: Path, cache: Path) -> None:
    store = TreeStore(tmp_path / "store")
    sandboxes = EnginelessSandboxes("bubblewrap", store, Limits(), tmp_path)
    with pytest.raises(EnvironmentFault, match="no such thing"):
        sandboxes.prepare(SetUp("", ("echo no such thing; exit 3",)), store.empty)
    assert not list(cache.iterdir())


def test_without_an_engine_bubblewrap_is_chosen_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    choice = choose_sandbox(None, None)
    assert (choice.kind, choice.why) == ("bubblewrap", "no Docker engine answers")
    with pytest.raises(EnvironmentFault):
        choose_sandbox(None, "python:3.12")
    with pytest.raises(UsageFault, match="no images"):
        choose_sandbox("bubblewrap", "python:3.12")


def test_without_either_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EnvironmentFault) as caught:
        choose_sandbox(None, None)
    assert "apt-get install bubblewrap" in caught.value.next_step
    assert "--sandbox none" in caught.value.next_step


def test_a_sandbox_that_ended_is_lost_not_a_result(folder: Path) -> None:
    box = start_bubblewrap(Plan(Limits()))
    box.close()
    with pytest.raises(SandboxLost):
        box.execute("true", 5, folder)


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where set-ups are kept: a folder that root's sandboxes can look into, unlike pytest's."""
    place = Path(tempfile.mkdtemp(dir="/var/tmp"))
    place.chmod(0o755)
    monkeypatch.setattr("swe_agent.runtime.engineless.kept_folders", lambda: place)
    yield place
    for folder in place.iterdir():
        remove_folder(folder, outer_uid())
    place.rmdir()


def _sleepers() -> list[str]:
    """Command lines of the test's own sleeping processes."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = place.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if line.startswith("sleep 3") and line.strip().endswith(f".{os.getpid()}"):
            found.append(line)
    return found


def test_commands_take_signals_that_swe_agent_itself_ignores(tmp_path: Path) -> None:
    """Whatever is started in the background ignores SIGINT; Python ignores SIGPIPE."""
    store = TreeStore(tmp_path / "store")
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with closing(start_bubblewrap(Plan(Limits()))) as box:
            broker = BrokerSandbox(box, store, box.root, tmp_path)
            broker.begin(store.empty, ())
            for method in (broker.run, broker.execute):
                ignored = method("sed -n 's/^SigIgn:.//p' /proc/self/status", 10).output
                assert int(ignored, 16) & ~(0b11 << 31) == 0  # the C library's own two
    finally:
        signal.signal(signal.SIGINT, before)
