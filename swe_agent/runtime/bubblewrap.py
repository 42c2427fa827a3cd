"""Bubblewrap sandboxes as boxes: namespaces of the kernel, no engine, no root.

User, mount, pid, network, ipc and uts namespaces of its own; no capability, no new privileges, a
filter of system calls. The broker is the first process inside, so nothing in there can kill it and
all ends with it. A keeper outside ends it within a moment when swe-agent ends, however that
happens.

Limited as a whole (memory, processes, processors) where control groups can be made; elsewhere each
process's data is limited and the number of processes, and processors are not. What is written to
disk is looked at every few seconds; `/tmp` is in memory.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from swe_agent.core.errors import EnvironmentFault, SandboxLost
from swe_agent.core.protocols import CommandResult
from swe_agent.runtime.box import BROKER_SIGN, HOME, STATE, Box, Limits, broker_argv
from swe_agent.runtime.cgroup import drop_groups, make_groups, shown_to_sandbox
from swe_agent.runtime.disk_limit import DiskWatch
from swe_agent.runtime.gate import Gate, addresses_of, hosts_of, variables_of
from swe_agent.runtime.hostview import (
    ENVIRONMENT,
    OPT,
    WORKSPACE,
    add_hosts,
    bubblewrap_arguments,
    make_folder,
)
from swe_agent.runtime.keeper import STARVED
from swe_agent.runtime.output import Output
from swe_agent.runtime.pipes import Child, PipeWire, ended, finished, start_keeper
from swe_agent.runtime.wire import Wire
from swe_agent.settings.egress import Destination

INSTALL = "Install bubblewrap (Debian, Ubuntu: `apt-get install bubblewrap`)"
OLDEST = (0, 8)
"""The first that can forbid further user namespaces inside."""
SANDBOX_UID = 60_999
"""What root's sandboxes run as outside: nobody's number, so root's files are no more readable than
to any stranger."""
_NAMESPACES = ("user", "mnt", "pid", "net", "ipc", "uts")
_READY = b"\x01ready\x01"
_BEFORE = (
    "(ulimit -p {pids}) 2>/dev/null && ulimit -p {pids} || ulimit -u {pids}; ulimit -c 0; {more}"
    "printf '\\001ready\\001' >&2; "
)
"""What the first process does before the broker begins; bash counts processes by -u, others by
-p."""
_CLOSE_TIMEOUT_S = 30.0
_COUNT_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a bubblewrap sandbox is made of."""

    limits: Limits
    network: bool = False
    """The host's own; for set-up, where nothing of the model's ever runs. Commands have it where
    the limits say so."""
    kept: bool = False
    """Whether its folder stays when it is closed."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Environment of all commands, beside the usual one."""
    shown: Mapping[str, str] = field(default_factory=dict)
    """More of the host, read-only: host path by path inside."""

    @property
    def has_network(self) -> bool:
        """Whether it shares the host's network."""
        return self.network or self.limits.network

    @property
    def allow(self) -> tuple[Destination, ...]:
        """What it reaches through a gate."""
        return () if self.has_network else self.limits.allow

    @property
    def commands_env(self) -> dict[str, str]:
        """Environment of all commands, with the gate's proxy."""
        return {**variables_of(self.allow), **self.env}


def bubblewrap_program() -> str:
    """Path of a `bwrap` that is new enough.

    Raises:
        EnvironmentFault: there is none.
    """
    program = shutil.which("bwrap")
    if program is None:
        raise EnvironmentFault("bubblewrap is not installed.", f"{INSTALL}, or a Docker engine.")
    said = subprocess.run([program, "--version"], capture_output=True, check=False).stdout
    number = tuple(int(part) for part in re.findall(rb"\d+", said)[:2])
    if number < OLDEST:
        raise EnvironmentFault(
            f"{program} is version {'.'.join(map(str, number)) or 'unknown'}; 0.8 is needed.",
            f"{INSTALL} from a newer release.",
        )
    return program


def outer_uid() -> int | None:
    """The uid that sandboxes run as outside: root's are somebody else's; None: our own."""
    return SANDBOX_UID if os.geteuid() == 0 else None


