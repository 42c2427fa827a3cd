"""The money of a run, as a fold over its events."""

from dataclasses import dataclass, field

from swe_agent.core.events import Event, ModelCalled, ModelFailed, ModelReplied, SummaryWritten
from swe_agent.core.messages import Usage


@dataclass(slots=True)
class Money:
    """What is gone and what is held. Only `apply` changes it."""

    usage: Usage = field(default_factory=Usage)
    """Of the replies that came."""
    unpriced_tokens: int = 0
    """Tokens used by models without a known price."""
    _lost_usd: float = 0.0
    """Reserves of calls that were never answered, for others were made since."""
    _reserved_usd: float | None = None
    """Reserve of the model call that has no reply yet."""
    _reserved_tokens: int = 0
    """The same in tokens, where the price is unknown."""

    @property
    def gone_usd(self) -> float:
        """Money that is gone, without what is held for a call that may still be answered."""
        return self.usage.cost_usd + self._lost_usd

    @property
    def spent_usd(self) -> float:
        """Money that is gone, the reserves of calls without reply included."""
        return self.gone_usd + (self._reserved_usd or 0.0)

    @property
    def spent_tokens(self) -> int:
        """Tokens without a price that are gone, the reserve of a call without reply included."""
        return self.unpriced_tokens + self._reserved_tokens

    def apply(self, event: Event) -> None:
        """Take one event in, if it is of a request."""
        match event:
            case ModelCalled():
                self._lose_reserve()
                self._reserved_usd, self._reserved_tokens = event.reserve_usd, event.reserve_tokens
            case ModelFailed():
                self._settle(event.usage, event.tokens)
            case ModelReplied() | SummaryWritten():
                usage = event.turn.usage
                self._settle(usage, usage.tokens if self._reserved_tokens else 0)
            case _:
                pass

    def end(self, usage: Usage) -> None:
        """Take over the run's own count at its end; a call without a reply gets none any more."""
        self._lose_reserve()
        self._settle(Usage(), 0)
        self.usage = usage

    def _settle(self, usage: Usage, unpriced_tokens: int) -> None:
        self.usage += usage
        self.unpriced_tokens += unpriced_tokens
        self._reserved_usd, self._reserved_tokens = None, 0

    def _lose_reserve(self) -> None:
        """A call that was never answered counts as spent: the provider may have billed it."""
        self._lost_usd += self._reserved_usd or 0.0
        self.unpriced_tokens += self._reserved_tokens
