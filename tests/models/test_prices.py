"""Prices: known models cost what the list says, unknown ones have no price."""

import os
import random
from pathlib import Path

import genai_prices
import pytest
from genai_prices import data_snapshot

from swe_agent.core.errors import UsageFault
from swe_agent.core.messages import Note, Observation, ToolCall, Turn, Usage
from swe_agent.models.bound import input_tokens_bound
from swe_agent.models.prices import PriceList
from swe_agent.models.registry import DEFAULT_MODELS
from tests.models.conversation import TASK, prompt

MILLION = 1_000_000


def test_each_kind_of_token_has_its_price():
    prices = PriceList("anthropic", "claude-sonnet-4-5")
    fresh = prices.cost_usd(Usage(input_tokens=100_000))
    read = prices.cost_usd(Usage(cache_read_tokens=100_000))
    written = prices.cost_usd(Usage(cache_write_tokens=100_000))
    said = prices.cost_usd(Usage(output_tokens=100_000))
    assert (fresh, read, written, said) == pytest.approx((0.3, 0.03, 0.375, 1.5))


def test_every_listed_model_costs_what_the_list_reckons():
    chance, tried = random.Random(3), 0
    for vendor in data_snapshot.get_snapshot().providers:
        for model in vendor.models:
            fresh, said, read, written = (chance.choice([0, 7, 250_000]) for _ in range(4))
            usage = Usage(
                input_tokens=fresh,
                output_tokens=said,
                cache_read_tokens=read,
                cache_write_tokens=written,
            )
            ours = PriceList(vendor.id, model.id).cost_usd(usage)
            if ours is None:
                continue
            listed = genai_prices.calc_price(
                genai_prices.Usage(
                    input_tokens=fresh + read + written,
                    output_tokens=said,
                    cache_read_tokens=read,
                    cache_write_tokens=written,
                ),
                model.id,
                provider_id=vendor.id,
            )
            assert ours == pytest.approx(float(listed.total_price)), (vendor.id, model.id)
            tried += 1
    assert tried > 500


def test_an_unknown_model_has_no_price():
    prices = PriceList("openai", "llama-local")
    assert prices.cost_usd(Usage(input_tokens=MILLION)) is None
    assert prices.worst_case_usd(prompt()) is None


@pytest.mark.parametrize("provider", DEFAULT_MODELS)
def test_default_models_have_a_price(provider):
    assert PriceList(provider, DEFAULT_MODELS[provider]).worst_case_usd(prompt())


def test_the_worst_case_pays_for_writing_the_cache():
    long = prompt(Note(kind="task", text="x" * 150_000))
    tokens = input_tokens_bound(long)
    output = long.max_output_tokens
    bound = PriceList("anthropic", "claude-sonnet-4-5").worst_case_usd(long)
    assert bound == pytest.approx((tokens * 3.75 + output * 15) / MILLION)


@pytest.mark.parametrize("part", ["text", "arguments", "observation", "thinking", "wide"])
def test_every_part_of_the_history_counts(part):
    call = ToolCall(id="1", name="view", arguments={"a": "x" * 3000 * (part == "arguments")})
    opaque = ({"type": "thinking", "thinking": "x" * 3000},) if part == "thinking" else ()
    turn = Turn(text="x" * 3000 * (part == "text"), calls=(call,), opaque=opaque)
    shown = {"observation": "x" * 3000, "wide": "漢" * 1000}.get(part, "")
    heard = Observation(call_id="1", tool="view", text=shown)
    few = input_tokens_bound(prompt(TASK))
    assert input_tokens_bound(prompt(TASK, turn, heard)) >= few + 1000


def users_table(text: str) -> None:
    folder = Path(os.environ["SWE_AGENT_CONFIG_HOME"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prices.yaml").write_text(text)


@pytest.fixture
def _own_config(tmp_path, monkeypatch):
    monkeypatch.setenv("SWE_AGENT_CONFIG_HOME", str(tmp_path))


@pytest.mark.usefixtures("_own_config")
def test_the_users_prices_go_before_the_list():
    users_table('openai/mine: {input: 1, output: 2}\n"openai/free-*": {input: 0, output: 0}\n')
    used = Usage(input_tokens=MILLION, output_tokens=MILLION, cache_read_tokens=MILLION)
    assert PriceList("openai", "mine").cost_usd(used) == 4
    assert PriceList("openai", "free-7b").worst_case_usd(prompt()) == 0
    assert PriceList("openai", "llama-local").cost_usd(used) is None


@pytest.mark.usefixtures("_own_config")
def test_a_wrong_row_is_named():
    users_table("openai/mine: {input: cheap, output: 2}\n")
    with pytest.raises(UsageFault, match=r"prices.yaml: openai/mine.input"):
        PriceList("openai", "mine").cost_usd(Usage())


def test_a_known_host_has_its_own_list():
    used = Usage(input_tokens=MILLION)
    assert PriceList("openai", "deepseek-chat", "https://api.deepseek.com/v1").cost_usd(used)
    assert PriceList("openai", "gpt-6-sol", "http://localhost:1/v1").cost_usd(used)


@pytest.mark.parametrize(
    ("provider", "model", "rates"),
    [
        ("anthropic", "claude-sonnet-4-5", (0.1, 1.25)),
        ("openai", "gpt-5", (0.1, 1.0)),
    ],
)
def test_cached_input_is_priced_against_fresh(provider, model, rates):
    assert PriceList(provider, model).cache_rates() == pytest.approx(rates)


def test_nothing_is_known_of_an_unknown_models_cache_and_window():
    prices = PriceList("openai", "llama-local")
    assert (prices.cache_rates(), prices.window_tokens()) == (None, None)


def test_a_listed_model_has_a_window():
    assert PriceList("anthropic", "claude-sonnet-4-5").window_tokens() == 200_000
