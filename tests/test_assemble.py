"""The composition root: what a model's prices and window come to."""

import pytest

from swe_agent.assemble import USUAL_WINDOW_TOKENS, rates_of
from swe_agent.context.economy import Rates
from swe_agent.settings.schema import ContextSettings, Settings


def test_a_listed_model_has_its_own_rates_and_window() -> None:
    rates, window = rates_of("openai/gpt-5", Settings())
    assert (rates.read, rates.write) == pytest.approx((0.1, 1.0))
    assert window > USUAL_WINDOW_TOKENS


@pytest.mark.parametrize("spec", ["scripted/a.jsonl", "openai/llama-local"])
def test_a_model_that_nobody_lists_has_the_usual_ones(spec: str) -> None:
    assert rates_of(spec, Settings()) == (Rates(), USUAL_WINDOW_TOKENS)


def test_the_offline_model_is_told_everything() -> None:
    settings = Settings(context=ContextSettings(window_tokens=32_000))
    rates, window = rates_of("offline", settings)
    assert (rates.read, rates.write) == (0.0, 0.0)
    assert window > 10**9


def test_the_users_window_wins() -> None:
    settings = Settings(context=ContextSettings(window_tokens=32_000))
    assert rates_of("openai/gpt-5", settings)[1] == 32_000
