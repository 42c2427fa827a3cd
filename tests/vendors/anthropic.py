"""A fake of Anthropic's Messages API: checks requests as the vendor does, plays its script."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence, Set
from typing import Any

from swe_agent.core.messages import Message, Note, Turn
from swe_agent.models.script import Line
from tests.vendors.ages import EFFORTS, MODES, check_strict, check_thought
from tests.vendors.cache import PromptCache, blocks_of, unmarked
from tests.vendors.server import Json, Problem, Source, VendorServer, pieces

FIELDS = {
    "model", "max_tokens", "messages", "system", "tools", "tool_choice", "stream", "metadata",
    "stop_sequences", "thinking", "output_config", "cache_control", "service_tier",
}  # fmt: skip
SAMPLING = {"temperature", "top_p", "top_k"}
BLOCK_FIELDS = {
    "image": {"type", "source", "cache_control"},
    "text": {"type", "text", "cache_control", "citations"},
    "tool_use": {"type", "id", "name", "input", "cache_control", "caller"},
    "tool_result": {"type", "tool_use_id", "content", "is_error", "cache_control"},
    "thinking": {"type", "thinking", "signature"},
}
STOPS = {"tool_use": "tool_use", "end": "end_turn", "max_tokens": "max_tokens"}
ID = re.compile(r"^[A-Za-z0-9_-]+$")


class AnthropicServer(VendorServer):
    """The vendor on a local port: `.url` is its base URL, `.requests` what it was sent.

    Args:
        stop_reason: given with every reply, in place of what the script says.
        caches: count tokens as the vendor's prompt cache does, by the marks in the requests.
        modes: forms of thinking that this model takes.
        efforts: those that it takes; empty: it knows no effort.
        optional: properties that may be left out in all strict tools together.
    """

    def __init__(
        self,
        script: Source,
        key: str | None = None,
        port: int = 0,
        stop_reason: str | None = None,
        caches: bool = False,
        modes: Set[str] = MODES,
        efforts: Sequence[str] = EFFORTS,
        optional: int = 24,
    ) -> None:
        dialect = AnthropicDialect(stop_reason, caches)
        dialect.modes, dialect.efforts, dialect.optional = modes, efforts, optional
        super().__init__(dialect, script, key, port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class AnthropicDialect:
    """How Anthropic reads requests and writes replies."""

    path = "/v1/messages"

    def __init__(self, stop_reason: str | None = None, caches: bool = False) -> None:
        self.stop_reason = stop_reason
        self.cache = PromptCache() if caches else None
        self.modes: Set[str] = MODES
        self.efforts: Sequence[str] = EFFORTS
        self.optional = 24

    def check(self, body: Json, headers: Mapping[str, str]) -> Problem | None:
        try:
            if "anthropic-version" not in headers:
                raise ValueError("anthropic-version: header is required")
            _check_fields(body)
            check_thought(body, self.modes, self.efforts)
            _check_tools(body.get("tools", []))
            check_strict([t for t in body.get("tools", []) if t.get("strict")], self.optional)
            _check_messages(body)
            if _marks(body) > 4:
                raise ValueError("A maximum of 4 blocks with cache_control may be provided.")
        except ValueError as fault:
            return Problem(400, "invalid_request_error", str(fault))
        return None

    def history(self, body: Json) -> list[Message]:
        heard: list[Message] = []
        for message in body["messages"]:
            blocks = blocks_of(message)
            if message["role"] == "assistant":
                heard.append(Turn())
                continue
            for block in blocks:
                content = block.get("text", block.get("content", ""))
                text = content if isinstance(content, str) else json.dumps(content)
                heard.append(Note(kind="task", text=text))
        return heard

    def problem(self, problem: Problem) -> Json:
        error = {"type": problem.kind, "message": problem.message}
        return {"type": "error", "error": error, "request_id": "req_local"}

    def context_problem(self) -> Problem:
        message = "prompt is too long: 1000234 tokens > 1000000 maximum"
        return Problem(400, "invalid_request_error", message)

    def whole(self, line: Line, body: Json) -> Json:
        content = _content(line, body)
        if line.error == "cut_json":
            content[-1]["input"] = json.dumps(content[-1]["input"])[:-3]
        return {
            **_envelope(line, body),
            "content": content,
            "stop_reason": self._stop(line),
            "stop_sequence": None,
            "usage": self._usage(line, body, line.usage.output_tokens or 20),
        }

    def _usage(self, line: Line, body: Json, output_tokens: int) -> Json:
        if self.cache is not None:
            return {**self.cache.count(body), "output_tokens": output_tokens}
        return _usage(line, body, output_tokens)

    def events(self, line: Line, body: Json) -> list[str]:
        start = {**_envelope(line, body), "content": [], "stop_reason": None, "stop_sequence": None}
        start["usage"] = self._usage(line, body, 1)
        events: list[Json] = [{"type": "message_start", "message": start}, {"type": "ping"}]
        content = _content(line, body)
        for index, block in enumerate(content):
            cut = index == len(content) - 1 and _is_cut(line)
            events.extend(_block_events(index, block, cut))
        delta = {"stop_reason": self._stop(line), "stop_sequence": None}
        usage = {"output_tokens": line.usage.output_tokens or 20}
        events.append({"type": "message_delta", "delta": delta, "usage": usage})
        events.append({"type": "message_stop"})
        return [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events]

    def _stop(self, line: Line) -> str:
        default = "tool_use" if line.tool_calls and line.error != "empty" else "end"
        return self.stop_reason or STOPS.get(line.stop or default, line.stop or default)


def signature(body: Json, before: int, thinking: str) -> str:
    """The signature of thinking: bound to the model, system, tools and messages before it."""
    prefix = [body["model"], body.get("system"), body.get("tools"), body["messages"][:before]]
    return hashlib.sha256(json.dumps([unmarked(prefix), thinking]).encode()).hexdigest()


def _check_fields(body: Json) -> None:
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            raise ValueError(f"{name}: Field required")
    for name in sorted(set(body) & SAMPLING):
        raise ValueError(f"`{name}` is not supported on this model.")
    for name in sorted(set(body) - FIELDS):
        raise ValueError(f"{name}: Extra inputs are not permitted")
    if not isinstance(body["max_tokens"], int) or body["max_tokens"] < 1:
        raise ValueError("max_tokens: must be at least 1")
    for block in body.get("system", []):
        if not block.get("text", "").strip():
            raise ValueError("system: text content blocks must be non-empty")


def _check_tools(tools: list[Json]) -> None:
    for index, tool in enumerate(tools):
        extra = set(tool) - {
            "name",
            "description",
            "input_schema",
            "cache_control",
            "type",
            "strict",
        }
        if extra:
            raise ValueError(f"tools.{index}.{min(extra)}: Extra inputs are not permitted")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", tool.get("name", "")):
            raise ValueError(f"tools.{index}.name: String should match pattern")
        if tool.get("input_schema", {}).get("type") != "object":
            raise ValueError(f"tools.{index}.input_schema.type: Field required")


def _check_messages(body: Json) -> None:
    messages = body["messages"]
    if not messages:
        raise ValueError("messages: at least one message is required")
    if messages[0]["role"] != "user" or messages[-1]["role"] != "user":
        raise ValueError("messages: the first and the last must use the `user` role")
    seen: set[str] = set()
    for index, message in enumerate(messages):
        if index and message["role"] == messages[index - 1]["role"]:
            raise ValueError("messages: roles must alternate between `user` and `assistant`")
        blocks = blocks_of(message)
        if not blocks:
            raise ValueError(f"messages.{index}: content must be non-empty")
        for place, block in enumerate(blocks):
            _check_block(block, f"messages.{index}.content.{place}", message["role"])
            if block["type"] == "thinking":
                _check_thinking(body, index, place, block)
        if message["role"] == "assistant" and blocks[-1]["type"] == "thinking":
            raise ValueError("The final block in an assistant message cannot be `thinking`.")
        asked = _ids(messages[index - 1], "tool_use", "id") if index else []
        _check_answers(index, message, asked, seen)


def _check_block(block: Json, where: str, role: str) -> None:
    user = {"text", "tool_result", "image"}
    allowed = {"user": user, "assistant": {"text", "tool_use", "thinking"}}
    kind = block.get("type")
    if kind not in allowed[role]:
        raise ValueError(f"{where}: `{kind}` blocks are not allowed for role `{role}`")
    for name in sorted(set(block) - BLOCK_FIELDS[kind]):
        raise ValueError(f"{where}.{kind}.{name}: Extra inputs are not permitted")
    if kind == "image":
        _check_part({"type": kind, "source": block["source"]}, where)
    if kind == "tool_result" and isinstance(block["content"], list):
        for part in block["content"]:
            _check_part(part, where)
    if kind == "text" and not block["text"].strip():
        raise ValueError("messages: text content blocks must contain non-whitespace text")
    if kind == "tool_use" and not (ID.match(block["id"]) and isinstance(block["input"], dict)):
        raise ValueError(f"{where}.tool_use: Input should be a valid tool call")


def _check_part(part: Json, where: str) -> None:
    """What a tool's result may be made of: text, and pictures in base64."""
    if part.get("type") not in ("text", "image"):
        raise ValueError(f"{where}.tool_result.content: Input tag '{part.get('type')}' is unknown")
    if part["type"] == "image":
        source = part["source"]
        if set(source) != {"type", "media_type", "data"} or source["type"] != "base64":
            raise ValueError(f"{where}.tool_result.content.image.source: Field required")
        base64.b64decode(source["data"], validate=True)


