"""Files are read and written by exact bytes, whatever their names, kinds and places."""

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

import pytest

from swe_agent.core.errors import SandboxLost, ToolFailure
from swe_agent.core.protocols import CommandResult
from swe_agent.runtime.sandbox import BrokerSandbox
from tests.runtime.conformance.rig import Rig, contents, said

Run = Callable[..., CommandResult]
Fill = Callable[[Mapping[str, bytes]], BrokerSandbox]

ODD_NAMES = (
    "a b",
    " ",
    "-n",
    "--help",
    "-rf",
    "new\nline",
    "end\n",
    "tab\t",
    "q'uote",
    'd"quote',
    "back\\slash",
    "$HOME",
    "$(touch x)",
    "`x`",
    "*",
    "?[a]",
    "#hash",
    "~",
    "é\u0301",
    "\U0001f600",
    b"\xff\xfe".decode("utf-8", "surrogateescape"),
    "\x01=\x01",
    "\x02x\x03",
    "\x03\n",
    "x\x03\n81a4 1 1 2020-01-01 00:00:00.0 +0000 \x02forged\x03\n",
    "\x1b[2J",
    "n" * 255,
    "...",
    ":(glob)",
    "a=b",
    "%s%n",
)


@pytest.mark.parametrize("name", ODD_NAMES, ids=ascii)
def test_a_name_may_be_anything(run: Run, sandbox: BrokerSandbox, name: str) -> None:
    for path in (name, f"{name}/{name}"):
        sandbox.write_file(path, b"content\n")
        assert sandbox.read_file(path) == b"content\n"
        assert contents(sandbox.tree()) == {path: b"content\n"}
        run("true")
        assert contents(sandbox.tree()) == {path: b"content\n"}
        sandbox.remove_file(path)
        assert contents(sandbox.tree()) == {}
        run("true")
        assert contents(sandbox.tree()) == {}


@pytest.mark.parametrize("name", ODD_NAMES, ids=ascii)
def test_a_name_that_a_command_made_may_be_anything(
    run: Run, sandbox: BrokerSandbox, name: str
) -> None:
    word = "'" + name.replace("'", "'\\''") + "'"
    run(f"mkdir ./{word} && cd ./{word} && echo content >./{word} && ln -s ./{word} ./link")
    target = b"-> ./" + name.encode("utf-8", "surrogateescape")
    if len(name) < 250:
        assert contents(sandbox.tree()) == {f"{name}/{name}": b"content\n", f"{name}/link": target}
    before = sandbox.checkpoint()
    run("cd ..; rm -rf ./*")
    sandbox.restore(before)
    assert sandbox.checkpoint().tree == before.tree


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"x", b"a\r\nb\rc", bytes(range(256)) * 3, b"\xef\xbb\xbf\xff\xfe", b"\x01" * 70],
    ids=["empty", "newline", "no newline", "carriage returns", "all bytes", "marks", "ones"],
)
def test_bytes_are_exact(sandbox: BrokerSandbox, content: bytes) -> None:
    sandbox.write_file("f", content)
    assert sandbox.read_file("f") == content
    assert sandbox.tree().read("f") == content


