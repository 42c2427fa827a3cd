"""One key's pace, shared by every worker that uses the key: who is told to wait, makes all wait."""

import threading
import time
from collections.abc import Callable

SPACING_S = 0.25
"""Between two requests right after a pause, so that not all come back at once."""
SPACED = 20
"""So many requests after a pause are spaced."""


class Limiter:
    """When the next request of a key may go out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at = 0.0
        self._spaced = 0

    def pause(self, seconds: float) -> None:
        """Let nobody send for so long: the provider said so."""
        with self._lock:
            self._free_at = max(self._free_at, self._clock() + seconds)
            self._spaced = SPACED

    def wait_s(self) -> float:
        """Seconds until a request may go out; nothing is taken."""
        with self._lock:
            return max(0.0, self._free_at - self._clock())

    def turn_s(self) -> float:
        """Take the next turn: seconds to wait before sending."""
        with self._lock:
            now = self._clock()
            wait_s = max(0.0, self._free_at - now)
            if self._spaced:
                self._spaced -= 1
                self._free_at = max(self._free_at, now) + SPACING_S
            return wait_s


class Limiters:
    """A limiter per key, for a whole process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[str, Limiter] = {}

    def of(self, key: str) -> Limiter:
        """The one limiter of a key (any name that stands for it)."""
        with self._lock:
            return self._of.setdefault(key, Limiter())