def _check_thinking(body: Json, index: int, place: int, block: Json) -> None:
    if block.get("signature") != signature(body, index, block["thinking"]):
        raise ValueError(
            f"messages.{index}.content.{place}: Invalid `signature` in `thinking` block."
            " The block is bound to a different conversation."
        )


def _check_answers(index: int, message: Json, asked: list[str], seen: set[str]) -> None:
    answers = _ids(message, "tool_result", "tool_use_id")
    blocks = blocks_of(message)
    for call_id in answers:
        if call_id not in asked:
            raise ValueError(
                f"messages.{index}: unexpected `tool_use_id` in `tool_result`: {call_id}"
            )
    if len(answers) != len(set(answers)):
        raise ValueError(f"messages.{index}: each tool_use must have a single result")
    missing = set(asked) - set(answers)
    if missing:
        raise ValueError(
            f"messages.{index - 1}: `tool_use` ids without `tool_result`: {min(missing)}"
        )
    kinds = [block["type"] == "tool_result" for block in blocks]
    if kinds != sorted(kinds, reverse=True):
        raise ValueError(f"messages.{index}: `tool_result` blocks must come first")
    calls = _ids(message, "tool_use", "id")
    if len(calls) != len(set(calls)) or seen & set(calls):
        raise ValueError("messages: `tool_use` ids must be unique")
    seen.update(calls)


