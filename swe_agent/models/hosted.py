"""What every adapter of a hosted model works with: counts and prices, what its endpoint was found
to take, what is kept from one request to the next."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from swe_agent.core.errors import ModelFault
from swe_agent.core.messages import ToolCall, Turn
from swe_agent.core.protocols import Prompt
from swe_agent.models.calls import RawCall, tool_calls
from swe_agent.models.endpoint import Endpoint
from swe_agent.models.growing import PerThread
from swe_agent.models.kept import Kept
from swe_agent.models.learned import MOST_CHANGES, Learned
from swe_agent.models.meter import Meter
from swe_agent.models.prices import PriceList
from swe_agent.models.strict import without_nulls

Request = TypeVar("Request")


@dataclass(frozen=True, slots=True)
class Way:
    """Which API of which vendor a model is spoken to by."""

    name: str
    """`provider/name`, as the user gave it."""
    vendor: str
    model: str
    endpoint: Endpoint
    api: str = ""
    """Where a vendor has several that differ in what they take."""


@dataclass(slots=True)
class Hosted:
    """Of one model at one endpoint."""

    way: Way
    meter: Meter = field(init=False, repr=False)
    learned: Learned = field(init=False, repr=False)
    _kept: PerThread[Kept] = field(default_factory=lambda: PerThread(Kept), init=False, repr=False)

    def __post_init__(self) -> None:
        way, url = self.way, self.way.endpoint.base_url
        self.meter = Meter(way.name, PriceList(way.vendor, way.model, url))
        self.learned = Learned(f"{url or way.vendor} {way.api}".strip(), way.model)

    @property
    def kept(self) -> Kept:
        """What this thread's conversation left."""
        return self._kept.here

    def takes(self, name: str) -> bool:
        """Whether the endpoint takes an optional field, as far as is known."""
        return self.learned.takes(name)

    def adapted(
        self,
        make: Callable[[], Request],
        ask: Callable[[Request], Turn],
        learn: Callable[[Request, str], bool],
    ) -> Turn:
        """What the endpoint replies to a request; made and sent again while a refusal teaches
        something (`learn` says whether it did).

        Raises:
            ModelFault: nothing more is to be learned of it.
        """
        for _ in range(MOST_CHANGES):
            request = make()
            try:
                return ask(request)
            except ModelFault as fault:
                if fault.may_be_billed or not learn(request, fault.message):
                    raise
        return ask(make())

    def most_output(self, prompt: Prompt) -> int:
        """The longest reply to ask for."""
        known = self.learned.abilities.most_output_tokens
        return min(known or prompt.max_output_tokens, prompt.max_output_tokens)

    def cache_key(self, prompt: Prompt) -> str:
        """What all requests of one conversation share: a vendor that spreads its load by it finds
        the cache again."""
        first = prompt.whole[0].text if prompt.whole else ""
        return hashlib.sha256(f"{prompt.system}\n{first}".encode()).hexdigest()[:32]

    def calls(self, prompt: Prompt, raw: Sequence[RawCall]) -> tuple[ToolCall, ...]:
        """The calls of a reply, without the nulls that strict tools put in for what is left out.

        Raises:
            ValueError: one is not whole.
        """
        specs = {spec.name: spec for spec in prompt.tools}
        return tuple(
            call.model_copy(
                update={"arguments": without_nulls(call.arguments, specs.get(call.name))}
            )
            for call in tool_calls(raw, self.kept.said.after(prompt.whole))
        )
