"""The forge's repository over HTTP: one commit fetched, one branch pushed, no token left behind.

The token goes to git in its environment alone: never on a command line, in a URL or in a config
file. Only our own fresh repositories are worked on, which no hook or filter is configured in.
"""

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from swe_agent.core.errors import EnvironmentFault, ForgeFault, UsageFault
from swe_agent.runtime.hostgit import GitAnswer, run_git

_PASSED_ON = (
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"),
)
_TIMEOUT_S = 900.0
_WHO = ("swe-agent", "swe-agent@localhost")


@dataclass(frozen=True, slots=True)
class Remote:
    """Where the repository lies, and as whom it is spoken to."""

    url: str
    user: str
    token: str = field(repr=False)
    """Empty: as nobody."""


def fetch(remote: Remote, folder: Path, commits: Sequence[str]) -> None:
    """Make `folder` a repository that holds these commits, without their history.

    Raises:
        ForgeFault: the forge does not give them.
        EnvironmentFault: the folder cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".git").exists():
        made = run_git(["init", "-q", "--template=", "."], folder)
        if made.exit_code != 0:
            raise EnvironmentFault(
                f"git init failed: {made.complaint}", "Is there room on the disk?"
            )
        for key, value in zip(("user.name", "user.email"), _WHO, strict=True):
            run_git(["config", "--local", key, value], folder)
    wanted = ["fetch", "-q", "--no-tags", "--depth=1", "--no-recurse-submodules", remote.url]
    _must(_spoken(remote, folder, [*wanted, *dict.fromkeys(commits)]), "fetch from")


def check_out(folder: Path, commit: str) -> None:
    """Put the files of a commit into the folder; no filter and no hook runs.

    Raises:
        EnvironmentFault: they cannot be written.
    """
    answer = run_git(["checkout", "-q", "--force", "--detach", commit], folder)
    if answer.exit_code != 0:
        raise EnvironmentFault(
            f"The files of {commit[:12]} cannot be written: {answer.complaint[:300]}",
            "Is there room on the disk?",
        )


def file_at(folder: Path, commit: str, path: str) -> bytes | None:
    """A file's bytes in a commit; None where there is no such file."""
    answer = run_git(["cat-file", "blob", f"{commit}:{path}"], folder)
    return answer.output if answer.exit_code == 0 else None


def commit_of(folder: Path, branch: str) -> str:
    """The commit of a branch of the folder's own.

    Raises:
        UsageFault: there is no such branch.
    """
    answer = run_git(["rev-parse", "--verify", "-q", f"refs/heads/{branch}"], folder)
    if answer.exit_code != 0:
        raise UsageFault(f"There is no branch {branch!r} to push.", "This is a bug; report it.")
    return answer.line


def push(remote: Remote, folder: Path, commit: str, branch: str, was: str) -> None:
    """Make the forge's branch point at the commit.

    Args:
        was: where the branch stood when the work began, empty: it was not there. If it stands
            elsewhere by now, nothing is pushed.

    Raises:
        ForgeFault: it was refused; the branch is as it was.
    """
    ref = f"refs/heads/{branch}"
    lease = f"--force-with-lease={ref}:{was}"
    command = ["push", "-q", "--no-verify", lease, remote.url, f"{commit}:{ref}"]
    _must(_spoken(remote, folder, command), "push to")


def take_back(remote: Remote, folder: Path, branch: str, was: str, now: str) -> None:
    """Undo a push: the branch stands where it stood, or is gone again.

    Raises:
        ForgeFault: it was refused.
    """
    ref = f"refs/heads/{branch}"
    if was:
        fetch(remote, folder, [was])
    command = ["push", "-q", "--no-verify", f"--force-with-lease={ref}:{now}", remote.url]
    _must(_spoken(remote, folder, [*command, f"{was}:{ref}"]), "push to")


def _spoken(remote: Remote, folder: Path, arguments: Sequence[str]) -> GitAnswer:
    """Git with the forge's address and the token, both in the environment or harmless."""
    scheme = remote.url.partition("://")[0]
    if scheme not in ("http", "https"):
        raise UsageFault(f"{remote.url!r} is no http address.", "Check GITHUB_SERVER_URL.")
    settings = {"safe.directory": "*", "http.followRedirects": "false", "credential.helper": ""}
    if remote.token:
        pair = base64.b64encode(f"{remote.user}:{remote.token}".encode()).decode()
        settings["http.extraHeader"] = f"Authorization: Basic {pair}"
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= {"GIT_ALLOW_PROTOCOL": scheme, "GIT_CONFIG_COUNT": str(len(settings))}
    for at, (key, value) in enumerate(settings.items()):
        environment |= {f"GIT_CONFIG_KEY_{at}": key, f"GIT_CONFIG_VALUE_{at}": value}
    return run_git(arguments, folder, environment, timeout_s=_TIMEOUT_S)


def _must(answer: GitAnswer, what: str) -> None:
    if answer.exit_code == 0:
        return
    lines = [line for line in answer.complaint.splitlines() if line.strip()]
    why = " ".join(lines[:3])[:300] or f"code {answer.exit_code}"
    status = 409 if "stale info" in why or "rejected" in why else 0
    raise ForgeFault(f"git cannot {what} the forge: {why}", status)
