"""Asking again: a transient fault of a provider is waited out, visibly, within a budget of time."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from swe_agent.core.errors import ModelFault, TransientModelFault
from swe_agent.core.messages import Turn
from swe_agent.core.protocols import Model, Prompt

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
MOST_ATTEMPTS = 50
"""A stop beside the budget of time, which ends it long before."""


@dataclass(frozen=True, slots=True)
class Retrying:
    """A model that waits transient faults out."""

    model: Model
    budget_s: float
    """Seconds after the first fault within which the reply is asked for again."""
    wait: Callable[[float], None] = time.sleep
    """Waits so many seconds; may raise to interrupt."""
    say: Callable[[str], None] = lambda _: None
    """Told of every wait before it begins."""
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    """A number in [0, 1)."""

    @property
    def name(self) -> str:
        return self.model.name

    def complete(self, prompt: Prompt) -> Turn:
        """One whole reply, asked for again after transient faults.

        Raises:
            ContextExceeded: the prompt does not fit.
            ModelFault: it will not work, or not within the budget (it says when to resume).
        """
        deadline: float | None = None
        for attempt in range(1, MOST_ATTEMPTS + 1):
            try:
                return self.model.complete(prompt)
            except TransientModelFault as fault:
                now = self.clock()
                deadline = now + self.budget_s if deadline is None else deadline
                wait_s = self._wait_s(attempt, fault.retry_after_s)
                if now + wait_s > deadline or attempt == MOST_ATTEMPTS:
                    raise self._gave_up(fault, attempt, wait_s) from fault
                self.say(f"{fault.message}; asking again in {wait_s:.1f} s (attempt {attempt + 1})")
                self.wait(wait_s)
        raise AssertionError("the last attempt returns or raises")

    def worst_case_usd(self, prompt: Prompt) -> float | None:
        return self.model.worst_case_usd(prompt)

    def warm_up(self) -> None:
        self.model.warm_up()

    def _wait_s(self, attempt: int, asked_s: float | None) -> float:
        backoff_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (attempt - 1))
        if asked_s:
            # Never earlier than asked; a little later, so that many runs do not come back at once.
            return asked_s + min(backoff_s, 1.0) * self.jitter() * 0.5
        return backoff_s * (0.5 + 0.5 * self.jitter())

    def _gave_up(self, fault: TransientModelFault, attempt: int, wait_s: float) -> ModelFault:
        tries = "1 attempt" if attempt == 1 else f"{attempt} attempts"
        return ModelFault(
            f"{fault.message} (no reply within the retry budget of {self.budget_s:g} s, {tries})",
            f"Resume the run in {max(1, round(wait_s))} s or later: swe-agent resume RUN.",
        )


if TYPE_CHECKING:

    def _proof(model: Model) -> Model:
        return Retrying(model, 0.0)
