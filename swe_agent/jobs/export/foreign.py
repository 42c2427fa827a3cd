"""Foreign JSON read with care: what is missing or of another type is empty, never a crash."""

import json
from collections.abc import Iterator

from pydantic import JsonValue

from swe_agent.core.messages import ToolCall

Json = dict[str, JsonValue]


def object_of(value: JsonValue) -> Json:
    """The object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def objects_of(value: JsonValue) -> Iterator[Json]:
    """The objects of a list."""
    return (
        (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())
    )


def text_of(value: JsonValue) -> str:
    """A content: text as it is, or the text parts of a list."""
    if isinstance(value, str):
        return value
    parts = (part.get("text") for part in objects_of(value))
    return "\n".join(part for part in parts if isinstance(part, str))


def number_of(value: JsonValue) -> float:
    """The number; 0.0 for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and isinstance(value, int | float) else 0.0


def count_of(value: JsonValue) -> int:
    """The number of something, never below 0."""
    return max(0, int(number_of(value)))


def calls_of(value: JsonValue) -> tuple[ToolCall, ...]:
    """Calls as chat APIs write them; arguments that are no JSON object are kept as text."""
    return tuple(_call(item) for item in objects_of(value))


def _call(item: Json) -> ToolCall:
    function = object_of(item.get("function"))
    raw = function.get("arguments")
    try:
        arguments = json.loads(raw) if isinstance(raw, str) else raw
    except ValueError:
        arguments = raw
    return ToolCall(
        id=text_of(item.get("id")),
        name=text_of(function.get("name")) or "unknown",
        arguments=arguments if isinstance(arguments, dict) else {"arguments": raw},
    )
