"""The Anthropic Messages wire format: a prompt as a request, a stream of events as a reply."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from swe_agent.core.messages import Message, Turn
from swe_agent.core.protocols import Prompt, ToolSpec
from swe_agent.models.bodies import no_json
from swe_agent.models.calls import Exchange, RawCall, exchanges
from swe_agent.models.pictures import Look, anthropic_blocks
from swe_agent.models.strict import Limits

Block = dict[str, JsonValue]

UNANSWERED = "not run"
"""Answer to a call whose observation was never made: the vendor wants each call answered."""
THINKING = ("thinking", "redacted_thinking")
STATUS_OF_ERROR = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""Of errors that come inside a stream; others count as 500."""

MARK: dict[str, JsonValue] = {"type": "ephemeral"}
_CACHED = ("text", "tool_use", "tool_result", "image", "document")
"""Blocks that can be marked; thinking cannot."""
_ID_CHARS = re.compile(r"[^A-Za-z0-9_-]")


def system_of(prompt: Prompt) -> list[Block]:
    """The system text, marked to be cached."""
    if not prompt.system.strip():
        return []
    return [{"type": "text", "text": prompt.system, "cache_control": MARK}]


def tools_of(prompt: Prompt, strict: bool = False) -> list[Block]:
    """The tools, the last one marked to be cached; strict as long as the vendor's limits last."""
    tools = [_tool(spec) for spec in prompt.tools]
    left = Limits()
    for tool, spec in zip(tools, prompt.tools, strict=True):
        if strict and (closed := left.take(spec.schema)):
            tool |= {"input_schema": closed, "strict": True}
    if tools:
        tools[-1]["cache_control"] = MARK
    return tools


def messages_of(
    history: Sequence[Message], model: str, without_thinking: int = 0, look: Look | None = None
) -> list[Block]:
    """The messages of a history, or of a part that merges with none of the rest.

    Args:
        history: what was said.
        model: name of the model that is asked; another model's thinking is left out.
        without_thinking: leave out the thinking of so many first turns.
    """
    messages: list[tuple[str, list[Block]]] = []
    turns = 0
    for exchange in exchanges(history):
        if exchange.turn:
            turns += 1
            thinks = turns > without_thinking and exchange.turn.model == model
            _say(messages, "assistant", _assistant(exchange.turn, thinks))
        _say(messages, "user", _user(exchange, look))
    return [{"role": role, "content": [*blocks]} for role, blocks in messages]


def mark(messages: list[Block]) -> None:
    """Mark the last reply and the last user message to be cached.

    The reply is marked since what follows it may be folded by the next request: all before is then
    still read from the cache.
    """
    for role in ("assistant", "user"):
        said = [one for one in messages if one["role"] == role][-1:]
        content = said[0]["content"] if said else []
        assert isinstance(content, list)
        blocks = [block for block in content if isinstance(block, dict)]
        if blocks and blocks[-1]["type"] in _CACHED:
            blocks[-1]["cache_control"] = MARK


@dataclass(slots=True)
class StreamedReply:
    """A reply as its events come in; whole only when `check_whole` says so."""

    blocks: dict[int, Block] = field(default_factory=dict)
    stop_reason: str = ""
    explanation: str = ""
    """Why the vendor refused, where it says so."""
    usage: dict[str, int] = field(default_factory=dict)
    _json: dict[int, str] = field(default_factory=dict)
    _open: set[int] = field(default_factory=set)
    _done: bool = False

    def take(self, event: Block) -> None:
        """Add one event of the stream; unknown ones are passed over.

        Raises:
            ValueError: the event is not of the shape that its type promises.
        """
        match event.get("type"):
            case "message_start":
                self._count(_object(event, "message").get("usage"))
            case "content_block_start":
                index = _integer(event, "index")
                self.blocks[index] = dict(_object(event, "content_block"))
                self._open.add(index)
            case "content_block_delta":
                self._grow(_integer(event, "index"), _object(event, "delta"))
            case "content_block_stop":
                self._open.discard(_integer(event, "index"))
            case "message_delta":
                self._stop(_object(event, "delta"))
                self._count(event.get("usage"))
            case "message_stop":
                self._done = True

    def take_whole(self, body: bytes) -> None:
        """Take a reply in that came as one JSON object.

        Raises:
            ValueError: it is none.
        """
        try:
            message = json.loads(body)
        except ValueError:
            raise no_json(body) from None
        if not isinstance(message, dict) or message.get("type") != "message":
            raise ValueError("the endpoint sent something else than a message")
        content = message.get("content")
        if not isinstance(content, list):
            raise ValueError("content is not a list")
        for index, block in enumerate(content):
            self.blocks[index] = dict(_object({"block": block}, "block"))
        self._count(message.get("usage"))
        self._stop(message)
        self._done = True

    @property
    def is_over(self) -> bool:
        """Whether the vendor said that it is over; it may be broken all the same."""
        return self._done

    def check_whole(self) -> None:
        """Pass if the reply ended as the vendor ends replies.

        Raises:
            ValueError: it did not; the message says what is missing.
        """
        if not self._done or not self.stop_reason:
            raise ValueError("the stream ended early")
        if self._open:
            raise ValueError("a content block was not closed")

    @property
    def content(self) -> list[Block]:
        """The blocks in order."""
        return [self.blocks[index] for index in sorted(self.blocks)]

    @property
    def text(self) -> str:
        """What the model says, its text blocks on lines of their own."""
        said = [_text(block, "text") for block in self.content if block.get("type") == "text"]
        return "\n".join(text for text in said if text.strip())

    def raw_calls(self) -> list[RawCall]:
        """The tool calls as they were written."""
        calls: list[RawCall] = []
        for index in sorted(self.blocks):
            block = self.blocks[index]
            if block.get("type") == "tool_use":
                arguments = self._json.get(index) or json.dumps(block.get("input") or {})
                calls.append(RawCall(_text(block, "id"), _text(block, "name"), arguments))
        return calls

    def _stop(self, said: Block) -> None:
        self.stop_reason = _text(said, "stop_reason")
        details = said.get("stop_details")
        if isinstance(details, dict):
            told = (details.get("category"), details.get("explanation"))
            self.explanation = ": ".join(one for one in told if isinstance(one, str) and one)

    def _grow(self, index: int, delta: Block) -> None:
        if index not in self._open:
            raise ValueError("a delta for a block that is not open")
        block = self.blocks[index]
        match delta.get("type"):
            case "text_delta":
                block["text"] = str(block.get("text", "")) + _text(delta, "text")
            case "thinking_delta":
                block["thinking"] = str(block.get("thinking", "")) + _text(delta, "thinking")
            case "signature_delta":
                block["signature"] = _text(delta, "signature")
            case "input_json_delta":
                self._json[index] = self._json.get(index, "") + _text(delta, "partial_json")

    def _count(self, usage: JsonValue) -> None:
        # Compatible endpoints may count nothing; then the usage is estimated.
        if not isinstance(usage, dict):
            return
        for name, value in usage.items():
            if isinstance(value, int):
                self.usage[name] = value


