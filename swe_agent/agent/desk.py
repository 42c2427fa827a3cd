"""One step's requests: each is held in the purse and written down before it is sent, settled and
written down after."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from swe_agent.agent.spending import TOTAL
from swe_agent.core.errors import LimitReached, ModelFault
from swe_agent.core.events import Event, LimitHit, ModelCalled, ModelFailed, ModelReplied
from swe_agent.core.messages import Turn, Usage
from swe_agent.core.protocols import RequestWatch, Reserve
from swe_agent.models.purse import Hold, Purse


class Desk:
    """Keeps the books of one reply; what is still held when it closes counts as spent."""

    def __init__(
        self,
        step: int,
        purse: Purse,
        append: Callable[[Event], None],
        listen: Callable[[str], None] | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Args: meanwhile: called once a request is on its way, and at its end at the latest."""
        self._step, self._purse, self._append, self._listen = step, purse, append, listen
        self._meanwhile, self._is_out = meanwhile, False
        self._hold: Hold | None = None
        self._model = ""
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._hold:
            self._settle(self._hold.reserve.usd, self._hold.reserve.tokens)

    def calling(self, model: str, reserve: Reserve) -> None:
        """Hold the reserve and write the call ahead.

        Raises:
            LimitReached: it does not fit into what is left; it is in the log, unless it is the
                first of the run and what all may spend is used up: such a run has not begun.
        """
        try:
            self._hold, self._model = self._purse.hold(reserve), model
        except LimitReached as limit:
            if self._step == 1 and limit.limit.startswith(TOTAL):
                raise
            hit = LimitHit(limit=limit.limit, value=limit.value, message=limit.message)
            self._append(hit)
            raise
        self._is_out = False
        self._append(
            ModelCalled(
                step=self._step,
                model=model,
                reserve_usd=reserve.usd,
                reserve_tokens=reserve.tokens,
            )
        )

    def sent(self) -> None:
        """Do what was kept for the wait."""
        if not self._is_out:
            self._is_out = True
            self._meanwhile()

    def failed(self, fault: ModelFault, wait_s: float | None) -> None:
        """Write down what a failed request counts as: nothing, what was counted, or its reserve."""
        if self._hold is None:
            return
        self.sent()
        reserve, usage = self._hold.reserve, Usage()
        if fault.usage is not None:
            usage = fault.usage
        elif fault.may_be_billed:
            usage = Usage(cost_usd=reserve.usd, estimated=True)
        tokens = 0
        if reserve.tokens and fault.may_be_billed:
            tokens = fault.usage.tokens if fault.usage else reserve.tokens
        self._append(
            ModelFailed(
                step=self._step,
                model=self._model,
                message=fault.message,
                usage=usage,
                tokens=tokens,
                wait_s=wait_s,
            )
        )
        self._settle(usage.cost_usd, tokens)

    def said(self, text: str) -> None:
        """Pass a piece of the text on, for the eye alone."""
        if self._listen:
            self._listen(text)

    def replied(self, turn: Turn) -> None:
        """Write the whole reply down, and settle what it cost."""
        duration_s = round(time.monotonic() - self._began, 4)
        if self._hold is None:  # a model without a client around it
            self.calling(turn.model, Reserve(turn.usage.cost_usd))
        self.sent()
        self._append(ModelReplied(step=self._step, turn=turn, duration_s=duration_s))
        assert self._hold is not None, "held above"
        self._settle(turn.usage.cost_usd, turn.usage.tokens if self._hold.reserve.tokens else 0)

    def _settle(self, usd: float, tokens: int) -> None:
        if self._hold:
            hold, self._hold = self._hold, None
            self._purse.settle(hold, usd, tokens)


if TYPE_CHECKING:
    _proof: type[RequestWatch] = Desk
