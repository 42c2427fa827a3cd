"""Anthropic's Messages API over its SDK: a turn is returned only when it is provably whole."""

import json
import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from swe_agent.core.errors import ContextExceeded, ModelFault
from swe_agent.core.messages import Message, StopReason, Turn, Usage
from swe_agent.core.protocols import Model, Prompt
from swe_agent.models.anthropic_wire import (
    STATUS_OF_ERROR,
    Block,
    StreamedReply,
    opaque_of,
    request_of,
)
from swe_agent.models.calls import tool_calls
from swe_agent.models.endpoint import Endpoint
from swe_agent.models.faults import Refusal, fault_of, incomplete, retry_after_s
from swe_agent.models.prices import PriceList

if TYPE_CHECKING:
    from collections.abc import Iterable

    import anthropic
    from anthropic.types import MessageParam, TextBlockParam, ToolParam

PROVIDER = "anthropic"
CONNECT_TIMEOUT_S = 20.0
STOPS: dict[str, StopReason] = {
    "tool_use": "tool_use",
    "end_turn": "end",
    "stop_sequence": "end",
    "pause_turn": "end",
    "max_tokens": "max_tokens",
    "refusal": "refusal",
}
CONTEXT_STOP = "model_context_window_exceeded"

_FOREIGN_THINKING = re.compile(r"thinking.*(signature|bound to)|signature.*thinking", re.DOTALL)


@dataclass(slots=True)
class Anthropic:
    """One hosted model; its thinking goes back unchanged while the vendor takes it."""

    model: str
    endpoint: Endpoint
    _client: "anthropic.Anthropic | None" = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _without_thinking: int = field(default=0, init=False)

    @property
    def name(self) -> str:
        return f"{PROVIDER}/{self.model}"

    def complete(self, prompt: Prompt) -> Turn:
        """One whole reply.

        Raises:
            TransientModelFault: rate limit, overload, transport, or a reply that is not whole.
            ContextExceeded: the prompt does not fit, or the reply outgrew the window.
            ModelFault: the request was refused.
        """
        try:
            return self._ask(prompt)
        except ModelFault as fault:
            turns = sum(isinstance(message, Turn) for message in prompt.history)
            if self._without_thinking >= turns or not _FOREIGN_THINKING.search(fault.message):
                raise
            # Thinking is bound to what came before it; folding or new tools change that. All of
            # it goes, since what is left between would no longer fit either.
            self._without_thinking = turns
        return self._ask(prompt)

    def worst_case_usd(self, prompt: Prompt) -> float | None:
        return PriceList(PROVIDER, self.model).worst_case_usd(prompt)

    def warm_up(self) -> None:
        """Import the SDK and the price list, and make the client."""
        self._ready()
        PriceList(PROVIDER, self.model).cost_usd(Usage())

    def _ask(self, prompt: Prompt) -> Turn:
        client = self._ready()
        import anthropic
        import httpx2

        request = request_of(prompt, self.name, self._without_thinking)
        key = self.endpoint.key
        try:
            stream = client.messages.create(
                model=self.model,
                max_tokens=prompt.max_output_tokens,
                system=cast("Iterable[TextBlockParam]", request.system or anthropic.omit),
                messages=cast("Iterable[MessageParam]", request.messages),
                tools=cast("Iterable[ToolParam]", request.tools or anthropic.omit),
                stream=True,
            )
            with stream:
                reply = self._read(stream)
            return _turn(self, reply, prompt.history)
        except anthropic.APIStatusError as fault:
            wait_s = retry_after_s(fault.response.headers)
            refusal = Refusal(fault.status_code, fault.api_message or str(fault), wait_s)
            raise fault_of(self.name, refusal, key) from None
        except (anthropic.AnthropicError, httpx2.HTTPError, httpx2.StreamError) as fault:
            why = str(fault.__cause__ or fault) or type(fault).__name__
            raise incomplete(self.name, why, key) from None
        except ValueError as fault:
            raise incomplete(self.name, str(fault), key) from None

    def _read(
        self, stream: "anthropic.Stream[anthropic.types.RawMessageStreamEvent]"
    ) -> StreamedReply:
        deadline = time.monotonic() + self.endpoint.timeout_s
        reply = StreamedReply()
        # Read as JSON, not as the SDK's records: thinking has to go back exactly as it came.
        for sent in stream.raw_events(stream.response):
            if time.monotonic() > deadline:
                raise ValueError(f"it took longer than {self.endpoint.timeout_s:g} s")
            event = json.loads(sent.data) if sent.data else {}
            if not isinstance(event, dict):
                raise ValueError("an event is not an object")
            if event.get("type") == "error":
                raise fault_of(self.name, _refusal(event), self.endpoint.key)
            reply.take(event)
        kind = stream.response.headers.get("content-type", "")
        if not reply.blocks and not kind.startswith("text/event-stream"):
            raise ValueError(f"the endpoint sent {kind or 'something'}, not a stream of events")
        reply.check_whole()
        return reply

    def _ready(self) -> "anthropic.Anthropic":
        with self._lock:
            if self._client is None:
                import anthropic

                limit = self.endpoint.timeout_s
                self._client = anthropic.Anthropic(
                    api_key=self.endpoint.key_to_send,
                    base_url=self.endpoint.base_url,
                    timeout=anthropic.Timeout(limit, connect=min(limit, CONNECT_TIMEOUT_S)),
                    max_retries=0,
                    open_telemetry=False,
                )
                _ = self._client.messages
            return self._client


def _turn(asked: Anthropic, reply: StreamedReply, history: tuple[Message, ...]) -> Turn:
    if reply.stop_reason == CONTEXT_STOP:
        raise ContextExceeded(
            f"{asked.name}: the reply outgrew the context window.",
            "Resume with a model of a larger context window.",
        )
    if reply.stop_reason not in STOPS:
        raise ValueError(f"unknown stop reason {reply.stop_reason!r}")
    stop = STOPS[reply.stop_reason]
    # A call that the limit cut can look whole; none of such a reply is trusted.
    calls = () if stop in ("max_tokens", "refusal") else tool_calls(reply.raw_calls(), history)
    if stop == "tool_use" and not calls:
        raise ValueError("it announces a tool call and has none")
    if stop == "end" and not calls and not reply.text:
        raise ValueError("it is empty")
    opaque = () if stop == "refusal" else opaque_of(reply.content, [call.id for call in calls])
    return Turn(
        text=reply.text,
        calls=calls,
        stop="tool_use" if calls else stop,
        usage=_usage(asked.model, reply.usage),
        model=asked.name,
        opaque=opaque,
    )


def _usage(model: str, counted: dict[str, int]) -> Usage:
    usage = Usage(
        input_tokens=counted.get("input_tokens", 0),
        output_tokens=counted.get("output_tokens", 0),
        cache_read_tokens=counted.get("cache_read_input_tokens", 0),
        cache_write_tokens=counted.get("cache_creation_input_tokens", 0),
    )
    cost_usd = PriceList(PROVIDER, model).cost_usd(usage) or 0.0
    return usage.model_copy(update={"cost_usd": cost_usd})


def _refusal(event: Block) -> Refusal:
    error = event.get("error")
    error = error if isinstance(error, dict) else {}
    return Refusal(STATUS_OF_ERROR.get(str(error.get("type")), 500), str(error.get("message", "")))


if TYPE_CHECKING:
    _proof: Model = Anthropic("", Endpoint())
