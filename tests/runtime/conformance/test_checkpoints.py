"""A checkpoint sees every change, and restoring one brings every entry back."""

from collections.abc import Callable, Mapping

import pytest

from swe_agent.runtime.sandbox import BrokerSandbox
from tests.runtime.conformance.rig import File, Rig, contents, said

Fill = Callable[[Mapping[str, File]], BrokerSandbox]

BASE: dict[str, File] = {
    "a.py": "one\n",
    "b.sh": (0o755, b"#!/bin/sh\n"),
    "src/c.py": "three\n",
    "src/deep/d.py": "four\n",
    "src/deep/e f.py": "five\n",
    "link": ("link", "a.py"),
    "to-folder": ("link", "src"),
    "empty": ("folder", ""),
    "blank": b"",
    "odd\nname": b"\xff\0\r\n",
}

CHANGES = {
    "edit": "echo two >a.py",
    "edit with mtime set back": "touch -r a.py /tmp/ref; echo two >a.py; touch -r /tmp/ref a.py",
    "edit of equal size": "echo eno >a.py",
    "edit in place": "printf X | dd of=a.py conv=notrunc 2>/dev/null",
    "append": "echo more >>src/deep/d.py",
    "truncate": ": >a.py",
    "replace by rename": "echo two >n; touch -r a.py n; mv n a.py",
    "swap": "mv a.py t; mv src/c.py a.py; mv t src/c.py",
    "chmod": "chmod 700 a.py",
    "chmod of all": "chmod -R go-rwx .",
    "no longer executable": "chmod 644 b.sh",
    "set-uid": "chmod 4755 b.sh",
    "new link": "ln -s nowhere l2",
    "link retargeted": "ln -sfn b.sh link",
    "link to a file": "rm link; cp a.py link",
    "file to a link": "rm a.py; ln -s b.sh a.py",
    "link to a folder becomes one": "rm to-folder; mkdir to-folder; echo 1 >to-folder/c.py",
    "folder becomes a link": "mv src real; ln -s real src",
    "hard link": "ln a.py hard",
    "delete": "rm a.py",
    "delete a folder": "rm -r src",
    "delete everything": "rm -rf ./* ",
    "rename": "mv a.py z.py",
    "rename a folder": "mv src lib",
    "file to folder": "rm a.py; mkdir -p a.py/x; echo 1 >a.py/x/y",
    "file to empty folder": "rm a.py; mkdir a.py",
    "folder to file": "rm -r src; echo 1 >src",
    "empty folder to file": "rmdir empty; echo 1 >empty",
    "empty folder gone": "rmdir empty",
    "new empty folders": "mkdir -p n1/n2/n3 n4",
    "folder emptied": "rm -r src/deep/*",
    "file in an empty folder": "echo 1 >empty/f",
    "private folder": "mkdir n; echo 1 >n/f; chmod 700 n",
    "folder's mode": "chmod 700 src/deep",
    "read-only folder": "chmod 555 src/deep",
    "new read-only folders": "mkdir -p n/m; echo 1 >n/m/f; chmod 555 n/m n",
    "read-only file edited": "echo 2 >a.py; chmod 444 a.py",
    "write-only file": "chmod 222 a.py",
    "locked file": "echo 2 >a.py; chmod 000 a.py",
    "odd names": "mkdir -- '-x'; echo 1 >'-x/a\nb'; echo 1 >'q\"'\\''$(x)'",
    "many": "i=0; while [ $i -lt 300 ]; do echo $i >f$i; i=$((i+1)); done",
    "deep": "p=.; for i in 1 2 3 4 5 6 7 8 9; do p=$p/a/b/c/d/e/f$i; done; mkdir -p $p; : >$p/f",
    "nine megabytes": "head -c 9000000 /dev/zero >big; echo end >>big",
    "empty file": ": >new",
}


