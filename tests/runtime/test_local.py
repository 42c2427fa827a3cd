"""No sandbox: the copy, the clean environment, the time-outs and the keeper hold all the same.

Only commands that are harmless on this machine: nothing here holds them in.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from swe_agent.core.errors import EnvironmentFault, SandboxLost
from swe_agent.core.protocols import Entry
from swe_agent.runtime.box import BROKER, RUNNER, Limits
from swe_agent.runtime.engineless import EnginelessSandboxes
from swe_agent.runtime.local import LocalBox, LocalPlan, start_local, tamed
from swe_agent.runtime.sandbox import BrokerSandbox
from swe_agent.runtime.sandboxes import choose_sandbox
from swe_agent.runtime.setup import SetUp
from swe_agent.runtime.store import TreeStore
from swe_agent.runtime.tarball import Content
from tests.patience import comes_true

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
TAG = os.getpid()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("local")


@pytest.fixture(scope="module")
def box() -> Iterator[LocalBox]:
    with closing(start_local(LocalPlan(Limits()))) as made:
        yield made


@pytest.fixture(scope="module")
def sandbox(box: LocalBox, folder: Path) -> BrokerSandbox:
    store = TreeStore(folder / "store")
    entry = Entry("file", store.put(b"hello\n"), 6, 0o755)
    tree = store.overlay(store.empty, {"a/f": entry})
    box.fill(Content(store, tree, "workspace", 0, ("state", "state/home")).tar())
    made = BrokerSandbox(box, store, box.root, folder)
    made.begin(tree, ())
    return made


def test_commands_run_in_a_copy_and_the_shell_lasts(sandbox: BrokerSandbox) -> None:
    assert sandbox.run("cat a/f; cd a; export A=1; exit 7", 10).exit_code == 7
    assert sandbox.run('pwd; echo "$A"', 10).output == f"{sandbox.root}/a\n1\n".encode()
    sandbox.run("cd ..", 10)


def test_execute_has_the_exit_code_that_the_kernel_gives(sandbox: BrokerSandbox) -> None:
    assert sandbox.execute("cat a/f; exit 9", 10).exit_code == 9
    assert sandbox.execute("kill -9 $$", 10).exit_code == 137
    assert sandbox.execute("cat; pwd", 10).output == f"{sandbox.root}\n".encode()


def test_the_tree_is_seen_and_comes_back(sandbox: BrokerSandbox) -> None:
    saved = sandbox.checkpoint()
    sandbox.run("rm -r a; ln -s x y; echo 1 >z", 10)
    assert list(sandbox.tree().paths()) == ["y", "z"]
    sandbox.restore(saved)
    assert sandbox.run("ls; cat a/f; test -x a/f && echo executable", 10).output == (
        b"a\nhello\nexecutable\n"
    )


def test_no_key_of_the_host_is_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary-51c")
    store = TreeStore(folder / "environment")
    with closing(start_local(LocalPlan(Limits()))) as made:
        sandbox = BrokerSandbox(made, store, made.root, folder)
        sandbox.begin(store.empty, ())
        for method in (sandbox.run, sandbox.execute):
            said = method('env; echo "$HOME"; tr "\\0" "\\n" </proc/$PPID/environ', 10).output
            assert b"canary" not in said
            assert str(made.folder).encode() in said


@pytest.mark.parametrize(
    "command",
    [
        "sleep 3{n}",
        "setsid sleep 3{n}",
        "nohup sleep 3{n}",
        "trap '' TERM INT HUP; sleep 3{n}",
        "(setsid sh -c 'setsid sleep 3{n} & sleep 3{n}' &) ; sleep 3{n}",
    ],
)
def test_a_time_out_ends_the_whole_tree(sandbox: BrokerSandbox, command: str) -> None:
    for method in (sandbox.run, sandbox.execute):
        result = method(f"echo before; {command.replace('3{n}', f'3{TAG}')}", 0.5)
        assert (result.exit_code, result.timed_out, result.output) == (124, True, b"before\n")
        assert any("sleep" in line for line in result.survivors)
        assert not _sleepers()
    assert sandbox.run("echo well", 5).output == b"well\n"


def test_what_is_left_behind_is_swept(sandbox: BrokerSandbox) -> None:
    sandbox.run(f"(setsid sleep 3{TAG} >/dev/null 2>&1 &)", 5)
    assert comes_true(lambda: len(_sleepers()) == 1)
    assert sandbox.sweep() == (f"sleep 3{TAG}",)
    assert not _sleepers()
    sandbox.execute(f"setsid sleep 3{TAG} & true", 5)
    assert not _sleepers()


def test_closing_takes_everything_away(folder: Path) -> None:
    box = start_local(LocalPlan(Limits()))
    box.execute("mkdir -p d/e; ln -s / d/root; touch d/e/f; chmod 500 d/e d", 10, folder)
    box.close()
    assert not box.folder.exists()
    with pytest.raises(SandboxLost):
        box.execute("true", 5, folder)


def test_kill_9_of_the_host_ends_it_all_within_five_seconds(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from swe_agent.runtime.box import Limits
from swe_agent.runtime.local import LocalPlan, start_local
from swe_agent.runtime.sandbox import BrokerSandbox
from swe_agent.runtime.store import TreeStore
box = start_local(LocalPlan(Limits()))
store = TreeStore(Path({str(tmp_path)!r}) / "s")
sandbox = BrokerSandbox(box, store, box.root, Path({str(tmp_path)!r}))
sandbox.begin(store.empty, ())
sandbox.run("setsid sleep 3{TAG} >/dev/null 2>&1 &", 5)
print(box.folder, flush=True)
sandbox.execute("trap '' TERM; setsid sleep 3{TAG}", 600)
"""
    host = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert host.stdout is not None
    folder = Path(host.stdout.readline().decode().strip())
    assert comes_true(lambda: len(_sleepers()) == 2)
    host.send_signal(signal.SIGKILL)
    host.wait()
    host.stdout.close()
    assert comes_true(lambda: not _sleepers() and not folder.exists(), 5)


