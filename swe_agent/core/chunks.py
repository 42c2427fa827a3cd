"""A file of any length, piece by piece."""

from collections.abc import Iterator
from pathlib import Path

CHUNK_BYTES = 1 << 20


def file_chunks(path: Path) -> Iterator[bytes]:
    """A file's bytes in pieces of at most 1 MiB; nothing for an empty one."""
    with path.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            yield piece
