"""Strict tools: each vendor gets schemas that its decoding holds, and no more than it compiles."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from swe_agent.aci.load import load_tools
from swe_agent.aci.route import spec_of
from swe_agent.core.protocols import ToolSpec
from swe_agent.models.strict import Limits, strict_schema
from swe_agent.settings.schema import Settings
from tests.models.conversation import VIEW, call, model_of, prompt
from tests.vendors import AnthropicServer, ResponsesServer

TOOLS = Path(__file__).parents[2] / "tools"
LOOSE = ToolSpec(
    "loose",
    "Takes what it is given.",
    {"type": "object", "properties": {"any": {"type": "object"}}, "required": ["any"]},
)
FOREIGN = ToolSpec(
    "foreign",
    "As another server describes its tools.",
    {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "address": {"type": "string", "format": "uri", "pattern": "^h", "minLength": 3},
            "count": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
            "names": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        },
        "required": ["address"],
    },
)


def wide(name: str, optional: int) -> ToolSpec:
    """A tool with so many properties that may be left out."""
    fields = {f"p{number}": {"type": "string"} for number in range(optional)}
    return ToolSpec(name, "Wide.", {"type": "object", "properties": fields})


def strict_of(server: AnthropicServer) -> list[str]:
    """Names of the strict tools in the last request."""
    return [tool["name"] for tool in server.requests[-1].body["tools"] if tool.get("strict")]


def test_our_tools_are_strict_at_both_vendors_but_the_one_with_a_free_form_mapping() -> None:
    specs = [spec_of(tool) for tool in load_tools([TOOLS], Settings().tools.names)]
    left = Limits()
    for strict in (left.take, strict_schema):
        assert [one.name for one in specs if not strict(one.schema)] == ["try_edits"]


@pytest.mark.parametrize("tools", [(VIEW, LOOSE, FOREIGN), (FOREIGN,)], ids=["mixed", "foreign"])
@pytest.mark.parametrize("vendor", [AnthropicServer, ResponsesServer])
def test_schemas_of_others_are_made_to_fit_or_sent_as_they_are(
    vendor: type[AnthropicServer | ResponsesServer], tools: Sequence[ToolSpec]
) -> None:
    name = "anthropic" if vendor is AnthropicServer else "responses"
    with vendor([{"text": "ok"}]) as server:
        model_of(name, server.url).complete(prompt(tools=tools))
    assert server.refused == []
    strict = [tool["name"] for tool in server.requests[0].body["tools"] if tool.get("strict")]
    assert strict == [tool.name for tool in tools if tool is not LOOSE]


def test_what_a_request_cannot_hold_any_more_is_not_strict() -> None:
    tools = (wide("a", 15), wide("b", 10), wide("c", 9), LOOSE)
    with AnthropicServer([{"text": "ok"}]) as server:
        model_of("anthropic", server.url).complete(prompt(tools=tools))
    assert strict_of(server) == ["a", "c"]
    assert server.refused == []


def test_tools_that_are_too_much_for_a_model_are_strict_no_more() -> None:
    script = [{"tool_calls": [call("a")]}] * 2
    with AnthropicServer(script, optional=5) as server:
        model_of("anthropic", server.url).complete(prompt(tools=(VIEW, wide("a", 9))))
        model_of("anthropic", server.url).complete(prompt(tools=(VIEW, wide("a", 9))))
    assert [request.status for request in server.requests] == [400, 200, 200]
    assert strict_of(server) == []