@pytest.mark.parametrize("command", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_is_seen_and_taken_back_and_made_again(filled: Fill, command: str) -> None:
    sandbox = filled(BASE)
    base = sandbox.checkpoint()
    sandbox.execute(command, 30)
    changed = sandbox.checkpoint()
    assert changed.tree != base.tree
    truth = snapshot(sandbox)
    sandbox.restore(base)
    assert sandbox.checkpoint().tree == base.tree
    assert contents(sandbox.tree()) == {
        "a.py": b"one\n",
        "b.sh": b"#!/bin/sh\n",
        "src/c.py": b"three\n",
        "src/deep/d.py": b"four\n",
        "src/deep/e f.py": b"five\n",
        "link": b"-> a.py",
        "to-folder": b"-> src",
        "blank": b"",
        "odd\nname": b"\xff\0\r\n",
    }
    sandbox.restore(changed)
    assert snapshot(sandbox) == truth


def snapshot(sandbox: BrokerSandbox) -> bytes:
    """What is really there, told without the sandbox's own listing."""
    code = (
        "find . ! -name . -exec stat -c '%f %n' {} + | sort; "
        "find . -type f -exec cksum {} + 2>/dev/null | sort; "
        "find . -type l -exec readlink {} \\; | sort"
    )
    return sandbox.ask(code)


def test_a_checkpoint_made_right_after_a_write_sees_it(filled: Fill) -> None:
    sandbox = filled({"f": "0"})
    for number in range(1, 10):
        sandbox.run(f"printf {number} >f", 10)
        assert sandbox.checkpoint().tree == sandbox.tree().tree
        assert sandbox.tree().read("f") == b"%d" % number


def test_restoring_after_everything_was_deleted(filled: Fill) -> None:
    files: dict[str, File] = {f"d{n % 7}/e{n % 3}/f{n}.py": f"{n}\n" * n for n in range(500)}
    sandbox = filled(files)
    base = sandbox.checkpoint()
    sandbox.run("rm -rf * .[a-z]*", 30)
    assert contents(sandbox.tree()) == {}
    sandbox.restore(base)
    assert sandbox.checkpoint().tree == base.tree
    assert sandbox.read_file("d1/e1/f400.py") == b"400\n" * 400


def test_folder_and_exports_come_back(filled: Fill) -> None:
    sandbox = filled({"d/f": "1"})
    sandbox.run("cd d; export A='x y' B=1", 10)
    saved = sandbox.checkpoint()
    sandbox.run("cd /; export A=2; unset B", 10)
    sandbox.restore(saved)
    assert said(sandbox.run('pwd; echo "$A$B"', 10)) == (0, f"{sandbox.root}/d\nx y1\n".encode())


@pytest.mark.parametrize(
    "command",
    [
        "mkfifo pipe; echo 1 >f",
        "mkdir d; mkfifo d/pipe; echo 1 >f",
        "rm a.py; mkfifo a.py",
        "echo 1 >locked; chmod 000 locked",
        "mkdir -p locked/in; echo 1 >locked/in/f; chmod 000 locked/in locked",
        "mkdir -p n/m; echo 1 >n/m/f; chmod 700 n n/m; chmod 640 n/m/f",
        "chmod 555 src/deep; echo 1 >f",
        "export A=$(printf '\\377'); mkdir -p 'w\nd'; cd w*; echo 1 >f",
        "dd if=/dev/zero of=huge bs=1 count=1 seek=210000000 2>/dev/null",
    ],
)
def test_a_fresh_sandbox_is_made_of_a_checkpoint(rig: Rig, command: str) -> None:
    sandbox = rig.shared(BASE)
    sandbox.run(command, 30)
    saved = sandbox.checkpoint()
    other = rig.fresh()
    other.restore(saved)
    assert other.checkpoint().tree == saved.tree
    where = [s.run('pwd; printf %s "$A"', 10).output for s in (other, sandbox)]
    assert where[0].replace(other.root.encode(), sandbox.root.encode()) == where[1]
    other.close()


def test_what_is_no_file_gives_way_to_what_comes_back(filled: Fill) -> None:
    sandbox = filled(BASE)
    base = sandbox.checkpoint()
    sandbox.run("rm -r a.py src empty; mkfifo a.py src empty", 10)
    assert "a.py" not in contents(sandbox.tree())
    sandbox.restore(base)
    assert contents(sandbox.tree())["a.py"] == b"one\n"
    assert contents(sandbox.tree())["src/c.py"] == b"three\n"


def test_a_locked_folder_loses_nothing(filled: Fill) -> None:
    sandbox = filled(BASE)
    sandbox.run("chmod 000 src/deep src", 10)
    assert contents(sandbox.tree())["src/deep/d.py"] == b"four\n"


def test_a_listing_holds_while_files_come_and_go(filled: Fill) -> None:
    sandbox = filled(BASE)
    sandbox.run(
        "(while :; do i=0; while [ $i -lt 20 ]; do echo $i >t$i; mkdir -p t/$i; i=$((i+1)); done; "
        "rm -rf t t[0-9]*; done) >/dev/null 2>&1 & true",
        10,
    )
    for _ in range(15):
        sandbox.run("true", 10)
        found = contents(sandbox.tree())
        assert found["src/deep/d.py"] == b"four\n"
        assert found["odd\nname"] == b"\xff\0\r\n"
    sandbox.sweep()
    sandbox.run("rm -rf t t[0-9]*", 10)
    assert set(contents(sandbox.tree())) == {path for path in BASE if path != "empty"}


@pytest.mark.parametrize("victims", ["find", "cat xargs stat find"])
def test_a_listing_that_is_killed_deletes_nothing(filled: Fill, victims: str) -> None:
    sandbox = filled({f"d{n}/f{n}": f"{n}" for n in range(300)})
    kills = (
        "for f in /proc/[0-9]*/comm; do read -r c <$f; for v in " + victims + "; do "
        '[ "$c" != $v ] || { f=${f%/comm}; kill -9 ${f#/proc/}; }; done; done'
    )
    sandbox.run(f"(while :; do {kills}; done) >/dev/null 2>&1 & true", 10)
    for number in range(5):
        sandbox.run(f"echo {number} >d0/f0", 10)
        assert len(contents(sandbox.tree())) == 300
    sandbox.sweep()
    sandbox.run("true", 10)
    assert contents(sandbox.tree())["d0/f0"] == b"4\n"


@pytest.mark.parametrize("size", [1_000, 9_000_000])
def test_a_file_that_grows_for_ever_is_taken_as_it_was(filled: Fill, size: int) -> None:
    sandbox = filled({"f": "1"})
    sandbox.run(
        f"head -c {size} /dev/zero >log; (while :; do head -c 200000 /dev/zero >>log; "
        "[ $(wc -c <log) -lt 60000000 ] || break; done) 2>/dev/null & sleep 0.1",
        10,
    )
    for _ in range(3):
        assert len(sandbox.tree().read("log")) >= size
        sandbox.run("true", 10)
    sandbox.sweep()
    sandbox.run("rm log", 10)
    assert contents(sandbox.tree()) == {"f": b"1"}


def test_a_file_that_shrinks_while_it_is_saved_loses_nothing_else(filled: Fill) -> None:
    sandbox = filled({"f": "1"})
    sandbox.run(
        "(while :; do head -c 9000000 /dev/zero >log; : >log; done) 2>/dev/null & sleep 0.1", 10
    )
    for _ in range(4):
        assert sandbox.tree().read("f") == b"1"
        sandbox.run("true", 10)
    sandbox.sweep()


def test_an_endless_writer_does_not_fill_the_host(filled: Fill) -> None:
    sandbox = filled({"f": "1"})
    sandbox.run("(yes | head -c 400000000 >small) 2>/dev/null & sleep 0.05", 10)
    sandbox.run("rm -f small; echo 2 >f", 10)
    assert contents(sandbox.tree())["f"] == b"2\n"


def test_git_folders_are_not_part_of_the_tree(filled: Fill) -> None:
    sandbox = filled({"f": "1"})
    sandbox.run(
        "mkdir -p .git/x sub/.git; echo 1 >.git/x/y; echo 1 >sub/.git/config; echo 1 >sub/f", 10
    )
    assert contents(sandbox.tree()) == {"f": b"1", "sub/f": b"1\n"}


@pytest.mark.parametrize(
    ("command", "lost"),
    [
        ("true", ()),
        ("echo more >env/new; mkdir -p env/__pycache__; echo x >env/__pycache__/a.pyc", ()),
        ("rm env/sub/b", ("env/sub/b",)),
        ("rm -rf env", ("env/a b", "env/link", "env/sub/b")),
        ("rm env/link", ("env/link",)),
        ("mv env/sub env/other", ("env/sub/b",)),
    ],
    ids=["untouched", "grown", "a file", "all", "a link", "moved"],
)
def test_what_the_environment_lost_is_named(rig: Rig, command: str, lost: tuple[str, ...]) -> None:
    sandbox = rig.fresh({"f": b"1"})
    made = "mkdir -p env/sub env/__pycache__; echo 1 >'env/a b'; echo 2 >env/sub/b"
    sandbox.run(f"{made}; ln -s f env/link; echo 3 >env/__pycache__/c.pyc", 20)
    sandbox.begin(sandbox.checkpoint().tree, ("env",))
    sandbox.run(f"{command}; rm -f env/__pycache__/c.pyc", 20)
    assert sandbox.lost_environment() == lost
    sandbox.close()


def test_a_tree_is_as_old_as_an_archive_can_say_and_older_than_what_is_built_of_it(
    rig: Rig,
) -> None:
    sandbox = rig.fresh({"a.c": "one\n", "to/b.c": "two\n"})
    older = "touch -t 198001020000 /tmp/y80; : >/tmp/built; for f in a.c to/b.c; do "
    older += '[ "$f" -nt /tmp/y80 ] && [ /tmp/built -nt "$f" ] || echo "$f"; done'
    assert said(sandbox.execute(older, 20)) == (0, b"")


@pytest.mark.parametrize("count", [2, 40], ids=["some", "many"])
def test_what_is_brought_back_is_newer_than_what_was_built(filled: Fill, count: int) -> None:
    names = [f"{number}.c" for number in range(count)]
    sandbox = filled(dict.fromkeys(names, "one\n"))
    base = sandbox.checkpoint()
    sandbox.execute(
        "for f in *.c; do echo two >$f; done; : >/tmp/built; touch -d @1700000000 /tmp/built", 20
    )
    sandbox.restore(base)
    newer = 'for f in *.c; do [ "$f" -nt /tmp/built ] || echo "$f"; done; rm /tmp/built'
    assert said(sandbox.execute(newer, 20)) == (0, b"")


def test_what_a_checkpoint_does_not_hold_is_told(sandbox: BrokerSandbox) -> None:
    """A sparse file over the limit and a pipe; they go again, and with them what is told."""
    sandbox.run("truncate -s 200000001 huge; mkfifo pipe; echo 1 >kept", 20)
    checkpoint = sandbox.checkpoint()
    assert contents(sandbox.tree()) == {"kept": b"1\n"}
    assert checkpoint.left_out == {
        "huge": "larger than 200 MB",
        "pipe": "neither a file nor a link nor a folder",
    }
    sandbox.run("rm huge pipe", 20)
    assert sandbox.checkpoint().left_out == {}
