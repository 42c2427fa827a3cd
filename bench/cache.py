"""What prompt caching saves: the input tokens that a 40-step conversation is billed for, with the
cache marks that our adapter sets and without any, by a local fake of the vendor's cache.

Usage: python bench/cache.py [--json] [--steps N]

Keys: `fresh`, `written`, `read` (tokens, with marks), `plain` (all input tokens, without marks),
`cost_usd`, `plain_usd`, `rebilled` (tokens written or fresh beyond what each step added; at most 0
is right: nothing old is paid for twice but as a cheap read).
"""

import argparse
import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from swe_agent.core.messages import Message, Note, Observation, Turn, Usage
from swe_agent.core.protocols import Prompt, ToolSpec
from swe_agent.models.anthropic import Anthropic
from swe_agent.models.endpoint import Endpoint
from swe_agent.models.prices import PriceList
from tests.vendors import AnthropicServer

MODEL = "claude-sonnet-5-5"
TOOLS = tuple(
    ToolSpec(name, f"{name}: " + "what it does and when. " * 20, {"type": "object"})
    for name in ("view", "search", "edit", "shell", "run_tests", "submit")
)
SYSTEM = "You are a careful engineer. " * 60


def main() -> None:
    """Play, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--steps", type=int, default=40)
    options = parser.parse_args()
    found = measured(options.steps)
    if options.json:
        print(json.dumps(found))
        return
    print(f"{options.steps} steps, {MODEL}")
    print(f"{'':<10} {'fresh':>10} {'written':>10} {'read':>10} {'USD':>8}")
    print(
        f"{'marks':<10} {found['fresh']:>10,} {found['written']:>10,} {found['read']:>10,}"
        f" {found['cost_usd']:>8.3f}"
    )
    print(f"{'no marks':<10} {found['plain']:>10,} {0:>10} {0:>10} {found['plain_usd']:>8.3f}")
    print(f"tokens paid for twice: {found['rebilled']:,}")


def measured(steps: int) -> dict[str, float]:
    """The counts of one conversation."""
    usages = played(steps)
    sizes = [one.input_tokens + one.cache_read_tokens + one.cache_write_tokens for one in usages]
    whole = sum(usages, Usage())
    plain = Usage(input_tokens=sum(sizes))
    prices = PriceList("anthropic", MODEL)
    paid = whole.input_tokens + whole.cache_write_tokens
    return {
        "fresh": whole.input_tokens,
        "written": whole.cache_write_tokens,
        "read": whole.cache_read_tokens,
        "plain": plain.input_tokens,
        "cost_usd": round(prices.cost_usd(whole.model_copy(update={"output_tokens": 0})) or 0, 4),
        "plain_usd": round(prices.cost_usd(plain) or 0, 4),
        "rebilled": paid - sizes[-1],
    }


def played(steps: int) -> list[Usage]:
    """The usage of each step; every third makes two calls, and now and then something is said."""
    dice = random.Random(7)
    call = {"name": "view", "arguments": {"path": "src/module.py", "start": 1}}
    lines = [
        {"text": "Let me look.", "tool_calls": [call] * (2 if number % 3 == 0 else 1)}
        for number in range(steps)
    ]
    usages: list[Usage] = []
    with AnthropicServer(lines, caches=True) as server:
        model = Anthropic(MODEL, Endpoint("key", server.url))
        history: list[Message] = [Note(kind="task", text="Fix the issue. " * 100)]
        for number in range(steps):
            turn = model.complete(Prompt(SYSTEM, tuple(history), TOOLS))
            usages.append(turn.usage)
            history.append(turn)
            for one in turn.calls:
                text = "    line of some code that was read\n" * dice.randint(5, 120)
                history.append(Observation(call_id=one.id, tool=one.name, text=text))
            if number % 10 == 9:
                history.append(Note(kind="reminder", text="Mind the tests."))
    assert not server.refused, "the vendor takes every request"
    assert isinstance(history[1], Turn), "each step is a reply"
    return usages


if __name__ == "__main__":
    main()
