"""One key's pace, shared by every worker that uses the key: who is told to wait, makes all wait."""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

SPACING_S = 0.25
"""Between two requests right after a pause, so that not all come back at once."""
SPACED = 20
"""So many requests after a pause are spaced."""


class Pace(Protocol):
    """When the next request of a key may go out, wherever that is kept."""

    def pause(self, seconds: float) -> None:
        """Let nobody send for so long: the provider said so."""
        ...

    def wait_s(self) -> float:
        """Seconds until a request may go out; nothing is taken."""
        ...

    def turn_s(self) -> float:
        """Take the next turn: seconds to wait before sending."""
        ...


class Limiter:
    """A pace that is kept in this process."""

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
    """A pace per key, for a whole process."""

    def __init__(self, make: Callable[[str], Pace] = lambda _: Limiter()) -> None:
        """Each key's pace is what `make` gives for it, once."""
        self._make = make
        self._lock = threading.Lock()
        self._of: dict[str, Pace] = {}

    def of(self, key: str) -> Pace:
        """The one pace of a key (any name that stands for it)."""
        with self._lock:
            if key not in self._of:
                self._of[key] = self._make(key)
            return self._of[key]


if TYPE_CHECKING:
    _proof: type[Pace] = Limiter
