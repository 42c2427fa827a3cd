"""What a call costs, from the offline price list of `genai-prices`; nothing is fetched."""

import json
import math
from dataclasses import dataclass
from decimal import Decimal

from swe_agent.core.messages import Turn, Usage
from swe_agent.core.protocols import Prompt

BYTES_PER_TOKEN = 3
"""Below what tokenizers reach on code and prose (3.5 to 4.5): the estimate errs upwards."""
MESSAGE_TOKENS = 8
"""What a message costs beside its text."""
TOOLS_TOKENS = 800
"""What vendors add to a prompt that has tools."""


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices of one model."""

    provider: str
    """The vendor's name in the price list."""
    model: str

    def cost_usd(self, usage: Usage) -> float | None:
        """What the tokens cost; None where the model's price is not known."""
        total = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
        return self._price(total, usage)

    def worst_case_usd(self, prompt: Prompt) -> float | None:
        """Upper bound of one call: all input written to the cache, the longest reply."""
        tokens = input_tokens_bound(prompt)
        plain = self._price(tokens, Usage(output_tokens=prompt.max_output_tokens))
        written = self._price(
            tokens, Usage(output_tokens=prompt.max_output_tokens, cache_write_tokens=tokens)
        )
        return None if plain is None or written is None else max(plain, written)

    def _price(self, input_tokens: int, usage: Usage) -> float | None:
        import genai_prices

        try:
            price: Decimal = genai_prices.calc_price(
                genai_prices.Usage(
                    input_tokens=input_tokens,
                    cache_read_tokens=usage.cache_read_tokens,
                    cache_write_tokens=usage.cache_write_tokens,
                    output_tokens=usage.output_tokens,
                ),
                self.model,
                provider_id=self.provider,
            ).total_price
        except LookupError:
            return None
        return float(price)


def input_tokens_bound(prompt: Prompt) -> int:
    """Estimated input tokens, rounded up: UTF-8 bytes by three, and what messages and tools add."""
    size = len(prompt.system.encode())
    for tool in prompt.tools:
        size += len(tool.name) + len(tool.description.encode()) + len(json.dumps(tool.schema))
    for message in prompt.history:
        size += len(message.text.encode())
        if isinstance(message, Turn):
            size += sum(len(call.name) + len(json.dumps(call.arguments)) for call in message.calls)
            size += sum(len(json.dumps(block)) for block in message.opaque)
    extra = MESSAGE_TOKENS * len(prompt.history) + (TOOLS_TOKENS if prompt.tools else 0)
    return math.ceil(size / BYTES_PER_TOKEN) + extra
