"""A run's folder on its way between machines: what was added or changed, piece by piece.

The event log goes last, and only up to where it stood before anything else was read, so whoever has
an event has all that it speaks of.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from swe_agent.core.errors import EnvironmentFault

LOG = "events.jsonl"
PIECE_BYTES = 4_000_000
_REMADE = ("base.pack",)
"""Files that every sandbox's maker writes anew."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of one file from an offset on; at 0 the file is replaced."""

    path: str
    offset: int
    content: bytes


class Outgoing:
    """What of a folder the other side does not have yet."""

    def __init__(self, folder: Path, is_there: bool = True) -> None:
        """
        Args:
            folder: a run's; it need not exist.
            is_there: whether the other side has what is in it now.
        """
        self._folder = folder
        known = self._paths() if is_there else []
        self._sent = {path: _stamp(folder / path) for path in known}

    def pieces(self) -> Iterator[Piece]:
        """All that was added or changed since the last time."""
        log = self._folder / LOG
        end = log.stat().st_size if log.exists() else 0
        for path in self._paths():
            if path != LOG:
                yield from self._changed(path, None)
        if end:
            yield from self._changed(LOG, end)

    def _changed(self, path: str, end: int | None) -> Iterator[Piece]:
        place = self._folder / path
        try:
            stamp = _stamp(place)
            before = self._sent.get(path, (0, 0))
            if stamp == before:
                return
            size = stamp[0] if end is None else min(end, stamp[0])
            is_grown = path == LOG or path.endswith(".pack")
            offset = before[0] if is_grown and size >= before[0] else 0
            with place.open("rb") as stream:
                stream.seek(offset)
                while offset < size or not size:
                    content = stream.read(min(PIECE_BYTES, size - offset))
                    yield Piece(path, offset, content)
                    offset += len(content)
                    if not content:
                        break
        except FileNotFoundError:
            return
        self._sent[path] = (size, stamp[1] if end is None else 0)

    def _paths(self) -> list[str]:
        found = []
        for top, _, names in os.walk(self._folder):
            for name in names:
                if name not in _REMADE and not name.startswith(("base.pack", ".")):
                    found.append((Path(top) / name).relative_to(self._folder).as_posix())
        return sorted(found)


def put(folder: Path, piece: Piece) -> None:
    """Take a piece in.

    Raises:
        EnvironmentFault: its path leads out of the folder.
        OSError: it cannot be written.
    """
    parts = PurePosixPath(piece.path).parts
    if not parts or piece.path.startswith("/") or ".." in parts:
        raise EnvironmentFault(f"A node sent a file of an impossible name: {piece.path!r}.")
    place = folder / piece.path
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (os.O_TRUNC if piece.offset == 0 else 0)
    with os.fdopen(os.open(place, flags, 0o600), "wb") as stream:
        stream.seek(piece.offset)
        stream.write(piece.content)
        stream.truncate()
        stream.flush()
        os.fsync(stream.fileno())


def _stamp(place: Path) -> tuple[int, int]:
    status = place.stat()
    return status.st_size, status.st_mtime_ns
