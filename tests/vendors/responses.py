"""A fake of OpenAI's Responses API: checks requests as the vendor does, plays its script."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence, Set
from typing import Any

from swe_agent.core.messages import Message, Note, Turn
from swe_agent.models.script import Line
from tests.vendors.openai_refusals import check_fields, check_level, error_of
from tests.vendors.server import Json, Problem, Source, VendorServer, pieces

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
FIELDS = {
    "model", "input", "instructions", "tools", "tool_choice", "max_output_tokens", "stream",
    "store", "include", "reasoning", "parallel_tool_calls", "temperature", "top_p", "metadata",
    "prompt_cache_key", "truncation", "text", "service_tier", "previous_response_id",
}  # fmt: skip
ITEM_FIELDS = {
    "message": {"type", "id", "role", "content", "status"},
    "reasoning": {"type", "id", "summary", "content", "encrypted_content", "status"},
    "function_call": {"type", "id", "call_id", "name", "arguments", "status"},
    "function_call_output": {"type", "id", "call_id", "output", "status"},
}
STRICT_BANNED = {"default", "minLength", "maxLength", "title", "oneOf", "allOf", "uniqueItems"}


class ResponsesServer(VendorServer):
    """The vendor on a local port: `.url` is its base URL, `.requests` what it was sent.

    Args:
        refuses: fields that this model does not take.
        efforts: those that it takes.
    """

    def __init__(
        self,
        script: Source,
        key: str | None = None,
        port: int = 0,
        refuses: Set[str] = frozenset(),
        efforts: Sequence[str] = EFFORTS,
    ) -> None:
        dialect = ResponsesDialect(refuses)
        dialect.efforts = efforts
        super().__init__(dialect, script, key, port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


class ResponsesDialect:
    """How OpenAI reads requests and writes replies here."""

    path = "/v1/responses"

    def __init__(self, refuses: Set[str] = frozenset()) -> None:
        self.refuses = refuses
        self.efforts: Sequence[str] = EFFORTS

    def check(self, body: Json, headers: Mapping[str, str]) -> Problem | None:
        try:
            _check_fields(body, self.refuses)
            check_level(
                str(body.get("model")),
                "reasoning.effort",
                body.get("reasoning", {}).get("effort"),
                self.efforts,
            )
            for tool in body.get("tools", []):
                _check_tool(tool)
            _check_input(body)
        except ValueError as fault:
            return Problem(400, "invalid_request_error", *fault.args)
        return None

    def history(self, body: Json) -> list[Message]:
        heard: list[Message] = []
        for item in body["input"]:
            kind = _kind(item)
            if kind == "function_call_output":
                heard.append(Note(kind="task", text=str(item["output"])))
            elif item.get("role") == "user":
                heard.append(Note(kind="task", text=str(item["content"])))
            elif not heard or not isinstance(heard[-1], Turn):
                heard.append(Turn())
        return heard

    def problem(self, problem: Problem) -> Json:
        return error_of(problem)

    def context_problem(self) -> Problem:
        message = "Your input exceeds the context window of this model. Please adjust your input."
        return Problem(400, "invalid_request_error", message)

    def whole(self, line: Line, body: Json) -> Json:
        status, why = "completed", None
        if line.stop == "max_tokens":
            status, why = "incomplete", {"reason": "max_output_tokens"}
        if line.stop == "refusal":
            status, why = "incomplete", {"reason": "content_filter"}
        return {
            "id": f"resp_{line.number}",
            "object": "response",
            "model": body["model"],
            "status": status,
            "incomplete_details": why,
            "error": None,
            "output": _output(line, body),
            "usage": _usage(line, body),
        }

    def events(self, line: Line, body: Json) -> list[str]:
        whole = self.whole(line, body)
        begun = {**whole, "status": "in_progress", "output": [], "usage": None}
        events: list[Json] = [{"type": "response.created", "response": begun}]
        for index, item in enumerate(whole["output"]):
            events.extend(_item_events(index, item))
        final = f"response.{whole['status']}"
        events.append({"type": final, "response": whole})
        return [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events]


def sealed(body: Json, before: int, summary: str) -> str:
    """Encrypted reasoning: bound to the model and to what was said before it."""
    said = [body["model"], body["input"][:before]]
    return hashlib.sha256(json.dumps([said, summary]).encode()).hexdigest()


def _kind(item: Json) -> str:
    return str(item.get("type", "message"))


def _check_fields(body: Json, refuses: Set[str]) -> None:
    check_fields(body, ("model", "input"), refuses)
    for name in sorted(set(body) - FIELDS):
        raise ValueError(f"Unknown parameter: '{name}'.")
    if not body["input"]:
        raise ValueError("Invalid 'input': empty array.")
    if body.get("max_output_tokens", 16) < 16:
        raise ValueError("Invalid 'max_output_tokens': integer below minimum value.")


def _check_tool(tool: Json) -> None:
    if tool.get("type") != "function":
        raise ValueError("Invalid value: 'tools[0].type'.")
    extra = set(tool) - {"type", "name", "description", "parameters", "strict"}
    if extra or "strict" not in tool:
        raise ValueError(f"Unknown or missing parameter in 'tools[0]': {extra or 'strict'}")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", tool.get("name", "")):
        raise ValueError("Invalid 'tools[0].name': string does not match pattern.")
    if tool["strict"]:
        _check_strict(tool["parameters"], tool["name"])


def _check_strict(schema: Any, where: str) -> None:
    if isinstance(schema, list):
        for one in schema:
            _check_strict(one, where)
    if not isinstance(schema, dict):
        return
    said = f"Invalid schema for function '{where}': In context=(),"
    if banned := STRICT_BANNED & set(schema):
        raise ValueError(f"{said} '{min(banned)}' is not permitted.")
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            raise ValueError(f"{said} 'additionalProperties' is required to be false.")
        if sorted(schema.get("required", [])) != sorted(schema.get("properties", {})):
            raise ValueError(f"{said} 'required' must include every key in properties.")
    inner = [schema.get("items"), schema.get("anyOf")]
    for name in ("properties", "$defs"):
        inner += list(schema.get(name, {}).values())
    for one in inner:
        _check_strict(one, where)


def _check_input(body: Json) -> None:
    waiting: list[str] = []
    items = body["input"]
    for index, item in enumerate(items):
        kind = _kind(item)
        if kind not in ITEM_FIELDS:
            raise ValueError(f"Invalid value: 'input[{index}].type'.")
        for name in sorted(set(item) - ITEM_FIELDS[kind]):
            raise ValueError(f"Unknown parameter: 'input[{index}].{name}'.")
        if kind == "function_call":
            json.loads(item["arguments"])
            if item["call_id"] in waiting:
                raise ValueError(f"Duplicate call_id: {item['call_id']}")
            waiting.append(item["call_id"])
        elif kind == "function_call_output":
            if item["call_id"] not in waiting:
                raise ValueError(f"No tool call found for function call output {item['call_id']}.")
            waiting.remove(item["call_id"])
            parts = item["output"] if isinstance(item["output"], list) else []
            if {part.get("type") for part in parts} - {"input_text", "input_image"}:
                raise ValueError(f"Invalid value: 'input[{index}].output'.")
        elif kind == "reasoning":
            _check_reasoning(body, index)
        elif item.get("role") == "user" and waiting:
            raise ValueError(f"No tool output found for function call {waiting[0]}.")
        if kind in ("function_call", "message") and str(item.get("id", "")).startswith("fc_r"):
            _check_reasoned(items, index)
    if waiting:
        raise ValueError(f"No tool output found for function call {waiting[0]}.")
    last = items[-1]
    if _kind(last) != "function_call_output" and last.get("role") != "user":
        raise ValueError("Invalid 'input': the last item must be the user's.")


def _check_reasoning(body: Json, index: int) -> None:
    item, items = body["input"][index], body["input"]
    if index + 1 == len(items) or _kind(items[index + 1]) not in ("message", "function_call"):
        raise ValueError(
            f"Item '{item['id']}' of type 'reasoning' was provided without its required following"
            " item."
        )
    if items[index + 1].get("role") == "user":
        raise ValueError(f"Item '{item['id']}' was provided without its required following item.")
    told = item["summary"][0]["text"]
    if item.get("encrypted_content") != sealed(body, index, told):
        raise ValueError(f"The encrypted content for item {item['id']} could not be verified.")


def _check_reasoned(items: list[Json], index: int) -> None:
    before = index
    while before and _kind(items[before - 1]) == "function_call":
        before -= 1
    kinds = {_kind(item) for item in items[max(0, before - 2) : before]}
    if "reasoning" not in kinds:
        raise ValueError(
            f"Item '{items[index]['id']}' of type 'function_call' was provided without its"
            " required 'reasoning' item."
        )


def _output(line: Line, body: Json) -> list[Json]:
    if line.error == "empty":
        return []
    items: list[Json] = []
    if line.thinking:
        item = {"type": "reasoning", "id": f"rs_{line.number}"}
        item["summary"] = [{"type": "summary_text", "text": line.thinking}]
        if "reasoning.encrypted_content" in body.get("include", []):
            item["encrypted_content"] = sealed(body, len(body["input"]), line.thinking)
        items.append(item)
    if line.text:
        kind = "refusal" if line.stop == "refusal" else "text"
        part = {"type": "refusal", "refusal": line.text}
        if kind == "text":
            part = {"type": "output_text", "text": line.text, "annotations": []}
        message = {"type": "message", "id": f"msg_{line.number}", "role": "assistant"}
        items.append({**message, "status": "completed", "content": [part]})
    for number, call in enumerate(line.tool_calls, 1):
        last = number == len(line.tool_calls)
        cut = last and (line.error == "cut_json" or line.stop == "max_tokens")
        raw = json.dumps(call.arguments, ensure_ascii=False)
        items.append(
            {
                "type": "function_call",
                "id": f"fc_{'r' if line.thinking else ''}{line.number}_{number}",
                "call_id": call.id or f"call_{line.number}_{len(body['input'])}_{number}",
                "name": call.name,
                "arguments": raw[: len(raw) * 2 // 3] if cut else raw,
                "status": "incomplete" if cut and line.stop == "max_tokens" else "completed",
            }
        )
    return items


def _item_events(index: int, item: Json) -> list[Json]:
    place = {"output_index": index, "item_id": item["id"]}
    events: list[Json] = [
        {"type": "response.output_item.added", "output_index": index, "item": item["id"]}
    ]
    if item["type"] == "message" and "text" in item["content"][0]:
        for part in pieces(item["content"][0]["text"]):
            events.append({"type": "response.output_text.delta", "delta": part, **place})
    if item["type"] == "function_call":
        for part in pieces(item["arguments"]):
            kind = "response.function_call_arguments.delta"
            events.append({"type": kind, "delta": part, **place})
    events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    return events


def _usage(line: Line, body: Json) -> Json:
    read, written = line.usage.cache_read_tokens, line.usage.cache_write_tokens
    counted = (line.usage.input_tokens or len(json.dumps(body)) // 4) + read + written
    output = line.usage.output_tokens or 20
    return {
        "input_tokens": counted,
        "output_tokens": output,
        "total_tokens": counted + output,
        "input_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
