"""Parts that the formats share: calls, contents and times of a chat, as JSON."""

import json

from pydantic import JsonValue

from swe_agent.core.messages import ToolCall, Turn

SHELL = "shell"
_THINKING = ("thinking", "redacted_thinking")

Json = dict[str, JsonValue]


def tool_call(call: ToolCall) -> Json:
    """A call as chat APIs write it: the arguments are JSON in a string."""
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }


def command_of(call: ToolCall) -> str:
    """A call as one line of text: the command itself for the shell, else name and arguments."""
    command = call.arguments.get("command")
    if call.name == SHELL and isinstance(command, str):
        return command
    return f"{call.name} {json.dumps(call.arguments, ensure_ascii=False)}"


def thinking_of(turn: Turn) -> list[JsonValue]:
    """The blocks of thought that the vendor sent along."""
    return [block for block in turn.opaque if block.get("type") in _THINKING]
