"""Parsing in several processes: each reads a chunk of files on stdin and answers with records.

The workers are plain interpreters, not `multiprocessing`'s: those would import the caller's main
module again.
"""

import gc
import marshal
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from swe_agent.index.record import packed, record_of

Chunk = list[tuple[str, bytes]]
_COUNT = 8
_PROGRAM = "from swe_agent.index.workers import serve; serve()"


def made_apart(chunks: Iterator[Chunk], end: float, workers: int) -> Iterator[tuple[str, bytes]]:
    """Packed records of the files in the chunks, in their order.

    No chunk is begun after `end` on the monotonic clock. What a worker that dies was given is left
    out.
    """
    team = [_started() for _ in range(workers)]
    numbered = enumerate(chunks)
    answers: dict[int, Chunk] = {}
    shown = 0
    with selectors.DefaultSelector() as busy:
        try:
            for worker in team:
                _feed(worker, numbered, end, busy)
            while busy.get_map():
                for key, _ in busy.select():
                    worker, number = busy.unregister(key.fileobj).data
                    answer = _receive(worker.stdout)
                    if answer is not None:
                        _feed(worker, numbered, end, busy)
                    answers[number] = answer or []
                while shown in answers:
                    yield from answers.pop(shown)
                    shown += 1
        finally:
            for worker in team:
                worker.kill()
                worker.communicate()


def _feed(
    worker: subprocess.Popen[bytes],
    chunks: Iterator[tuple[int, Chunk]],
    end: float,
    busy: selectors.BaseSelector,
) -> None:
    """Give a worker the next chunk, if there is one and time for it."""
    number, chunk = next(chunks, (0, None)) if time.monotonic() < end else (0, None)
    if chunk is not None and worker.stdout is not None:
        _send(worker.stdin, chunk)  # where it is dead, its answer is the end of its output
        busy.register(worker.stdout, selectors.EVENT_READ, (worker, number))


def serve() -> None:
    """What a worker runs: records for chunks, until stdin ends."""
    gc.disable()  # nothing here makes circles, and looking for them is a tenth of the time
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


def _send(pipe: IO[bytes] | None, chunk: Chunk) -> None:
    body = marshal.dumps(chunk)
    assert pipe is not None
    with suppress(OSError):
        pipe.write(len(body).to_bytes(_COUNT, "big") + body)
        pipe.flush()


def _receive(pipe: IO[bytes] | None) -> Chunk | None:
    assert pipe is not None
    size = int.from_bytes(pipe.read(_COUNT), "big")
    body = pipe.read(size)
    if size == 0 or len(body) < size:
        return None
    chunk: Chunk = marshal.loads(body)
    return chunk
