"""Prompts, models and vendors that the tests of `models/` share."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from swe_agent.core.messages import Message, Note, Observation, Turn
from swe_agent.core.protocols import Model, Prompt, ToolSpec
from swe_agent.models.anthropic import Anthropic
from swe_agent.models.endpoint import Endpoint
from swe_agent.models.openai import OpenAI
from swe_agent.models.responses import Responses
from tests.vendors import AnthropicServer, OpenAIServer, ResponsesServer
from tests.vendors.server import VendorServer

KEY = "sk-test-0123456789abcdef"
VIEW = ToolSpec(
    "view",
    "Shows a file.",
    {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)
TASK = Note(kind="task", text="Fix the bug.")
VENDORS: dict[str, type[VendorServer]] = {
    "anthropic": AnthropicServer,
    "anthropic-whole": AnthropicServer,
    "openai": OpenAIServer,
    "openai-whole": OpenAIServer,
    "responses": ResponsesServer,
    "responses-whole": ResponsesServer,
}
"""By the name that a test's id shows; `whole`: not streamed."""


def prompt(*history: Message, system: str = "You fix bugs.", tools: Sequence[ToolSpec] = (VIEW,)):
    return Prompt(system, history or (TASK,), tuple(tools), max_output_tokens=512)


def model_of(vendor: str, url: str, timeout_s: float = 10.0) -> Model:
    endpoint = Endpoint(KEY, url, timeout_s)
    vendor, _, whole = vendor.partition("-")
    stream = not whole
    if vendor == "anthropic":
        return Anthropic("claude-sonnet-5-5", endpoint, stream=stream)
    if vendor == "responses":
        return Responses("gpt-6-sol", endpoint, stream=stream)
    return OpenAI("gpt-6-sol", endpoint, stream=stream)


def call(path: str, **more: Any) -> dict[str, Any]:
    return {"name": "view", "arguments": {"path": path}, **more}


def seen(turn: Turn, *texts: str) -> list[Observation]:
    """Observations of a turn's calls, in their order."""
    return [
        Observation(call_id=one.id, tool=one.name, text=text)
        for one, text in zip(turn.calls, texts, strict=True)
    ]


@contextmanager
def raw_server(parts: Iterable[str], kind: str = "application/json") -> Iterator[str]:
    """A server that answers every request with the parts, sent one by one; yields its base URL."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", kind)
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):
                for part in parts:
                    self.wfile.write(part.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_address[1]}"
        finally:
            http.shutdown()
            thread.join()
