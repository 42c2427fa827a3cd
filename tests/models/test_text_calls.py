"""Calls in text: every form is read, nothing half is, nothing makes the parser fall over."""

import json
import random
import time

import pytest

from swe_agent.core.messages import Note, Observation, ToolCall, Turn
from swe_agent.core.protocols import Prompt, ToolSpec
from swe_agent.models.text_calls import calls_in
from swe_agent.models.text_tools import as_text, block
from tests.models.conversation import TASK, VIEW

EDIT = ToolSpec(
    "edit",
    "Edits.",
    {
        "type": "object",
        "properties": {
            "path": {"type": "string"},
            "line": {"type": "integer"},
            "sure": {"type": "boolean"},
            "all": {"type": "array", "items": {"type": "string"}},
        },
    },
)
SPECS = {"view": VIEW, "edit": EDIT}
ARGUMENTS = {"path": "a/é.py", "line": 3, "sure": True, "all": ["x", "</tool_call>\n```"]}
BODY = json.dumps({"name": "edit", "arguments": ARGUMENTS})
LLAMA = json.dumps({"name": "edit", "parameters": ARGUMENTS})
TAGS = "".join(
    f"<parameter={k}>\n{v if isinstance(v, str) else json.dumps(v)}\n</parameter>\n"
    for k, v in ARGUMENTS.items()
)
NAMED = TAGS.replace("<parameter=", '<parameter name="').replace(">\n", '">\n')
FORMS = {
    "fence": f"```tool_call\n{BODY}\n```",
    "json fence": f"Now:\n```json\n{BODY}\n```\n",
    "hermes": f"<tool_call>\n{BODY}\n</tool_call>",
    "one line": f"<tool_call>{BODY}</tool_call>",
    "llama": f"<function=edit>{json.dumps(ARGUMENTS)}</function>",
    "python tag": f"<|python_tag|>{LLAMA}",
    "qwen": f"<tool_call>\n<function=edit>\n{TAGS}</function>\n</tool_call>",
    "mistral": f"[TOOL_CALLS] [{BODY}]",
    "bare": BODY,
    "list": f" [{BODY}] ",
    "openai": json.dumps(
        {"type": "function", "function": {"name": "edit", "arguments": json.dumps(ARGUMENTS)}}
    ),
    "named": "<edit><path>a/é.py</path><line>3</line><sure>true</sure>"
    f"<all>{json.dumps(ARGUMENTS['all'])}</all></edit>",
    "invoke": '<invoke name="edit">'
    + "".join(
        f'<parameter name="{k}">{v if isinstance(v, str) else json.dumps(v)}</parameter>'
        for k, v in ARGUMENTS.items()
    )
    + "</invoke>",
}


def read(text: str) -> list[tuple[str, object]]:
    return [(call.name, json.loads(call.arguments)) for call in calls_in(text, SPECS).calls]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read(form):
    assert read(FORMS[form]) == [("edit", ARGUMENTS)]


@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_is_cut_anywhere_is_no_call_or_the_whole_one(form):
    text = FORMS[form]
    for end in range(len(text)):
        assert read(text[:end]) in ([], [("edit", ARGUMENTS)])


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"name": "package", "arguments": {}}\n```',
        '```json\n{"name": "view"}\n```',
        "```python\nview(path='a')\n```",
        '{"name": "view", "arguments": "not json"}',
        '<tool_call>{"name": "view", "arguments": [1]}</tool_call>',
        '<function=rm>{"path": "/"}</function>',
        "<view><unknown>a</unknown></view>",
        "<function=edit><parameter=path>a</parameter> and more</function>",
        "I would call view on a.py.",
        "",
    ],
)
def test_what_is_no_call_of_a_known_tool_stays_text(text):
    found = calls_in(text, SPECS)
    assert (found.calls, found.text) == ((), text)


def test_text_and_several_calls_are_told_apart():
    text = f"First.\n{FORMS['fence']}\nThen.\n{FORMS['hermes']}\nDone."
    found = calls_in(text, SPECS)
    assert len(found.calls) == 2
    assert found.text.split() == ["First.", "Then.", "Done."]


PIECES = [*FORMS.values(), "<tool_call>", "</tool_call>", "```tool_call\n", "\n```", "<view>"]
PIECES += ["{", "[", '"', "\\", "<function=edit>", "</function>", "<parameter=path>", "é", "\x00"]
PIECES += ["</parameter>", "[TOOL_CALLS]", '<invoke name="edit">', "<|python_tag|>", "\n", "null"]


@pytest.mark.parametrize("seed", range(300))
def test_no_text_makes_it_fall_over(seed):
    dice = random.Random(seed)
    parts = [dice.choice(PIECES) for _ in range(dice.randint(1, 30))]
    text = "".join(part[: dice.randint(0, len(part))] if dice.random() < 0.3 else part
                   for part in parts)  # fmt: skip
    found = calls_in(text, SPECS)
    for call in found.calls:
        assert call.name in SPECS
        assert isinstance(json.loads(call.arguments), dict)
    assert calls_in(text, SPECS) == found


@pytest.mark.parametrize(
    "text",
    [
        "<tool_call>" * 20_000,
        "[" * 200_000,
        "<tool_call>" + '{"a":' * 100_000,
        "<function=edit>" + "<parameter=path>" * 20_000,
        "<view><path>" * 20_000,
        "```\n" * 50_000,
        "<" * 200_000,
    ],
    ids=["tags", "brackets", "nested", "parameters", "named", "fences", "angles"],
)
def test_hostile_text_is_read_in_bounded_time(text):
    began = time.process_time()
    calls_in(text, SPECS)
    assert time.process_time() - began < 2


def test_what_the_protocol_writes_is_read_back():
    call = ToolCall(id="c1", name="edit", arguments=ARGUMENTS)
    assert read(f"So:\n{block(call)}") == [("edit", ARGUMENTS)]


def test_a_prompt_as_text_holds_tools_calls_and_results():
    call = ToolCall(id="c1", name="view", arguments={"path": "a"})
    turn = Turn(text="Look.", calls=(call,), model="m")
    seen = Observation(call_id="c1", tool="view", text="text of a", outcome="failed")
    shown = as_text(Prompt("You fix.", (TASK, turn, seen), (VIEW,)))
    assert shown.tools == ()
    assert "view: Shows a file." in shown.system
    said = shown.history[1]
    assert isinstance(said, Turn)
    assert said.calls == ()
    assert read(said.text) == [("view", {"path": "a"})]
    assert shown.history[2].text == "Result of view (failed):\ntext of a"
    note = Note(kind="task", text="x")
    assert as_text(Prompt("s", (note,), ())) == Prompt("s", (note,), ())