def text_delta(event: Block) -> str:
    """The text that an event adds to what the model says; empty where it adds none."""
    delta = event.get("delta")
    if event.get("type") != "content_block_delta" or not isinstance(delta, dict):
        return ""
    return str(delta.get("text", "")) if delta.get("type") == "text_delta" else ""


def opaque_of(content: list[Block], call_ids: list[str]) -> tuple[Block, ...]:
    """What has to come back unchanged: all blocks in order, if there is thinking among them.

    A call is kept by its id alone; its arguments are in the turn.
    """
    kept: list[Block] = []
    for block in content:
        if block.get("type") == "tool_use":
            if block.get("id") not in call_ids:
                continue
            kept.append({"type": "tool_use", "id": block["id"]})
        elif block.get("type") in THINKING or str(block.get("text", "")).strip():
            kept.append(block)
    thinks = any(block.get("type") in THINKING for block in kept)
    # A message must not end in thinking: what a cut call leaves behind is dropped.
    return tuple(kept) if thinks and kept[-1].get("type") not in THINKING else ()


def _assistant(turn: Turn, thinks: bool) -> list[Block]:
    calls: dict[str, Block] = {
        call.id: {
            "type": "tool_use",
            "id": _wire_id(call.id),
            "name": call.name,
            "input": call.arguments,
        }
        for call in turn.calls
    }
    if thinks and turn.opaque:
        named = [str(b.get("id")) for b in turn.opaque if b.get("type") == "tool_use"]
        if sorted(named) == sorted(calls):
            return [
                calls[str(b["id"])] if b.get("type") == "tool_use" else dict(b) for b in turn.opaque
            ]
    said: list[Block] = [{"type": "text", "text": turn.text}] if turn.text.strip() else []
    return [*said, *calls.values()]


def _user(exchange: Exchange, look: Look | None) -> list[Block]:
    blocks: list[Block] = []
    for call, observation in exchange.answers:
        result: Block = {"type": "tool_result", "tool_use_id": _wire_id(call.id)}
        result["content"] = observation.text if observation else UNANSWERED
        if observation and observation.images and look:
            text: Block = {"type": "text", "text": observation.text}
            result["content"] = [text, *anthropic_blocks(observation.images, look)]
        if observation is None or observation.outcome != "ok":
            result["is_error"] = True
        blocks.append(result)
    blocks.extend({"type": "text", "text": text} for text in exchange.texts)
    if look:
        blocks.extend(anthropic_blocks(exchange.images, look))
    return blocks


def _say(messages: list[tuple[str, list[Block]]], role: str, blocks: list[Block]) -> None:
    if not blocks:
        return
    if messages and messages[-1][0] == role:
        messages[-1][1].extend(blocks)
    else:
        messages.append((role, blocks))


def _tool(spec: ToolSpec) -> Block:
    return {"name": spec.name, "description": spec.description, "input_schema": spec.schema}


def _wire_id(call_id: str) -> str:
    return _ID_CHARS.sub("_", call_id)


def _object(parent: Block, key: str) -> Block:
    value = parent.get(key)
    if not isinstance(value, dict):
        raise ValueError(f"{key} is not an object")
    return value


def _text(parent: Block, key: str) -> str:
    value = parent.get(key)
    if not isinstance(value, str):
        raise ValueError(f"{key} is not text")
    return value


def _integer(parent: Block, key: str) -> int:
    value = parent.get(key)
    if not isinstance(value, int):
        raise ValueError(f"{key} is not a number")
    return value
