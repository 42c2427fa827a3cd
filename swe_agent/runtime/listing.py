"""The listing that tells what changed: one `find` over the work tree, compared on the host.

ctime tells, never mtime: a command can set the one, not the other. An entry whose ctime lies within
10 ms of the listing itself counts as changed next time too, since a clock tick may hide a later
write.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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


def listing_code(find: FindKind, skipped: Iterable[str]) -> str:
    """Host code that prints the shell's folder, its exports and the tree, told apart by
    `\\x01=\\x01`.

    Args:
        find: what the sandbox's `find` can do.
        skipped: folders, relative to the repository, that are not stored.
    """
    return (
        'cat "$swe_home/cwd" 2>/dev/null; printf "\\001=\\001"; '
        'cat "$swe_home/exports" 2>/dev/null; printf "\\001=\\001"; '
        + _find_code(find, ".", skipped)
    )


def single_code(find: FindKind, path: str) -> str:
    """Host code that prints the row of one path."""
    return _find_code(find, path_quoted(path), (), depth="-maxdepth 0") + " || :"


def parse(raw: bytes, find: FindKind) -> dict[str, Row]:
    """The rows by path; the repository's own folder is left out. Names keep odd bytes by
    surrogateescape."""
    fields = raw.decode("utf-8", "surrogateescape")
    rows = dict(_gnu(fields) if find == "gnu" else _portable(fields))
    reference = rows.pop("", None)
    if reference is None:
        return rows
    newest = _seconds(reference.ctime) - _RACY_S
    return {
        path: row
        if row.kind == "folder" or _seconds(row.ctime) < newest
        else Row(row.kind, row.mode, row.size_bytes, row.inode, row.ctime, row.target, racy=True)
        for path, row in rows.items()
    }


def _find_code(find: FindKind, start: str, skipped: Iterable[str], depth: str = "") -> str:
    """The private folder's state file goes first, as the clock that the others are compared
    with."""
    prune = "".join(f" -path {path_quoted(folder)} -prune -o" for folder in skipped)
    if not depth:
        prune = " -name .git -prune -o" + prune
    clock = '"$swe_home/exports"'
    if find == "gnu":
        show = "-printf '%y %m %s %i %C@ %p\\0%l\\0'"
        return f"find {clock} -maxdepth 0 {show} 2>/dev/null; find {start} {depth} {prune} {show}"
    stat = "xargs -0 stat -c '%f %s %i %z %n%n'".replace("%n%n", "\x02%n\x03")
    return (
        f"{{ printf '%s\\0' {clock}; find {start} {depth} {prune} -print0; }} | {stat} 2>/dev/null"
    )


def _gnu(fields: str) -> Iterator[tuple[str, Row]]:
    parts = fields.split("\0")
    for head, target in zip(parts[::2], parts[1::2], strict=False):
        letter, mode, size, inode, ctime, path = head.split(" ", 5)
        name = _relative(path)
        if name is not None:
            kind = _KINDS.get(letter, "other")
            yield name, Row(kind, int(mode, 8), int(size), inode, ctime, target)


def _portable(fields: str) -> Iterator[tuple[str, Row]]:
    for line in fields.split("\x03\n")[:-1]:
        head, _, path = line.partition("\x02")
        raw_mode, size, inode, ctime = head.split(" ", 3)
        name = _relative(path)
        if name is not None:
            mode = int(raw_mode, 16)
            kind = _MODE_KINDS.get(mode & 0o170000, "other")
            yield name, Row(kind, mode & 0o7777, int(size), inode, ctime.strip())


def _relative(path: str) -> str | None:
    """Repository-relative; "" for the clock, None for the repository's own folder."""
    if path == ".":
        return None
    return "" if path.startswith("/") else path.removeprefix("./")


def _seconds(ctime: str) -> float:
    """Seconds since the epoch of either form that a listing shows."""
    if "-" not in ctime:
        return float(ctime)
    whole, _, fraction = ctime.partition(".")
    digits = fraction.split(" ")[0] or "0"
    return datetime.fromisoformat(whole).timestamp() + float(f"0.{digits}")
