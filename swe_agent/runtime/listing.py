"""The listing that tells what changed: one `find` over the work tree, compared on the host.

ctime tells, never mtime: a command can set the one, not the other. An entry whose ctime lies within
10 ms of the listing itself counts as changed next time too, since a clock tick may hide a later
write.
"""

import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from swe_agent.core.protocols import EntryKind
from swe_agent.runtime.session import path_quoted

FindKind = Literal["gnu", "portable"]
PROBE = "find . -maxdepth 0 -printf '' 2>/dev/null && echo gnu || echo portable"
_RACY_S = 0.01
_KINDS: dict[str, EntryKind] = {"f": "file", "l": "link", "d": "folder"}
_MODE_KINDS: dict[int, EntryKind] = {0o100000: "file", 0o120000: "link", 0o040000: "folder"}


@dataclass(frozen=True, slots=True)
class Row:
    """One name as the listing shows it."""

    kind: EntryKind
    mode: int
    size_bytes: int
    inode: str
    ctime: str
    target: str = ""
    """Where a link points, if the listing could tell."""
    racy: bool = False

    def signature(self) -> tuple[object, ...] | None:
        """What stays equal as long as the content does; None: assume a change."""
        if self.kind == "folder":
            return ("folder", self.mode)
        return (
            None if self.racy else (self.kind, self.mode, self.size_bytes, self.inode, self.ctime)
        )


@dataclass(frozen=True, slots=True)
class Listing:
    """The shell's state and the tree, at one moment."""

    cwd: str
    exports: str
    oom_kills: int
    """Processes that the kernel killed for want of memory, since the sandbox began."""
    rows: dict[str, Row]
    """By path; the repository's own folder is left out. Odd bytes are surrogates."""
    has_gaps: bool
    """Something could not be listed: it went away meanwhile, or is in a locked folder."""


UNLOCK = "find . -type d ! -perm -0500 -exec chmod u+rwx {} \\; -print 2>/dev/null"
"""Host code that opens the folders which even their owner cannot list; prints their names."""
_STATE_BYTES = 1_000_000
_OOM = (
    "for f in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do "
    '[ ! -r $f ] || while read -r k v; do [ "$k" != oom_kill ] || echo "$v"; done <$f; done'
)
MEMORY_LIMIT = (
    "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || :"
)
"""Host code that prints what `read_memory_limit` reads."""
_NO_LIMIT = 1 << 60
_DONE, _GAPS = "/", "/proc"
"""What a portable listing ends with: these are no paths of a tree."""


def listing_code(find: FindKind, skipped: Iterable[str]) -> str:
    """Host code that prints what `read_listing` reads.

    Args:
        find: what the sandbox's `find` can do.
        skipped: folders, relative to the repository, that are not stored.
    """
    mark = secrets.token_hex(8)
    split = f"printf '\\001{mark}\\001'"
    state = "; ".join(
        f'head -c {_STATE_BYTES} "$swe_home/{name}" 2>/dev/null; {split}'
        for name in ("cwd", "exports")
    )
    tree = _tree_code(find, skipped, mark)
    return f"echo {mark}; {state}; {_OOM}; {split}; {tree}; printf '\\001{mark}\\001%s' $?"


def read_listing(raw: bytes, find: FindKind) -> Listing:
    """What a listing says.

    Raises:
        ValueError: it is not whole: something killed it, or wrote into it.
    """
    head, _, body = raw.partition(b"\n")
    mark = head.decode("ascii")
    cwd, exports, oom, tree, code = (
        part.decode("utf-8", "surrogateescape") for part in body.split(b"\x01%b\x01" % head)
    )
    rows = dict(_gnu(tree) if find == "gnu" else _portable(tree, mark))
    gaps = code == "1" if find == "gnu" else _GAPS in rows
    if int(code) not in (0, 1, 123) or (find == "portable" and not rows.keys() & {_DONE, _GAPS}):
        raise ValueError("the listing was cut off")
    return Listing(cwd.rstrip("\n"), exports, int(oom or 0), _dated(rows), gaps)


def read_memory_limit(raw: bytes) -> int:
    """The sandbox's memory limit in MiB; 0 where none can be told.

    >>> read_memory_limit(b"268435456\\n"), read_memory_limit(b"max\\n"), read_memory_limit(b"")
    (256, 0, 0)
    """
    word = raw.split()[0] if raw.split() else b""
    return int(word) >> 20 if word.isdigit() and int(word) < _NO_LIMIT else 0


