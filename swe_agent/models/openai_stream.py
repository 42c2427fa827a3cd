"""A Chat Completions stream: chunks in, one whole completion out, or nothing."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pydantic import JsonValue

from swe_agent.models.bodies import whole_reply
from swe_agent.models.openai_sdk import Incoming
from swe_agent.models.openai_wire import Completion, Tokens
from swe_agent.models.sse import payloads

Fields = dict[str, JsonValue]


def completion_of(incoming: Incoming, hear: Callable[[str], None]) -> Completion:
    """The reply; `hear` gets its text as it comes in.

    Raises:
        ValueError: it is not whole.
    """
    if not incoming.is_stream:
        return whole_reply(Completion, b"".join(incoming.chunks))
    return _streamed(payloads(incoming.chunks), hear)


def _streamed(events: Iterator[str], hear: Callable[[str], None]) -> Completion:
    growing = _Growing()
    for payload in events:
        if payload.strip() == "[DONE]":
            growing.done = True
            break
        chunk = json.loads(payload)
        if not isinstance(chunk, dict):
            raise ValueError("an event is not an object")
        if chunk.get("error"):
            return Completion.model_validate({"error": chunk["error"]})
        if text := growing.take(chunk):
            hear(text)
    return growing.completion()


@dataclass(slots=True)
class _Growing:
    done: bool = False
    _text: list[str] = field(default_factory=list)
    _refusal: list[str] = field(default_factory=list)
    _reasoning: list[str] = field(default_factory=list)
    _details: list[JsonValue] = field(default_factory=list)
    _calls: dict[int, dict[str, str]] = field(default_factory=dict)
    _finish: str | None = None
    _usage: Tokens | None = None

    def take(self, chunk: Fields) -> str:
        """Add one chunk; returns the text in it."""
        if isinstance(chunk.get("usage"), dict):
            self._usage = Tokens.model_validate(chunk["usage"])
        choices = chunk.get("choices") or []
        if not isinstance(choices, list) or not choices:
            return ""
        choice = choices[0]
        if not isinstance(choice, dict) or choice.get("index") not in (0, None):
            return ""
        if isinstance(choice.get("finish_reason"), str):
            self._finish = str(choice["finish_reason"])
        delta = choice.get("delta") or {}
        if not isinstance(delta, dict):
            raise ValueError("a delta is not an object")
        return self._grow(delta)

    def completion(self) -> Completion:
        """The whole reply.

        Raises:
            ValueError: the stream ended before the vendor said that it is over.
        """
        if self._finish is None or not (self.done or self._usage):
            raise ValueError("the stream ended early")
        calls: list[JsonValue] = [
            {"id": call["id"], "function": {"name": call["name"], "arguments": call["arguments"]}}
            for _, call in sorted(self._calls.items())
        ]
        message: Fields = {
            "content": "".join(self._text),
            "refusal": "".join(self._refusal) or None,
            "tool_calls": calls or None,
            "reasoning_content": "".join(self._reasoning) or None,
            "reasoning_details": self._details or None,
        }
        choice: Fields = {"finish_reason": self._finish, "message": message}
        whole = Completion.model_validate({"choices": [choice]})
        return whole.model_copy(update={"usage": self._usage})

    def _grow(self, delta: Fields) -> str:
        text = delta.get("content")
        said = text if isinstance(text, str) else ""
        self._text.append(said)
        for name, parts in (("refusal", self._refusal), ("reasoning_content", self._reasoning)):
            part = delta.get(name)
            if isinstance(part, str):
                parts.append(part)
        details = delta.get("reasoning_details")
        if isinstance(details, list):
            self._details.extend(details)
        calls = delta.get("tool_calls") or []
        if not isinstance(calls, list):
            raise ValueError("tool_calls is not a list")
        for place, call in enumerate(calls):
            self._grow_call(call, place)
        return said

    def _grow_call(self, part: JsonValue, place: int) -> None:
        if not isinstance(part, dict):
            raise ValueError("a tool call is not an object")
        index = part.get("index", place)
        if not isinstance(index, int):
            raise ValueError("the index of a tool call is not a number")
        call = self._calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
        function = part.get("function") or {}
        if not isinstance(function, dict):
            raise ValueError("a function is not an object")
        call["id"] = call["id"] or str(part.get("id") or "")
        call["name"] = call["name"] or str(function.get("name") or "")
        arguments = function.get("arguments")
        call["arguments"] += (
            json.dumps(arguments) if isinstance(arguments, dict) else (str(arguments or ""))
        )
