"""OpenAI's own: what an endpoint does not take is learned, and a key is optional elsewhere."""

import json

import pytest

from swe_agent.core.errors import AccessRefused, ModelFault, TransientModelFault
from swe_agent.core.messages import Note
from swe_agent.models.endpoint import Endpoint
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
