"""Asking: a transient fault is waited out aloud, keys and models take each other's place, and each
request is announced with what it may cost before it is sent."""

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from swe_agent.core.errors import (
    AccessRefused,
    ContextExceeded,
    ModelFault,
    ModelParked,
    TransientModelFault,
)
from swe_agent.core.messages import Turn
from swe_agent.core.protocols import Model, Prompt, Reserve
from swe_agent.models.bound import InputBound
from swe_agent.models.faults import LATER
from swe_agent.models.growing import PerThread
from swe_agent.models.limiter import Limiter, Pace
from swe_agent.models.prices import meant

FIRST_WAIT_S = 1.0
LONGEST_BACKOFF_S = 60.0
MOST_ATTEMPTS = 50
"""A stop beside the budget of time, which ends it long before."""
MOST_BROKEN = 4
"""Replies in a row that are not whole: each may be billed, so time is not the only bound."""


@dataclass(slots=True)
class Line:
    """One way to a model: an adapter with one key."""

    model: Model
    limiter: Pace = field(default_factory=Limiter)
    refused: bool = False
    """Whether its key does not work; it is not used again."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one reply is tried for."""

    budget_s: float
    """Seconds after the first fault within which it is asked for again."""
    longest_wait_s: float = 300.0
    """A provider that asks for a longer wait parks the run."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How a client waits: replaced in tests."""

    wait: Callable[[float], None] = time.sleep
    """Waits so many seconds; may raise to interrupt."""
    say: Callable[[str], None] = lambda _: None
    """Told of every wait before it begins."""
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    """A number in [0, 1)."""


