"""Workers as threads of this process: they share the engine's client, images, set-ups and purse."""

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from swe_agent.jobs.batch_rows import Done
from swe_agent.jobs.executors.executor import Executor, Job


class Threads:
    """A thread a slot; each takes the next job when it is free."""

    def __init__(self, slots: int, work: Callable[[Job], Done]) -> None:
        """
        Args:
            slots: at least 1.
            work: does one job; does not raise.
        """
        self.slots = slots
        self._work = work
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Done] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._under_way = 0

    def start(self, job: Job) -> None:
        """Begin a job; a thread is made only when all are busy."""
        self._under_way += 1
        if self._under_way > len(self._threads):
            # A daemon: what it does is written ahead, so the process may end under it.
            thread = threading.Thread(
                target=self._serve, name=f"worker-{len(self._threads) + 1}", daemon=True
            )
            self._threads.append(thread)
            thread.start()
        self._jobs.put(job)

    def next_done(self, timeout_s: float) -> Done | None:
        """One that has come back; None at the time-out."""
        try:
            done = self._done.get(timeout=timeout_s)
        except queue.Empty:
            return None
        self._under_way -= 1
        return done

    def close(self) -> None:
        """Let idle threads end."""
        for _ in self._threads:
            self._jobs.put(None)

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._done.put(self._work(job))


if TYPE_CHECKING:
    _: type[Executor] = Threads
