"""Tools for models without tool calling: told of in the system text, called in fenced blocks."""

import json
from dataclasses import dataclass, field, replace
from functools import lru_cache

from swe_agent.core.messages import Message, Observation, ToolCall, Turn
from swe_agent.core.protocols import Prompt, ToolSpec
from swe_agent.models.text_calls import calls_in
from swe_agent.settings.prompts import prompt as template


@dataclass(slots=True)
class TextForm:
    """Prompts without tools: they and their calls and results are text; a message is made into text
    once."""

    _made: dict[int, tuple[Message, Message]] = field(default_factory=dict, init=False)
    _tools: tuple[ToolSpec, ...] = field(default=(), init=False)

    def of(self, prompt: Prompt) -> Prompt:
        """The same prompt as text."""
        if not prompt.tools:
            return prompt
        if prompt.tools is not self._tools:
            self._tools, self._made = prompt.tools, {}
        specs = {spec.name: spec for spec in prompt.tools}
        system = f"{prompt.system}\n\n{_told(prompt.tools)}".strip()
        history = tuple(self._text_of(message, specs) for message in prompt.history)
        return replace(prompt, system=system, history=history, tools=())

    def _text_of(self, message: Message, specs: dict[str, ToolSpec]) -> Message:
        kept = self._made.get(id(message))
        if kept and kept[0] is message:
            return kept[1]
        made = _as_text(message, specs)
        self._made[id(message)] = (message, made)
        return made


def as_text(prompt: Prompt) -> Prompt:
    """One prompt as text."""
    return TextForm().of(prompt)


def block(call: ToolCall) -> str:
    """A call as the text protocol writes it."""
    body = json.dumps({"name": call.name, "arguments": call.arguments}, ensure_ascii=False)
    return f"```tool_call\n{body}\n```"


def _as_text(message: Message, specs: dict[str, ToolSpec]) -> Message:
    if isinstance(message, Observation):
        head = _heading(message.tool, message.outcome)
        return message.model_copy(update={"text": f"{head}\n{message.text}"})
    if not isinstance(message, Turn) or not message.calls:
        return message
    text = message.text
    if len(calls_in(text, specs).calls) != len(message.calls):
        text = "\n\n".join(filter(None, (text, *map(block, message.calls))))
    return message.model_copy(update={"text": text, "calls": ()})


@lru_cache(maxsize=8)
def _rendered(shown: str) -> str:
    return template("text_tools", tools=json.loads(shown))


def _told(tools: tuple[ToolSpec, ...]) -> str:
    listed = [
        {"name": one.name, "description": one.description, "schema": json.dumps(one.schema)}
        for one in tools
    ]
    return _rendered(json.dumps(listed))


@lru_cache(maxsize=256)
def _heading(tool: str, outcome: str) -> str:
    return template("text_result", tool=tool, outcome=outcome)
