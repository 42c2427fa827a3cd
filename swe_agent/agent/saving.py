"""A checkpoint that is saved while the model thinks."""

import threading
from collections.abc import Callable

from swe_agent.core.errors import SweAgentError


class Saver:
    """At most one thing is being saved at a time: wait before the next."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._fault: SweAgentError | None = None

    def begin(self, save: Callable[[], object]) -> None:
        """Save in the background."""
        assert self._thread is None, "what was begun before is waited for"

        def work() -> None:
            try:
                save()
            except SweAgentError as fault:
                self._fault = fault

        self._thread = threading.Thread(target=work, name="checkpoint", daemon=True)
        self._thread.start()

    def fault(self) -> SweAgentError | None:
        """Wait for what is being saved; why it could not be, told once."""
        if self._thread:
            self._thread.join()
            self._thread = None
        fault, self._fault = self._fault, None
        return fault
