"""What many runs of one process share: the engine's client, environments, rounds of base."""

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar, cast

from swe_agent.core.protocols import Sandbox
from swe_agent.runtime.crew import Crew

if TYPE_CHECKING:
    from swe_agent.runtime.engine import Engine

Made = TypeVar("Made")
Examine = Callable[[str, str, Callable[[], AbstractContextManager[Sandbox]]], None]
"""Looks into an environment before anything is paid: its image, the base commit (or none), and
what opens a fresh sandbox of it. Raises where a run must not begin."""
KEPT = 256
"""So many things are remembered; those not used for longest go first."""


class Shared:
    """Things made once for many runs; safe to use from all their threads."""

    def __init__(
        self,
        engine: "Engine | None" = None,
        examine: Examine | None = None,
        crew: Crew | None = None,
        turns: threading.Semaphore | None = None,
    ) -> None:
        """
        Args:
            engine: the client that all sandboxes are made with; owned by whoever made it.
            examine: looks into each run's environment.
            crew: opens their sandboxes and takes them away; owned by whoever made it.
            turns: attempts that may work at once; None: all. What is before and after an attempt
                needs none, so the next run is ready when one ends.
        """
        self.engine, self.examine, self.crew, self.turns = engine, examine, crew, turns
        self._lock = threading.Lock()
        self._made: OrderedDict[Hashable, Any] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._begun = itertools.count()

    def is_first(self) -> bool:
        """Whether nobody asked this before."""
        return next(self._begun) == 0

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What was made for this key, made now if it was not; others who want it wait meanwhile.

        What `make` raises goes to its caller, and the next one tries again.
        """
        with self._lock:
            turn = self._making.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                if key in self._made:
                    self._made.move_to_end(key)
                    return cast("Made", self._made[key])
            made = make()
            with self._lock:
                self._made[key] = made
                while len(self._made) > KEPT:
                    old, _ = self._made.popitem(last=False)
                    self._making.pop(old, None)
        return made
