"""Check 3, the sandbox's side: no secret of the user's is in a sandbox or in what a run leaves."""

import base64
import subprocess
import threading
from pathlib import Path

import docker
import pytest

from swe_agent.core.events import Event
from tests.solve.conftest import FIX, RUN, SUBMIT, Play, call, git

pytestmark = pytest.mark.docker
CANARY = "canary7f3a91c2d4e6"
LOOK = (
    "env; cat /proc/*/environ | tr '\\0' '\\n'; cat .git/config .env .netrc ~/.netrc "
    "~/.git-credentials; git config --list --show-origin; ls -la . ~; "
    "grep -rsI canary7f3a / --exclude-dir=proc --exclude-dir=sys"
)
DISGUISES = (
    CANARY,
    CANARY[::-1],
    CANARY.encode().hex(),
    base64.b64encode(CANARY.encode()).decode().rstrip("="),
)


@pytest.fixture
def secrets(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A canary in every place where people keep such things."""
    home = tmp_path / "user"
    home.mkdir()
    for name in (".netrc", ".git-credentials"):
        (home / name).write_text(f"https://user:{CANARY}@example.org\n")
    helper = f'[credential]\n\thelper = "!echo password={CANARY}"\n[user]\n\tname = {CANARY}\n'
    (home / ".gitconfig").write_text(helper)
    monkeypatch.setenv("HOME", str(home))
    for name in (
        "ANTHROPIC_API_KEY",
        "OPENAI_API_KEY",
        "GH_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "MINE",
    ):
        monkeypatch.setenv(name, CANARY)
    for name in (".env", ".netrc", "server.pem", ".npmrc", ".pypirc"):
        (project / name).write_text(f"password={CANARY}\n")
    extra = f"AUTHORIZATION: basic {CANARY}"
    git(project, "config", "http.https://github.com/.extraheader", extra)
    git(project, "remote", "add", "origin", f"https://user:{CANARY}@example.org/x.git")


def leaks(text: bytes) -> list[str]:
    return [word for word in DISGUISES if word.encode() in text]


@pytest.mark.usefixtures("secrets")
def test_no_canary_is_in_the_sandbox_or_in_what_a_run_leaves(play: Play, tmp_path: Path) -> None:
    client, inspected, listed = docker.from_env(), list[str](), list[bytes]()
    over = threading.Event()

    def also(event: Event) -> None:
        if event.type == "tool_called":
            for one in client.api.containers(filters={"label": f"swe-agent.run={RUN}"}):
                inspected.append(str(client.api.inspect_container(one["Id"])))

    def sample() -> None:
        while not over.wait(0.05):
            listed.append(subprocess.run(["ps", "axww"], capture_output=True, check=False).stdout)

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        played = play([call("shell", command=LOOK), FIX, SUBMIT], also=also)
    finally:
        over.set()
        sampler.join()
    assert played.result.verdict == "verified"
    seen = played.observations()[0].replace("grep -rsI canary7f3a", "")
    assert "PATH=" in seen
    assert leaks(seen.encode()) == []
    assert inspected
    assert leaks("".join(inspected).encode()) == []
    assert listed
    assert leaks(b"".join(listed)) == []
    for place in played.folder.rglob("*"):
        if place.is_file():
            assert leaks(place.read_bytes()) == [], place


@pytest.mark.usefixtures("secrets")
def test_control_the_same_look_on_the_host_finds_them(project: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", "env; cat .git/config .env ~/.netrc; git config --list"],
        cwd=project,
        capture_output=True,
        check=False,
    )
    assert done.stdout.decode().count(CANARY) >= 9


def test_control_a_key_on_a_command_line_is_seen() -> None:
    argv = ["sh", "-c", "read line", CANARY]
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as child:
        seen = subprocess.run(["ps", "axww"], capture_output=True, check=False).stdout
        child.kill()
    assert leaks(seen) == [CANARY]
