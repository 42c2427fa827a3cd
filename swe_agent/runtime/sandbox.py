"""The sandbox that all backends share: a box with a broker, the shell session, and the host's view
of the tree."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from swe_agent.core.errors import SandboxLost, SandboxStarved, ToolFailure
from swe_agent.core.events import Checkpoint
from swe_agent.core.protocols import CommandResult, Sandbox
from swe_agent.core.text import decoded
from swe_agent.runtime.box import Box
from swe_agent.runtime.listing import (
    MEMORY_LIMIT,
    PROBE,
    UNLOCK,
    FindKind,
    Lister,
    Listing,
    files_code,
    listing_code,
    read_memory_limit,
    read_single,
    single_code,
)
from swe_agent.runtime.session import CHUNK_BYTES, Reply, Session, path_quoted
from swe_agent.runtime.store import StoredTree, TreeStore
from swe_agent.runtime.worktree import Worktree

_TAKE_GIT = '[ ! -d "$swe_home/git" ] || { rm -rf .git && mv "$swe_home/git" .git; }'
_KILLED = 137
_OTHER = b"another file"
"""What host code says that finds another file than it was told of."""
_TRIES = 3
"""How often a listing that something kills is asked for."""


class BrokerSandbox:
    """A running sandbox; may be used from several threads, one request at a time."""

    def __init__(self, box: Box, store: TreeStore, root: str, spool_folder: Path) -> None:
        """
        Args:
            box: the running broker; owned from here on.
            store: where trees and files go.
            root: the repository's folder inside.
            spool_folder: where long outputs go; it exists.
        """
        self._box, self._store, self._root = box, store, root
        self._spool_folder = spool_folder
        self._session = Session(box.wire, spool_folder, box.kill)
        self._lock = threading.RLock()
        self._owed = ""
        self._written: tuple[str, str, bytes] | None = None
        """The last write whose row is under way: ticket, path, bytes."""
        self._skipped: tuple[str, ...] = ()
        self._environment, self._had = "", b""
        self._cwd, self._exports = "", ""
        self._oom_kills = self._starved_at_mb = 0
        kind, shell = self._probed()
        self._shell = shell
        self._find: FindKind = kind
        self._lister = Lister(kind)
        self._worktree = Worktree(self._session, store, kind)

    def begin(
        self,
        tree: str,
        skipped: Iterable[str],
        *,
        trusted: bool = True,
    ) -> None:
        """Take over a work tree that is filled and untouched; the git repository that the host
        wrote takes the place of any that is there, since an image's history may hold the answer.

        Args:
            tree: what it was filled with; what differs from it is fetched.
            skipped: folders that belong to the environment: not stored.
            trusted: whether files of equal size and mode are as in `tree`; else all are fetched.
        """
        with self._lock:
            self._skipped = tuple(skipped)
            self._session.ask(_TAKE_GIT)
            listing = self._listed(self._session.ask(self._listing()))
            self._worktree.adopt(tree if trusted else self._store.empty, listing)
            if self._skipped:
                self._environment = self._session.ask_later(files_code(self._find, self._skipped))

    @property
    def root(self) -> str:
        return self._root

    @property
    def shell(self) -> str:
        return self._shell

    def run(self, command: str, timeout_s: float, idle_s: float | None = None) -> CommandResult:
        """Run in the persistent shell; the listing that follows is collected later."""
        _require_no_nul("command", command)
        with self._lock:
            self._settle()
            return self._told(lambda: self._session.run(command, timeout_s, idle_s))

    def execute(self, command: str, timeout_s: float) -> CommandResult:
        """Run beside the session; what it changed in the tree is seen by the next `tree` or
        `checkpoint`."""
        _require_no_nul("command", command)
        with self._lock:
            self._settle()
            return self._told(lambda: self._box.execute(command, timeout_s, self._spool_folder))

    def read_file(self, path: str, limit_bytes: int = 10_000_000) -> bytes:
        """A regular file's bytes."""
        _require_no_nul("path", path)
        word = path_quoted(path)
        code = (
            f"[ -e {word} ] || {{ printf 'no such file'; exit 9; }}; {_regular(word)}; "
            f"exec head -c {limit_bytes + 1} {word}"
        )
        with self._lock:
            self._require_fed()
            reply = self._session.ask(code)
        _require_done(path, reply)
        if len(reply.content) > limit_bytes:
            raise ToolFailure(f"{path}: larger than {limit_bytes} bytes")
        return reply.content

    def write_file(self, path: str, content: bytes) -> None:
        """Make or replace a file; its folder is made, the mode of an existing file is kept."""
        _require_no_nul("path", path)
        word, folder = path_quoted(path), path.rpartition("/")[0]
        ready = f"{_regular(word)}; "
        if folder:
            ready += f"[ -d {path_quoted(folder)} ] || mkdir -p {path_quoted(folder)} || exit 9; "
        self._write(path, content, ready)

    def replace_file(self, path: str, before: bytes, after: bytes) -> bool:
        """Write to a regular file that still has the bytes `before`; whether that was done. It is
        not where `after` takes several requests: each would find what the one before it left."""
        _require_no_nul("path", path)
        if len(after) > CHUNK_BYTES:
            return False
        word, digest = path_quoted(path), hashlib.sha256(before).hexdigest()
        same = f"[ -f {word} ] && [ \"$(sha256sum <{word})\" = '{digest}  -' ]"
        return self._write(path, after, f"{same} || {{ printf '{_OTHER.decode()}'; exit 9; }}; ")

    def remove_file(self, path: str) -> None:
        """Delete a file or link; nothing happens if it is not there."""
        _require_no_nul("path", path)
        word = path_quoted(path)
        code = f"[ -L {word} ] || [ -e {word} ] || exit 0; rm -f {word}"
        with self._lock:
            self._settle()
            _require_done(path, self._session.ask(code))
            if inside := self._inside(path):
                self._worktree.forgotten(inside)
            else:
                self._owe()

    def discard(self, path: str) -> None:
        """Delete what lies at a path outside the repository."""
        with self._lock:
            self._require_fed()
            self._session.ask(f"rm -rf {path_quoted(path)}")

    def tree(self) -> StoredTree:
        """The work tree as of now."""
        with self._lock:
            self._settle()
            return self._store.reader(self._worktree.tree)

    def checkpoint(self) -> Checkpoint:
        """Save the tree and the shell's state in the host's store."""
        with self._lock:
            self._settle()
            self._store.flush()
            left_out = self._worktree.left_out()
            tree, cwd, exports = self._worktree.tree, self._cwd, self._exports
            return Checkpoint(tree=tree, cwd=cwd, exports=exports, left_out=left_out)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Bring tree and shell state back, and compare.

        Raises:
            SandboxLost: the tree did not come back as it was; a new sandbox is needed.
        """
        with self._lock:
            self._settle()
            self._worktree.restore(checkpoint.tree)
            self._put_state(checkpoint)
            self._worktree.absorb(self._listed(self._session.ask(self._listing())))
            if self._worktree.tree != checkpoint.tree:
                raise SandboxLost("the work tree could not be brought back as it was")

    def lost_environment(self) -> tuple[str, ...]:
        """Files of the environment's folders that were there at the beginning and are gone or have
        another size."""
        if not self._skipped:
            return ()
        with self._lock:
            self._settle()
            if not self._had:
                self._had = self._session.collect(self._environment).content
            has = self._session.ask(files_code(self._find, self._skipped)).content
        gone = set(self._had.split(b"\0")) - set(has.split(b"\0"))
        return tuple(sorted(decoded(name.partition(b"./")[2]) for name in gone))

    def ask(self, code: str) -> bytes:
        """The host's own shell code in the repository's folder; what it printed."""
        with self._lock:
            return self._session.ask(code).content

    def sweep(self) -> tuple[str, ...]:
        """Kill what commands left running; returns the command lines."""
        with self._lock:
            self._settle()
            names = self._box.kill()
            self._owe()
            return names

    def close(self) -> None:
        """Take the sandbox away, and what is known of its files: that of a large tree is much."""
        self._box.close()
        self._lister, self._worktree = Lister(self._find), self._worktree.bare()

    def _write(self, path: str, content: bytes, ready: str) -> bool:
        """Write after host code that ends in `;`; False if that said `_OTHER`."""
        starts = range(0, len(content), CHUNK_BYTES)
        pieces = (content[start : start + CHUNK_BYTES] for start in starts)
        with self._lock:
            self._settle()
            inside = self._inside(path)
            tickets = self._session.write_later(pieces, path_quoted(path), ready)
            replies = [self._session.collect(ticket) for ticket in tickets]
            failed = next((reply for reply in replies if reply.code), None)
            if inside and not failed:
                ticket = self._session.ask_later(single_code(self._find, inside))
                self._written = (ticket, inside, content)
            else:
                self._owe()
        if failed and failed.content != _OTHER:
            raise ToolFailure(f"{path}: {decoded(failed.content).strip() or 'no space left'}")
        return not failed

    def _listing(self) -> str:
        return listing_code(self._find, self._skipped)

    def _owe(self) -> None:
        """Send for a listing, to be absorbed when the tree is next asked for."""
        if self._owed:
            self._session.collect(self._owed)
        self._settle_written()
        self._owed = self._session.ask_later(self._listing())

    def _settle(self) -> None:
        """Collect and absorb the listing that is under way, if any."""
        self._require_fed()
        self._settle_written()
        if self._owed:
            ticket, self._owed = self._owed, ""
            self._worktree.absorb(self._listed(self._session.collect(ticket)))

    def _require_fed(self) -> None:
        """
        Raises:
            SandboxStarved: it ended under an earlier command.
        """
        if limit_mb := self._starved_at_mb:
            raise SandboxStarved(f"its commands used up its memory, {limit_mb} MB")

    def _settle_written(self) -> None:
        """Take over the file that a tool wrote last."""
        if self._written is None:
            return
        (ticket, path, content), self._written = self._written, None
        row = read_single(self._session.collect(ticket).content, self._find, path)
        if row and row.kind == "file":
            self._worktree.noted(path, content, row)
        else:
            self._owe()

    def _listed(self, reply: Reply) -> Listing:
        """A whole listing. What keeps killing it is killed; locked folders are opened.

        Raises:
            SandboxLost: there is none to be had.
        """
        for _ in range(_TRIES):
            try:
                listing = self._lister.read(reply.content)
            except ValueError:
                self._box.kill()
            else:
                if not (listing.has_gaps and self._session.ask(UNLOCK).content):
                    self._cwd, self._exports = listing.cwd, listing.exports
                    self._oom_kills = listing.oom_kills
                    return listing
            reply = self._session.ask(self._listing())
        raise SandboxLost("the work tree cannot be listed")

    def _put_state(self, checkpoint: Checkpoint) -> None:
        """Give the shell the folder and exports of a checkpoint, where they are others."""
        states = (
            ("cwd", self._cwd, checkpoint.cwd),
            ("exports", self._exports, checkpoint.exports),
        )
        for name, now, text in states:
            if now == text:
                continue
            raw = text.encode("utf-8", "surrogateescape") + (b"\n" if name == "cwd" else b"")
            if text:
                tickets = self._session.write_later([raw], f'"$swe_state/{name}"')
            else:
                tickets = [self._session.ask_later(f'rm -f "$swe_state/{name}"')]
            for ticket in tickets:
                self._session.collect(ticket)

    def _probed(self) -> tuple[FindKind, str]:
        code = f'{PROBE}; echo "$swe_shell"'
        words = decoded(self._session.ask(code).content).split()
        if len(words) != 2 or words[0] not in ("gnu", "portable"):
            raise SandboxLost(f"the broker answered oddly: {words}")
        return ("gnu" if words[0] == "gnu" else "portable"), words[1]

    def _told(self, ran: Callable[[], CommandResult]) -> CommandResult:
        """The result, marked where something was killed for want of memory or disk; for want of
        memory the whole sandbox may be."""
        began, result = time.monotonic(), None
        try:
            result = ran()
            self._owe()
            return self._marked(result)
        except SandboxLost:
            limit_mb = self._box.starved_at_mb()
            if not limit_mb:
                raise
        self._starved_at_mb = limit_mb
        result = result or CommandResult(_KILLED, b"", 0, time.monotonic() - began)
        return replace(result, out_of_memory=True, memory_limit_mb=limit_mb)

    def _marked(self, result: CommandResult) -> CommandResult:
        if disk_mb := self._box.stopped_at_disk_mb():
            result = replace(result, disk_limit_mb=disk_mb)
        if result.exit_code in (0, 124):
            return result
        before = self._oom_kills
        self._settle()
        if self._oom_kills <= before:
            return result
        limit_mb = read_memory_limit(self._session.ask(MEMORY_LIMIT).content)
        return replace(result, out_of_memory=True, memory_limit_mb=limit_mb)

    def _inside(self, path: str) -> str:
        """Repository-relative form of a path; empty where only a listing can tell what it is: it
        lies outside, has detours, leads through a link, or is none of the stored tree."""
        inside = path.removeprefix(f"{self._root}/").removeprefix("./")
        parts = inside.split("/")
        if (
            str(PurePosixPath(inside)) != inside
            or inside.startswith("/")
            or {"..", ".git", "."} & set(parts)
            or any(f"{inside}/".startswith(f"{folder}/") for folder in self._skipped)
        ):
            return ""
        return inside if self._worktree.is_plain(inside) else ""


def _regular(word: str) -> str:
    """Host code that fails where something else than a regular file is."""
    return f"[ ! -e {word} ] || [ -f {word} ] || {{ printf 'not a regular file'; exit 9; }}"


def _require_no_nul(what: str, text: str) -> None:
    """
    Raises:
        ToolFailure: no shell can be given such a text.
    """
    if "\0" in text:
        raise ToolFailure(f"a {what} cannot contain a NUL character")


def _require_done(path: str, reply: Reply) -> None:
    """
    Raises:
        ToolFailure: with what the sandbox said.
    """
    if reply.code:
        raise ToolFailure(f"{path}: {decoded(reply.content).strip() or 'failed'}")


if TYPE_CHECKING:
    _: type[Sandbox] = BrokerSandbox
