"""The host's side of the broker: one request at a time over one stream, each with a fresh nonce.

Replies of the broker's own are in order on stderr, so a request may be sent now and its reply
collected later.
"""

import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from swe_agent.core.errors import SandboxLost
from swe_agent.core.protocols import CommandResult
from swe_agent.runtime.output import Output
from swe_agent.runtime.wire import STDERR, STDOUT, Wire

CHUNK_BYTES = 1_000_000
"""Most that one `take` may carry: `dd` holds it in memory."""
_GRACE_S = 15.0
"""How long a killed command's footer may take."""
_NOISE_BYTES = 64_000
"""What background jobs write between commands is kept up to this, then dropped."""
_MARKER_BYTES = 64
"""An end marker is shorter than this."""
_NEVER_BEGAN = -1


@dataclass(frozen=True, slots=True)
class Reply:
    """What the broker answered to the host's own request."""

    code: int
    content: bytes


class Session:
    """A live broker. Not safe for use by two threads at once: the sandbox that owns it takes care
    of that."""

    def __init__(self, wire: Wire, spool_folder: Path, kill: Callable[[], tuple[str, ...]]) -> None:
        """
        Args:
            wire: the stream; owned from here on.
            spool_folder: where long outputs go.
            kill: ends all of the commands' processes from outside and returns their command lines.
        """
        self._wire, self._spool_folder, self._kill = wire, spool_folder, kill
        self._pending = {STDOUT: bytearray(), STDERR: bytearray()}
        self._replies: dict[str, Reply] = {}
        self._awaited: list[str] = []
        self._sending = threading.Lock()

    def run(self, command: str, timeout_s: float, then: str = "") -> tuple[CommandResult, str]:
        """Run a command in the persistent shell.

        Args:
            command: shell code; it may not contain NUL.
            timeout_s: wall time until all of its processes are killed.
            then: code for `ask`, sent along in the same write; its reply is collected later.

        Returns:
            The result, and the ticket of `then`.

        Raises:
            SandboxLost: the stream ended.
        """
        nonce, ticket = _nonce(), _nonce()
        request = f"run {nonce} {quoted(command)}\n"
        if then:
            request += f"ask {ticket} {quoted(then)}\n"
            self._awaited.append(ticket)
        began = time.monotonic()
        self._send(request.encode("utf-8", "surrogateescape"))
        output = Output(self._spool_folder)
        survivors: tuple[str, ...] = ()
        ended = self._stream(nonce, output, began + timeout_s, begun=False)
        timed_out = ended is None
        if timed_out:
            survivors = self._kill()
            ended = self._stream(nonce, output, time.monotonic() + _GRACE_S, begun=True)
        if ended is None:
            raise SandboxLost("a command outlived its time-out and the kill after it")
        if ended == _NEVER_BEGAN:
            self.collect(self.ask_later('rm -f "$swe_home/exports" "$swe_home/cwd"'))
            return self.run(command, timeout_s, then)
        result = CommandResult(
            exit_code=124 if timed_out else ended,
            output=output.shown(),
            total_bytes=output.total_bytes,
            duration_s=time.monotonic() - began,
            timed_out=timed_out,
            survivors=survivors,
            spool=output.spooled(),
        )
        return result, ticket

    def ask(self, code: str, timeout_s: float = 120.0) -> Reply:
        """The host's own work in the sandbox: shell code in the repository's folder, its output as
        the reply.

        Raises:
            SandboxLost: the stream ended, or no answer came in time.
        """
        return self.collect(self.ask_later(code), timeout_s)

    def ask_later(self, code: str) -> str:
        """Send a request without waiting; returns the ticket for `collect`."""
        ticket = _nonce()
        self._awaited.append(ticket)
        self._send(f"ask {ticket} {quoted(code)}\n".encode("utf-8", "surrogateescape"))
        return ticket

    def collect(self, ticket: str, timeout_s: float = 120.0) -> Reply:
        """Wait for the reply to an earlier request.

        Raises:
            SandboxLost: the stream ended, or no answer came in time.
        """
        deadline = time.monotonic() + timeout_s
        while ticket not in self._replies:
            expected = self._awaited[0]
            self._replies[expected] = self._reply(expected, deadline)
            self._awaited.pop(0)
        return self._replies.pop(ticket)

    def hand_over(self, content: bytes, code: str) -> str:
        """Send bytes to the private folder's `taken` file, then run host code on it; returns the
        ticket.

        `content` is at most `CHUNK_BYTES` long.
        """
        ticket = _nonce()
        self._awaited.append(ticket)
        head = f"take {len(content)}\n".encode()
        tail = f"ask {ticket} {quoted(code)}\n".encode("utf-8", "surrogateescape")
        self._send(head + content + tail)
        return ticket

    def close(self) -> None:
        self._wire.close()

    def _send(self, content: bytes) -> None:
        """Send while listening: a large request must not wait for replies that nobody reads."""
        with self._sending:
            for start in range(0, len(content), CHUNK_BYTES):
                self._wire.send(content[start : start + CHUNK_BYTES])

    def _pump(self, deadline: float) -> bool:
        """Take in what comes next; False at the deadline."""
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        for channel, chunk in self._wire.receive(left):
            self._pending.setdefault(channel, bytearray()).extend(chunk)
        return True

    def _stream(self, nonce: str, output: Output, deadline: float, *, begun: bool) -> int | None:
        """Feed what lies between the markers to `output`.

        Returns:
            The exit code; None at the deadline; `_NEVER_BEGAN` where the shell broke on the state
            that an earlier command left, before it came to this one.
        """
        begin = f"\x01{nonce}<\x01".encode()
        end = re.compile(f"\x01{nonce}>(\\d+)\x01".encode())
        pending = self._pending[STDOUT]
        while True:
            at = -1 if begun else pending.find(begin)
            if at >= 0:
                del pending[: at + len(begin)]
                begun = True
            found = end.search(pending)
            if found:
                code = int(found[1]) if begun else _NEVER_BEGAN
                stop, after = found.span()
                del found  # it looks into the buffer that is cut now
                output.feed(bytes(pending[:stop]))
                del pending[:after]
                return code
            if begun and len(pending) > _MARKER_BYTES:
                output.feed(bytes(pending[:-_MARKER_BYTES]))
                del pending[:-_MARKER_BYTES]
            elif len(pending) > _NOISE_BYTES:
                del pending[:-_NOISE_BYTES]
            if not self._pump(deadline):
                return None

    def _reply(self, nonce: str, deadline: float) -> Reply:
        mark = f"\x01{nonce}>".encode()
        pending = self._pending[STDERR]
        looked = 0
        while True:
            at = pending.find(mark, max(0, looked - len(mark)))
            stop = pending.find(b"\x01", at + len(mark)) if at >= 0 else -1
            if stop >= 0:
                reply = Reply(int(pending[at + len(mark) : stop]), bytes(pending[:at]))
                del pending[: stop + 1]
                return reply
            looked = len(pending) if at < 0 else at
            noise = self._pending[STDOUT]
            if len(noise) > _NOISE_BYTES:
                del noise[:-_NOISE_BYTES]
            if not self._pump(deadline):
                raise SandboxLost("the sandbox did not answer in time")


def quoted(code: str) -> str:
    """Shell code as one line that evaluates to itself; `$n` is the broker's newline.

    >>> quoted("echo 'a'")
    "'echo '\\\\''a'\\\\'''"
    """
    return "'" + code.replace("'", "'\\''").replace("\n", "'\"$n\"'") + "'"


def path_quoted(path: str) -> str:
    """A path as one shell word; relative ones get `./`, so that none looks like an option."""
    word = path if path.startswith("/") else f"./{path}"
    return "'" + word.replace("'", "'\\''") + "'"


def paths_quoted(paths: Iterable[str]) -> str:
    """Paths as shell words with blanks between."""
    return " ".join(path_quoted(path) for path in paths)


def _nonce() -> str:
    return secrets.token_hex(8)