def _content(line: Line, body: Json) -> list[Json]:
    if line.error == "empty":
        return []
    blocks: list[Json] = []
    if line.thinking:
        signed = signature(body, len(body["messages"]), line.thinking)
        blocks.append({"type": "thinking", "thinking": line.thinking, "signature": signed})
    if line.text:
        blocks.append({"type": "text", "text": line.text})
    for number, call in enumerate(line.tool_calls, 1):
        call_id = call.id or f"toolu_{line.number}_{len(body['messages'])}_{number}"
        blocks.append(
            {"type": "tool_use", "id": call_id, "name": call.name, "input": call.arguments}
        )
    return blocks


def _block_events(index: int, block: Json, cut: bool) -> list[Json]:
    match block["type"]:
        case "text":
            start = {"type": "text", "text": ""}
            deltas = [{"type": "text_delta", "text": part} for part in pieces(block["text"])]
        case "thinking":
            start = {"type": "thinking", "thinking": "", "signature": ""}
            deltas = [{"type": "thinking_delta", "thinking": p} for p in pieces(block["thinking"])]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        case _:
            start = {**block, "input": {}}
            raw = json.dumps(block["input"], ensure_ascii=False)
            raw = raw[: len(raw) * 2 // 3] if cut else raw
            deltas = [{"type": "input_json_delta", "partial_json": part} for part in pieces(raw)]
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def _is_cut(line: Line) -> bool:
    return line.error == "cut_json" or line.stop == "max_tokens"


def _envelope(line: Line, body: Json) -> Json:
    return {
        "id": f"msg_{line.number}",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
    }


def _usage(line: Line, body: Json, output_tokens: int) -> Json:
    return {
        "input_tokens": line.usage.input_tokens or len(json.dumps(body)) // 4,
        "cache_creation_input_tokens": line.usage.cache_write_tokens,
        "cache_read_input_tokens": line.usage.cache_read_tokens,
        "output_tokens": output_tokens,
    }


def _ids(message: Json, kind: str, field: str) -> list[str]:
    return [block[field] for block in blocks_of(message) if block["type"] == kind]


def _marks(value: Any) -> int:
    if isinstance(value, dict):
        return ("cache_control" in value) + sum(_marks(v) for v in value.values())
    return sum(_marks(v) for v in value) if isinstance(value, list) else 0
