"""What Anthropic's models of different ages take: forms of thinking, efforts, strict tools."""

from collections.abc import Iterator, Sequence, Set
from typing import Any

from tests.vendors.server import Json

MODES = frozenset({"adaptive", "disabled"})
EFFORTS = ("low", "medium", "high", "xhigh", "max")
STRICT_KEYS = {
    "type", "description", "properties", "required", "additionalProperties", "items", "enum",
    "const", "anyOf", "$ref", "$defs",
}  # fmt: skip


def check_thought(body: Json, modes: Set[str], efforts: Sequence[str]) -> None:
    """What a model of some age says to the form of thinking and the effort."""
    effort = body.get("output_config", {}).get("effort")
    if effort and not efforts:
        raise ValueError("This model does not support the effort parameter.")
    if effort and effort not in efforts:
        raise ValueError(
            f"This model does not support effort level '{effort}'."
            f" Supported levels: {', '.join(efforts)}."
        )
    thinking = body.get("thinking", {"type": "disabled"})
    kind = thinking["type"]
    if "thinking" in body and kind not in modes:
        if kind == "adaptive":
            raise ValueError("adaptive thinking is not supported on this model")
        raise ValueError(
            f'"thinking.type.{kind}" is not supported for this model. Use "thinking.type.adaptive"'
            ' and "output_config.effort" to control thinking behavior.'
        )
    if kind == "enabled":
        if not 1024 <= thinking["budget_tokens"] < body["max_tokens"]:
            raise ValueError("`max_tokens` must be greater than `thinking.budget_tokens`.")
        _check_under_way(body["messages"])


def _check_under_way(messages: list[Json]) -> None:
    """With a budget, the reply that the last results belong to has to begin with thinking."""
    last = messages[-1]["content"]
    if not all(block["type"] == "tool_result" for block in last):
        return
    index = len(messages) - 2
    while index > 1 and all(b["type"] == "tool_result" for b in messages[index - 1]["content"]):
        index -= 2
    found = messages[index]["content"][0]["type"]
    if found != "thinking":
        raise ValueError(
            f"messages.{index}.content.0.type: Expected `thinking` or `redacted_thinking`, but"
            f" found `{found}`. When `thinking` is enabled, a final `assistant` message must start"
            " with a thinking block. To avoid this requirement, disable `thinking`."
        )


def check_strict(tools: list[Json], optional: int) -> None:
    """What strict decoding can hold, and how much of it in one request."""
    left_out = 0
    for index, tool in enumerate(tools):
        for schema in _schemas(tool["input_schema"]):
            if extra := set(schema) - STRICT_KEYS:
                kind = schema.get("type")
                raise ValueError(
                    f"tools.{index}.custom: For '{kind}' type, property '{min(extra)}' is not"
                    " supported"
                )
            if schema.get("type") == "object":
                if schema.get("additionalProperties") is not False:
                    raise ValueError(
                        f"tools.{index}.custom: For 'object' type, 'additionalProperties' must be"
                        " explicitly set to false"
                    )
                left_out += len(set(schema["properties"]) - set(schema.get("required", [])))
    if len(tools) > 20 or left_out > optional:
        raise ValueError(
            "Schema is too complex for compilation. Try reducing the number of tools or"
            " simplifying tool schemas."
        )


def _schemas(schema: Any) -> Iterator[Json]:
    yield schema
    inner = [*schema.get("anyOf", []), *schema.get("properties", {}).values()]
    inner += [*schema.get("$defs", {}).values()]
    for one in [*inner, schema["items"]] if "items" in schema else inner:
        yield from _schemas(one)