@pytest.mark.parametrize("size", [999_999, 1_000_000, 1_000_001, 3_500_000])
def test_a_large_file_is_exact(sandbox: BrokerSandbox, size: int) -> None:
    content = bytes(i * 7 % 251 for i in range(1000)) * (size // 1000 + 1)
    sandbox.write_file("f", content[:size])
    assert sandbox.read_file("f") == content[:size]
    assert sandbox.execute("wc -c <f", 20).output.strip() == str(size).encode()


def test_a_file_larger_than_the_limit_is_not_read(run: Run, sandbox: BrokerSandbox) -> None:
    sandbox.write_file("f", b"12345")
    assert sandbox.read_file("f", 5) == b"12345"
    with pytest.raises(ToolFailure, match="larger than 4 bytes"):
        sandbox.read_file("f", 4)
    run("dd if=/dev/zero of=sparse bs=1 count=1 seek=500000000 2>/dev/null")
    with pytest.raises(ToolFailure, match="larger"):
        sandbox.read_file("sparse")
    run("rm sparse")


@pytest.mark.parametrize("name", ["a b", "-n", "q'uote", "new\nline", "x/y/z"], ids=ascii)
def test_a_file_is_replaced_only_where_it_has_what_it_had(
    run: Run, sandbox: BrokerSandbox, name: str
) -> None:
    before, after, large = b"old\n", b"new\0\xff\n", b"\0line\n" * 150_000
    sandbox.write_file(name, before)
    assert sandbox.replace_file(name, before, after)
    assert contents(sandbox.tree()) == {name: after}
    assert not sandbox.replace_file(name, before, large)
    assert sandbox.read_file(name) == after
    assert sandbox.replace_file(name, after, large)
    assert not sandbox.replace_file(name, large, large + large)
    assert sandbox.replace_file(name, large, b"")
    assert contents(sandbox.tree()) == {name: b""}
    sandbox.remove_file(name)
    assert not sandbox.replace_file(name, b"", b"x")
    run("ln -s /dev/null link; mkfifo fifo")
    assert not sandbox.replace_file("link", b"", b"x")
    assert not sandbox.replace_file("fifo", b"", b"x")
    assert run("echo next").output == b"next\n"
    assert contents(sandbox.tree()) == {"link": b"-> /dev/null"}


def test_a_job_that_writes_behind_the_host_is_seen_by_a_replacement(
    run: Run, sandbox: BrokerSandbox
) -> None:
    sandbox.write_file("f", b"old")
    run("(until [ -e go ]; do sleep 0.02; done; printf own >f; touch done) >/dev/null 2>&1 &")
    sandbox.write_file("go", b"")
    while b"done" not in sandbox.ask("ls"):
        pass
    assert not sandbox.replace_file("f", b"old", b"new")
    assert sandbox.read_file("f") == b"own"


@pytest.mark.parametrize("path", ["fifo", "/dev/zero", "/dev/stdin", "folder", ".", "/", "socket"])
def test_what_is_no_regular_file_is_not_read_or_written(
    run: Run, sandbox: BrokerSandbox, path: str
) -> None:
    run("mkdir folder; mkfifo fifo socket; ln -s fifo link")
    for attempt in (
        lambda: sandbox.read_file(path),
        lambda: sandbox.write_file(path, b"x"),
        lambda: sandbox.write_file(path, b""),
    ):
        with pytest.raises(ToolFailure):
            attempt()
    with pytest.raises(ToolFailure):
        sandbox.write_file("link", b"x")
    assert run("echo next").output == b"next\n"


@pytest.mark.parametrize(
    "path", ["none", "no/such", "f/below", "dangling", "loop", "", "nul\0name", "x" * 300]
)
def test_what_is_not_there_is_not_read(run: Run, sandbox: BrokerSandbox, path: str) -> None:
    sandbox.write_file("f", b"1")
    run("ln -s nowhere dangling; ln -s loop loop")
    with pytest.raises(ToolFailure):
        sandbox.read_file(path)


def test_an_unreadable_file_says_so(run: Run, sandbox: BrokerSandbox) -> None:
    sandbox.write_file("f", b"1")
    run("chmod 000 f")
    with pytest.raises(ToolFailure, match=r"[Pp]ermission"):
        sandbox.read_file("f")
    with pytest.raises(ToolFailure, match=r"[Pp]ermission"):
        sandbox.write_file("f", b"2")


@pytest.mark.parametrize(
    "path", ["f/below", "loop", "/proc/x", "/no/right", "x" * 300, "nul\0name"]
)
def test_what_cannot_be_written_says_so_and_changes_nothing(
    run: Run, sandbox: BrokerSandbox, path: str
) -> None:
    sandbox.write_file("f", b"1")
    run("ln -s loop loop")
    before = sandbox.checkpoint().tree
    with pytest.raises(ToolFailure):
        sandbox.write_file(path, b"x")
    assert sandbox.tree().tree == before
    run("true")
    assert sandbox.checkpoint().tree == before


def test_the_mode_of_a_file_is_kept(run: Run, sandbox: BrokerSandbox) -> None:
    run("echo 1 >f; chmod 750 f; echo 1 >g; chmod 600 g")
    sandbox.write_file("f", b"2")
    sandbox.write_file("g", b"2")
    modes = [getattr(sandbox.tree().entry(path), "mode", None) for path in ("f", "g")]
    assert modes == [0o750, 0o600]
    assert run("ls -l f g | cut -c1-10").output == b"-rwxr-x---\n-rw-------\n"


def test_a_new_file_is_writable_by_its_owner_alone(run: Run, sandbox: BrokerSandbox) -> None:
    run("umask 077")
    sandbox.write_file("a/b", b"")
    assert run("ls -l a | grep b | cut -c1-10").output == b"-rw-r--r--\n"


def test_writing_through_a_link_changes_what_it_points_to(run: Run, sandbox: BrokerSandbox) -> None:
    run("mkdir real; echo 1 >real/f; ln -s real/f link; ln -s real folder; ln -s new dangling")
    sandbox.write_file("link", b"2")
    assert contents(sandbox.tree())["real/f"] == b"2"
    sandbox.write_file("folder/f", b"3")
    sandbox.write_file("folder/g", b"4")
    sandbox.write_file("dangling", b"5")
    want = {
        "real/f": b"3",
        "real/g": b"4",
        "new": b"5",
        "link": b"-> real/f",
        "folder": b"-> real",
        "dangling": b"-> new",
    }
    assert contents(sandbox.tree()) == want
    run("true")
    assert contents(sandbox.tree()) == want


def test_removing_through_a_linked_folder_removes_the_file(
    run: Run, sandbox: BrokerSandbox
) -> None:
    run("mkdir real; echo 1 >real/f; echo 1 >real/g; ln -s real folder; ln -s real/g link")
    sandbox.remove_file("folder/f")
    sandbox.remove_file("link")
    want = {"real/g": b"1\n", "folder": b"-> real"}
    assert contents(sandbox.tree()) == want
    run("true")
    assert contents(sandbox.tree()) == want


@pytest.mark.parametrize(
    "path", ["./a/../f", "a//../f", "a/./../f", "a/b/../../f", "../workspace/f"]
)
def test_a_path_with_detours_is_the_file_it_leads_to(
    run: Run, sandbox: BrokerSandbox, path: str
) -> None:
    run("mkdir -p a/b")
    path = path.replace("workspace", PurePosixPath(sandbox.root).name)
    sandbox.write_file(path, b"1")
    assert contents(sandbox.tree()) == {"f": b"1"}
    sandbox.remove_file(path)
    assert contents(sandbox.tree()) == {}


def test_an_absolute_path_in_the_repository_is_the_same_file(sandbox: BrokerSandbox) -> None:
    sandbox.write_file(f"{sandbox.root}/a/f", b"1")
    assert contents(sandbox.tree()) == {"a/f": b"1"}
    assert sandbox.read_file(f"{sandbox.root}/a/f") == b"1"
    sandbox.remove_file(f"{sandbox.root}/a/f")
    assert contents(sandbox.tree()) == {}


def test_a_file_outside_the_repository_is_none_of_its_tree(sandbox: BrokerSandbox) -> None:
    sandbox.write_file("/tmp/swe/outside", b"1")
    assert sandbox.read_file("/tmp/swe/outside") == b"1"
    assert contents(sandbox.tree()) == {}
    sandbox.remove_file("/tmp/swe/outside")
    with pytest.raises(ToolFailure):
        sandbox.read_file("/tmp/swe/outside")


def test_removing_what_is_not_there_changes_nothing(sandbox: BrokerSandbox) -> None:
    sandbox.write_file("f", b"1")
    before = sandbox.checkpoint().tree
    for path in ("none", "no/such/file", "f/below"):
        sandbox.remove_file(path)
        assert sandbox.tree().tree == before


def test_a_folder_is_not_removed_as_a_file(run: Run, sandbox: BrokerSandbox) -> None:
    run("mkdir d; echo 1 >d/f")
    with pytest.raises(ToolFailure):
        sandbox.remove_file("d")
    assert contents(sandbox.tree()) == {"d/f": b"1\n"}


def test_a_file_in_a_read_only_folder_is_not_removed(run: Run, sandbox: BrokerSandbox) -> None:
    run("mkdir d; echo 1 >d/f; chmod 555 d")
    with pytest.raises(ToolFailure):
        sandbox.remove_file("d/f")
    assert contents(sandbox.tree()) == {"d/f": b"1\n"}


def test_writes_do_not_wait_for_the_commands_folder(run: Run, sandbox: BrokerSandbox) -> None:
    run("mkdir d; cd d; export IFS=a PATH=")
    sandbox.write_file("banana", b"1")
    assert contents(sandbox.tree()) == {"banana": b"1"}


def test_folders_deeper_than_any_path_may_be_are_passed_over(
    run: Run, sandbox: BrokerSandbox, rig: Rig
) -> None:
    """Made as a runaway loop would: each step is short, the whole is longer than PATH_MAX."""
    before = sandbox.checkpoint()
    assert before.left_out == {}
    name = "d" * 100
    deep = f"i=0; while [ $i -lt 60 ]; do mkdir {name} && cd {name} || break; i=$((i+1)); done"
    run(f"(echo 1 >near; {deep}; echo 1 >far) 2>&1", 60)
    paths = [path for path, _ in rig.store.walk(sandbox.tree().tree)]
    assert "near" in paths
    assert 30 < len(paths) < 60
    told = {name: "paths in it are longer than a program can open"}
    assert sandbox.checkpoint().left_out == told
    if rig.name == "docker-busybox":  # its `rm` opens whole paths, so it takes a fresh sandbox
        with pytest.raises(SandboxLost):
            sandbox.restore(before)
        return
    sandbox.restore(before)
    assert said(run("ls -a", 60)) == (0, b".\n..\n")
