"""A command's output as it streams by: its head and tail in memory, the whole (its first 50 MB) on
disk.

A disk that is full costs the whole, never the command's result.
"""

import secrets
from contextlib import suppress
from io import BufferedWriter
from pathlib import Path

KEPT_BYTES = 64_000
"""Output up to twice this stays whole in memory."""
SPOOL_BYTES = 50_000_000


class Output:
    """Collects bytes with bounded memory."""

    def __init__(self, spool_folder: Path) -> None:
        """Args: spool_folder: where a long output is written; it exists."""
        self._folder = spool_folder
        self._head = bytearray()
        self._tail = bytearray()
        self._spool: BufferedWriter | None = None
        self._can_spool = True
        self.total_bytes = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._write(chunk)
        self.total_bytes += len(chunk)
        room = KEPT_BYTES - len(self._head)
        if room > 0:
            self._head += chunk[:room]
            chunk = chunk[room:]
        self._tail += chunk
        if len(self._tail) > 2 * KEPT_BYTES:
            del self._tail[:-KEPT_BYTES]

    def shown(self) -> bytes:
        """The whole where it is short, else head, a line that counts what was cut, and tail."""
        if self.total_bytes == len(self._head) + len(self._tail):
            return bytes(self._head + self._tail)
        tail = self._tail[-KEPT_BYTES:]
        cut = self.total_bytes - len(self._head) - len(tail)
        return bytes(self._head) + b"\n[... %d bytes elided ...]\n" % cut + bytes(tail)

    def spooled(self) -> Path | None:
        """Where the whole lies; None where `shown` is the whole."""
        if self._spool is None:
            return None
        place = Path(str(self._spool.name))
        try:
            self._spool.close()
        except OSError:
            self._give_up()
            return None
        if self.total_bytes == len(self._head) + len(self._tail):
            place.unlink()
            return None
        return place

    def _write(self, chunk: bytes) -> None:
        try:
            if self._spool is None:
                if not self._can_spool or self.total_bytes + len(chunk) <= 2 * KEPT_BYTES:
                    return
                path = self._folder / f"output-{secrets.token_hex(8)}"
                self._spool = path.open("xb")
                self._spool.write(self._head + self._tail)
            room = SPOOL_BYTES - self._spool.tell()
            if room > 0:
                self._spool.write(chunk[:room])
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        """Keep head and tail alone, and leave no half of the whole on the disk."""
        self._can_spool = False
        if self._spool is not None:
            self._spool.raw.close()  # what is buffered fits the disk no more
            with suppress(OSError):
                Path(str(self._spool.name)).unlink()
            self._spool = None
