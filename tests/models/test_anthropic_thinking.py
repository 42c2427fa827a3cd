"""Anthropic's own: thinking, cache marks, stop reasons."""

import json

import pytest

from swe_agent.core.errors import ContextExceeded
from swe_agent.core.messages import Note, Turn
from swe_agent.models.anthropic import Anthropic
from swe_agent.models.endpoint import Endpoint
from tests.models.conversation import KEY, TASK, call, model_of, prompt, seen
from tests.vendors import AnthropicServer

THINKING = {"text": "Look.", "thinking": "Where is ⟂ it?", "tool_calls": [call("a"), call("b")]}


def blocks_of(server: AnthropicServer, role: str) -> list[dict]:
    messages = server.requests[-1].body["messages"]
    return [block for m in messages if m["role"] == role for block in m["content"]]


def test_thinking_goes_back_unchanged_after_the_log():
    with AnthropicServer([THINKING, {"text": "ok"}]) as server:
        model = model_of("anthropic", server.url)
        first = model.complete(prompt())
        logged = Turn.model_validate_json(first.model_dump_json())
        model.complete(prompt(TASK, logged, *seen(logged, "1", "2")))
    assert server.refused == []
    kinds = [block["type"] for block in blocks_of(server, "assistant")]
    assert kinds == ["thinking", "text", "tool_use", "tool_use"]


def test_thinking_that_no_longer_fits_the_history_is_left_out():
    script = [THINKING, {**THINKING, "text": "More."}, {"text": "ok"}]
    with AnthropicServer(script) as server:
        model = model_of("anthropic", server.url)
        first = model.complete(prompt())
        folded = (Note(kind="task", text="Shorter."), first, *seen(first, "1", "2"))
        second = model.complete(prompt(*folded))
        model.complete(prompt(*folded, second, *seen(second, "3", "4")))
    assert len(server.refused) == 1
    thoughts = [b for b in blocks_of(server, "assistant") if b["type"] == "thinking"]
    assert len(thoughts) == 1


def test_thinking_of_another_model_is_left_out():
    with AnthropicServer([THINKING, {"text": "ok"}]) as server:
        first = model_of("anthropic", server.url).complete(prompt())
        other = Anthropic("claude-opus-5-5", Endpoint(KEY, server.url))
        other.complete(prompt(TASK, first, *seen(first, "1", "2")))
    assert server.refused == []


def test_the_thinking_before_a_cut_call_is_dropped_with_it():
    line = {"thinking": "Hm.", "tool_calls": [call("a")], "stop": "max_tokens"}
    with AnthropicServer([line]) as server:
        turn = model_of("anthropic", server.url).complete(prompt())
    assert (turn.stop, turn.opaque) == ("max_tokens", ())


def test_results_come_first_and_notes_after():
    with AnthropicServer([{"tool_calls": [call("a"), call("b")]}, {"text": "ok"}]) as server:
        model = model_of("anthropic", server.url)
        first = model.complete(prompt())
        note = Note(kind="reminder", text="Mind the tests.")
        model.complete(prompt(TASK, first, note, *seen(first, "1", "2")))
    last = server.requests[-1].body["messages"][-1]["content"]
    assert [block["type"] for block in last] == ["tool_result", "tool_result", "text"]


def test_marks_cover_tools_system_the_last_reply_and_the_last_user_message():
    with AnthropicServer([{"tool_calls": [call("a")]}, {"text": "ok"}]) as server:
        model = model_of("anthropic", server.url)
        first = model.complete(prompt())
        model.complete(prompt(TASK, first, *seen(first, "1")))
    body = server.requests[-1].body
    assert json.dumps(body).count("cache_control") == 4
    marked = [b for m in body["messages"] for b in m["content"] if "cache_control" in b]
    assert [b["type"] for b in marked] == ["tool_use", "tool_result"]


def test_a_fold_of_the_last_observation_reads_all_before_it_from_the_cache():
    replies = [{"text": "long " * 1000, "tool_calls": [call("a")]}, {"tool_calls": [call("b")]}]
    with AnthropicServer([*replies, {"text": "ok"}], caches=True) as server:
        model = model_of("anthropic", server.url)
        first = model.complete(prompt())
        (whole,) = seen(first, "1")
        second = model.complete(prompt(TASK, first, whole))
        folded = whole.model_copy(update={"text": "folded"})
        third = model.complete(prompt(TASK, first, folded, second, *seen(second, "2")))
    assert third.usage.cache_read_tokens > 1000


def test_a_failed_tool_is_marked_as_an_error():
    with AnthropicServer([{"tool_calls": [call("a")]}, {"text": "ok"}]) as server:
        model = model_of("anthropic", server.url)
        first = model.complete(prompt())
        failed = seen(first, "no such file")[0].model_copy(update={"outcome": "failed"})
        model.complete(prompt(TASK, first, failed))
    assert blocks_of(server, "user")[-1]["is_error"] is True


def test_a_reply_that_outgrows_the_window_is_its_own_fault():
    stop = "model_context_window_exceeded"
    with (
        AnthropicServer([{"text": "ok"}], stop_reason=stop) as server,
        pytest.raises(ContextExceeded),
    ):
        model_of("anthropic", server.url).complete(prompt())


@pytest.mark.parametrize("stop", ["pause_turn", "stop_sequence"])
def test_a_paused_or_stopped_turn_is_whole(stop):
    with AnthropicServer([{"text": "So far."}], stop_reason=stop) as server:
        turn = model_of("anthropic", server.url).complete(prompt())
    assert (turn.text, turn.stop) == ("So far.", "end")
