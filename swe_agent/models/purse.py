"""What may still be spent: each request's worst case is held before it is sent, and settled after.

One purse serves all that spends the same money, from any thread: parallel attempts, judges and
sub-agents of a run. It may draw on a larger one: each run of a batch has a purse of its own with
the batch's as `outer`, so that neither cap is passed.
"""

import threading
from dataclasses import dataclass

from swe_agent.core.errors import LimitReached
from swe_agent.core.protocols import Reserve

SLACK_USD = 1e-9
"""Sums of floats are not exact."""


@dataclass(frozen=True, slots=True)
class Caps:
    """What may be used up in all."""

    usd: float
    tokens: int
    """Of models whose price is unknown."""
    name: str = ""
    """What stands before `cost` and `tokens` in the name of the limit, such as `total_`."""


@dataclass(slots=True, eq=False)
class Hold:
    """A reserve that is held; settle it exactly once."""

    reserve: Reserve
    outer: "Hold | None" = None


class Purse:
    """Money and unpriced tokens up to a cap; what is held counts as spent."""

    def __init__(
        self, caps: Caps, usd: float = 0.0, tokens: int = 0, outer: "Purse | None" = None
    ) -> None:
        """A purse of which `usd` and `tokens` are spent already, say by the run before a resume.

        Args:
            caps: what may be used up.
            usd: spent so far.
            tokens: used so far by models without a price.
            outer: the larger purse that this one draws on, such as a batch's.
        """
        self.caps, self._outer = caps, outer
        self._usd, self._tokens = usd, tokens
        self._holds: set[Hold] = set()
        self._changed = threading.Condition()

    def hold(self, reserve: Reserve, name: str = "the next call") -> Hold:
        """Take the worst case out; waits while only what others hold stands in the way.

        Raises:
            LimitReached: `cost` or `tokens`, after the caps' name: it does not fit into what is
                left, here or in the larger purse.
        """
        outer = self._outer.hold(reserve, name) if self._outer else None
        hold = Hold(reserve, outer)
        try:
            with self._changed:
                while not self._fits(reserve):
                    if not self._holds or not self._could_fit(reserve):
                        raise self._reached(reserve, name)
                    self._changed.wait()
                self._holds.add(hold)
        except BaseException:
            if self._outer and outer:
                self._outer.settle(outer, 0.0, 0)
            raise
        return hold

    def settle(self, hold: Hold, usd: float, tokens: int) -> None:
        """Put back what was held and take out what was spent; a second time does nothing."""
        with self._changed:
            if hold not in self._holds:
                return
            self._holds.discard(hold)
            self._usd += usd
            self._tokens += tokens
            self._changed.notify_all()
        if self._outer and hold.outer:
            self._outer.settle(hold.outer, usd, tokens)

    @property
    def spent_usd(self) -> float:
        """What is gone for good; holds are not in it."""
        return self._usd

    @property
    def spent_tokens(self) -> int:
        """Tokens without a price that are gone for good."""
        return self._tokens

    @property
    def left_usd(self) -> float:
        """What can still be held."""
        with self._changed:
            own = self.caps.usd - self._usd - sum(h.reserve.usd for h in self._holds)
        return max(0.0, min(own, self._outer.left_usd) if self._outer else own)

    def _fits(self, reserve: Reserve) -> bool:
        held_usd = sum(hold.reserve.usd for hold in self._holds)
        held_tokens = sum(hold.reserve.tokens for hold in self._holds)
        usd = self._usd + held_usd + reserve.usd
        tokens = self._tokens + held_tokens + reserve.tokens
        return self._within(usd, tokens, reserve)

    def _could_fit(self, reserve: Reserve) -> bool:
        return self._within(self._usd + reserve.usd, self._tokens + reserve.tokens, reserve)

    def _within(self, usd: float, tokens: int, reserve: Reserve) -> bool:
        # What costs nothing always fits, also after a price was passed.
        money = not reserve.usd or usd <= self.caps.usd + SLACK_USD
        return money and (not reserve.tokens or tokens <= self.caps.tokens)

    def _reached(self, reserve: Reserve, name: str) -> LimitReached:
        if reserve.tokens and self._tokens + reserve.tokens > self.caps.tokens:
            most = self.caps.tokens
            text = f"{self._tokens} tokens of a model without a known price are used and {name}"
            text = f"{text} may take {reserve.tokens}: over {most}"
            return LimitReached(f"{self.caps.name}tokens", text, value=most)
        most_usd = self.caps.usd
        text = f"${self._usd:.4f} are spent and {name} may cost ${reserve.usd:.4f}"
        return LimitReached(f"{self.caps.name}cost", f"{text}: over ${most_usd:g}", value=most_usd)
