"""What a call costs: the user's `prices.yaml`, else the offline list of `genai-prices`; nothing is
fetched."""

import difflib
import fnmatch
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from swe_agent.core.errors import UsageFault
from swe_agent.core.messages import Record, Usage
from swe_agent.core.protocols import Prompt
from swe_agent.models.bound import input_tokens_bound
from swe_agent.settings.content import config_home
from swe_agent.settings.strict_yaml import read_mapping

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice

PRICES_FILE = "prices.yaml"
MILLION = 1_000_000


class Rate(Record):
    """A row of the user's table: USD per million tokens."""

    input: float = Field(ge=0, allow_inf_nan=False)
    output: float = Field(ge=0, allow_inf_nan=False)
    cache_read: float | None = Field(None, ge=0, allow_inf_nan=False)
    """None: as input."""
    cache_write: float | None = Field(None, ge=0, allow_inf_nan=False)
    """None: as input."""

    def cost_usd(self, usage: Usage) -> float:
        """What the tokens cost."""
        read = self.input if self.cache_read is None else self.cache_read
        write = self.input if self.cache_write is None else self.cache_write
        cached = usage.cache_read_tokens * read + usage.cache_write_tokens * write
        fresh = usage.input_tokens * self.input + usage.output_tokens * self.output
        return (cached + fresh) / MILLION


@dataclass(frozen=True)
class PriceList:
    """Prices of one model."""

    provider: str
    """The vendor's name in the price list."""
    model: str
    base_url: str | None = None
    """Endpoint; known hosts have a list of their own."""

    def cost_usd(self, usage: Usage) -> float | None:
        """What the tokens cost; None where the model's price is not known.

        Raises:
            UsageFault: the user's table is not valid.
        """
        if rate := self._users_rate:
            return rate.cost_usd(usage)
        listed = _listed(self.provider, self.model, self.base_url)
        if isinstance(listed, Rate):
            return listed.cost_usd(usage)
        return None if listed is None else _price(listed, usage)

    def worst_case_usd(self, prompt: Prompt, input_tokens: int | None = None) -> float | None:
        """Upper bound of one call: all input written to the cache or none, the longest reply.

        Args:
            prompt: what is asked.
            input_tokens: upper bound of its tokens; None: reckoned here.
        """
        if input_tokens is None:
            input_tokens = input_tokens_bound(prompt)
        output = prompt.max_output_tokens
        plain = self.cost_usd(Usage(input_tokens=input_tokens, output_tokens=output))
        written = self.cost_usd(Usage(cache_write_tokens=input_tokens, output_tokens=output))
        return None if plain is None or written is None else max(plain, written)

    def cache_rates(self) -> tuple[float, float] | None:
        """What a token costs that is read from the cache, and one that is written to it, in units
        of fresh input; None where the price is not known or nothing is paid.

        Raises:
            UsageFault: the user's table is not valid.
        """
        fresh = self.cost_usd(Usage(input_tokens=1000))
        read = self.cost_usd(Usage(cache_read_tokens=1000))
        written = self.cost_usd(Usage(cache_write_tokens=1000))
        if not fresh or read is None or written is None:
            return None
        return read / fresh, max(written / fresh, 1.0)

    def window_tokens(self) -> int | None:
        """The model's context window; None where the list does not know it."""
        return _window(self.provider, self.model)

    @cached_property
    def _users_rate(self) -> Rate | None:
        """Looked up once: a step asks for prices three times."""
        path = config_home() / PRICES_FILE
        try:
            changed = path.stat().st_mtime_ns
        except OSError:
            return None
        table, name = _users_table(path, changed), f"{self.provider}/{self.model}"
        if name in table:
            return table[name]
        return next((rate for glob, rate in table.items() if fnmatch.fnmatchcase(name, glob)), None)


def meant(name: str) -> str:
    """ " Did you mean ...?" where a model that is not in the list is named nearly like one that is;
    empty where not.

    >>> meant("anthropic/claude-sonet-5")
    ' Did you mean anthropic/claude-sonnet-5?'
    """
    provider, _, model = name.partition("/")
    names = _names(provider.partition("-")[0])
    near = [] if model in names else difflib.get_close_matches(model, names, 1, cutoff=0.85)
    return f" Did you mean {provider}/{near[0]}?" if near else ""


@cache
def _names(provider: str) -> tuple[str, ...]:
    from genai_prices import data_snapshot

    listed = data_snapshot.get_snapshot().providers
    return tuple(model.id for one in listed if one.id == provider for model in one.models)


@cache
def _users_table(path: Path, changed_ns: int) -> dict[str, Rate]:
    table: dict[str, Rate] = {}
    for name, row in read_mapping(path).items():
        try:
            table[name] = Rate.model_validate(row)
        except ValidationError as fault:
            first = fault.errors()[0]
            place = ".".join((name, *map(str, first["loc"])))
            raise UsageFault(
                f"{path}: {place}: {first['msg']}.",
                "A row is PROVIDER/MODEL: {input, output, cache_read?, cache_write?}, in USD per "
                "million tokens.",
            ) from fault
    return table


@cache
def _listed(provider: str, model: str, base_url: str | None) -> "Rate | ModelPrice | None":
    """The list's price: a rate a token where it has one, since the list takes long to reckon."""
    found = _found(provider, model, base_url)
    if found is None or _has_tiers(found) or _price(found, Usage()):  # some take a fee a request
        return found
    usages = {
        "input": Usage(input_tokens=MILLION),
        "output": Usage(output_tokens=MILLION),
        "cache_read": Usage(cache_read_tokens=MILLION),
        "cache_write": Usage(cache_write_tokens=MILLION),
    }
    return Rate(**{name: _price(found, usage) for name, usage in usages.items()})


def _has_tiers(price: "ModelPrice") -> bool:
    """Whether a token's price depends on how many there are."""
    from genai_prices.types import TieredPrices

    return any(isinstance(value, TieredPrices) for value in vars(price).values())


def _found(provider: str, model: str, base_url: str | None) -> "ModelPrice | None":
    import genai_prices

    nothing = genai_prices.Usage()
    if base_url:
        try:
            priced = genai_prices.calc_price(nothing, model, provider_api_url=base_url)
        except LookupError:
            pass
        else:
            return priced.model_price
    try:
        return genai_prices.calc_price(nothing, model, provider_id=provider).model_price
    except LookupError:
        return None


@cache
def _window(provider: str, model: str) -> int | None:
    import genai_prices

    try:
        priced = genai_prices.calc_price(genai_prices.Usage(), model, provider_id=provider)
    except LookupError:
        return None
    return priced.model.context_window


def _price(listed: "ModelPrice", usage: Usage) -> float:
    import genai_prices

    cached = usage.cache_read_tokens + usage.cache_write_tokens
    total: Decimal = listed.calc_price(
        genai_prices.Usage(
            input_tokens=usage.input_tokens + cached,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            output_tokens=usage.output_tokens,
        )
    )["total_price"]
    return float(total)