def single_code(find: FindKind, path: str) -> str:
    """Host code that prints what `read_single` reads."""
    names = f'"$swe_home/exports" {path_quoted(path)}'
    if find == "gnu":
        return f"find {names} -maxdepth 0 -printf '%y %m %s %i %C@\\n' 2>/dev/null || :"
    return f"stat -c '%f %s %i %z' {names} 2>/dev/null || :"


def read_single(raw: bytes, find: FindKind, path: str) -> Row | None:
    """The row of one path; None where it is not there, or something wrote into the reply."""
    lines = raw.decode("ascii", "replace").splitlines()
    if len(lines) != 2:
        return None
    read = _gnu_row if find == "gnu" else _portable_row
    try:
        return _dated({_CLOCK: read(lines[0]), path: read(lines[1])}).get(path)
    except ValueError:
        return None


_CLOCK = ""


def _dated(rows: dict[str, Row]) -> dict[str, Row]:
    """The rows of the tree, the ones marked that are too young to be trusted; all are, where the
    clock is gone."""
    clock = rows.pop(_CLOCK, None)
    newest = _seconds(clock.ctime) - _RACY_S if clock else float("-inf")
    return {
        path: row
        if row.kind == "folder" or _seconds(row.ctime) < newest
        else replace(row, racy=True)
        for path, row in rows.items()
        if not path.startswith("/")
    }


def _tree_code(find: FindKind, skipped: Iterable[str], mark: str) -> str:
    """The private folder's state file goes first, as the clock that the others are compared
    with."""
    prune = " -name .git -prune -o" + "".join(
        f" -path {path_quoted(_literal(folder))} -prune -o" for folder in skipped
    )
    clock = '"$swe_home/exports"'
    if find == "gnu":
        show = "-printf '%y %m %s %i %C@ %p\\0%l\\0'"
        return f"find {clock} -maxdepth 0 {show} 2>/dev/null; find .{prune} {show} 2>/dev/null"
    ends = f"case $? in 0) printf '{_DONE}\\0';; 1) printf '{_GAPS}\\0';; esac"
    stat = f"xargs -0 stat -c '%f %s %i %z \x02{mark}%n\x03{mark}' 2>/dev/null"
    return f"{{ printf '%s\\0' {clock}; find .{prune} -print0 2>/dev/null; {ends}; }} | {stat}"


def _literal(folder: str) -> str:
    """A name as a pattern that matches it alone."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", folder)


def _gnu(fields: str) -> Iterator[tuple[str, Row]]:
    parts = fields.split("\0")
    for head, target in zip(parts[:-1:2], parts[1::2], strict=True):
        *numbers, path = head.split(" ", 5)
        if (name := _relative(path)) is not None:
            yield name, _gnu_row(" ".join(numbers), target)


def _gnu_row(line: str, target: str = "") -> Row:
    letter, mode, size, inode, ctime = line.split(" ")
    return Row(_KINDS.get(letter, "other"), int(mode, 8), int(size), inode, ctime, target)


def _portable(fields: str, mark: str) -> Iterator[tuple[str, Row]]:
    for line in fields.split(f"\x03{mark}\n")[:-1]:
        head, _, path = line.partition(f" \x02{mark}")
        if (name := _relative(path)) is not None:
            yield name, _portable_row(head)


def _portable_row(line: str) -> Row:
    raw_mode, size, inode, ctime = line.split(" ", 3)
    mode = int(raw_mode, 16)
    kind = _MODE_KINDS.get(mode & 0o170000, "other")
    return Row(kind, mode & 0o7777, int(size), inode, ctime.strip())


def _relative(path: str) -> str | None:
    """Repository-relative; "" for the clock, None for the repository's own folder."""
    if path in (_DONE, _GAPS):
        return path
    if path.startswith("/"):
        return _CLOCK
    return path.removeprefix("./") if path != "." else None


def _seconds(ctime: str) -> float:
    """Seconds since the epoch of either form that a listing shows."""
    if "-" not in ctime:
        return float(ctime)
    whole, _, fraction = ctime.partition(".")
    digits = fraction.split(" ")[0] or "0"
    return datetime.fromisoformat(whole).timestamp() + float(f"0.{digits}")
