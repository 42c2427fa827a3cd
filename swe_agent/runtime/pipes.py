"""A wire over a child's pipes, and running a program whose output comes through one."""

import fcntl
import json
import os
import select
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from swe_agent.core.errors import SandboxLost
from swe_agent.runtime.output import Output
from swe_agent.runtime.wire import STDERR, STDOUT, Chunk, Wire

KEEPER = Path(__file__).with_name("keeper.py")
_PIPE_BYTES = 1 << 20
"""Asked of the system for each pipe; it may give less."""
_CHUNK_BYTES = 1 << 18
_SEND_TIMEOUT_S = 60.0
_AFTERWARDS_S = 1.0
"""How long output is read once its program has ended, if a job in the background goes on."""
_HELD_BYTES = 64_000_000
"""What may come while a request is sent; no reply of the broker's is this long."""

Child = subprocess.Popen[bytes]


def start_keeper(
    order: str, terms: Mapping[str, object], *, shared: Sequence[int] = (), merged: bool = False
) -> Child:
    """Start the keeper, with pipes for input and output.

    Args:
        order: `keep`, `enter`, `sweep` or `listen`.
        terms: what the order needs; see `keeper.py`.
        shared: descriptors that the terms name.
        merged: its errors go where its output goes.
    """
    told = os.memfd_create("terms")
    try:
        os.write(told, json.dumps(terms).encode())
        os.lseek(told, 0, os.SEEK_SET)
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(KEEPER), order, str(told)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merged else subprocess.PIPE,
            env={},
            cwd="/",
            bufsize=0,
            pass_fds=(told, *shared),
            start_new_session=True,
        )
    finally:
        os.close(told)


class PipeWire:
    """The stream to a broker that is a child's child."""

    def __init__(self, child: Child) -> None:
        """Args: child: has a pipe for input and one or two for output; owned from here on."""
        self._child = child
        assert child.stdin is not None
        assert child.stdout is not None
        self._input = child.stdin.fileno()
        self._outputs = {child.stdout.fileno(): STDOUT}
        if child.stderr is not None:
            self._outputs[child.stderr.fileno()] = STDERR
        self._held: deque[Chunk] = deque()
        self._ended = False
        for descriptor in (self._input, *self._outputs):
            with suppress(OSError):
                fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
            os.set_blocking(descriptor, False)

    def send(self, content: bytes) -> None:
        """Send all of it, taking in what comes meanwhile: a pipe holds little, and a broker that
        cannot answer does not listen."""
        left = memoryview(content)
        deadline = time.monotonic() + _SEND_TIMEOUT_S
        while left:
            if self._ended:
                raise SandboxLost("the sandbox ended")
            if time.monotonic() > deadline:
                raise SandboxLost("the sandbox does not take input any more")
            if not self._ready(deadline - time.monotonic(), writing=True):
                continue
            try:
                left = left[os.write(self._input, left) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise SandboxLost(f"the sandbox ended: {error.strerror}") from error

    def receive(self, timeout_s: float) -> list[Chunk]:
        """What has come, as (channel, bytes) in order; empty at the time-out."""
        if not self._held and not self._ended:
            self._ready(timeout_s, writing=False)
        if not self._held and self._ended:
            raise SandboxLost("the sandbox ended")
        chunks = list(self._held)
        self._held.clear()
        return chunks

    def shut(self) -> None:
        """End the input alone."""
        if self._child.stdin and not self._child.stdin.closed:
            self._child.stdin.close()

    def close(self) -> None:
        """End the stream; a sandbox whose input ends goes away by itself."""
        for stream in (self._child.stdin, self._child.stdout, self._child.stderr):
            if stream and not stream.closed:
                stream.close()

    def _ready(self, timeout_s: float, *, writing: bool) -> bool:
        """Wait until something can be done, and take in what came; whether input can be given."""
        poll = select.poll()  # not select.select: descriptors may be above 1,023
        for descriptor in self._outputs:
            poll.register(descriptor, select.POLLIN)
        if writing:
            poll.register(self._input, select.POLLOUT)
        can_write = False
        for descriptor, _ in poll.poll(max(0.0, timeout_s) * 1000):
            if descriptor == self._input:
                can_write = True
            else:
                self._take(descriptor)
        if writing and sum(len(chunk) for _, chunk in self._held) > _HELD_BYTES:
            raise SandboxLost("the sandbox floods its output")
        return can_write

    def _take(self, descriptor: int) -> None:
        with suppress(BlockingIOError):
            chunk = os.read(descriptor, _CHUNK_BYTES)
            if chunk:
                self._held.append((self._outputs[descriptor], chunk))
            else:
                self._ended = True


def finished(child: Child, output: Output, deadline: float) -> int | None:
    """Feed a program's output until the program itself ends; None at the deadline.

    A background job that still holds the output is not waited for.
    """
    wire = PipeWire(child)
    while (left := deadline - time.monotonic()) > 0:
        if child.poll() is not None:
            deadline = min(deadline, time.monotonic() + _AFTERWARDS_S)
        try:
            chunks = wire.receive(0.0 if child.returncode is not None else min(left, 0.02))
        except SandboxLost:
            with suppress(subprocess.TimeoutExpired):
                return child.wait(max(0.0, deadline - time.monotonic()))
            break
        for _, chunk in chunks:
            output.feed(chunk)
        if child.returncode is not None and not chunks:
            break
    return child.returncode


def remove_folder(folder: Path, uid: int | None = None) -> None:
    """Take away a sandbox's private folder that was kept; does not raise."""
    child = start_keeper("remove", {"folder": str(folder), "uid": uid, "cgroups": []})
    with suppress(subprocess.TimeoutExpired):
        child.communicate(timeout=600)
    ended(child)


def ended(child: Child) -> None:
    """Close a program's pipes and reap it, killed if need be."""
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream:
            stream.close()
    if child.poll() is None:
        child.kill()
        child.wait()


if TYPE_CHECKING:
    _: type[Wire] = PipeWire
