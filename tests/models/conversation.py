"""Prompts, models and vendors that the tests of `models/` share."""

from collections.abc import Callable, Sequence
from typing import Any

from swe_agent.core.messages import Message, Note, Observation, Turn
from swe_agent.core.protocols import Model, Prompt, ToolSpec
from swe_agent.models.anthropic import Anthropic
from swe_agent.models.endpoint import Endpoint
from swe_agent.models.openai import OpenAI
from tests.vendors import AnthropicServer, OpenAIServer
from tests.vendors.server import VendorServer

KEY = "sk-test-0123456789abcdef"
VIEW = ToolSpec(
    "view",
    "Shows a file.",
    {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)
TASK = Note(kind="task", text="Fix the bug.")
VENDORS: dict[str, type[VendorServer]] = {"anthropic": AnthropicServer, "openai": OpenAIServer}
"""By the name that a test's id shows."""
Ask = Callable[..., Turn]


def prompt(*history: Message, system: str = "You fix bugs.", tools: Sequence[ToolSpec] = (VIEW,)):
    return Prompt(system, history or (TASK,), tuple(tools), max_output_tokens=512)


def model_of(vendor: str, url: str, timeout_s: float = 10.0) -> Model:
    endpoint = Endpoint(KEY, url, timeout_s)
    if vendor == "anthropic":
        return Anthropic("claude-sonnet-5-5", endpoint)
    return OpenAI("gpt-6-sol", endpoint)


def call(path: str, **more: Any) -> dict[str, Any]:
    return {"name": "view", "arguments": {"path": path}, **more}


def seen(turn: Turn, *texts: str) -> list[Observation]:
    """Observations of a turn's calls, in their order."""
    return [
        Observation(call_id=one.id, tool=one.name, text=text)
        for one, text in zip(turn.calls, texts, strict=True)
    ]
