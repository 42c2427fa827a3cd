"""The listing that tells what changed: one `find` over the work tree, compared on the host.

ctime tells, never mtime: a command can set the one, not the other. An entry whose ctime lies within
10 ms of the listing itself counts as changed next time too, since a clock tick may hide a later
write.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from swe_agent.core.protocols import EntryKind
from swe_agent.runtime.session import path_quoted

FindKind = Literal["gnu", "portable"]
PROBE = "find . -maxdepth 0 -printf '' 2>/dev/null && echo gnu || echo portable"
_RACY_S = 0.01
_PATH_CHARS = 4000
"""The kernel takes paths of up to 4,095 bytes; the repository's own folder comes before ours."""
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
    seconds: float
    """The same as a number, to compare."""
    target: str = ""
    """Where a link points, if the listing could tell."""
    racy: bool = False
    """Too young to be trusted: the next listing may hide a later change."""

    def is_still(self, other: "Row") -> bool:
        """Whether the content is that of an earlier row of the same path."""
        if self.kind == "folder" or other.kind == "folder":
            return (self.kind, self.mode) == (other.kind, other.mode)
        return (self.kind, self.mode, self.size_bytes, self.inode, self.ctime) == (
            *(other.kind, other.mode, other.size_bytes, other.inode, other.ctime),
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
    too_long_in: str = ""
    """A folder of the repository with paths that no program can open by their name; those are left
    out."""


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
_Record = tuple[str, str]
"""Of GNU's find: the fields with the path, and a link's target; else: the fields, and the path."""
_DONE, _GAPS = "/", "/proc"
"""What a portable listing ends with: these are no paths of a tree."""


def listing_code(find: FindKind, skipped: Iterable[str]) -> str:
    """Host code that prints what a `Lister` reads.

    Args:
        find: what the sandbox's `find` can do.
        skipped: folders, relative to the repository, that are not stored.
    """
    mark = secrets.token_hex(8)
    split = f"printf '\\001{mark}\\001'"
    state = f'head -c {_STATE_BYTES} "$swe_state/cwd" "$swe_state/exports" 2>/dev/null'
    tree = _tree_code(find, skipped, mark)
    return f"echo {mark}; {state}; {split}; {_OOM}; {split}; {tree}; printf '\\001{mark}\\001%s' $?"


class Lister:
    """Reads the listings of one sandbox; what is as in the last one is not parsed again."""

    def __init__(self, find: FindKind) -> None:
        """Args: find: what the sandbox's `find` can do."""
        self._find: FindKind = find
        self._seen: dict[int, tuple[str, Row]] = {}
        """By the record's hash: the records of a large tree take as much room as all else. Hashes
        of strings are keyed anew in each process, so nobody can choose two that are equal."""

    def read(self, raw: bytes) -> Listing:
        """What a listing says.

        Raises:
            ValueError: it is not whole: something killed it, or wrote into it.
        """
        head, _, body = raw.partition(b"\n")
        mark = head.decode("ascii")
        state, oom, tree, code = (
            part.decode("utf-8", "surrogateescape") for part in body.split(b"\x01%b\x01" % head)
        )
        if self._find == "gnu":
            rows = self._rows(_gnu_records(tree), _gnu_parsed)
            gaps = code == "1"
        else:
            rows = self._rows(_portable_records(tree, mark), _portable_parsed)
            gaps = _GAPS in rows
            code = code if rows.keys() & {_DONE, _GAPS} else "-1"
        if int(code) not in (0, 1, 123):
            raise ValueError("the listing was cut off")
        too_long_in = rows[_ROOT].target if _ROOT in rows else ""
        return Listing(*_state(state), int(oom or 0), _dated(rows), gaps, too_long_in)

    def _rows(
        self, records: Iterable[_Record], parsed: Callable[[_Record], tuple[str, Row]]
    ) -> dict[str, Row]:
        seen = self._seen
        self._seen = {}
        for record in records:
            key = hash(record)
            self._seen[key] = seen.get(key) or parsed(record)
        return dict(self._seen.values())


def read_memory_limit(raw: bytes) -> int:
    """The sandbox's memory limit in MiB; 0 where none can be told.

    >>> read_memory_limit(b"268435456\\n"), read_memory_limit(b"max\\n"), read_memory_limit(b"")
    (256, 0, 0)
    """
    word = raw.split()[0] if raw.split() else b""
    return int(word) >> 20 if word.isdigit() and int(word) < _NO_LIMIT else 0


def single_code(find: FindKind, path: str) -> str:
    """Host code that prints what `read_single` reads."""
    names = f'"$swe_state/exports" {path_quoted(path)}'
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


_CLOCK, _ROOT = "", "."


def _state(said: str) -> tuple[str, str]:
    """The shell's folder and its exports, out of what `head` shows of two files."""
    before, _, exports = said.partition("/exports <==\n")
    cwd = before.rpartition("\n==> ")[0] if "\n==> " in before else ""
    return cwd.partition("/cwd <==\n")[2].rstrip("\n"), exports


def _dated(rows: dict[str, Row]) -> dict[str, Row]:
    """The rows of the tree, the ones marked that are too young to be trusted; all are, where the
    clock is gone."""
    clock = rows.pop(_CLOCK, None)
    for mark in (_ROOT, _DONE, _GAPS):
        rows.pop(mark, None)
    newest = clock.seconds - _RACY_S if clock else float("-inf")
    for path, row in rows.items():
        if row.seconds >= newest and row.kind != "folder":
            rows[path] = replace(row, racy=True)
    return rows


def _tree_code(find: FindKind, skipped: Iterable[str], mark: str) -> str:
    """The private folder's state file goes first, as the clock that the others are compared
    with."""
    prune = " -name .git -prune -o" + "".join(
        f" -path {path_quoted(_literal(folder))} -prune -o" for folder in skipped
    )
    clock = '"$swe_state/exports"'
    if find == "gnu":
        show = "-printf '%y %m %s %i %C@ %p\\0%l\\0'"
        return f"find {clock} .{prune} {show} 2>/dev/null"
    ends = f"case $? in 0) printf '{_DONE}\\0';; 1) printf '{_GAPS}\\0';; esac"
    stat = f"xargs -0 stat -c '%f %s %i %z \x02{mark}%n\x03{mark}' 2>/dev/null"
    return f"{{ printf '%s\\0' {clock}; find .{prune} -print0 2>/dev/null; {ends}; }} | {stat}"


def _literal(folder: str) -> str:
    """A name as a pattern that matches it alone."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", folder)


def _gnu_records(fields: str) -> Iterable[_Record]:
    parts = fields.split("\0")
    return zip(parts[:-1:2], parts[1::2], strict=True)


def _gnu_parsed(record: _Record) -> tuple[str, Row]:
    *numbers, path = record[0].split(" ", 5)
    return _placed(path, _gnu_row(" ".join(numbers), record[1]))


def _gnu_row(line: str, target: str = "") -> Row:
    letter, mode, size, inode, ctime = line.split(" ")
    kind = _KINDS.get(letter, "other")
    return Row(kind, int(mode, 8), int(size), inode, ctime, _seconds(ctime), target)


def _portable_records(fields: str, mark: str) -> Iterator[_Record]:
    for line in fields.split(f"\x03{mark}\n")[:-1]:
        head, _, path = line.partition(f" \x02{mark}")
        yield head, path


def _portable_parsed(record: _Record) -> tuple[str, Row]:
    return _placed(record[1], _portable_row(record[0]))


def _portable_row(line: str) -> Row:
    raw_mode, size, inode, ctime = line.split(" ", 3)
    mode = int(raw_mode, 16)
    kind = _MODE_KINDS.get(mode & 0o170000, "other")
    return Row(kind, mode & 0o7777, int(size), inode, ctime.strip(), _seconds(ctime.strip()))


def _placed(path: str, row: Row) -> tuple[str, Row]:
    """Repository-relative; the marks of a listing and the repository's own folder as they are. What
    no program can open by its name is none of the tree: it counts as the latter, and its row tells
    which folder it is in."""
    if path in (_DONE, _GAPS):
        return path, row
    if len(path) > _PATH_CHARS:
        return _ROOT, replace(row, target=path.split("/")[1])
    return _CLOCK if path.startswith("/") else path.removeprefix("./"), row


def _seconds(ctime: str) -> float:
    """Seconds since the epoch of either form that a listing shows."""
    if "-" not in ctime:
        return float(ctime)
    whole, _, fraction = ctime.partition(".")
    digits = fraction.split(" ")[0] or "0"
    return datetime.fromisoformat(whole).timestamp() + float(f"0.{digits}")


def files_code(find: FindKind, folders: Iterable[str]) -> str:
    """Shell code that names every file of some folders, caches aside; with its size where `find` is
    GNU's."""
    show = "-printf '%s %p\\0'" if find == "gnu" else "-print0"
    words = " ".join(path_quoted(folder) for folder in folders)
    caches = "-name __pycache__ -o -name .cache -o -name .pytest_cache"
    return f"find {words} -type d \\( {caches} \\) -prune -o ! -type d {show} 2>/dev/null"
