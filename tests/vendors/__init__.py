"""Local HTTP servers that speak the vendors' protocols, play a script, check what they are sent."""

from tests.vendors.anthropic import AnthropicServer
from tests.vendors.openai import OpenAIServer
from tests.vendors.responses import ResponsesServer

__all__ = ["AnthropicServer", "OpenAIServer", "ResponsesServer"]
