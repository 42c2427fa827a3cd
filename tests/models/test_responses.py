"""The Responses API alone: reasoning goes back unchanged, tools are strict, models differ."""

import json

import pytest

from swe_agent.core.errors import TransientModelFault
from swe_agent.core.messages import Note, Turn
from swe_agent.core.protocols import ToolSpec
from swe_agent.models.endpoint import Endpoint
from swe_agent.models.responses import Responses
from swe_agent.models.script import Line
from tests.models.conversation import TASK, call, model_of, prompt, raw_server, seen
from tests.vendors import ResponsesServer
from tests.vendors.responses import ResponsesDialect

LINE = Line(text="Look.", thinking="Hm.", tool_calls=[call("a"), call("b")])
ASKED = {"model": "m", "input": [], "include": ["reasoning.encrypted_content"]}
EVENTS = ResponsesDialect().events(LINE, ASKED)
FLEXIBLE = ToolSpec(
    "view",
    "Shows.",
    {
        "type": "object",
        "properties": {
            "path": {"type": "string", "minLength": 1},
            "end": {"type": "integer", "default": 3},
            "edits": {"type": "array", "items": {"$ref": "#/$defs/E"}},
        },
        "required": ["path"],
        "$defs": {"E": {"type": "object", "properties": {"old": {"type": "string"}}}},
    },
)


def test_reasoning_goes_back_unchanged_after_the_log():
    script = [
        {"thinking": "First.", "text": "Look.", "tool_calls": [call("a"), call("b")]},
        {"thinking": "Second.", "tool_calls": [call("c")]},
        {"text": "Done."},
    ]
    with ResponsesServer(script) as server:
        model = model_of("responses", server.url)
        first = Turn.model_validate_json(model.complete(prompt()).model_dump_json())
        heard = (TASK, first, *seen(first, "text of a", "text of b"))
        second = model.complete(prompt(*heard))
        heard = (*heard, second, *seen(second, "text of c"))
        assert model.complete(prompt(*heard)).text == "Done."
    assert server.refused == []
    sent = server.requests[-1].body["input"]
    assert [item["type"] for item in sent if item.get("type") == "reasoning"] == ["reasoning"] * 2


def test_another_models_reasoning_stays_out():
    with ResponsesServer(
        [{"thinking": "Hm.", "tool_calls": [call("a")]}, {"text": "ok"}]
    ) as server:
        first = model_of("responses", server.url).complete(prompt())
        other = Responses("gpt-other", Endpoint("k", server.url))
        other.complete(prompt(TASK, first, *seen(first, "text")))
    assert server.refused == []
    assert "reasoning" not in [item.get("type") for item in server.requests[-1].body["input"]]


def test_nothing_is_stored_at_the_vendor():
    with ResponsesServer([{"text": "ok"}]) as server:
        model_of("responses", server.url).complete(prompt())
    assert server.requests[0].body["store"] is False


def test_tools_are_strict_and_left_out_arguments_are_no_nulls():
    arguments = {"path": "a", "end": None, "edits": [{"old": None}]}
    script = [{"tool_calls": [{"name": "view", "arguments": arguments}]}]
    with ResponsesServer(script) as server:
        turn = model_of("responses", server.url).complete(prompt(tools=(FLEXIBLE,)))
    tool = server.requests[0].body["tools"][0]
    assert tool["strict"] is True
    assert sorted(tool["parameters"]["required"]) == ["edits", "end", "path"]
    assert turn.calls[0].arguments == {"path": "a", "edits": [{}]}


def test_a_schema_that_strict_cannot_hold_is_sent_as_it_is():
    free = ToolSpec("put", "Puts.", {"type": "object", "additionalProperties": True})
    with ResponsesServer([{"text": "ok"}]) as server:
        model_of("responses", server.url).complete(prompt(tools=(free, FLEXIBLE)))
    assert [tool["strict"] for tool in server.requests[0].body["tools"]] == [False, True]


@pytest.mark.parametrize("field", ["include", "temperature", "reasoning", "stream"])
def test_a_field_that_a_model_does_not_take_is_left_out_and_remembered(field):
    with ResponsesServer([{"text": "a"}], refuses={field}) as server:
        asked = prompt()
        for _ in range(2):
            model = model_of("responses", server.url)  # a new start reads what was learned
            shown = type(asked)(
                asked.system, asked.history, asked.tools, 512, effort="low", temperature=0.2
            )
            assert model.complete(shown).text == "a"
    assert len(server.refused) == 1
    assert len(server.requests) == 3


@pytest.mark.parametrize("count", range(len(EVENTS)))
def test_a_stream_that_ends_after_any_event_is_not_whole(count):
    with (
        raw_server(EVENTS[:count], "text/event-stream") as url,
        pytest.raises(TransientModelFault),
    ):
        model_of("responses", url).complete(prompt())


def test_the_whole_stream_counts():
    with raw_server(EVENTS, "text/event-stream") as url:
        turn = model_of("responses", url).complete(prompt())
    assert [one.arguments["path"] for one in turn.calls] == ["a", "b"]


@pytest.mark.parametrize("code", ["server_error", "rate_limit_exceeded"])
def test_a_response_that_failed_is_transient(code):
    failed = {"status": "failed", "output": [], "error": {"code": code, "message": "no"}}
    event = {"type": "response.failed", "response": failed}
    with (
        raw_server([f"data: {json.dumps(event)}\n\n"], "text/event-stream") as url,
        pytest.raises(TransientModelFault, match=code),
    ):
        model_of("responses", url).complete(prompt())


def test_a_call_that_is_not_finished_is_not_run():
    whole = ResponsesDialect().whole(LINE, ASKED)
    whole["output"][-1]["status"] = "in_progress"
    with raw_server([json.dumps(whole)]) as url, pytest.raises(TransientModelFault):
        model_of("responses-whole", url).complete(prompt(Note(kind="task", text="x")))
