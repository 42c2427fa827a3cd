"""Parsing in several processes: each reads a chunk of files on stdin and answers with records.

The workers are plain interpreters, not `multiprocessing`'s: those would import the caller's main
module again.
"""

import marshal
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from swe_agent.index.record import packed, record_of

Chunk = list[tuple[str, bytes]]
_COUNT = 8
_PROGRAM = "from swe_agent.index.workers import serve; serve()"


def made_apart(chunks: Iterator[Chunk], end: float, workers: int) -> Iterator[tuple[str, bytes]]:
    """Packed records of the files in the chunks, until `end` on the monotonic clock.

    What a worker that dies was given is left out.
    """
    team = [_started() for _ in range(workers)]
    waiting: list[subprocess.Popen[bytes]] = []
    try:
        while True:
            while team and time.monotonic() < end:
                chunk = next(chunks, None)
                if chunk is None:
                    break
                worker = team.pop(0)
                if _send(worker.stdin, chunk):
                    waiting.append(worker)
            if not waiting:
                return
            worker = waiting.pop(0)
            answer = _receive(worker.stdout)
            if answer is not None:
                team.append(worker)
                yield from answer
    finally:
        for worker in [*team, *waiting]:
            worker.kill()
            worker.communicate()


def serve() -> None:
    """What a worker runs: records for chunks, until stdin ends."""
    while (chunk := _receive(sys.stdin.buffer)) is not None:
        _send(sys.stdout.buffer, [(path, packed(record_of(path, body))) for path, body in chunk])


def _started() -> subprocess.Popen[bytes]:
    """A worker; it must not import from the current folder, which may be anybody's repository."""
    here = str(Path(__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": here},
    )


def _send(pipe: IO[bytes] | None, chunk: Chunk) -> bool:
    body = marshal.dumps(chunk)
    try:
        assert pipe is not None
        pipe.write(len(body).to_bytes(_COUNT, "big") + body)
        pipe.flush()
    except OSError:
        return False
    return True


def _receive(pipe: IO[bytes] | None) -> Chunk | None:
    assert pipe is not None
    size = int.from_bytes(pipe.read(_COUNT), "big")
    body = pipe.read(size)
    if size == 0 or len(body) < size:
        return None
    chunk: Chunk = marshal.loads(body)
    return chunk
