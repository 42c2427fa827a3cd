"""What users of today's vendors meet: limits, names, addresses and refusals in their own words."""

import pytest

from swe_agent.core.errors import ContextExceeded, ModelFault
from swe_agent.core.messages import Note
from tests.models.conversation import KEY, TASK, VENDORS, call, model_of, prompt, seen
from tests.vendors import AnthropicServer, ResponsesServer


def fault_of(vendor: str, line: dict) -> ModelFault:
    with VENDORS[vendor]([line], key=KEY) as server, pytest.raises(ModelFault) as caught:
        model_of(vendor, server.url).complete(prompt())
    return caught.value


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (
            429,
            "Request too large for gpt-6-sol on tokens per min (TPM): Limit 3, Requested 4.",
        ),
        (
            400,
            "This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
        ),
        (400, "The input token count (1200000) exceeds the maximum number of tokens allowed."),
    ],
    ids=["a minute's share", "prompt length", "token count"],
)
def test_what_no_wait_makes_fit_is_too_long(status, said):
    line = {"error": status, "text": said}
    assert isinstance(fault_of("openai", line), ContextExceeded)


@pytest.mark.parametrize("vendor", ["anthropic", "openai"])
def test_a_model_that_nobody_has_is_told_with_the_name_that_was_meant(vendor):
    near = {"anthropic": "claude-sonet-5-5", "openai": "gpt-6-soll"}[vendor]
    with VENDORS[vendor]([{"error": 404}]) as server:
        model = model_of(vendor, server.url)
        model.model = near
        model.__post_init__()
        with pytest.raises(ModelFault) as caught:
            model.complete(prompt())
    meant = {"anthropic": "anthropic/claude-sonnet-5-5", "openai": "openai/gpt-6-sol"}[vendor]
    assert f"Did you mean {meant}?" in caught.value.next_step


def test_an_address_that_ends_in_the_version_is_taken_for_both_vendors():
    with AnthropicServer([{"text": "ok"}]) as server:
        assert model_of("anthropic", f"{server.url}/v1/").complete(prompt()).text == "ok"
    assert server.requests[0].path == "/v1/messages"


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_a_refusal_without_words_says_why_the_vendor_refused(stream):
    with AnthropicServer([{"text": " ", "stop": "refusal"}]) as server:
        details = '"stop_details": {"type": "refusal", "category": "cyber", "explanation": "No."}'
        server.twist = lambda sent, _: sent.replace(
            '"stop_reason": "refusal"', f'"stop_reason": "refusal", {details}'
        )
        turn = model_of("anthropic" if stream else "anthropic-whole", server.url).complete(prompt())
    assert (turn.stop, turn.text) == ("refusal", "cyber: No.")


def test_requests_of_one_conversation_share_a_cache_key():
    script = [{"tool_calls": [call("a")]}, {"text": "ok"}, {"text": "ok"}]
    with ResponsesServer(script) as server:
        model = model_of("responses", server.url)
        first = model.complete(prompt())
        model.complete(prompt(TASK, first, *seen(first, "1")))
        model.complete(prompt(Note(kind="task", text="Another bug.")))
    keys = [request.body["prompt_cache_key"] for request in server.requests]
    assert keys[0] == keys[1] != keys[2]
