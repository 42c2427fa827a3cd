"""How hard a model is to think: models of every age take it in some form, and refuse the others."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from swe_agent.core.messages import Note
from swe_agent.core.protocols import Effort, Prompt
from swe_agent.models.anthropic import Anthropic
from swe_agent.models.endpoint import Endpoint
from swe_agent.models.learned import Learned
from tests.models.conversation import KEY, TASK, VENDORS, call, model_of, prompt, seen
from tests.vendors import AnthropicServer, OpenAIServer, ResponsesServer

OLD = frozenset({"enabled", "disabled"})
"""Forms of thinking that models before Claude 4.6 take."""


def hard(effort: Effort, *history: object, **more: object) -> Prompt:
    return replace(prompt(*history), effort=effort, max_output_tokens=8000, **more)


def thought(server: AnthropicServer) -> list[tuple[object, object]]:
    """Thinking and effort of the requests that were taken."""
    taken = [one.body for one in server.requests if one.status == 200]
    return [(one.get("thinking"), one.get("output_config")) for one in taken]


def test_an_effort_is_adaptive_thinking() -> None:
    with AnthropicServer([{"text": "ok"}]) as server:
        model_of("anthropic", server.url).complete(hard("high"))
    assert thought(server) == [({"type": "adaptive"}, {"effort": "high"})]
    assert server.refused == []


def test_a_model_that_knows_no_adaptive_thinking_gets_a_budget_and_no_effort() -> None:
    with AnthropicServer([{"text": "ok"}] * 2, modes=OLD, efforts=()) as server:
        model_of("anthropic", server.url).complete(hard("medium"))
        model_of("anthropic", server.url).complete(hard("medium"))
    budget = {"type": "enabled", "budget_tokens": 4000}
    assert thought(server) == [(budget, None)] * 2
    assert len(server.refused) == 2, "it is learned once for all models of this endpoint"
    assert "interleaved" in server.requests[-1].headers["anthropic-beta"]


@pytest.mark.parametrize("effort", ["minimal", "low", "max"])
def test_a_budget_stays_below_the_longest_reply(effort: Effort) -> None:
    with AnthropicServer([{"text": "ok"}], modes=OLD) as server:
        model_of("anthropic", server.url).complete(hard(effort))
        model_of("anthropic", server.url).complete(replace(hard(effort), max_output_tokens=900))
    assert thought(server)[0][0]["budget_tokens"] in (1024, 2000, 6000)
    assert thought(server)[1][0] is None


def test_a_conversation_that_began_without_thinking_goes_on_without_a_budget() -> None:
    script = [{"tool_calls": [call("a")]}, {"tool_calls": [call("b")]}, {"text": "ok"}]
    with AnthropicServer(script, modes=OLD) as server:
        model = model_of("anthropic", server.url)
        first = model.complete(prompt())
        heard = (TASK, first, *seen(first, "1"))
        second = model.complete(hard("high", *heard))
        model.complete(hard("high", *heard, second, *seen(second, "2")))
    assert len(server.refused) == 2, "adaptive thinking, then thinking at all; not asked again"
    assert thought(server)[-1][0] is None


@pytest.mark.parametrize(
    ("modes", "sent"),
    [
        ({"adaptive", "disabled"}, {"type": "disabled"}),
        ({"adaptive", "between_tools"}, {"type": "between_tools"}),
        ({"adaptive"}, None),
    ],
    ids=["off", "between tools", "always on"],
)
def test_no_effort_is_the_least_thinking_that_a_model_takes(modes: set[str], sent: object) -> None:
    with AnthropicServer([{"text": "ok"}] * 2, modes=modes) as server:
        model_of("anthropic", server.url).complete(hard("none"))
        model_of("anthropic", server.url).complete(hard("low"))
    assert thought(server) == [(sent, None), ({"type": "adaptive"}, {"effort": "low"})]


def test_a_model_that_thinks_is_sent_no_temperature() -> None:
    with AnthropicServer([{"text": "ok"}]) as server:
        model_of("anthropic", server.url).complete(hard("low", temperature=0.2))
    assert server.refused == []


@pytest.mark.parametrize("vendor", [name for name in VENDORS if "whole" not in name])
@pytest.mark.parametrize(
    ("wanted", "levels", "sent"),
    [
        ("max", ("low", "medium", "high"), "high"),
        ("minimal", ("low", "high"), "low"),
        ("xhigh", ("medium", "high", "max"), "high"),
    ],
)
def test_the_nearest_effort_that_is_taken_stands_in(
    vendor: str, wanted: Effort, levels: Sequence[str], sent: str
) -> None:
    with VENDORS[vendor]([{"text": "ok"}] * 2, efforts=levels) as server:
        model_of(vendor, server.url).complete(hard(wanted))
        model_of(vendor, server.url).complete(hard(wanted))
    body = server.requests[-1].body
    efforts = [
        body.get("reasoning_effort"),
        body.get("reasoning", {}).get("effort"),
        body.get("output_config", {}).get("effort"),
    ]
    assert [one for one in efforts if one] == [sent]
    assert len(server.refused) <= 1


def test_an_effort_that_must_not_be_none_does_not_switch_reasoning_off() -> None:
    said = (
        "Unsupported value: 'reasoning_effort' does not support 'none' with this model."
        " Supported values are: 'minimal', 'low', 'medium', and 'high'."
    )
    learned = Learned("http://x", "m")
    assert learned.from_refusal(said, frozenset({"reasoning_effort"}), "max_tokens")
    assert not learned.abilities.tools_without_reasoning
    assert learned.effort_near("none") == "minimal"


def test_reasoning_that_a_model_cannot_hand_over_is_not_asked_for() -> None:
    with ResponsesServer([{"text": "ok"}], refuses={"include"}) as server:
        model_of("responses", server.url).complete(prompt())
    assert [request.status for request in server.requests] == [400, 200]


def test_an_effort_that_no_value_of_is_taken_is_left_out() -> None:
    with OpenAIServer([{"text": "ok"}], refuses={"reasoning_effort"}) as server:
        model_of("openai", server.url).complete(hard("high"))
    assert "reasoning_effort" not in server.requests[-1].body


@pytest.mark.parametrize(
    "said",
    [
        "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.",
        "`temperature` is deprecated for this model.",
        "temperature: Extra inputs are not permitted",
    ],
)
def test_what_is_named_first_is_what_is_refused(said: str) -> None:
    learned = Learned("http://x", "m")
    sent = frozenset({"output_config", "temperature", "thinking.adaptive"})
    assert learned.from_refusal(said, sent, "max_tokens")
    assert learned.abilities.refused == {"temperature"}


def test_advice_behind_a_refusal_is_not_what_is_refused() -> None:
    said = (
        '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and'
        ' "output_config.effort" to control thinking behavior.'
    )
    learned = Learned("http://x", "m")
    assert learned.from_refusal(
        said, frozenset({"output_config", "thinking.enabled"}), "max_tokens"
    )
    assert learned.abilities.refused == {"thinking.enabled"}


def test_thinking_of_another_account_is_left_out() -> None:
    line = {"text": "Look.", "thinking": "Hm.", "tool_calls": [call("a")]}
    with AnthropicServer([line, {"text": "ok"}]) as server:
        first = Anthropic("claude-sonnet-5-5", Endpoint(KEY, server.url)).complete(prompt())
        heard = (Note(kind="task", text="Another."), first, *seen(first, "1"))
        Anthropic("claude-sonnet-5-5", Endpoint("other-key-123", server.url)).complete(
            prompt(*heard)
        )
    assert len(server.refused) == 1
    assert "thinking" not in str(server.requests[-1].body["messages"])


def test_an_effort_is_left_out_where_a_local_server_says_that_the_model_does_not_think() -> None:
    learned = Learned("http://localhost:11434", "llama3.2")
    said = '"llama3.2:latest" does not support thinking'
    assert learned.from_refusal(said, frozenset({"reasoning_effort", "tools"}), "max_tokens")
    assert not learned.takes("reasoning_effort")
    assert learned.takes("tools")
