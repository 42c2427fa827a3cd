"""Both hosted adapters against their vendor's protocol: the same cases for each."""

import threading
from dataclasses import replace

import pytest

from swe_agent.agent.desk import Desk
from swe_agent.core.errors import AccessRefused, ContextExceeded, ModelFault, TransientModelFault
from swe_agent.core.messages import Note, ToolCall, Turn
from swe_agent.models.purse import Caps, Purse
from tests.models.conversation import KEY, TASK, VENDORS, call, model_of, prompt, seen

pytestmark = pytest.mark.parametrize("vendor", VENDORS)


def reply_to(vendor: str, line: dict) -> Turn:
    with VENDORS[vendor]([line], key=KEY) as server:
        return model_of(vendor, server.url).complete(prompt())


def fault_of(vendor: str, line: dict, timeout_s: float = 10.0) -> ModelFault:
    with VENDORS[vendor]([line]) as server, pytest.raises(ModelFault) as caught:
        model_of(vendor, server.url, timeout_s).complete(prompt())
    assert len(server.requests) == 1
    return caught.value


def test_it_is_told_that_a_request_is_on_its_way_while_the_reply_is_waited_for(vendor):
    on_its_way, told = threading.Event(), list[None]()

    def play(_: object) -> dict:
        return {"text": "told" if on_its_way.wait(60) else "not told"}

    desk = Desk(1, Purse(Caps(1.0, 0)), lambda _: None, None, lambda: told.append(on_its_way.set()))
    with VENDORS[vendor](play, key=KEY) as server:
        turn = model_of(vendor, server.url, 90.0).complete(replace(prompt(), watch=desk))
    assert (turn.text, len(told)) == ("told", 1)


def test_text_comes_back_as_the_end_of_a_turn(vendor):
    turn = reply_to(vendor, {"text": "Done: naïve → fixed."})
    assert (turn.text, turn.stop, turn.calls) == ("Done: naïve → fixed.", "end", ())


def test_a_tool_call_comes_back_with_its_arguments(vendor):
    turn = reply_to(vendor, {"text": "Look.", "tool_calls": [call("src/é.py")]})
    assert turn.stop == "tool_use"
    assert [(c.name, c.arguments) for c in turn.calls] == [("view", {"path": "src/é.py"})]


def test_parallel_calls_keep_their_order_and_have_ids_of_their_own(vendor):
    turn = reply_to(vendor, {"tool_calls": [call("a"), call("b"), call("c")]})
    assert [c.arguments["path"] for c in turn.calls] == ["a", "b", "c"]
    assert len({c.id for c in turn.calls}) == 3


def test_a_call_without_arguments_has_an_empty_object(vendor):
    turn = reply_to(vendor, {"tool_calls": [{"name": "view", "arguments": {}}]})
    assert turn.calls[0].arguments == {}


def test_an_id_that_was_used_before_is_replaced(vendor):
    script = [{"tool_calls": [call("a", id="x1")]}, {"tool_calls": [call("b", id="x1")]}]
    with VENDORS[vendor](script) as server:
        model = model_of(vendor, server.url)
        first = model.complete(prompt())
        second = model.complete(prompt(TASK, first, *seen(first, "a text")))
    assert first.calls[0].id == "x1"
    assert second.calls[0].id != "x1"


def test_usage_separates_fresh_from_cached_input(vendor):
    counted = {"input_tokens": 700, "output_tokens": 30, "cache_read_tokens": 4000}
    usage = reply_to(vendor, {"text": "ok", "usage": {**counted, "cache_write_tokens": 50}}).usage
    assert (usage.input_tokens, usage.output_tokens) == (700, 30)
    assert (usage.cache_read_tokens, usage.cache_write_tokens) == (4000, 50)
    assert 0 < usage.cost_usd < 0.01


def test_a_call_that_the_length_limit_cut_is_dropped(vendor):
    line = {"text": "Now.", "tool_calls": [call("a"), call("b")], "stop": "max_tokens"}
    turn = reply_to(vendor, line)
    assert (turn.text, turn.calls, turn.stop) == ("Now.", (), "max_tokens")


def test_a_refusal_is_a_turn_without_calls(vendor):
    turn = reply_to(vendor, {"text": "No.", "tool_calls": [call("a")], "stop": "refusal"})
    assert (turn.stop, turn.calls) == ("refusal", ())


@pytest.mark.parametrize("fault", ["drop", "truncated", "html", "cut_json", "empty"])
def test_a_reply_that_is_not_whole_is_a_transient_fault(vendor, fault):
    raised = fault_of(vendor, {"error": fault})
    assert isinstance(raised, TransientModelFault)
    assert raised.message.startswith(("anthropic/claude", "openai/gpt"))


