"""Anthropic's Messages API over its SDK: a turn is returned only when it is provably whole."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from swe_agent.core.errors import ContextExceeded
from swe_agent.core.messages import Message, StopReason, Turn, Usage
from swe_agent.core.protocols import Model, Prompt
from swe_agent.models.anthropic_wire import (
    STATUS_OF_ERROR,
    Block,
    StreamedReply,
    mark,
    messages_of,
    opaque_of,
    system_of,
    text_delta,
    tools_of,
)
from swe_agent.models.bodies import words_of
from swe_agent.models.calls import tool_calls
from swe_agent.models.endpoint import Endpoint
from swe_agent.models.faults import Refusal, fault_of, incomplete, retry_after_s, unreachable
from swe_agent.models.hosted import Hosted, Way
from swe_agent.models.sdk import CONNECT_TIMEOUT_S, Outgoing, bounded, one_per_endpoint
from swe_agent.models.segments import body_of
from swe_agent.models.sse import payloads
from swe_agent.models.thinking import BETWEEN_CALLS, FOREIGN, MISSED, mode_of, thinking_of

if TYPE_CHECKING:
    import anthropic

    Post = Callable[..., anthropic.APIResponse[object]]

PROVIDER = "anthropic"
PATH = "/v1/messages"
STOPS: dict[str, StopReason] = {
    "tool_use": "tool_use",
    "end_turn": "end",
    "stop_sequence": "end",
    "pause_turn": "end",
    "max_tokens": "max_tokens",
    "refusal": "refusal",
}
CONTEXT_STOP = "model_context_window_exceeded"


@dataclass(slots=True)
class Anthropic:
    """One hosted model; its thinking goes back unchanged while the vendor takes it."""

    model: str
    endpoint: Endpoint
    stream: bool = True
    _without_thinking: int = field(default=0, init=False)
    _just_answers: bool = field(default=False, init=False)
    """Whether it is not asked to think with a budget: a reply under way had begun without."""
    _hosted: Hosted = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._hosted = Hosted(Way(self.name, PROVIDER, self.model, self.endpoint))

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
        return self._hosted.adapted(
            lambda: self._request(prompt),
            lambda request: self._ask(prompt, request),
            lambda request, refused: self._changed_after(prompt, request, refused),
        )

    def worst_case_usd(self, prompt: Prompt) -> float | None:
        return self._hosted.meter.worst_case_usd(prompt)

    def warm_up(self) -> None:
        """Import the SDK and the price list, and make the client."""
        _client_of(self.endpoint)
        self._hosted.meter.warm_up()

    def _changed_after(self, prompt: Prompt, request: Block, refused: str) -> bool:
        """Learn from a refusal; whether the request is worth sending again."""
        turns = sum(isinstance(message, Turn) for message in prompt.history)
        if self._without_thinking < turns and FOREIGN.search(refused):
            # Thinking is bound to what came before it; folding or new tools change that. All of
            # it goes, since what is left between would no longer fit either.
            self._without_thinking = turns
            return True
        mode = mode_of(request)
        if mode == "thinking.enabled" and not self._just_answers and MISSED.search(refused):
            self._just_answers = True
            return True
        strict = {"strict"} if '"strict": true' in json.dumps(request.get("tools")) else set()
        beta = {"anthropic-beta"} if mode == "thinking.enabled" else set()
        sent = frozenset(request) & _OPTIONAL | strict | beta | ({mode} - {""})
        return self._hosted.learned.from_refusal(refused, sent, "max_tokens")

    def _request(self, prompt: Prompt) -> Block:
        request: Block = {"model": self.model, "max_tokens": self._hosted.most_output(prompt)}
        optional: Block = {"stream": self.stream or None, "temperature": prompt.temperature}
        optional |= thinking_of(prompt, self._hosted.learned, self._hosted.most_output(prompt))
        if mode_of(optional) == "thinking.enabled" and self._just_answers:
            del optional["thinking"]
        if mode_of(optional) not in ("", "thinking.disabled"):
            # The vendor takes no other temperature than its own from a model that thinks.
            del optional["temperature"]
        strict = self._hosted.takes("strict")
        tools = self._hosted.kept.tools.get(
            prompt.tools, strict, lambda: [*tools_of(prompt, strict)]
        )
        optional |= {"system": [*system_of(prompt)] or None, "tools": tools or None}
        given = {name: value for name, value in optional.items() if value is not None}
        return request | {name: v for name, v in given.items() if self._hosted.takes(name)}

    def _body(self, prompt: Prompt, request: Block) -> bytes:
        without, kept = self._without_thinking, self._hosted.kept

        def encode(history: Sequence[Message], turns: int) -> list[Block]:
            return messages_of(history, self.name, without - turns, prompt.look)

        head = kept.segments.head_of(prompt.history, without, encode)
        tail = encode(head.tail, head.turns)
        mark(tail)
        return body_of("messages", head, tail, kept.fields.encoded(request))

    def _ask(self, prompt: Prompt, request: Block) -> Turn:
        client = _client_of(self.endpoint)
        import anthropic
        import httpx2

        secrets, reply = self.endpoint.secrets, StreamedReply()
        outgoing = Outgoing(self._body(prompt, request), prompt.watch)
        try:
            # Bytes in, bytes out: the SDK's records would walk the whole history at each step.
            post = cast("Post", client.post)
            options = outgoing.options(**self._headers(request))
            with closing(post(PATH, content=outgoing, cast_to=object, options=options)) as response:
                kind = response.headers.get("content-type", "")
                chunks = bounded(response.iter_bytes(), self.endpoint.timeout_s)
                hear = prompt.watch.said if prompt.watch else None
                if kind.startswith("text/event-stream"):
                    self._read(chunks, reply, hear)
                else:
                    reply.take_whole(b"".join(chunks))
            return self._turn(prompt, reply)
        except anthropic.APIStatusError as fault:
            wait_s = retry_after_s(fault.response.headers)
            said = words_of(fault.body) or str(fault)
            refusal = Refusal(fault.status_code, said, wait_s)
            raise fault_of(self.name, refusal, secrets) from None
        except (anthropic.AnthropicError, httpx2.HTTPError, httpx2.StreamError) as fault:
            cause = fault.__cause__ or fault
            why = str(cause) or type(cause).__name__
            if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout):
                raise unreachable(self.name, why, secrets) from None
            raise incomplete(self.name, why, secrets, self._half_usage(prompt, reply)) from None
        except ValueError as fault:
            why = str(fault)
            raise incomplete(self.name, why, secrets, self._half_usage(prompt, reply)) from None

    def _headers(self, request: Block) -> dict[str, str]:
        if mode_of(request) != "thinking.enabled" or not self._hosted.takes("anthropic-beta"):
            return {}
        return {"anthropic-beta": BETWEEN_CALLS}

    def _read(
        self,
        chunks: Iterator[bytes],
        reply: StreamedReply,
        hear: Callable[[str], None] | None,
    ) -> None:
        """Take the events in; read as JSON, since thinking has to go back exactly as it came."""
        for payload in payloads(chunks):
            event = json.loads(payload)
            if not isinstance(event, dict):
                raise ValueError("an event is not an object")
            if event.get("type") == "error":
                fault = fault_of(self.name, _refusal(event), self.endpoint.secrets)
                fault.may_be_billed = bool(reply.usage)
                raise fault
            reply.take(event)
            if hear and (text := text_delta(event)):
                hear(text)
        reply.check_whole()

    def _turn(self, prompt: Prompt, reply: StreamedReply) -> Turn:
        if reply.stop_reason == CONTEXT_STOP:
            fault = ContextExceeded(
                f"{self.name}: the reply outgrew the context window.",
                "Resume with a model of a larger context window.",
            )
            fault.may_be_billed, fault.usage = True, self._usage(prompt, reply)
            raise fault
        if reply.stop_reason not in STOPS:
            raise ValueError(f"unknown stop reason {reply.stop_reason!r}")
        stop = STOPS[reply.stop_reason]
        # A call that the limit cut can look whole; none of such a reply is trusted.
        cut = stop in ("max_tokens", "refusal")
        calls = (
            () if cut else tool_calls(reply.raw_calls(), self._hosted.kept.said.after(prompt.whole))
        )
        if stop == "tool_use" and not calls:
            raise ValueError("it announces a tool call and has none")
        if stop == "end" and not calls and not reply.text and reply.stop_reason != "pause_turn":
            raise ValueError("it is empty")
        ids = [call.id for call in calls]
        return Turn(
            text=reply.text or (reply.explanation if stop == "refusal" else ""),
            calls=calls,
            stop="tool_use" if calls else stop,
            usage=self._usage(prompt, reply),
            model=self.name,
            opaque=() if stop == "refusal" else opaque_of(reply.content, ids),
        )

    def _usage(self, prompt: Prompt, reply: StreamedReply) -> Usage:
        counted = reply.usage
        usage = Usage(
            input_tokens=counted.get("input_tokens", 0),
            output_tokens=counted.get("output_tokens", 0),
            cache_read_tokens=counted.get("cache_read_input_tokens", 0),
            cache_write_tokens=counted.get("cache_creation_input_tokens", 0),
        )
        return self._hosted.meter.priced(prompt, usage, lambda: len(reply.text.encode()))

    def _half_usage(self, prompt: Prompt, reply: StreamedReply) -> Usage | None:
        """What a reply that is not whole cost: its input is counted, its output at most all."""
        if not reply.usage:
            return None
        if reply.is_over:
            return self._usage(prompt, reply)
        reply.usage["output_tokens"] = prompt.max_output_tokens
        return self._usage(prompt, reply).model_copy(update={"estimated": True})


@one_per_endpoint
def _client_of(endpoint: Endpoint) -> "anthropic.Anthropic":
    import anthropic

    limit = endpoint.timeout_s
    return anthropic.Anthropic(
        api_key=endpoint.key_to_send,
        base_url=endpoint.root and endpoint.root.removesuffix("/v1"),
        default_query=endpoint.query,
        timeout=anthropic.Timeout(limit, connect=min(limit, CONNECT_TIMEOUT_S)),
        max_retries=0,
        open_telemetry=False,
    )


_OPTIONAL = frozenset({"stream", "temperature", "output_config", "tools"})


def _refusal(event: Block) -> Refusal:
    error = event.get("error")
    error = error if isinstance(error, dict) else {}
    return Refusal(STATUS_OF_ERROR.get(str(error.get("type")), 500), str(error.get("message", "")))


if TYPE_CHECKING:
    _proof: Model = Anthropic("", Endpoint())
