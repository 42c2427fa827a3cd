"""A checkpoint that is saved while the model thinks."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from swe_agent.core.errors import SweAgentError


class Saver:
    """At most one thing is being saved at a time: wait before the next."""

    def __init__(self) -> None:
        self._behind = ThreadPoolExecutor(1, "checkpoint")
        self._planned: Callable[[], object] | None = None
        self._saving: Future[object] | None = None

    def plan(self, save: Callable[[], object]) -> None:
        """Have something to save once `begin` says that a request is on its way."""
        assert not self._saving, "what came before is waited for"
        self._planned = save

    def begin(self) -> None:
        """Save what is planned in the background, if there is anything."""
        save, self._planned = self._planned, None
        if save:
            self._saving = self._behind.submit(save)

    def fault(self) -> SweAgentError | None:
        """Wait for what is planned or being saved; why it could not be, told once."""
        self.begin()
        saving, self._saving = self._saving, None
        if not saving:
            return None
        try:
            saving.result()
        except SweAgentError as fault:
            return fault
        return None

    def close(self) -> None:
        """Wait for what is planned or being saved, whatever comes of it."""
        self.fault()
        self._behind.shutdown()
