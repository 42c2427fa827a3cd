"""What is remembered of a history never changes what is made of it: grown, folded or another's."""

import doctest
import random
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from swe_agent.core.messages import Message, Observation, ToolCall, Turn, Usage
from swe_agent.models import growing
from swe_agent.models.bound import InputBound, input_tokens_bound
from swe_agent.models.calls import RawCall, Said, tool_calls
from swe_agent.models.text_tools import TextForm, as_text
from tests.models.conversation import TASK, VENDORS, call, model_of, prompt, seen

NAME = "fake/m"


def histories(seed: int) -> list[tuple[Message, ...]]:
    """What a model is asked with, one request after another."""
    dice = random.Random(seed)
    history: list[Message] = [TASK]
    asked = []
    for step in range(30):
        one = ToolCall(id=f"c{step}", name="view", arguments={"path": "x" * dice.randrange(9)})
        usage = Usage(
            input_tokens=dice.choice((0, 50 * step)), output_tokens=9, estimated=dice.random() < 0.2
        )
        history.append(Turn(calls=(one,), usage=usage, model=dice.choice((NAME, "fake/other"))))
        history.append(Observation(call_id=one.id, tool="view", text="text\n" * dice.randrange(9)))
        fate = dice.random()
        if fate < 0.2:
            at = dice.randrange(len(history))
            if isinstance(history[at], Observation):
                history[at] = history[at].model_copy(update={"text": "folded"})
        elif fate < 0.3:
            history = [TASK, *history[-4:]]
        asked.append(tuple(history))
    return asked


@pytest.mark.parametrize("seed", range(40))
def test_what_is_remembered_is_what_is_made_anew(seed: int) -> None:
    bound, said, text = InputBound(NAME), Said(), TextForm()
    for history in histories(seed):
        asked = prompt(*history)
        assert bound.tokens(asked) == input_tokens_bound(asked, NAME)
        raw = [RawCall("c3", "view", "{}"), RawCall("", "view", "{}"), RawCall("n", "view", "{}")]
        assert tool_calls(raw, said.after(history)) == tool_calls(raw, Said().after(history))
        assert text.of(asked) == as_text(asked)


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless")
@pytest.mark.parametrize("vendor", ["anthropic", "openai", "responses"])
def test_two_conversations_through_one_adapter_do_not_mix(vendor: str) -> None:
    def converse(path: str) -> None:
        history: list[Message] = [TASK]
        for _ in range(30):
            turn = model.complete(prompt(*history))
            history += [turn, *seen(turn, f"what {path} holds")]

    # The server refuses a conversation in which a call is not answered by its own observation.
    with VENDORS[vendor](lambda body: {"tool_calls": [call(str(len(str(body))))]}) as server:
        model = model_of(vendor, server.url)
        with ThreadPoolExecutor() as threads:
            list(threads.map(converse, ("a.py", "b.py")))
        bodies = [str(request.body) for request in server.requests]
    assert server.refused == []
    assert len(bodies) == 60
    assert not [body for body in bodies if "what a.py holds" in body and "what b.py holds" in body]


def test_examples_in_docstrings_hold() -> None:
    assert doctest.testmod(growing).failed == 0
