"""The sandbox that all backends share: a box with a broker, the shell session, and the host's view
of the tree."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from swe_agent.core.errors import SandboxLost, ToolFailure
from swe_agent.core.events import Checkpoint
from swe_agent.core.protocols import CommandResult, Sandbox
from swe_agent.core.text import decoded
from swe_agent.runtime.box import Box
from swe_agent.runtime.listing import PROBE, FindKind, listing_code, single_code
from swe_agent.runtime.session import CHUNK_BYTES, Session, path_quoted, quoted
from swe_agent.runtime.store import StoredTree, TreeStore
from swe_agent.runtime.worktree import Worktree

_OOM = "cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control 2>/dev/null"


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
        self._skipped: tuple[str, ...] = ()
        self._cwd, self._exports = "", ""
        self._oom_kills = 0
        kind, shell = self._probed()
        self._shell = shell
        self._find: FindKind = kind
        self._worktree = Worktree(self._session, store, kind)

    def begin(
        self,
        tree: str,
        skipped: Iterable[str],
        version_tag: str = "",
        *,
        git: bool,
        trusted: bool = True,
    ) -> None:
        """Take over a work tree that is filled and untouched.

        Args:
            tree: what it was filled with; what differs from it is fetched.
            skipped: folders that belong to the environment: not stored.
            version_tag: put on the one commit of the sandbox's own git repository, if not empty.
            git: make that repository, where the image has git.
            trusted: whether files of equal size and mode are as in `tree`; else all are fetched.
        """
        with self._lock:
            self._skipped = tuple(skipped)
            listing = self._session.ask(self._listing())
            self._read_state(listing.content)
            self._worktree.adopt(
                tree if trusted else self._store.empty, self._rows(listing.content)
            )
            if git:
                self._session.ask_later(f"start_git {quoted(version_tag)} >/dev/null 2>&1")

    @property
    def root(self) -> str:
        return self._root

    @property
    def shell(self) -> str:
        return self._shell

    def run(self, command: str, timeout_s: float) -> CommandResult:
        """Run in the persistent shell; the listing that follows is collected later."""
        if "\0" in command:
            raise ToolFailure("a command cannot contain a NUL character")
        with self._lock:
            self._settle()
            result, self._owed = self._session.run(command, timeout_s, self._listing())
            if result.exit_code == 137 and self._ran_out_of_memory():
                return _out_of_memory(result)
            return result

    def execute(self, command: str, timeout_s: float) -> CommandResult:
        """Run beside the session; what it changed in the tree is seen by the next `tree` or
        `checkpoint`."""
        with self._lock:
            self._settle()
            result = self._box.execute(command, timeout_s, self._spool_folder)
            self._owed = self._session.ask_later(self._listing())
            return result

    def read_file(self, path: str, limit_bytes: int = 10_000_000) -> bytes:
        """A regular file's bytes."""
        word = path_quoted(path)
        code = (
            f"[ -e {word} ] || {{ printf 'no such file'; exit 9; }}; "
            f"[ -f {word} ] || {{ printf 'not a regular file'; exit 9; }}; "
            f"head -c {limit_bytes + 1} {word} || exit 9"
        )
        with self._lock:
            reply = self._session.ask(code)
        if reply.code:
            raise ToolFailure(f"{path}: {decoded(reply.content).strip()}")
        if len(reply.content) > limit_bytes:
            raise ToolFailure(f"{path}: larger than {limit_bytes} bytes")
        return reply.content

    def write_file(self, path: str, content: bytes) -> None:
        """Make or replace a file; its folder is made, the mode of an existing file is kept."""
        word, folder = path_quoted(path), path.rpartition("/")[0]
        ready = f"mkdir -p {path_quoted(folder)} && " if folder else ""
        inside = self._inside(path)
        with self._lock:
            self._settle()
            code = f'{ready}cat "$swe_home/taken" >{word} || exit 9'
            for start in range(0, len(content) or 1, CHUNK_BYTES):
                chunk = content[start : start + CHUNK_BYTES]
                last = start + CHUNK_BYTES >= len(content)
                row = f"; {single_code(self._find, inside)}" if last and inside else ""
                reply = self._session.collect(self._session.hand_over(chunk, code + row))
                if reply.code:
                    raise ToolFailure(f"{path}: {decoded(reply.content).strip()}")
                code = f'cat "$swe_home/taken" >>{word} || exit 9'
            if inside:
                self._worktree.noted(inside, content, reply.content)

    def remove_file(self, path: str) -> None:
        """Delete a file or link; nothing happens if it is not there."""
        with self._lock:
            self._settle()
            reply = self._session.ask(f"rm -f {path_quoted(path)}")
            if reply.code:
                raise ToolFailure(f"{path}: {decoded(reply.content).strip()}")
            if inside := self._inside(path):
                self._worktree.forgotten(inside)

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
            return Checkpoint(tree=self._worktree.tree, cwd=self._cwd, exports=self._exports)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Bring tree and shell state back, and compare.

        Raises:
            SandboxLost: the tree did not come back as it was; a new sandbox is needed.
        """
        with self._lock:
            self._settle()
            self._worktree.restore(checkpoint.tree)
            self._put_state(checkpoint)
            reply = self._session.ask(self._listing())
            self._read_state(reply.content)
            self._worktree.absorb(self._rows(reply.content))
            if self._worktree.tree != checkpoint.tree:
                raise SandboxLost("the work tree could not be brought back as it was")

    def ask(self, code: str) -> bytes:
        """The host's own shell code in the repository's folder; what it printed."""
        with self._lock:
            return self._session.ask(code).content

    def sweep(self) -> tuple[str, ...]:
        """Kill what commands left running; returns the command lines."""
        with self._lock:
            self._settle()
            names = self._box.kill()
            self._owed = self._session.ask_later(self._listing())
            return names

    def close(self) -> None:
        """Take the sandbox away."""
        self._box.close()

    def _listing(self) -> str:
        return listing_code(self._find, self._skipped)

    def _rows(self, content: bytes) -> bytes:
        return content.split(b"\x01=\x01", 2)[2]

    def _settle(self) -> None:
        """Collect and absorb the listing that is under way, if any."""
        if self._owed:
            ticket, self._owed = self._owed, ""
            reply = self._session.collect(ticket)
            self._read_state(reply.content)
            self._worktree.absorb(self._rows(reply.content))

    def _read_state(self, content: bytes) -> None:
        cwd, exports, _ = content.split(b"\x01=\x01", 2)
        self._cwd = cwd.decode("utf-8", "surrogateescape").rstrip("\n")
        self._exports = exports.decode("utf-8", "surrogateescape")

    def _put_state(self, checkpoint: Checkpoint) -> None:
        for name, text in (("cwd", checkpoint.cwd), ("exports", checkpoint.exports)):
            raw = text.encode("utf-8", "surrogateescape") + (
                b"\n" if name == "cwd" and text else b""
            )
            self._session.collect(
                self._session.hand_over(raw, f'cat "$swe_home/taken" >"$swe_home/{name}"')
                if raw
                else self._session.ask_later(f'rm -f "$swe_home/{name}"')
            )

    def _probed(self) -> tuple[FindKind, str]:
        code = f'{PROBE}; [ -n "$BASH_VERSION" ] && echo bash || echo sh'
        words = decoded(self._session.ask(code).content).split()
        if len(words) != 2 or words[0] not in ("gnu", "portable"):
            raise SandboxLost(f"the broker answered oddly: {words}")
        return ("gnu" if words[0] == "gnu" else "portable"), words[1]

    def _ran_out_of_memory(self) -> bool:
        rows = decoded(self._session.ask(_OOM).content).splitlines()
        kills = sum(int(row.split()[1]) for row in rows if row.startswith("oom_kill "))
        more, self._oom_kills = kills > self._oom_kills, kills
        return more

    def _inside(self, path: str) -> str:
        """Repository-relative form of a path; empty if it lies outside."""
        return (
            path.removeprefix(f"{self._root}/")
            if path.startswith(f"{self._root}/")
            else ("" if path.startswith("/") else path.removeprefix("./"))
        )


def _out_of_memory(result: CommandResult) -> CommandResult:
    return CommandResult(
        exit_code=result.exit_code,
        output=result.output,
        total_bytes=result.total_bytes,
        duration_s=result.duration_s,
        out_of_memory=True,
        spool=result.spool,
    )


if TYPE_CHECKING:
    _: type[Sandbox] = BrokerSandbox
