"""What a backend gives: a place with a broker in it. All else is built on top, once for every
backend."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from swe_agent.core.protocols import CommandResult
from swe_agent.runtime.wire import Wire
from swe_agent.settings.egress import Destination

BROKER = Path(__file__).with_name("broker.sh")
RUNNER = Path(__file__).with_name("runner.sh")
BROKER_SIGN = "# The broker"
"""Both texts begin with it, and so their processes can be told from those of commands."""
HOME = "/.swe-agent"
"""The broker's private folder inside a sandbox; the shell's state lies here, and the commands' HOME
below it."""
STATE = f"{HOME}/state"
"""A small file system in memory for the shell's state: it is written after every command."""
STATE_BYTES = 16_000_000
COMMAND_ENV = {
    "HOME": f"{HOME}/home",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}
START = (
    "b=sh s=sh; command -v bash >/dev/null && b=bash s=bash; command -v dash >/dev/null && b=dash; "
    "p=$(command -v $b) c=$2/$b; case $p in /*) ;; *) p=/proc/$$/exe;; esac; "
    '{ rm -f "$c"; cat "$p" >"$c" && chmod 111 "$c" && "$c" -c : && b=$c; } 2>/dev/null; '
    'exec "$b" -c "$0" "$b" "$@" $s "$0"'
)
"""Starts the broker in the smallest shell that there is, for commands in bash where there is one:
`sh -c START SCRIPT ROOT HOME STATE RUNNER`. Its program is a copy that can be run and not read: of
such a process the kernel shows no memory and no open files to others of the same uid."""


def broker_argv(
    root: str, home: str, state: str, *, before: str = "", told: Callable[[str], str] = str
) -> list[str]:
    """The program that starts the broker.

    Args:
        root: the repository's folder inside.
        home: the broker's private folder.
        state: where the shell's state goes.
        before: shell code to run first.
        told: what becomes of each text.
    """
    script, runner = told(BROKER.read_text()), told(RUNNER.read_text())
    return ["sh", "-c", before + START, script, root, home, state, runner]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a sandbox may use."""

    memory_mb: int = 4096
    cpus: float = 2.0
    pids: int = 512
    start_timeout_s: float = 60.0
    network: bool = False
    """Whether commands reach the network; only where the user asked for it."""
    allow: tuple[Destination, ...] = ()
    """What commands reach through a gate, where they do not reach all."""
    disk_mb: int = 10_240
    """What commands may write to disk, where the backend can tell."""


class Box(Protocol):
    """A running broker and the ways around it."""

    @property
    def wire(self) -> Wire: ...

    def execute(self, command: str, timeout_s: float, spool_folder: Path) -> CommandResult:
        """A process of its own beside the broker, in the repository; exit code as the backend
        reports it.

        Raises:
            SandboxLost: the sandbox is gone.
        """
        ...

    def kill(self) -> tuple[str, ...]:
        """End every process but the broker; returns their command lines.

        Raises:
            SandboxLost: the sandbox is gone, or they cannot be killed.
        """
        ...

    def stopped_at_disk_mb(self) -> int:
        """The disk limit in MiB, if commands were stopped at it since this was last asked; else
        0."""
        ...

    def starved_at_mb(self) -> int:
        """The memory limit in MiB, if the sandbox has ended for want of memory; else 0. Does not
        raise."""
        ...

    def close(self) -> None:
        """Take the sandbox away; does not raise."""
        ...
