"""Who opens and takes away the sandboxes of many runs: few at a time, and what somebody waits for
goes first. An engine starts no more containers a second when asked for many at once."""

import itertools
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from swe_agent.core.protocols import Sandbox

AT_ONCE = 2
"""Starts a processor: more at once are no faster, and all would be ready late."""
MOST_LEAVING = 2
"""Times as many may be on their way out as are opened at once; then no more are opened."""


_NUMBERS = itertools.count()


@dataclass(slots=True, eq=False)
class Wish:
    """That one be opened."""

    ahead: bool = False
    """Nobody waits for it yet: the others go first."""
    number: int = field(default_factory=lambda: next(_NUMBERS))


class Crew:
    """Shared by the runs of a process; safe to use from all their threads. To be closed."""

    def __init__(self, at_once: int | None = None) -> None:
        """Args: at_once: how many are opened at a time; None: as many as the processors take."""
        self._free = at_once or AT_ONCE * (os.cpu_count() or 1)
        self._leaving, self._most_leaving = 0, MOST_LEAVING * self._free
        self._changed = threading.Condition()
        self._queue: list[Wish] = []
        self._closers = ThreadPoolExecutor(max(1, self._free // 2), "close-sandbox")

    @contextmanager
    def turn(self, wish: Wish) -> Iterator[None]:
        """Wait for a turn to open one."""
        with self._changed:
            self._queue.append(wish)
            try:
                self._changed.wait_for(lambda: self._may_open(wish))
                self._free -= 1
            finally:  # an interrupted wait holds nobody up
                self._queue.remove(wish)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def hurry(self, wish: Wish) -> None:
        """Somebody waits for it now."""
        with self._changed:
            wish.ahead = False
            self._changed.notify_all()

    def take_away(self, sandbox: Sandbox) -> None:
        """Have it closed behind the caller's back."""
        with self._changed:
            self._leaving += 1
        self._closers.submit(self._close, sandbox)

    def close(self) -> None:
        """Wait until all that was handed over is gone."""
        self._closers.shutdown()

    def _close(self, sandbox: Sandbox) -> None:
        try:
            sandbox.close()
        finally:
            with self._changed:
                self._leaving -= 1
                self._changed.notify_all()

    def _may_open(self, wish: Wish) -> bool:
        has_room = self._free > 0 and self._leaving < self._most_leaving
        return has_room and self._first() is wish

    def _first(self) -> Wish:
        return min(self._queue, key=lambda wish: (wish.ahead, wish.number))
