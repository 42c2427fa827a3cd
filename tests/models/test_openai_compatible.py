"""OpenAI's own: what an endpoint does not take is learned, and a key is optional elsewhere."""

import json

import pytest

from swe_agent.core.errors import AccessRefused, ModelFault, TransientModelFault
from swe_agent.core.messages import Note
from swe_agent.models.endpoint import Endpoint
from swe_agent.models.learned import Learned
from swe_agent.models.openai import OpenAI
from tests.models.conversation import TASK, call, model_of, prompt, raw_server, seen
from tests.vendors import OpenAIServer


def test_the_other_limit_field_is_used_once_one_is_refused():
    with OpenAIServer([{"text": "a"}, {"text": "b"}], refuses={"max_tokens"}) as server:
        model = model_of("openai", server.url)
        first = model.complete(prompt())
        model.complete(prompt(TASK, first, Note(kind="human", text="Go on.")))
    fields = [
        "max_tokens" in r.body or "max_completion_tokens" not in r.body for r in server.requests
    ]
    assert fields == [True, False, False]


def test_reasoning_is_switched_off_where_tools_need_it():
    with OpenAIServer([{"tool_calls": [call("a")]}], tools_need_no_reasoning=True) as server:
        turn = model_of("openai", server.url).complete(prompt())
    assert turn.calls
    assert server.requests[-1].body["reasoning_effort"] == "none"


def test_a_model_that_takes_no_tools_here_says_so():
    refused = {"reasoning_effort"}
    with (
        OpenAIServer([{"text": "a"}], refuses=refused, tools_need_no_reasoning=True) as server,
        pytest.raises(ModelFault) as caught,
    ):
        model_of("openai", server.url).complete(prompt())
    assert "reasoning_effort" in caught.value.message
    assert len(server.requests) == 3


def test_an_endpoint_without_a_key_gets_none_from_the_environment(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-environment-secret")
    with OpenAIServer([{"text": "ok"}]) as server:
        OpenAI("local", Endpoint(None, server.url)).complete(prompt())
    assert "secret" not in str(server.requests[0].headers)


def test_each_call_is_answered_right_after_it_and_notes_are_one_message():
    with OpenAIServer([{"tool_calls": [call("a"), call("b")]}, {"text": "ok"}]) as server:
        model = model_of("openai", server.url)
        first = model.complete(prompt())
        notes = (Note(kind="reminder", text="One."), Note(kind="tests", text="Two."))
        model.complete(prompt(TASK, first, notes[0], *seen(first, "1", "2"), notes[1]))
    roles = [message["role"] for message in server.requests[-1].body["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "tool", "user"]
    assert server.requests[-1].body["messages"][-1]["content"] == "One.\n\nTwo."


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"message": "busy", "code": 429}}, TransientModelFault),
        ({"error": {"message": "bad key", "code": 401}}, AccessRefused),
        ({"error": "overloaded"}, TransientModelFault),
        ({"choices": [{"message": {"content": "x"}, "finish_reason": None}]}, TransientModelFault),
        ({"choices": [{"message": {"content": "x"}, "finish_reason": "odd"}]}, TransientModelFault),
        ([], TransientModelFault),
    ],
    ids=["busy", "key", "text", "unfinished", "odd", "list"],
)
def test_a_body_that_is_no_reply_is_a_fault(body, kind):
    with raw_server([json.dumps(body)]) as url, pytest.raises(ModelFault) as caught:
        model_of("openai", url).complete(prompt())
    assert type(caught.value) is kind


def test_the_ways_that_compatible_servers_bend_a_reply_are_taken():
    function = {"name": "view", "arguments": {"path": "a"}}
    message = {
        "content": [{"type": "text", "text": "Look."}],
        "tool_calls": [{"function": function}, {"id": None, "function": function}],
    }
    choice = {"message": message, "finish_reason": "stop"}
    body = {"choices": [choice], "usage": {"prompt_tokens": None}}
    with raw_server([json.dumps(body)]) as url:
        turn = model_of("openai", url).complete(prompt())
    assert (turn.text, turn.stop) == ("Look.", "tool_use")
    assert [c.arguments for c in turn.calls] == [{"path": "a"}] * 2
    assert len({c.id for c in turn.calls}) == 2


def test_a_model_without_tools_gets_the_text_protocol_and_it_is_remembered():
    script = [
        {"text": 'I look.\n```tool_call\n{"name": "view", "arguments": {"path": "a"}}\n```'},
        {"text": "Done."},
    ]
    with OpenAIServer(script, refuses={"tools"}) as server:
        first = model_of("openai", server.url).complete(prompt())
        heard = (TASK, first, *seen(first, "text of a"))
        last = model_of("openai", server.url).complete(prompt(*heard))
    assert [(one.name, one.arguments) for one in first.calls] == [("view", {"path": "a"})]
    assert last.text == "Done."
    assert len(server.refused) == 1
    sent = server.requests[-1].body["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "user"]
    assert "view: Shows a file." in sent[0]["content"]
    assert sent[-1]["content"] == "Result of view:\ntext of a"


def test_a_call_that_a_local_model_prints_is_read():
    printed = '<tool_call>{"name": "view", "arguments": {"path": "a"}}</tool_call>'
    with OpenAIServer([{"text": f"So: {printed}"}]) as server:
        turn = model_of("openai", server.url).complete(prompt())
    assert (turn.text, turn.stop) == ("So:", "tool_use")
    assert turn.calls[0].arguments == {"path": "a"}


@pytest.mark.parametrize(
    "said",
    [
        "max_tokens: 512 > 100, which is the maximum allowed number of output tokens",
        "max_completion_tokens is too large: 512. This model supports at most 100 tokens.",
    ],
)
def test_the_longest_reply_is_learned(said):
    learned = Learned("http://x", "m")
    assert learned.from_refusal(said, frozenset(), "max_tokens")
    assert Learned("http://x", "m").abilities.most_output_tokens == 100
