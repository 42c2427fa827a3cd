"""Which task is begun next: in their order, but the last stretch by length, so that no slot is idle
for long while one late, slow task ends.

How long a task takes is told by those of its repository that have ended.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

STRETCH = 10
"""So many tasks a slot are the last stretch."""
Item = TypeVar("Item")


class Durations:
    """What tasks took, by repository."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}
        self._all_s, self._count = 0.0, 0

    def saw(self, repository: str, took_s: float) -> None:
        """A task has ended."""
        self._sums[repository] = self._sums.get(repository, 0.0) + took_s
        self._counts[repository] = self._counts.get(repository, 0) + 1
        self._all_s += took_s
        self._count += 1

    def expected(self, repository: str) -> float:
        """Seconds that a task of the repository takes; the mean of all where nothing is known."""
        count = self._counts.get(repository, 0)
        if count:
            return self._sums[repository] / count
        return self._all_s / self._count if self._count else 0.0


def picked(
    ready: Sequence[Item], slots: int, known: Durations, repository: Callable[[Item], str]
) -> Item:
    """The one to begin, of those that may be begun (at least one, in their order).

    >>> known = Durations()
    >>> known.saw("slow", 100.0)
    >>> known.saw("fast", 1.0)
    >>> picked(["fast", "slow"], 4, known, str)
    'slow'
    >>> picked(["fast"] * 50 + ["slow"], 4, known, str)
    'fast'
    """
    if len(ready) > STRETCH * slots:
        return ready[0]
    return max(ready, key=lambda one: known.expected(repository(one)))
