"""A fake of OpenAI's Chat Completions: checks requests as the vendor does, plays its script."""

import json
import re
from collections.abc import Mapping, Sequence, Set

from swe_agent.core.messages import Message, Note, Turn
from swe_agent.models.script import Line
from tests.vendors.openai_refusals import check_fields, check_level, error_of
from tests.vendors.server import Json, Problem, Source, VendorServer, pieces

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
FIELDS = {
    "model", "messages", "tools", "tool_choice", "max_tokens", "max_completion_tokens", "stream",
    "stream_options", "reasoning_effort", "parallel_tool_calls", "temperature", "top_p", "stop",
    "seed", "user", "prompt_cache_key", "n", "store", "metadata",
}  # fmt: skip
MESSAGE_FIELDS = {
    "system": {"role", "content", "name"},
    "user": {"role", "content", "name"},
    "assistant": {"role", "content", "tool_calls", "refusal", "name"},
    "tool": {"role", "content", "tool_call_id"},
}
STOPS = {
    "tool_use": "tool_calls",
    "end": "stop",
    "max_tokens": "length",
    "refusal": "content_filter",
}


class OpenAIServer(VendorServer):
    """The vendor on a local port: `.url` is its base URL, `.requests` what it was sent.

    Args:
        refuses: fields that this endpoint does not take, as older or newer ones do.
        tools_need_no_reasoning: refuse tools unless `reasoning_effort` is `none`.
        efforts: those that it takes.
    """

    def __init__(
        self,
        script: Source,
        key: str | None = None,
        port: int = 0,
        refuses: Set[str] = frozenset(),
        tools_need_no_reasoning: bool = False,
        efforts: Sequence[str] = EFFORTS,
    ) -> None:
        dialect = OpenAIDialect(refuses, tools_need_no_reasoning)
        dialect.efforts = efforts
        super().__init__(dialect, script, key, port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


class OpenAIDialect:
    """How OpenAI reads requests and writes replies."""

    path = "/v1/chat/completions"

    def __init__(self, refuses: Set[str], tools_need_no_reasoning: bool) -> None:
        self.refuses = refuses
        self.efforts: Sequence[str] = EFFORTS
        self.tools_need_no_reasoning = tools_need_no_reasoning

    def check(self, body: Json, headers: Mapping[str, str]) -> Problem | None:
        try:
            _check_fields(body, self.refuses)
            check_level(
                str(body.get("model")),
                "reasoning_effort",
                body.get("reasoning_effort"),
                self.efforts,
            )
            _check_tools(body)
            if self.tools_need_no_reasoning and body.get("tools"):
                _check_effort(body)
            _check_messages(body["messages"])
        except ValueError as fault:
            return Problem(400, "invalid_request_error", *fault.args)
        return None

    def history(self, body: Json) -> list[Message]:
        return [
            Turn() if m["role"] == "assistant" else Note(kind="task", text=str(m["content"]))
            for m in body["messages"]
            if m["role"] != "system"
        ]

    def problem(self, problem: Problem) -> Json:
        return error_of(problem)

    def context_problem(self) -> Problem:
        message = "This model's maximum context length is 8192 tokens. However, you sent 9000."
        return Problem(400, "invalid_request_error", message)

    def whole(self, line: Line, body: Json) -> Json:
        message: Json = {"role": "assistant", "content": line.text or None, "refusal": None}
        calls = _calls(line, body)
        if calls:
            message["tool_calls"] = calls
        choice = {"index": 0, "message": message, "finish_reason": _stop(line), "logprobs": None}
        return {
            **_envelope(line, body, "chat.completion"),
            "choices": [] if line.error == "empty" else [choice],
            "usage": _usage(line, body),
        }

    def events(self, line: Line, body: Json) -> list[str]:
        envelope = _envelope(line, body, "chat.completion.chunk")
        deltas: list[Json] = [{"role": "assistant", "content": ""}]
        deltas.extend({"content": part} for part in pieces(line.text) if line.text)
        for index, call in enumerate(_calls(line, body)):
            function = {**call["function"], "arguments": ""}
            deltas.append({"tool_calls": [{**call, "index": index, "function": function}]})
            for part in pieces(call["function"]["arguments"]):
                grown = {"index": index, "function": {"arguments": part}}
                deltas.append({"tool_calls": [grown]})
        chunks = [
            {**envelope, "choices": [{"index": 0, "delta": d, "finish_reason": None}]}
            for d in deltas
        ]
        if line.error == "empty":
            chunks = []
        last = {"index": 0, "delta": {}, "finish_reason": _stop(line)}
        chunks.append({**envelope, "choices": [] if line.error == "empty" else [last]})
        chunks.append({**envelope, "choices": [], "usage": _usage(line, body)})
        return [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"]


def _check_fields(body: Json, refuses: Set[str]) -> None:
    check_fields(body, ("model", "messages"), refuses)
    for name in sorted(set(body) - FIELDS):
        raise ValueError(f"Unrecognized request argument supplied: {name}")
    if {"max_tokens", "max_completion_tokens"} <= set(body):
        raise ValueError("Setting 'max_tokens' and 'max_completion_tokens' is not supported.")


def _check_tools(body: Json) -> None:
    if "tools" in body and not body["tools"]:
        raise ValueError("[] is too short - 'tools'")
    for tool in body.get("tools", []):
        function = tool.get("function", {})
        if tool.get("type") != "function" or set(tool) != {"type", "function"}:
            raise ValueError("Invalid value: 'tools' must be functions.")
        if set(function) - {"name", "description", "parameters", "strict"}:
            raise ValueError("Unknown parameter in 'tools[0].function'.")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", function.get("name", "")):
            raise ValueError("Invalid 'tools[0].function.name': string does not match pattern.")


def _check_effort(body: Json) -> None:
    if body.get("reasoning_effort") != "none":
        raise ValueError(
            f"Function tools with reasoning_effort are not supported for {body['model']} in"
            " /v1/chat/completions. To use function tools, use /v1/responses or set"
            " reasoning_effort to 'none'."
        )


def _check_messages(messages: list[Json]) -> None:
    if not messages:
        raise ValueError("Invalid 'messages': empty array.")
    waiting: list[str] = []
    for index, message in enumerate(messages):
        role = message.get("role")
        if role not in MESSAGE_FIELDS:
            raise ValueError(f"Invalid value: 'messages[{index}].role'.")
        for name in sorted(set(message) - MESSAGE_FIELDS[role]):
            raise ValueError(f"Unknown parameter: 'messages[{index}].{name}'.")
        if role == "tool":
            if message["tool_call_id"] not in waiting:
                raise ValueError(
                    "messages with role 'tool' must be a response to a preceding message"
                    " with 'tool_calls'."
                )
            waiting.remove(message["tool_call_id"])
            continue
        if waiting:
            raise ValueError(
                "An assistant message with 'tool_calls' must be followed by tool messages"
                f" responding to each 'tool_call_id': {waiting[0]}"
            )
        _check_content(message, index)
        waiting = [_checked_call(call) for call in message.get("tool_calls", [])]
    if waiting:
        raise ValueError(f"The following tool_call_ids did not have response messages: {waiting}")


def _check_content(message: Json, index: int) -> None:
    content, calls = message.get("content"), message.get("tool_calls")
    if content is None and not calls:
        raise ValueError(f"Invalid value for 'content': 'messages[{index}]' expected a string.")
    if calls is not None and not calls:
        raise ValueError(f"Invalid 'messages[{index}].tool_calls': empty array.")
    if isinstance(content, list):
        kinds = {part.get("type") for part in content}
        if message["role"] != "user" or not kinds <= {"text", "image_url"}:
            raise ValueError(f"Invalid value: 'messages[{index}].content' has parts {kinds}.")


def _checked_call(call: Json) -> str:
    if call.get("type") != "function" or not isinstance(call["function"]["arguments"], str):
        raise ValueError("Invalid type for 'tool_calls[0].function.arguments'.")
    json.loads(call["function"]["arguments"])
    return str(call["id"])


def _calls(line: Line, body: Json) -> list[Json]:
    calls: list[Json] = []
    for number, call in enumerate(line.tool_calls, 1):
        call_id = call.id or f"call_{line.number}_{len(body['messages'])}_{number}"
        arguments = json.dumps(call.arguments, ensure_ascii=False)
        if number == len(line.tool_calls) and (
            line.error == "cut_json" or line.stop == "max_tokens"
        ):
            arguments = arguments[: len(arguments) * 2 // 3]
        function = {"name": call.name, "arguments": arguments}
        calls.append({"id": call_id, "type": "function", "function": function})
    return calls


def _stop(line: Line) -> str:
    return STOPS[line.stop or ("tool_use" if line.tool_calls else "end")]


def _envelope(line: Line, body: Json, kind: str) -> Json:
    return {
        "id": f"chatcmpl-{line.number}",
        "object": kind,
        "created": 1_700_000_000,
        "model": body["model"],
    }


def _usage(line: Line, body: Json) -> Json:
    read, written = line.usage.cache_read_tokens, line.usage.cache_write_tokens
    prompt = (line.usage.input_tokens or len(json.dumps(body)) // 4) + read + written
    output = line.usage.output_tokens or 20
    return {
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": prompt + output,
        "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
    }
