"""OpenAI's Responses API over its SDK: reasoning is carried back, tools are strict."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import JsonValue

from swe_agent.core.errors import ModelFault
from swe_agent.core.messages import Message, StopReason, Turn, Usage
from swe_agent.core.protocols import Model, Prompt
from swe_agent.models.bodies import whole_reply
from swe_agent.models.endpoint import Endpoint
from swe_agent.models.faults import Refusal, fault_of, incomplete
from swe_agent.models.hosted import Hosted, Way
from swe_agent.models.openai_sdk import Incoming, Wire
from swe_agent.models.responses_wire import Counted, Problem, Reply, input_of, tools_of
from swe_agent.models.sdk import Outgoing
from swe_agent.models.segments import body_of
from swe_agent.models.sse import payloads

PROVIDER = "openai"
ENCRYPTED = "reasoning.encrypted_content"
FINAL = frozenset({"response.completed", "response.incomplete", "response.failed"})
STATUS_OF_CODE = {"rate_limit_exceeded": 429, "invalid_prompt": 400, "insufficient_quota": 402}
"""Of errors that come inside a reply; others count as 500."""


@dataclass(slots=True)
class Responses:
    """One hosted model; nothing is stored at the vendor, so its reasoning travels encrypted."""

    model: str
    endpoint: Endpoint
    provider: str = PROVIDER
    """What stands before the model in its name."""
    stream: bool = True
    _wire: Wire = field(init=False, repr=False)
    _hosted: Hosted = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._wire = Wire(self.name, self.endpoint)
        way = Way(self.name, PROVIDER, self.model, self.endpoint, "responses")
        self._hosted = Hosted(way)

    @property
    def name(self) -> str:
        return f"{self.provider}/{self.model}"

    def complete(self, prompt: Prompt) -> Turn:
        """One whole reply.

        Raises:
            TransientModelFault: rate limit, overload, transport, or a reply that is not whole.
            ContextExceeded: the prompt does not fit.
            ModelFault: the request was refused.
        """
        strict = {"strict"} if prompt.tools else set()
        return self._hosted.adapted(
            lambda: self._request(prompt),
            lambda request: self._ask(prompt, request),
            lambda request, refused: self._hosted.learned.from_refusal(
                refused, frozenset(request) & _OPTIONAL | strict, "max_tokens"
            ),
        )

    def worst_case_usd(self, prompt: Prompt) -> float | None:
        return self._hosted.meter.worst_case_usd(prompt)

    def warm_up(self) -> None:
        """Import the SDK and the price list, and make the client."""
        self._wire.ready()
        self._hosted.meter.warm_up()

    def _request(self, prompt: Prompt) -> dict[str, JsonValue]:
        takes = self._hosted.takes
        request: dict[str, JsonValue] = {
            "model": self.model,
            "max_output_tokens": self._hosted.most_output(prompt),
            "store": False,
        }
        if prompt.system.strip():
            request["instructions"] = prompt.system
        if prompt.tools:
            strict = takes("strict")
            request["tools"] = self._hosted.kept.tools.get(
                prompt.tools, strict, lambda: [*tools_of(prompt, strict)]
            )
        optional: dict[str, JsonValue] = {"include": [ENCRYPTED], "stream": self.stream or None}
        optional["temperature"] = prompt.temperature
        optional["prompt_cache_key"] = self._hosted.cache_key(prompt)
        if prompt.effort:
            effort = self._hosted.learned.effort_near(prompt.effort)
            optional["reasoning"] = {"effort": effort}
        given = {name: value for name, value in optional.items() if value is not None}
        return request | {name: value for name, value in given.items() if takes(name)}

    def _body(self, prompt: Prompt, request: dict[str, JsonValue]) -> bytes:
        reasons, kept = self._hosted.takes("include"), self._hosted.kept

        def encode(history: Sequence[Message], turns: int) -> list[dict[str, JsonValue]]:
            return input_of(history, self.name, reasons, prompt.look)

        head = kept.segments.head_of(prompt.history, reasons, encode)
        return body_of("input", head, encode(head.tail, head.turns), kept.fields.encoded(request))

    def _ask(self, prompt: Prompt, request: dict[str, JsonValue]) -> Turn:
        def read(incoming: Incoming) -> Reply | Problem:
            return _reply(incoming, prompt.watch.said if prompt.watch else lambda _: None)

        outgoing = Outgoing(self._body(prompt, request), prompt.watch)
        reply = self._wire.ask("/responses", outgoing, read)
        if isinstance(reply, Problem):
            raise self._failed(reply)
        usage = self._usage(prompt, reply)
        if reply.status == "failed":
            fault = self._failed(reply.error or Problem())
            fault.may_be_billed, fault.usage = True, usage if reply.usage else None
            raise fault
        try:
            return self._turn(prompt, reply, usage)
        except ValueError as fault:
            raise incomplete(self.name, str(fault), self.endpoint.secrets, usage) from None

    def _failed(self, problem: Problem) -> ModelFault:
        said = " ".join(filter(None, (problem.code, problem.message)))
        status = 400 if problem.code == "context_length_exceeded" else 500
        status = STATUS_OF_CODE.get(problem.code or "", status)
        return fault_of(self.name, Refusal(status, said), self.endpoint.secrets)

    def _turn(self, prompt: Prompt, reply: Reply, usage: Usage) -> Turn:
        stop = _stop(reply)
        # A call that the limit cut can look whole; none of such a reply is trusted.
        calls = self._hosted.calls(prompt, reply.raw_calls()) if stop == "end" else ()
        opaque = reply.opaque([call.id for call in calls]) if stop == "end" else ()
        if stop == "end" and not calls and not reply.text:
            raise ValueError("it is empty")
        return Turn(
            text=reply.text,
            calls=calls,
            stop="tool_use" if calls else stop,
            usage=usage,
            model=self.name,
            opaque=opaque,
        )

    def _usage(self, prompt: Prompt, reply: Reply) -> Usage:
        counted = reply.usage or Counted()
        details = counted.input_tokens_details
        read = (details.cached_tokens if details else None) or 0
        written = (details.cache_write_tokens if details else None) or 0
        usage = Usage(
            input_tokens=max(0, counted.input_tokens - read - written),
            output_tokens=counted.output_tokens,
            cache_read_tokens=read,
            cache_write_tokens=written,
        )
        return self._hosted.meter.priced(prompt, usage, lambda: len(json.dumps(reply.output)))


_OPTIONAL = frozenset(
    {"include", "stream", "temperature", "reasoning", "tools", "prompt_cache_key"}
)


def _reply(incoming: Incoming, hear: Callable[[str], None]) -> Reply | Problem:
    if not incoming.is_stream:
        return whole_reply(Reply, b"".join(incoming.chunks))
    return _final(payloads(incoming.chunks), hear)


def _final(events: Iterator[str], hear: Callable[[str], None]) -> Reply | Problem:
    """The whole reply in the stream's final event; the deltas before it are for the eye."""
    for payload in events:
        if payload.strip() == "[DONE]":
            break
        event = json.loads(payload)
        if not isinstance(event, dict):
            raise ValueError("an event is not an object")
        kind = event.get("type")
        if kind == "response.output_text.delta" and isinstance(event.get("delta"), str):
            hear(event["delta"])
        elif kind == "error":
            return Problem.model_validate(event.get("error") or event)
        elif kind in FINAL:
            return Reply.model_validate(event.get("response"))
    raise ValueError("the stream ended early")


def _stop(reply: Reply) -> StopReason:
    if reply.status == "completed":
        return "refusal" if reply.refuses else "end"
    if reply.status != "incomplete":
        raise ValueError(f"its status is {reply.status!r}")
    if reply.refuses:
        return "refusal"
    reason = reply.incomplete_details.reason if reply.incomplete_details else None
    if reason not in ("max_output_tokens", "max_tokens"):
        raise ValueError(f"it is incomplete: {reason!r}")
    return "max_tokens"


if TYPE_CHECKING:
    _proof: Model = Responses("", Endpoint())
