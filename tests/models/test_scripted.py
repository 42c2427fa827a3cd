"""The scripted model: which line comes next, also after a resume, and what a bad file says."""

import json

import pytest

from swe_agent.core.errors import (
    AccessRefused,
    ContextExceeded,
    ExitCode,
    ModelFault,
    TransientModelFault,
    UsageFault,
)
from swe_agent.core.messages import Note, Turn
from swe_agent.models.scripted import Scripted
from tests.models.conversation import TASK, call, prompt, seen


@pytest.fixture
def scripted(tmp_path):
    """Makes a scripted model of lines, as objects or raw text."""

    def make(*lines):
        path = tmp_path / "script.jsonl"
        raw = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        path.write_text("\n".join(raw))
        return Scripted(path)

    return make


def after(*turns: Turn, said: str = "go on"):
    note = Note(kind="reminder", text=said)
    return prompt(TASK, *(part for turn in turns for part in (turn, *_answers(turn), note)))


def _answers(turn: Turn):
    return seen(turn, *("seen" for _ in turn.calls))


def test_replies_come_in_order(scripted):
    model = scripted({"text": "one"}, "", {"text": "two", "usage": {"output_tokens": 5}})
    first = model.complete(prompt())
    second = model.complete(after(first))
    assert (first.text, second.text, second.usage.output_tokens) == ("one", "two", 5)


def test_ids_follow_from_the_line_and_the_place(scripted):
    model = scripted({"text": "one"}, {"tool_calls": [call("a"), call("b", id="mine"), call("c")]})
    turn = model.complete(after(model.complete(prompt())))
    assert [c.id for c in turn.calls] == ["s2-1", "mine", "s2-3"]
    assert turn.stop == "tool_use"


def test_a_resumed_script_goes_on_after_the_turns_of_the_history(scripted):
    lines = [{"text": "one"}, {"tool_calls": [call("a")]}, {"text": "three"}]
    model = scripted(*lines)
    first = model.complete(prompt())
    second = model.complete(after(first))
    assert scripted(*lines).complete(after(first, second)).text == "three"


def test_a_line_whose_pattern_does_not_fit_is_skipped_for_good(scripted):
    lines = [{"text": "no", "if_seen": "FAILED"}, {"text": "yes"}, {"text": "end"}]
    model = scripted(*lines)
    first = model.complete(prompt())
    assert first.text == "yes"
    assert model.complete(after(first, said="1 FAILED")).text == "end"


def test_a_resume_skips_what_was_skipped_before(scripted):
    lines = [
        {"text": "one"},
        {"text": "if it failed", "if_seen": "FAILED"},
        {"text": "else"},
        {"text": "end"},
    ]
    first = Turn(text="one")
    history = (TASK, first, Note(kind="tests", text="all passed"), Turn(text="else"))
    fits = Note(kind="tests", text="1 FAILED")
    assert scripted(*lines).complete(prompt(*history, fits)).text == "end"


def test_the_last_observation_decides_not_an_earlier_one(scripted):
    model = scripted(
        {"tool_calls": [call("a")]}, {"text": "no", "if_seen": "^Fix"}, {"text": "yes"}
    )
    first = model.complete(prompt())
    assert model.complete(prompt(TASK, first, *seen(first, "x"))).text == "yes"


def test_a_fault_is_played_once(scripted):
    model = scripted({"error": 429, "retry_after": 1.5}, {"text": "ok"})
    with pytest.raises(TransientModelFault) as caught:
        model.complete(prompt())
    assert caught.value.retry_after_s == 1.5
    assert model.complete(prompt()).text == "ok"


def test_a_resume_passes_faults_between_turns(scripted):
    lines = [{"text": "one"}, {"error": 529}, {"text": "two"}, {"text": "three"}]
    history = (TASK, Turn(text="one"), Turn(text="two"))
    assert scripted(*lines).complete(prompt(*history)).text == "three"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (401, AccessRefused),
        (500, TransientModelFault),
        (529, TransientModelFault),
        ("drop", TransientModelFault),
        ("html", TransientModelFault),
        ("truncated", TransientModelFault),
        ("timeout", TransientModelFault),
        ("context", ContextExceeded),
    ],
)
def test_faults_are_those_of_a_vendor(scripted, error, kind):
    with pytest.raises(ModelFault) as caught:
        scripted({"error": error}).complete(prompt())
    assert type(caught.value) is kind


def test_running_off_the_end_says_how_many_replies_were_used(scripted):
    model = scripted({"text": "one"}, {"text": "two"})
    first = model.complete(prompt())
    second = model.complete(after(first))
    with pytest.raises(ModelFault, match="2 were used") as caught:
        model.complete(after(first, second))
    assert caught.value.exit_code is ExitCode.MODEL
    assert not isinstance(caught.value, TransientModelFault)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "JSON"),
        ("[]", "object"),
        ('{"txet": "a"}', "txet"),
        ("{}", "needs text or tool_calls"),
        ('{"text": "a", "if_seen": "("}', "if_seen"),
        ('{"error": 200}', "400 and 599"),
        ('{"error": "fire"}', "error"),
        ('{"tool_calls": [{"name": "view", "arguments": []}]}', "arguments"),
    ],
)
def test_a_bad_line_is_named(scripted, line, says):
    with pytest.raises(UsageFault) as caught:
        scripted({"text": "fine"}, line).warm_up()
    assert "line 2" in caught.value.message
    assert says in caught.value.message


@pytest.mark.parametrize("content", [None, b"", b"\n\n", b"\xff"])
def test_a_file_that_is_no_script_is_a_usage_fault(tmp_path, content):
    path = tmp_path / "script.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageFault, match=r"script\.jsonl"):
        Scripted(path).complete(prompt())


def test_it_costs_nothing(scripted):
    assert scripted({"text": "a"}).worst_case_usd(prompt()) == 0.0
