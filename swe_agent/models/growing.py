"""What a history has in common with the one before it: it grows at its end, so who remembers the
last one pays for what is new and not for all that came before."""

import operator
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from swe_agent.core.messages import Message
from swe_agent.core.protocols import ToolSpec

Made = TypeVar("Made")


def common(before: Sequence[Message], now: Sequence[Message]) -> int:
    """How many first messages are the same.

    >>> from swe_agent.core.messages import Note
    >>> a, b, c = (Note(kind="task", text=text) for text in "abc")
    >>> common((a, b), (a, b, c)), common((a, b), (a, c)), common((), (a,))
    (2, 1, 0)
    """
    if now[: len(before)] == before:  # compared by identity first: microseconds
        return len(before)
    try:
        return list(map(operator.is_, before, now)).index(False)
    except ValueError:
        return min(len(before), len(now))


class PerThread(Generic[Made]):
    """One of a kind for each thread: attempts side by side may ask through one adapter, and what is
    remembered of one's history would be wrong for another's."""

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make, self._local = make, threading.local()

    @property
    def here(self) -> Made:
        """This thread's own."""
        if not hasattr(self._local, "made"):
            self._local.made = self._make()
        made: Made = self._local.made
        return made


@dataclass(slots=True)
class OfTools(Generic[Made]):
    """What was made of a request's tools last time: they are the same for a whole run."""

    _tools: tuple[ToolSpec, ...] | None = field(default=None, init=False)
    _way: Hashable = field(default=None, init=False)
    _made: Made | None = field(default=None, init=False)

    def get(self, tools: tuple[ToolSpec, ...], way: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` makes of these tools, this way."""
        if self._made is None or tools is not self._tools or way != self._way:
            self._tools, self._way, self._made = tools, way, make()
        return self._made
