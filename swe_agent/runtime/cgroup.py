"""Limits for a sandbox without an engine: control groups of this run's own, where they may be made.

Memory, processes and processors of a sandbox as a whole can be limited by nothing else. Root may
make groups; another user where systemd has handed a part of the tree over. Elsewhere there are
none.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from swe_agent.runtime.box import Limits

ROOT = Path("/sys/fs/cgroup")
_PERIOD_US = 100_000


def make_groups(limits: Limits) -> tuple[Path, ...]:
    """Folders of new groups with these limits; empty where none that limits memory can be made.

    Whoever puts a program into them removes them.
    """
    name = f"swe-agent-{secrets.token_hex(6)}"
    unified = (ROOT / "cgroup.controllers").exists()
    return _unified(name, limits) if unified else _separate(name, limits)


def shown_to_sandbox(groups: tuple[Path, ...]) -> dict[str, str]:
    """Files that tell of the memory limit and of processes killed at it: host path by path
    inside."""
    places = {
        "memory.events": ROOT,
        "memory.max": ROOT,
        "memory.oom_control": ROOT / "memory",
        "memory.limit_in_bytes": ROOT / "memory",
    }
    return {
        str(inside / file): str(group / file)
        for group in groups
        for file, inside in places.items()
        if (group / file).exists()
    }


def drop_groups(groups: tuple[Path, ...]) -> None:
    """Remove groups that nothing runs in; does not raise."""
    for group in groups:
        with suppress(OSError):
            group.rmdir()


def _unified(name: str, limits: Limits) -> tuple[Path, ...]:
    for parent in _parents():
        group = parent / name
        with suppress(OSError):
            group.mkdir()
            try:
                _write(group / "memory.max", limits.memory_mb << 20)
                _write(group / "pids.max", limits.pids)
            except OSError:
                group.rmdir()
                continue
            with suppress(OSError):
                _write(group / "memory.swap.max", 0)
            with suppress(OSError):
                (group / "cpu.max").write_text(f"{int(limits.cpus * _PERIOD_US)} {_PERIOD_US}")
            return (group,)
    return ()


def _parents() -> list[Path]:
    """Where a group may be made: beside our own, where systemd lets us; at the top for root."""
    found = []
    with suppress(OSError):
        for row in Path("/proc/self/cgroup").read_text().splitlines():
            if row.startswith("0::/"):
                own = ROOT / row[4:]
                if own != ROOT and os.access(own.parent / "cgroup.procs", os.W_OK):
                    found = [own.parent]
    if os.geteuid() == 0:
        found.append(ROOT)
    return found


def _separate(name: str, limits: Limits) -> tuple[Path, ...]:
    rules = {
        "memory": (("memory.limit_in_bytes", limits.memory_mb << 20),),
        "pids": (("pids.max", limits.pids),),
        "cpu": (
            ("cpu.cfs_period_us", _PERIOD_US),
            ("cpu.cfs_quota_us", int(limits.cpus * _PERIOD_US)),
        ),
    }
    groups: list[Path] = []
    for controller, rows in rules.items():
        group = ROOT / controller / name
        with suppress(OSError):
            group.mkdir()
            groups.append(group)
            for file, value in rows:
                _write(group / file, value)
        if controller == "memory" and not groups:
            return ()
    with suppress(OSError):  # there is such a file only where swap is counted
        _write(groups[0] / "memory.memsw.limit_in_bytes", limits.memory_mb << 20)
    return tuple(groups)


def _write(file: Path, value: int) -> None:
    file.write_text(str(value))
