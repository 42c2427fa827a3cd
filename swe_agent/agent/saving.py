"""A checkpoint that is saved while the model thinks."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from swe_agent.core.errors import SweAgentError

HEAD_START_S = 0.005
"""What the request gets to be sent in, since both want the interpreter at the same time."""


class Saver:
    """At most one thing is being saved at a time: wait before the next."""

    def __init__(self) -> None:
        self._behind = ThreadPoolExecutor(1, "checkpoint")
        self._planned: Callable[[], object] | None = None
        self._saving: Future[None] | None = None
        self._awaited = threading.Event()

    def plan(self, save: Callable[[], object]) -> None:
        """Have something to save once `begin` says that a request goes out."""
        assert not self._saving, "what came before is waited for"
        self._planned = save

    def begin(self) -> None:
        """Save what is planned in the background, if there is anything."""
        save, self._planned = self._planned, None
        if save:
            self._saving = self._behind.submit(self._save, save)

    def fault(self) -> SweAgentError | None:
        """Wait for what is planned or being saved; why it could not be, told once."""
        self.begin()
        saving, self._saving = self._saving, None
        if not saving:
            return None
        self._awaited.set()
        try:
            saving.result()
        except SweAgentError as fault:
            return fault
        finally:
            self._awaited.clear()
        return None

    def close(self) -> None:
        """Wait for what is planned or being saved, whatever comes of it."""
        self.fault()
        self._behind.shutdown()

    def _save(self, save: Callable[[], object]) -> None:
        self._awaited.wait(HEAD_START_S)
        save()