@dataclass(slots=True)
class Client:
    """A model that waits transient faults out and goes on with the next where one fails."""

    minds: tuple[tuple[Line, ...], ...]
    """Models in order of preference; each with a line per key."""
    patience: Patience
    waiting: Waiting = Waiting()
    _place: int = field(default=0, init=False)
    _said: set[str] = field(default_factory=set, init=False)
    _bounds: PerThread[dict[str, InputBound]] = field(
        default_factory=lambda: PerThread(dict), init=False
    )

    @property
    def name(self) -> str:
        return self.minds[self._place][0].model.name

    def complete(self, prompt: Prompt) -> Turn:
        """One whole reply, asked for again after transient faults, then of the next model.

        Raises:
            LimitReached: `prompt.watch` says that a request cannot be afforded.
            ContextExceeded: the prompt does not fit.
            ModelParked: not within the budget (it says when to resume).
            ModelFault: it will not work.
        """
        while True:
            place = self._place
            try:
                return self._ask(self.minds[place], prompt)
            except ContextExceeded:
                raise
            except ModelFault as fault:
                if place + 1 == len(self.minds):
                    raise
                self._place = max(self._place, place + 1)
                self.waiting.say(f"{fault.message}; going on with {self.name}")

    def worst_case_usd(self, prompt: Prompt) -> float | None:
        return self.minds[self._place][0].model.worst_case_usd(prompt)

    def warm_up(self) -> None:
        """Warm up the model that is asked first; its other keys share what was imported."""
        self.minds[self._place][0].model.warm_up()

    def _ask(self, mind: tuple[Line, ...], prompt: Prompt) -> Turn:
        deadline: float | None = None
        broken = 0
        for attempt in range(1, MOST_ATTEMPTS + 1):
            line = _freest(mind)
            self._wait_for(line)
            try:
                return self._request(line, prompt)
            except AccessRefused as fault:
                line.refused = True
                _tell(prompt, fault, None)
                if all(one.refused for one in mind):
                    raise
                self.waiting.say(f"{fault.message}; going on with another key")
            except TransientModelFault as fault:
                now = self.waiting.clock()
                deadline = now + self.patience.budget_s if deadline is None else deadline
                broken = broken + 1 if fault.may_be_billed else 0
                wait_s = self._pause(mind, line, attempt, fault)
                is_over = now + wait_s > deadline or wait_s > self.patience.longest_wait_s
                if is_over or attempt == MOST_ATTEMPTS or broken == MOST_BROKEN:
                    _tell(prompt, fault, None)
                    raise self._gave_up(fault, attempt, wait_s) from fault
                _tell(prompt, fault, wait_s)
                again = f"asking again in {wait_s:.1f} s (attempt {attempt + 1})"
                self.waiting.say(f"{fault.message}; {again}")
                self.waiting.wait(wait_s)
            except ModelFault as fault:
                _tell(prompt, fault, None)
                raise
        raise AssertionError("the last attempt returns or raises")

    def _request(self, line: Line, prompt: Prompt) -> Turn:
        if prompt.watch:
            prompt.watch.calling(line.model.name, self._reserve(line.model, prompt))
        return line.model.complete(prompt)

    def _reserve(self, model: Model, prompt: Prompt) -> Reserve:
        usd = model.worst_case_usd(prompt)
        if usd is not None:
            return Reserve(usd)
        if model.name not in self._said:
            self._said.add(model.name)
            self.waiting.say(
                f"The price of {model.name} is not known: --max-cost cannot hold, so "
                "limits.max_unpriced_tokens does; a row in prices.yaml gives it a price."
                f"{meant(model.name)}"
            )
        bound = self._bounds.here.setdefault(model.name, InputBound(model.name))
        return Reserve(0.0, bound.tokens(prompt) + prompt.max_output_tokens)

    def _wait_for(self, line: Line) -> None:
        wait_s = line.limiter.turn_s()
        if wait_s > self.patience.longest_wait_s:
            raise ModelParked(
                f"{line.model.name}: its key has to wait {_lasting(wait_s)} more",
                _later(wait_s),
                wait_s,
            )
        if wait_s > 0:
            if wait_s >= 1:
                self.waiting.say(f"{line.model.name}: its key waits {wait_s:.1f} s")
            self.waiting.wait(wait_s)

    def _pause(
        self, mind: tuple[Line, ...], line: Line, attempt: int, fault: TransientModelFault
    ) -> float:
        """Seconds to wait; a wait that the provider asked for holds for everybody with this key."""
        wait_s = self._wait_s(attempt, fault.retry_after_s)
        if fault.retry_after_s:
            line.limiter.pause(fault.retry_after_s)
            others = [one for one in mind if one is not line and not one.refused]
            if others:
                return min(wait_s, *(one.limiter.wait_s() for one in others))
        return wait_s

    def _wait_s(self, attempt: int, asked_s: float | None) -> float:
        backoff_s = min(LONGEST_BACKOFF_S, FIRST_WAIT_S * 2.0 ** (attempt - 1))
        if asked_s:
            # Never earlier than asked; a little later, so that many runs do not come back at once.
            return asked_s + min(backoff_s, 1.0) * self.waiting.jitter() * 0.5
        return backoff_s * (0.5 + 0.5 * self.waiting.jitter())

    def _gave_up(self, fault: TransientModelFault, attempt: int, wait_s: float) -> ModelFault:
        tries = "1 attempt" if attempt == 1 else f"{attempt} attempts"
        why = f"no reply within the retry budget of {self.patience.budget_s:g} s, {tries}"
        if wait_s > self.patience.longest_wait_s:
            longest = f"models.longest_wait_s of {self.patience.longest_wait_s:g} s"
            why = f"it asks to wait {_lasting(wait_s)}, over {longest}"
        step = _later(wait_s) if fault.next_step in ("", LATER) else fault.next_step
        return ModelParked(f"{fault.message} ({why})", step, wait_s)


def _freest(mind: tuple[Line, ...]) -> Line:
    """The line whose key may send soonest; the first of equals."""
    return min((one for one in mind if not one.refused), key=lambda one: one.limiter.wait_s())


def _tell(prompt: Prompt, fault: ModelFault, wait_s: float | None) -> None:
    if prompt.watch:
        prompt.watch.failed(fault, wait_s)


def _later(wait_s: float) -> str:
    return f"Resume the run in {_lasting(wait_s)} or later."


def _lasting(seconds: float) -> str:
    if seconds < 120:
        return f"{max(1, math.ceil(seconds))} s"
    if seconds < 7200:
        return f"{math.ceil(seconds / 60)} min"
    return f"{math.ceil(seconds / 3600)} h"


if TYPE_CHECKING:
    _proof: Model = Client((), Patience(0.0))
