"""Bytes by their hash, in one append-only file: what events name and do not carry.

A record is `SIZE\\n`, the bytes, the SHA-256 in hex and `\\n`. One file makes two thousand blobs
cost one sequential write; the trailing hash lets a blob be streamed in. A torn last record is cut
off when the file is opened to write.
"""

import hashlib
import threading
from collections.abc import Callable, Iterable
from io import BufferedRandom
from os import SEEK_END, fdatasync
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.protocols import BlobStore
from swe_agent.trajectory.full_disk import DiskPatience, require_room

Done = TypeVar("Done")
_HASH_CHARS = 64


class Blobs:
    """An open blob file; safe to use from several threads of one process."""

    def __init__(self, folder: Path, patience: DiskPatience | None = None) -> None:
        """Open or make `folder/objects.pack`; the folder is made private to its owner. Where the
        disk is full, `patience` waits.

        Raises:
            EnvironmentFault: it cannot be made or read.
        """
        self._lock = threading.RLock()
        self._places: dict[str, tuple[int, int]] = {}
        self._dirty = False
        self._folder, self._patience = folder, patience or DiskPatience()
        path = folder / "objects.pack"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._file: BufferedRandom = path.open("r+b")
        except OSError as error:
            raise EnvironmentFault(
                f"cannot open the object store {path}: {error.strerror}",
                "choose another run folder with --output",
            ) from error
        self._end = self._index()

    def put(self, content: bytes) -> str:
        """Store and return the hash. It is on disk for good after the next `flush`.

        Raises:
            EnvironmentFault: no space; what was stored before is intact.
        """
        key = hashlib.sha256(content).hexdigest()
        with self._lock:
            if key not in self._places:
                self.patiently(lambda: self._append(len(content), [content]))
        return key

    def put_stream(self, size_bytes: int, chunks: Iterable[bytes]) -> str:
        """Store what the chunks make together, `size_bytes` in all, without holding it in memory.

        Raises:
            EnvironmentFault: no space.
            ValueError: the chunks are more or less than `size_bytes`.
        """
        with self._lock:
            self.patiently(lambda: require_room(self._folder, size_bytes))
            return self.patiently(lambda: self._append(size_bytes, chunks), tries_again=False)

    def get(self, key: str) -> bytes:
        """The bytes.

        Raises:
            KeyError: no such blob.
        """
        with self._lock:
            start, size = self._places[key]
            self._file.seek(start)
            return self._file.read(size)

    def chunks(self, key: str, chunk_bytes: int = 1_000_000) -> Iterable[bytes]:
        """The bytes piece by piece; an empty blob has no pieces."""
        with self._lock:
            start, size = self._places[key]
        for offset in range(0, size, chunk_bytes):
            with self._lock:
                self._file.seek(start + offset)
                yield self._file.read(min(chunk_bytes, size - offset))

    def size_bytes(self, key: str) -> int:
        """How long a blob is."""
        return self._places[key][1]

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def flush(self) -> None:
        """Put all that was stored on disk for good."""
        with self._lock:
            if self._dirty:
                self._file.flush()
                fdatasync(self._file.fileno())
                self._dirty = False

    def close(self) -> None:
        self.flush()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def patiently(self, write: Callable[[], Done], *, tries_again: bool = True) -> Done:
        """What `write` gives, which writes beside the store; a full disk is waited for.

        Args:
            write: leaves nothing behind where it fails.
            tries_again: whether it may be asked again.

        Raises:
            EnvironmentFault: there is no room for it.
        """
        try:
            return self._patience.through(self._folder, write) if tries_again else write()
        except OSError as error:
            raise EnvironmentFault(
                f"The run's store cannot be written: {error.strerror}.",
                "Make room on the disk.",
            ) from error

    def _append(self, size_bytes: int, chunks: Iterable[bytes]) -> str:
        """Write one record at the end; a record that fails or was there before leaves no trace."""
        begun, whole = self._end, False
        digest, written = hashlib.sha256(), 0
        header = b"%d\n" % size_bytes
        try:
            self._file.seek(begun)
            self._file.write(header)
            for chunk in chunks:
                self._file.write(chunk)
                digest.update(chunk)
                written += len(chunk)
            if written != size_bytes:
                raise ValueError(f"{written} bytes came, {size_bytes} were promised")
            key = digest.hexdigest()
            if key in self._places:
                return key
            self._file.write(f"{key}\n".encode())
            self._file.flush()
            whole = True
        finally:
            if not whole:
                self._cut(begun)
        self._places[key] = (begun + len(header), size_bytes)
        self._end = begun + len(header) + size_bytes + _HASH_CHARS + 1
        self._dirty = True
        return key

    def _cut(self, end: int) -> None:
        """Take a half-written record back; buffered bytes that no longer fit the disk are dropped
        with it."""
        try:
            self._file.flush()
        except OSError:
            path = Path(self._file.name)
            self._file.raw.close()
            self._file = path.open("r+b")
        self._file.truncate(end)

    def _index(self) -> int:
        """Read where every record lies; returns the end of the last whole one and cuts what follows
        it."""
        length = self._file.seek(0, SEEK_END)
        end = 0
        while end < length:
            self._file.seek(end)
            header = self._file.readline(32)
            if not header.endswith(b"\n") or not header[:-1].isdigit():
                break
            start, size = end + len(header), int(header)
            if start + size + _HASH_CHARS + 1 > length:
                break
            self._file.seek(start + size)
            self._places[self._file.read(_HASH_CHARS).decode("ascii", "replace")] = (start, size)
            end = start + size + _HASH_CHARS + 1
        if end < length:
            self._file.truncate(end)
        return end


if TYPE_CHECKING:
    _: type[BlobStore] = Blobs
