"""The Chat Completions wire format: a prompt as a request, a JSON body as a reply."""

import json

from pydantic import BaseModel, ConfigDict, JsonValue

from swe_agent.core.messages import Turn
from swe_agent.core.protocols import Prompt
from swe_agent.models.calls import Exchange, RawCall, exchanges

UNANSWERED = "not run"
"""Answer to a call whose observation was never made: the vendor wants each call answered."""


def messages_of(prompt: Prompt) -> list[dict[str, JsonValue]]:
    """The messages: each call answered right after it, notes in a row as one user message."""
    messages: list[dict[str, JsonValue]] = []
    if prompt.system.strip():
        messages.append({"role": "system", "content": prompt.system})
    for exchange in exchanges(prompt.history):
        if exchange.turn and (exchange.turn.calls or exchange.turn.text.strip()):
            messages.append(_assistant(exchange.turn))
        messages.extend(_answers(exchange))
        if exchange.texts:
            _hear(messages, "\n\n".join(exchange.texts))
    return messages


def tools_of(prompt: Prompt) -> list[dict[str, JsonValue]]:
    """The tools of a request."""
    return [
        {
            "type": "function",
            "function": {
                "name": spec.name,
                "description": spec.description,
                "parameters": spec.schema,
            },
        }
        for spec in prompt.tools
    ]


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Function(_Wire):
    name: str
    arguments: str | dict[str, JsonValue] | None = None
    """JSON text; some compatible servers send the object itself."""


class Call(_Wire):
    id: str | None = None
    function: Function


class Part(_Wire):
    text: str | None = None


class Said(_Wire):
    content: str | list[Part] | None = None
    refusal: str | None = None
    tool_calls: list[Call] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text or "" for part in self.content)
        return self.content or ""

    def raw_calls(self) -> list[RawCall]:
        """The tool calls as they were written."""
        return [
            RawCall(
                call.id or "",
                call.function.name,
                call.function.arguments
                if isinstance(call.function.arguments, str)
                else json.dumps(call.function.arguments or {}),
            )
            for call in self.tool_calls or ()
        ]


class Choice(_Wire):
    finish_reason: str | None = None
    message: Said


class PromptTokens(_Wire):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class Tokens(_Wire):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: PromptTokens | None = None


class Problem(_Wire):
    message: str | None = None
    code: str | int | None = None


class Completion(_Wire):
    """A reply, or an error that came with status 200."""

    choices: list[Choice] | None = None
    usage: Tokens | None = None
    error: Problem | str | None = None


def _assistant(turn: Turn) -> dict[str, JsonValue]:
    message: dict[str, JsonValue] = {"role": "assistant", "content": turn.text or None}
    if turn.calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for call in turn.calls
        ]
    return message


def _answers(exchange: Exchange) -> list[dict[str, JsonValue]]:
    return [
        {
            "role": "tool",
            "tool_call_id": call.id,
            "content": observation.text if observation else UNANSWERED,
        }
        for call, observation in exchange.answers
    ]


def _hear(messages: list[dict[str, JsonValue]], text: str) -> None:
    if messages and messages[-1]["role"] == "user":
        text = f"{messages.pop()['content']}\n\n{text}"
    messages.append({"role": "user", "content": text})