class BubblewrapBox:
    """One running sandbox."""

    root = WORKSPACE

    def __init__(self, child: Child, folder: Path, plan: Plan, groups: tuple[Path, ...]) -> None:
        """Made by `start_bubblewrap`; owns the keeper from here on."""
        self._child, self._plan, self._groups = child, plan, groups
        self.folder = folder
        self._env = {**ENVIRONMENT, **plan.commands_env}
        self._wire = PipeWire(child)
        self._spaces: dict[str, int] = {}
        self._gate: Gate | None = None
        self._disk = DiskWatch(self._written_bytes, self._stopped, plan.limits.disk_mb)

    @property
    def wire(self) -> Wire:
        return self._wire

    def opened(self, first: int) -> None:
        """Hold on to the namespaces, once the broker is ready.

        Raises:
            EnvironmentFault: it ended, or was not ready in time.
        """
        said, deadline = b"", time.monotonic() + self._plan.limits.start_timeout_s
        try:
            while _READY not in said and time.monotonic() < deadline:
                for _, chunk in self._wire.receive(deadline - time.monotonic()):
                    said += chunk
            if first and _READY in said:
                own = set(_NAMESPACES) - ({"net"} if self._plan.has_network else set())
                for name in own:
                    self._spaces[name] = os.open(f"/proc/{first}/ns/{name}", os.O_RDONLY)
                if self._plan.allow:
                    self._let_out()
                if not self._plan.kept:  # set-up is not bounded
                    self._disk.start()
                return
        except (SandboxLost, OSError) as error:
            said += f" {error}".encode()
        raise _not_started(said)

    def fill(self, pieces: Iterable[bytes]) -> None:
        """Unpack a tar at the sandbox's `/`.

        Raises:
            EnvironmentFault: it cannot be unpacked (disk full).
        """
        with self._entered(["tar", "-xpf", "-"], "/", has_input=True) as child:
            assert child.stdin is not None
            with suppress(BrokenPipeError):
                for piece in pieces:
                    child.stdin.write(piece)
            said, _ = child.communicate()
        if child.returncode:
            tail = said[-500:].decode("utf-8", "replace").strip()
            raise EnvironmentFault(f"the repository cannot be copied into the sandbox: {tail}")

    def execute(self, command: str, timeout_s: float, spool_folder: Path) -> CommandResult:
        """A process of its own beside the broker; the exit code is the one that the host's kernel
        gives."""
        output, began = Output(spool_folder), time.monotonic()
        survivors: tuple[str, ...] = ()
        child = self._entered(["sh", "-c", command], WORKSPACE)
        try:
            code = finished(child, output, began + timeout_s)
            timed_out = code is None
            if timed_out:
                survivors = self.kill()
                finished(child, output, time.monotonic() + 10)
        finally:
            ended(child)
        if not timed_out and self._child.poll() is not None:
            raise SandboxLost("the sandbox went away under a command")
        return CommandResult(
            exit_code=124 if code is None else code,
            output=output.shown(),
            total_bytes=output.total_bytes,
            duration_s=time.monotonic() - began,
            timed_out=timed_out,
            survivors=survivors,
            spool=output.spooled(),
        )

    def kill(self) -> tuple[str, ...]:
        """End every process but the broker; the one that does it is bound by none of the limits."""
        child = start_keeper("sweep", self._terms(limits={}, cgroups=[]), shared=self._shared())
        try:
            said, complaint = child.communicate(timeout=30)
            names = json.loads(said)
        except (subprocess.TimeoutExpired, ValueError) as error:
            raise SandboxLost("the sandbox's processes could not be stopped") from error
        finally:
            ended(child)
        if child.returncode:
            raise SandboxLost(f"the sandbox's processes could not be stopped: {complaint!r}")
        return tuple(name[:200] for name in names if BROKER_SIGN not in name)

    def stopped_at_disk_mb(self) -> int:
        """The disk limit, if commands were stopped at it."""
        return self._disk.stopped_at_mb()

    def starved_at_mb(self) -> int:
        """The memory limit, if the keeper says that the first process was killed for want of it."""
        with suppress(subprocess.TimeoutExpired):
            if self._child.wait(_CLOSE_TIMEOUT_S) == STARVED:
                return self._plan.limits.memory_mb
        return 0

    def close(self) -> None:
        """Take the sandbox away; does not raise."""
        self._disk.close()
        if self._gate:
            self._gate.close()
        self._wire.close()
        while self._spaces:
            os.close(self._spaces.popitem()[1])
        try:
            self._child.wait(_CLOSE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _written_bytes(self) -> int | None:
        """What the sandbox holds on disk, counted inside it: the host follows none of its names."""
        with suppress(SandboxLost, OSError, ValueError, subprocess.TimeoutExpired):
            child = self._entered(["du", "-skxc", "--", WORKSPACE, HOME, OPT], "/")
            try:
                said, _ = child.communicate(timeout=_COUNT_TIMEOUT_S)
            finally:
                ended(child)
            return counted_bytes(said)
        return None

    def _stopped(self) -> None:
        with suppress(SandboxLost):
            self.kill()

    def _let_out(self) -> None:
        """Take connections in the sandbox's network, and open what is allowed of them."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            addresses = addresses_of(self._plan.allow)
            terms = self._terms(limits={}, cgroups=[])
            more = {"addresses": addresses, "report": theirs.fileno()}
            shared = (*self._shared(), theirs.fileno())
            child = start_keeper("listen", {**terms, **more}, shared=shared, merged=True)
            theirs.close()
            _, made, _, _ = socket.recv_fds(ours, 1, len(addresses))
            said, _ = child.communicate()
        if len(made) != len(addresses):
            raise OSError(f"no socket can be had in its network: {said[-300:]!r}")
        self._gate = Gate(self._plan.allow)
        self._gate.listen([socket.socket(fileno=one) for one in made])

    def _entered(self, argv: list[str], folder: str, *, has_input: bool = False) -> Child:
        if self._child.poll() is not None:
            raise SandboxLost("the sandbox ended")
        terms = self._terms(
            limits=_rlimits(self._plan.limits, self._groups),
            cgroups=[str(group) for group in self._groups],
        )
        more = {"argv": argv, "env": self._env, "start_in": folder, "has_input": has_input}
        return start_keeper("enter", {**terms, **more}, shared=self._shared(), merged=True)

    def _terms(self, limits: dict[str, int], cgroups: list[str]) -> dict[str, object]:
        """What `enter` and `sweep` have to know."""
        return {
            "namespaces": self._spaces,
            "uid": outer_uid(),
            "limits": limits,
            "cgroups": cgroups,
        }

    def _shared(self) -> tuple[int, ...]:
        return tuple(self._spaces.values())


def counted_bytes(said: bytes) -> int:
    """The total that `du -skc` printed.

    Raises:
        ValueError: it printed none: a command can kill it.

    >>> counted_bytes(b"4\\t/workspace\\n8\\t/home\\n12\\ttotal\\n")
    12288
    """
    total = said.rpartition(b"\n")[0].rpartition(b"\n")[2]
    return int(total.partition(b"\t")[0]) << 10


def start_bubblewrap(plan: Plan, folder: Path | None = None) -> BubblewrapBox:
    """Start a broker in namespaces of its own; the repository's folder is empty.

    Args:
        plan: what it is made of.
        folder: its private folder, of `make_folder`; None: a new one. Removed with the sandbox,
            unless the plan keeps it.

    Raises:
        EnvironmentFault: bubblewrap is missing, or the system does not let it work.
    """
    program, uid = bubblewrap_program(), outer_uid()
    folder = folder or make_folder(uid)
    groups = make_groups(plan.limits)
    shown = {**shown_to_sandbox(groups), **plan.shown}
    add_hosts(folder, hosts_of(plan.allow))
    view = bubblewrap_arguments(folder, plan.limits, shown, network=plan.has_network)
    view += [word for item in plan.commands_env.items() for word in ("--setenv", *item)]
    broker = broker_argv(WORKSPACE, HOME, STATE, before=_before(plan.limits, groups))
    heard, report = os.pipe()
    terms: dict[str, object] = {
        "argv": [program, *view, "--info-fd", "3", "--", *broker],
        "env": {},
        "uid": uid,
        "cgroups": [str(group) for group in groups],
        "folder": None if plan.kept else str(folder),
        "report": report,
        "is_box": True,
        "has_input": True,
        "start_in": "/",
    }
    try:
        box = BubblewrapBox(start_keeper("keep", terms, shared=(report,)), folder, plan, groups)
    finally:
        os.close(report)
    try:
        with os.fdopen(heard, "rb") as stream:
            first = int(stream.readline() or b"0")
        box.opened(first)
    except EnvironmentFault:
        box.close()
        drop_groups(groups)
        raise
    return box


def _rlimits(limits: Limits, groups: tuple[Path, ...]) -> dict[str, int]:
    """Limits of each process; the number of processes is counted per user namespace."""
    found = {"RLIMIT_NPROC": limits.pids}
    if not groups:
        found["RLIMIT_DATA"] = limits.memory_mb << 20
    return found


def _before(limits: Limits, groups: tuple[Path, ...]) -> str:
    more = "" if groups else f"ulimit -d {limits.memory_mb << 10}; "
    return _BEFORE.format(pids=limits.pids, more=more)


def _not_started(said: bytes) -> EnvironmentFault:
    text = said.replace(_READY, b"").decode("utf-8", "replace").strip()
    return EnvironmentFault(
        f"bubblewrap cannot make a sandbox on this system: {text[-500:]}",
        "User namespaces may be forbidden here (see `sysctl user.max_user_namespaces "
        "kernel.unprivileged_userns_clone kernel.apparmor_restrict_unprivileged_userns`); "
        "allow them, or use Docker.",
    )


if TYPE_CHECKING:
    _: type[Box] = BubblewrapBox