def test_silence_ends_at_the_time_limit(vendor):
    assert isinstance(fault_of(vendor, {"error": "timeout"}, timeout_s=0.3), TransientModelFault)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 529])
def test_a_server_error_is_transient(vendor, status):
    raised = fault_of(vendor, {"error": status})
    assert isinstance(raised, TransientModelFault)
    assert str(status) in raised.message


def test_a_rate_limit_carries_the_wait_that_it_asks_for(vendor):
    raised = fault_of(vendor, {"error": 429, "retry_after": 7})
    assert isinstance(raised, TransientModelFault)
    assert raised.retry_after_s == 7


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refused_request_will_not_work_again_and_says_what_to_do(vendor, status):
    raised = fault_of(vendor, {"error": status})
    assert isinstance(raised, AccessRefused) == (status != 400)
    assert not isinstance(raised, TransientModelFault)
    assert raised.next_step


def test_a_key_that_the_vendor_echoes_is_hidden(vendor):
    raised = fault_of(vendor, {"error": 401})
    assert KEY not in f"{raised!r} {raised.message} {raised.__cause__!r}"
    assert "[key]" in raised.message


def test_an_exhausted_quota_is_not_waited_out(vendor):
    line = {"error": 429, "text": "You exceeded your current quota, check your plan and billing."}
    assert type(fault_of(vendor, line)) is AccessRefused


def test_a_prompt_that_does_not_fit_is_its_own_fault(vendor):
    assert isinstance(fault_of(vendor, {"error": "context"}), ContextExceeded)


def test_a_server_that_is_not_there_is_a_transient_fault(vendor):
    with VENDORS[vendor]([{"text": "x"}]) as server:
        url = server.url
    with pytest.raises(TransientModelFault):
        model_of(vendor, url, 2.0).complete(prompt())


def test_a_whole_conversation_is_one_that_the_vendor_takes(vendor):
    script = [
        {"text": "Two files.", "tool_calls": [call("a"), call("b")]},
        {"tool_calls": [call("c")]},
        {"text": "Done."},
    ]
    with VENDORS[vendor](script) as server:
        model = model_of(vendor, server.url)
        first = model.complete(prompt())
        note = Note(kind="reminder", text="Mind the tests.")
        answers = seen(first, "text of a", "")
        heard = (TASK, first, answers[0], note, answers[1], note)
        second = model.complete(prompt(*heard))
        heard = (*heard, second, *seen(second, "text of c"), note)
        last = model.complete(prompt(*heard))
    assert server.refused == []
    assert last.text == "Done."


def test_a_call_that_was_never_run_is_answered_all_the_same(vendor):
    with VENDORS[vendor]([{"tool_calls": [call("a"), call("b")]}, {"text": "ok"}]) as server:
        model = model_of(vendor, server.url)
        first = model.complete(prompt())
        only = seen(first, "text of a", "text of b")[0]
        again = only.model_copy(update={"text": "another text"})
        model.complete(prompt(TASK, first, only, again))
    assert server.refused == []
    sent = str(server.requests[-1].body)
    assert ("text of a" in sent, "another text" in sent) == (True, False)


def test_an_empty_turn_leaves_no_message(vendor):
    history = (TASK, Turn(stop="max_tokens"), Note(kind="reminder", text="Go on."))
    with VENDORS[vendor]([{"text": "a"}, {"text": "b"}]) as server:
        model_of(vendor, server.url).complete(prompt(*history))
    assert server.refused == []


def test_a_history_of_another_model_is_taken(vendor):
    ids = ToolCall(id="weird id/1", name="view", arguments={"path": "a"})
    other = Turn(text="Look.", calls=(ids,), model="other/m", opaque=({"type": "thinking"},))
    with VENDORS[vendor]([{"text": "a"}, {"text": "b"}]) as server:
        model_of(vendor, server.url).complete(prompt(TASK, other, *seen(other, "text")))
    assert server.refused == []


def test_a_prompt_without_system_and_tools_is_taken(vendor):
    with VENDORS[vendor]([{"text": "ok"}]) as server:
        model_of(vendor, server.url).complete(prompt(system="", tools=()))
    assert server.refused == []


def test_warming_up_asks_nothing(vendor):
    with VENDORS[vendor]([{"text": "ok"}]) as server:
        model = model_of(vendor, server.url)
        model.warm_up()
        assert server.requests == []
        assert model.complete(prompt()).text == "ok"


def test_worst_case_is_not_below_what_a_call_costs(vendor):
    with VENDORS[vendor]([{"text": "ok"}]) as server:
        model = model_of(vendor, server.url)
        long = prompt(Note(kind="task", text="def f(x):\n    return x + 1\n" * 500))
        bound = model.worst_case_usd(long)
        assert bound is not None
        assert bound >= model.complete(long).usage.cost_usd > 0
