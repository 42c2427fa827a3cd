"""The one way in which the host's own git is run: hardened, without a shell, with a time-out.

Git runs programs that a repository's configuration names (fsmonitor, filters, hooks, transports).
The commands that start filters (`status`, `diff`, `add`, `stash`, `checkout`) cannot be made safe
by options, so callers use only those that read refs, list files or write objects; what is left is
switched off here.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from swe_agent.core.errors import EnvironmentFault, UsageFault
from swe_agent.core.text import decoded, visible

TIMEOUT_S = 120.0

_SWITCHED_OFF = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.untrackedCache=false",
    "core.pager=cat",
    "protocol.allow=never",
)
_KEPT_ENVIRONMENT = ("PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "SYSTEMROOT")
_FIXED_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "GIT_NO_LAZY_FETCH": "1",
    # Older gits do not know the line above: a repository that names a promisor remote would have
    # git fetch what is missing, with a command of the repository's choice. All of them know this:
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
}


@dataclass(frozen=True, slots=True)
class GitAnswer:
    """What a git command came to."""

    exit_code: int
    output: bytes
    complaint: str
    """What it wrote to stderr, safe to print."""

    @property
    def line(self) -> str:
        """The output as one line of text."""
        return os.fsdecode(self.output).strip()

    @property
    def fields(self) -> list[str]:
        """The output split at NUL bytes; odd bytes in paths are kept as surrogates."""
        return [os.fsdecode(field) for field in self.output.split(b"\0") if field]


def run_git(
    arguments: Sequence[str | Path],
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout_s: float = TIMEOUT_S,
) -> GitAnswer:
    """Run git in `cwd`; a failing exit code is an answer, not an error.

    Nothing of the caller's `GIT_*` environment reaches it, no configuration but the repository's.

    Raises:
        EnvironmentFault: git is not installed, or it did not end in time.
    """
    options = [part for setting in _SWITCHED_OFF for part in ("-c", setting)]
    command = [git_program(), "--no-pager", *options, *map(str, arguments)]
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**kept, **_FIXED_ENVIRONMENT, **(environment or {})},
            input=stdin,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EnvironmentFault(
            f"git {arguments[0]} did not end within {timeout_s:g} s in {visible(str(cwd))}.",
            "Check that the disk answers, then try again.",
        ) from error
    return GitAnswer(done.returncode, done.stdout, visible(decoded(done.stderr)).strip())


def at(root: Path) -> dict[str, str]:
    """Environment that pins git to this repository, whatever its configuration says."""
    return {"GIT_DIR": str(root / ".git"), "GIT_WORK_TREE": str(root)}


def answered(answer: GitAnswer, root: Path) -> GitAnswer:
    """The same answer, if git ended well.

    Raises:
        UsageFault: it did not; the message says why.
    """
    if answer.exit_code != 0:
        why = answer.complaint.splitlines()[0] if answer.complaint else f"code {answer.exit_code}"
        raise UsageFault(
            f"git cannot read the repository {visible(str(root))}: {why}",
            "Run `git fsck` there and repair what it names.",
        )
    return answer


def git_program() -> str:
    """Absolute path of the git that is used.

    Raises:
        EnvironmentFault: there is none.
    """
    found = shutil.which("git")
    if found is None:
        raise EnvironmentFault(
            "git is not installed.", "Install it (Debian, Ubuntu: `apt install git`)."
        )
    return str(Path(found).absolute())


def user_ignore_file(cwd: Path) -> str:
    """The user's own list of ignored files (`core.excludesFile`); empty where none is set.

    What people ignore everywhere (`.env`, keys) must not enter a sandbox just because we hide their
    configuration from git.
    """
    return user_setting(cwd, "core.excludesFile", "path")


def user_setting(cwd: Path, key: str, kind: str = "no-type") -> str:
    """One of the user's own git settings, not the repository's; empty where it is not set."""
    typed = "--no-type" if kind == "no-type" else f"--type={kind}"
    answer = run_git(
        ["config", "--global", "--includes", typed, "--get", key],
        cwd,
        {"GIT_CONFIG_GLOBAL": _global_settings(), "GIT_DIR": os.devnull},
    )
    return answer.line if answer.exit_code == 0 else ""


def _global_settings() -> str:
    """The user's `~/.gitconfig`, or where git keeps it else."""
    named = os.environ.get("GIT_CONFIG_GLOBAL")
    if named:
        return named
    classic = Path.home() / ".gitconfig"
    if classic.is_file():
        return str(classic)
    folder = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return str(Path(folder) / "git" / "config")
