"""Check 2: nothing that the sandbox plants makes the host read or write elsewhere."""

import os
import stat
from pathlib import Path

import pytest

from tests.solve.conftest import FIX, RUN, SUBMIT, Play, Reply, call, contents

pytestmark = pytest.mark.docker
CANARY = "CANARY-4711-copy-out"


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    folder = tmp_path / "victim"
    folder.mkdir()
    (folder / "id_rsa").write_text(CANARY)
    return folder


def attacks(victim: Path, run: Path) -> list[Reply]:
    """Links, special files and paths that lead out, then tools that follow them."""
    plant = (
        f"ln -s {victim}/id_rsa patch.diff; ln -s {victim} sub; ln -s {victim}/new dangling; "
        "ln -s loop loop; mkfifo fifo; mknod dev b 8 0; truncate -s 2G sparse; "
        "cp /bin/sh suid; chmod 4755 suid; ln calc.py hard; mkdir -p .GIT/hooks; "
        "echo x >.GIT/hooks/pre-commit; cd /proc/self/fd; true"
    )
    paths = [
        "patch.diff",
        "sub/id_rsa",
        "sub/authorized_keys",
        "dangling",
        "loop",
        "fifo",
        "../../../etc/passwd",
        f"{victim}/id_rsa",
        f"{victim}/authorized_keys",
        ".git/hooks/pre-commit",
        ".GIT/hooks/pre-push",
        "calc.py\0.txt",
        "/proc/self/fd/7/x",
        "/proc/self/root/etc/shadow",
        "-n",
        "a/../../b",
        "x" * 5000,
    ]
    swap = "cd /workspace; rm sub; mkdir sub; echo key >sub/authorized_keys"
    looks = [call("view", path=path) for path in paths]
    writes = [call("create", path=path, text="key\n") for path in paths]
    return [call("shell", command=plant), *looks, *writes, call("shell", command=swap), FIX, SUBMIT]


def test_no_planted_path_leads_the_host_astray(play: Play, victim: Path, tmp_path: Path) -> None:
    before = contents(victim)
    replies = attacks(victim, tmp_path / RUN)
    played = play(replies, patch__keep=("*",), limits__max_steps=100)
    assert contents(victim) == before
    assert played.result.verdict == "verified"
    for place in [*(tmp_path / RUN).rglob("*"), *(tmp_path / "project").rglob("*")]:
        mode = place.lstat().st_mode
        assert stat.S_ISREG(mode) or stat.S_ISDIR(mode), place
        assert not mode & (stat.S_ISUID | stat.S_ISGID), place
        if stat.S_ISREG(mode) and place.name != "script.jsonl":
            assert CANARY.encode() not in place.read_bytes(), place
    assert not any(CANARY in text for text in played.observations())


def test_control_following_the_links_on_the_host_does_leak(victim: Path, tmp_path: Path) -> None:
    (tmp_path / "patch.diff").symlink_to(victim / "id_rsa")
    assert (tmp_path / "patch.diff").read_text() == CANARY
    (tmp_path / "sub").symlink_to(victim)
    descriptor = os.open(tmp_path / "sub" / "authorized_keys", os.O_WRONLY | os.O_CREAT)
    os.close(descriptor)
    assert (victim / "authorized_keys").exists()