def test_the_broker_ends_nothing_of_the_hosts_and_never_works_in_the_root() -> None:
    script = tamed(BROKER.read_text()) + tamed(RUNNER.read_text())
    words = [line.partition("#")[0] for line in script.splitlines()]
    assert not [line for line in words if re.search(r"kill (-\w+ )?(-1|0)\b", line)]
    assert not [line for line in words if re.search(r"\bcd /(\s|;|$)", line)]


def test_a_command_does_not_run_where_its_copy_is_gone(folder: Path) -> None:
    store = TreeStore(folder / "gone")
    with closing(start_local(LocalPlan(Limits()))) as made:
        sandbox = BrokerSandbox(made, store, made.root, folder)
        sandbox.begin(store.empty, ())
        made.folder.joinpath("workspace").rmdir()
        made.folder.joinpath("workspace").write_text("no folder")
        with suppress(SandboxLost):
            assert sandbox.run("pwd", 5).output != b"/\n"


@pytest.mark.soak
def test_every_change_of_the_conformance_suite_is_seen_and_taken_back(folder: Path) -> None:
    suite = pytest.importorskip("tests.runtime.conformance.test_checkpoints")
    rig = pytest.importorskip("tests.runtime.conformance.rig")
    store = TreeStore(folder / "changes")
    base = rig.tree_of(store, suite.BASE)
    with closing(start_local(LocalPlan(Limits()))) as made:
        made.fill(Content(store, base, "workspace", 0, ("state", "state/home")).tar())
        sandbox = BrokerSandbox(made, store, made.root, folder)
        sandbox.begin(base, ())
        before = sandbox.checkpoint()
        for command in suite.CHANGES.values():
            sandbox.run(command.replace("/tmp/ref", "$HOME/ref"), 30)
            assert sandbox.checkpoint().tree != base, command
            sandbox.restore(before)
            assert sandbox.checkpoint().tree == base, command


def test_set_up_runs_in_each_copy(tmp_path: Path) -> None:
    store = TreeStore(tmp_path / "store")
    sandboxes = EnginelessSandboxes("none", store, Limits(), tmp_path)
    setup = SetUp("", ("mkdir node_modules && pwd >node_modules/where",), env={"SET": "up"})
    prepared = sandboxes.prepare(setup, store.empty)
    assert prepared.ignored == ("node_modules",)
    for _ in range(2):
        with sandboxes.fresh(prepared, prepared.tree) as sandbox:
            said = sandbox.execute('cat node_modules/where; echo "$SET"', 10).output
            assert said == f"{sandbox.root}\nup\n".encode()


def test_none_is_never_chosen_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_sandbox("none", None).kind == "none"
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EnvironmentFault, match="no sandbox"):
        choose_sandbox(None, None)


def _sleepers() -> list[str]:
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = place.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
        except OSError:
            continue
        if line == f"sleep 3{TAG}":
            found.append(line)
    return found


def test_programs_that_this_machine_lacks_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("sh", "cat", "chmod", "dd", "head", "ln", "mkdir", "mkfifo", "mv", "readlink"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentFault, match=r"PATH: find, rm, sha256sum, sleep, tar\."):
        start_local(LocalPlan(Limits()))
