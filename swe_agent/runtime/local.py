"""No sandbox at all: the broker as an ordinary program, in a temporary copy of the repository.

Commands run on this machine as the user who started swe-agent: they can read all that the user can
read, reach the network, and change what lies outside the copy. What is kept up: the copy instead of
the repository, an environment without keys, time-outs, and that nothing goes on running: a keeper
adopts orphans, and ends all that descends from it. It needs Linux.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from swe_agent.core.errors import EnvironmentFault, SandboxLost
from swe_agent.core.protocols import CommandResult
from swe_agent.runtime.box import BROKER_SIGN, COMMAND_ENV, Box, Limits, broker_argv
from swe_agent.runtime.hostview import make_folder
from swe_agent.runtime.keeper import descendants
from swe_agent.runtime.output import Output
from swe_agent.runtime.pipes import Child, PipeWire, ended, finished, start_keeper
from swe_agent.runtime.wire import Wire

_CLOSE_TIMEOUT_S = 30.0
_KILL_TIMEOUT_S = 15.0
_PROGRAMS = (
    *("sh", "cat", "chmod", "dd", "find", "head", "ln", "mkdir", "mkfifo", "mv", "readlink", "rm"),
    *("sha256sum", "sleep", "tar"),
)
"""What broker and host ask for by name."""


@dataclass(frozen=True, slots=True)
class LocalPlan:
    """What a place without a sandbox is made of; limits but the start's are not kept."""

    limits: Limits
    kept: bool = False
    """Whether its folder stays when it is closed."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Environment of all commands, beside the usual one."""


class LocalBox:
    """One broker on the host."""

    def __init__(self, child: Child, broker: int, folder: Path, env: Mapping[str, str]) -> None:
        """Made by `start_local`; owns the keeper from here on."""
        self._child, self._broker, self._env = child, broker, env
        self.folder = folder
        self.root = str(folder / "workspace")
        self._wire = PipeWire(child)

    @property
    def wire(self) -> Wire:
        return self._wire

    def fill(self, pieces: Iterable[bytes]) -> None:
        """Unpack a tar of `workspace` and `state` in the private folder.

        Raises:
            EnvironmentFault: it cannot be unpacked (disk full).
        """
        child = subprocess.Popen(
            ["tar", "-xpf", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
        )
        assert child.stdin is not None
        with suppress(BrokenPipeError):
            for piece in pieces:
                child.stdin.write(piece)
        said, _ = child.communicate()
        if child.returncode:
            tail = said[-500:].decode("utf-8", "replace").strip()
            raise EnvironmentFault(f"the repository cannot be copied: {tail}")

    def execute(self, command: str, timeout_s: float, spool_folder: Path) -> CommandResult:
        """A program under a keeper of its own, which ends what it leaves behind."""
        if self._child.poll() is not None:
            raise SandboxLost("the sandbox ended")
        output, began = Output(spool_folder), time.monotonic()
        child, _ = _kept(["sh", "-c", command], self._env, self.root, None, has_input=False)
        survivors: tuple[str, ...] = ()
        try:
            code = finished(child, output, began + timeout_s)
            if code is None:
                survivors = _killed(child.pid, ())
                finished(child, output, time.monotonic() + 10)
        finally:
            ended(child)
        return CommandResult(
            exit_code=124 if code is None else code,
            output=output.shown(),
            total_bytes=output.total_bytes,
            duration_s=time.monotonic() - began,
            timed_out=code is None,
            survivors=survivors,
            spool=output.spooled(),
        )

    def kill(self) -> tuple[str, ...]:
        """End every descendant of the keeper but the broker."""
        return _killed(self._child.pid, (self._broker,))

    def stopped_at_disk_mb(self) -> int:
        """0: the disk is not limited here."""
        return 0

    def starved_at_mb(self) -> int:
        """0: memory is not limited here."""
        return 0

    def close(self) -> None:
        """Take it away; does not raise."""
        self._wire.close()
        try:
            self._child.wait(_CLOSE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


def start_local(plan: LocalPlan, folder: Path | None = None) -> LocalBox:
    """Start a broker in a private folder; the repository's folder is empty.

    Raises:
        EnvironmentFault: this is not Linux, lacks a program, or the folder cannot be made.
    """
    if sys.platform != "linux":
        raise EnvironmentFault("Running without a sandbox needs Linux.", "Use --sandbox docker.")
    path = os.environ.get("PATH", os.defpath)
    if lacking := [name for name in _PROGRAMS if not shutil.which(name, path=path)]:
        raise EnvironmentFault(
            f"Running without a sandbox needs programs that are not on PATH: {', '.join(lacking)}.",
            "Install them (Debian: coreutils, findutils, tar), or use --sandbox docker.",
        )
    folder = folder or make_folder(None)
    env = {
        "PATH": path,
        **COMMAND_ENV,
        "HOME": str(folder / "state/home"),
        **plan.env,
    }
    root = str(folder / "workspace")
    state = str(folder / "state")
    argv = broker_argv(root, state, state, told=tamed)
    child, broker = _kept(argv, env, "/", None if plan.kept else folder, has_input=True)
    return LocalBox(child, broker, folder, env)


def tamed(script: str) -> str:
    """A text of the broker's for a place where it is not alone. In a sandbox it may end all that
    runs beside it, and falls back to `/`; here that is the user's machine."""
    return re.sub(r"\bkill -9 -1\b", "kill -9 $$", script).replace("|| cd /\n", "|| exit 126\n")


def _kept(
    argv: list[str], env: Mapping[str, str], start_in: str, folder: Path | None, *, has_input: bool
) -> tuple[Child, int]:
    """A keeper with a program below it, and that program's number."""
    heard, report = os.pipe()
    terms = {
        "argv": argv,
        "env": env,
        "uid": None,
        "cgroups": [],
        "folder": folder and str(folder),
        "report": report,
        "is_box": False,
        "has_input": has_input,
        "start_in": start_in,
    }
    try:
        child = start_keeper("keep", terms, shared=(report,), merged=not has_input)
    finally:
        os.close(report)
    with os.fdopen(heard, "rb") as stream:
        return child, int(stream.readline() or b"0")


def _killed(keeper: int, spared: tuple[int, ...]) -> tuple[str, ...]:
    """End what descends from a keeper; returns the command lines.

    Raises:
        SandboxLost: they multiply faster than they can be ended.
    """
    names: dict[int, str] = {}
    deadline = time.monotonic() + _KILL_TIMEOUT_S
    while found := [pid for pid in descendants(keeper) if pid not in spared]:
        if time.monotonic() > deadline:
            raise SandboxLost("the commands' processes could not be stopped")
        for pid in found:
            with suppress(OSError):
                line = Path(f"/proc/{pid}/cmdline").read_bytes()
                names.setdefault(pid, line.replace(b"\0", b" ").decode("utf-8", "replace").strip())
            _kill_below(keeper, pid)
        time.sleep(0.005)
    return tuple(name[:200] for name in names.values() if name and BROKER_SIGN not in name)


def _kill_below(keeper: int, pid: int) -> None:
    """Kill one, once it is sure that the number is still that of a descendant."""
    with suppress(OSError):
        handle = os.pidfd_open(pid)
        try:
            if pid in descendants(keeper):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)


if TYPE_CHECKING:
    _: type[Box] = LocalBox
