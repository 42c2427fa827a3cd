"""Forcing a file to disk behind its writer's back."""

import os
import threading

SOON_S = 0.25
"""What nobody asked to be forced is forced this long after it was written, at the latest."""


class Forcing:
    """Forces what was written to one file; one writer at a time. To be closed before the file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._changed = threading.Condition()
        self._written = self._asked = self._forced = 0
        self._fault: OSError | None = None
        self._is_over = False
        self._thread: threading.Thread | None = None

    def wrote(self) -> None:
        """Something more was written. Wakes nobody: that takes longer than the writing."""
        self._written += 1

    def begin(self) -> None:
        """Have all that is written forced, and do not wait for it."""
        with self._changed:
            self._asked = self._written
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="force-log", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def wait(self) -> None:
        """Wait for what `begin` was asked for.

        Raises:
            OSError: it could not be forced; told once.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._forced >= self._asked or self._fault)
            fault, self._fault = self._fault, None
            if fault:
                self._asked = self._forced
                raise fault

    def now(self) -> None:
        """Force all that is written.

        Raises:
            OSError: it could not be forced.
        """
        self.wait()
        os.fdatasync(self._descriptor)
        self._forced = self._asked = self._written

    def close(self) -> None:
        """Let go; what was not forced stays so."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        if self._thread:
            self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._is_wanted, SOON_S)
                if self._is_over:
                    return
                written = self._written
            if written > self._forced and not self._fault:
                self._force(written)

    def _is_wanted(self) -> bool:
        return self._is_over or (self._asked > self._forced and not self._fault)

    def _force(self, written: int) -> None:
        fault = None
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            fault = error
        with self._changed:
            self._fault = fault
            self._forced = self._forced if fault else max(self._forced, written)
            self._changed.notify_all()
