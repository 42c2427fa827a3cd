"""Sandboxes of one environment, the next one opened while the present one works."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import Self

from swe_agent.core.errors import SandboxLost
from swe_agent.core.events import Checkpoint
from swe_agent.core.protocols import Sandbox
from swe_agent.runtime.crew import Crew, Wish


class Supply:
    """Gives out sandboxes, one at a time ahead; they are taken away behind the run's back.

    To be closed: what was opened and not asked for goes then.
    """

    def __init__(
        self,
        make: Callable[[Checkpoint], Sandbox],
        tree: str,
        ahead: int = 0,
        crew: Crew | None = None,
    ) -> None:
        """
        Args:
            make: opens one with a checkpoint's tree and shell state; never called twice at once
                by this supply's own thread.
            tree: what those ahead are opened with.
            ahead: how many will be asked for, as far as is known.
            crew: opens and takes away those of other runs too, and may do so after this is closed.
                None: one of its own.
        """
        self._make, self._tree, self._left = make, tree, ahead
        self._opener = ThreadPoolExecutor(1, "open-sandbox")
        self._crew = crew or Crew()
        self._own_crew = None if crew else self._crew
        self._next: Future[Sandbox] | None = None
        self._wish = Wish()
        """That of the next one."""
        self._look_ahead()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def open(self, checkpoint: Checkpoint) -> Sandbox:
        """A sandbox with the tree and the shell state of a checkpoint; the caller closes it.

        Raises:
            EnvironmentFault: it cannot be made.
            EngineAway: the engine does not answer.
        """
        coming, self._next = self._next, None
        if coming is None:
            self._left -= 1
            sandbox = self._made(checkpoint, Wish())
            self._look_ahead()
            return sandbox
        self._crew.hurry(self._wish)
        sandbox = coming.result()
        self._look_ahead()
        try:
            sandbox.restore(checkpoint)  # which also finds out whether it is still there
        except SandboxLost:
            self.take_back(sandbox)
            return self._made(checkpoint, Wish())
        return sandbox

    def peek(self) -> AbstractContextManager[Sandbox]:
        """The sandbox that is given out next, to look into it; it has to stay as fresh as it is.

        Raises:
            EnvironmentFault: it cannot be made.
            EngineAway: the engine does not answer.
        """
        if self._next is None:
            self._left = max(self._left, 1)
            self._look_ahead()
        assert self._next is not None, "one is opened ahead"
        self._crew.hurry(self._wish)
        try:
            return nullcontext(self._next.result())
        except Exception:  # whatever it was, it is told; the next one is opened anew
            self._next, self._left = None, self._left + 1
            raise

    def hurry(self) -> None:
        """Somebody is about to ask for one: what others only have opened ahead comes after it."""
        if self._next:
            self._crew.hurry(self._wish)

    def expect(self, count: int) -> None:
        """So many will be asked for from now on, as far as is known."""
        self._left = count - (self._next is not None)

    def fresh(self, tree: str) -> AbstractContextManager[Sandbox]:
        """A sandbox with a tree, opened now and taken away at the end of the block."""
        return self._lent(self.open(Checkpoint(tree=tree)))

    def take_back(self, sandbox: Sandbox) -> None:
        """Have one that was opened here taken away behind the caller's back."""
        self._crew.take_away(sandbox)

    def close(self) -> None:
        """Take away what is left, and wait until all that was given back is gone, unless the crew
        is shared."""
        coming, self._next, self._left = self._next, None, 0
        if coming is not None and not coming.cancel() and coming.exception() is None:
            self.take_back(coming.result())
        self._opener.shutdown()
        if self._own_crew:
            self._own_crew.close()

    @contextmanager
    def _lent(self, sandbox: Sandbox) -> Iterator[Sandbox]:
        try:
            yield sandbox
        finally:
            self.take_back(sandbox)

    def _look_ahead(self) -> None:
        if self._left > 0:
            self._left -= 1
            self._wish = Wish(ahead=True)
            self._next = self._opener.submit(self._made, Checkpoint(tree=self._tree), self._wish)

    def _made(self, checkpoint: Checkpoint, wish: Wish) -> Sandbox:
        with self._crew.turn(wish):
            return self._make(checkpoint)
