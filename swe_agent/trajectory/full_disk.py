"""A full disk: what is to be written waits for room, aloud and not for ever; nothing is lost."""

import errno
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import TypeVar

from swe_agent.core.errors import EnvironmentFault

Done = TypeVar("Done")
PAUSE_S = 2.0
_FULL = (errno.ENOSPC, errno.EDQUOT)
_SPARE_BYTES = 8_192


class DiskPatience:
    """How the writers of one run wait for room; waits for nothing until it is begun."""

    def __init__(self, say: Callable[[str], None] = lambda _: None) -> None:
        """Args: say: told when the waiting begins and when it is over."""
        self._say = say
        self._limit_s = 0.0
        self._given_up = Event()

    def begin(self, limit_s: float) -> None:
        """From now on wait for up to so many seconds."""
        self._limit_s = limit_s

    def give_up(self) -> None:
        """Whoever waits, in any thread, stops waiting; nobody waits any more."""
        self._given_up.set()

    def through(self, path: Path, write: Callable[[], Done]) -> Done:
        """What `write` gives, as soon as there is room for it.

        Args:
            path: where it writes, for people.
            write: leaves nothing behind where it fails; asked again while the disk is full.

        Raises:
            OSError: the disk stayed full, or it is something else.
        """
        waited = 0.0
        while True:
            try:
                done = write()
            except OSError as error:
                if error.errno not in _FULL or waited >= self._limit_s or self._given_up.is_set():
                    raise
                if not waited:
                    self._say(
                        f"No space is left for {path}; waiting up to {self._limit_s:g} s for room, "
                        "nothing is spent. What was written before is safe."
                    )
                self._given_up.wait(PAUSE_S)
                waited += PAUSE_S
            else:
                if waited:
                    self._say("There is room again.")
                return done

    def write_whole(self, path: Path, content: bytes) -> None:
        """Make or replace a file of its owner's alone: it is there whole, or as it was before.

        Raises:
            EnvironmentFault: it cannot be written.
        """
        self.write_parts(path, lambda: (content,))

    def write_parts(self, path: Path, parts: Callable[[], Iterable[bytes]]) -> None:
        """The same for what is made part by part, and anew for each try.

        Raises:
            EnvironmentFault: it cannot be written.
        """
        draft = path.with_name(f".{path.name}.part")

        def write() -> None:
            try:
                descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.writelines(parts())
                draft.replace(path)
            except OSError:
                with suppress(OSError):
                    draft.unlink()
                raise

        try:
            self.through(path, write)
        except OSError as error:
            raise EnvironmentFault(
                f"{path} cannot be written: {error.strerror}.",
                "Make room on the disk.",
            ) from error


def require_room(folder: Path, size_bytes: int) -> None:
    """
    Raises:
        OSError: the disk has no room for so much, as far as it says.
    """
    left = os.statvfs(folder)
    if left.f_bavail * left.f_frsize < size_bytes + _SPARE_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
