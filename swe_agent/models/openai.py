"""Chat Completions over OpenAI's SDK: any endpoint that speaks them; what it takes is learned."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import JsonValue

from swe_agent.core.messages import Message, StopReason, Turn, Usage
from swe_agent.core.protocols import Model, Prompt
from swe_agent.models.calls import tool_calls
from swe_agent.models.endpoint import Endpoint
from swe_agent.models.faults import Refusal, fault_of, incomplete
from swe_agent.models.hosted import Hosted, Way
from swe_agent.models.learned import LimitField
from swe_agent.models.openai_sdk import Incoming, Wire
from swe_agent.models.openai_stream import completion_of
from swe_agent.models.openai_wire import (
    REASONING,
    Choice,
    Completion,
    Problem,
    Tokens,
    messages_of,
    tools_of,
)
from swe_agent.models.sdk import Outgoing
from swe_agent.models.segments import body_of
from swe_agent.models.text_calls import calls_in

PROVIDER = "openai"
STOPS: dict[str, StopReason] = {
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "stop": "end",
    "length": "max_tokens",
    "content_filter": "refusal",
}


@dataclass(slots=True)
class OpenAI:
    """One hosted model; what its endpoint does not take is learned from its refusals."""

    model: str
    endpoint: Endpoint
    provider: str = PROVIDER
    """What stands before the model in its name."""
    stream: bool = True
    sees: bool = False
    """Whether it is sent pictures."""
    _wire: Wire = field(init=False, repr=False)
    _hosted: Hosted = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._wire = Wire(self.name, self.endpoint)
        self._hosted = Hosted(Way(self.name, PROVIDER, self.model, self.endpoint))

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
        return self._hosted.adapted(
            lambda: self._request(prompt),
            lambda request: self._ask(prompt, request),
            lambda request, refused: self._hosted.learned.from_refusal(
                refused, _optional(request), self._limit_field
            ),
        )

    def worst_case_usd(self, prompt: Prompt) -> float | None:
        return self._hosted.meter.worst_case_usd(prompt)

    def warm_up(self) -> None:
        """Import the SDK and the price list, and make the client."""
        self._wire.ready()
        self._hosted.meter.warm_up()

    @property
    def _limit_field(self) -> LimitField:
        # OpenAI's reasoning models refuse max_tokens; older compatible servers know nothing else.
        usual: LimitField = "max_tokens" if self.endpoint.base_url else "max_completion_tokens"
        return self._hosted.learned.abilities.limit_field or usual

    def _request(self, prompt: Prompt) -> dict[str, JsonValue]:
        known, takes = self._hosted.learned.abilities, self._hosted.takes
        shown = prompt if takes("tools") else self._hosted.kept.text.of(prompt)
        request: dict[str, JsonValue] = {
            "model": self.model,
            self._limit_field: self._hosted.most_output(prompt),
        }
        if shown.tools:
            strict = takes("strict")
            request["tools"] = self._hosted.kept.tools.get(
                shown.tools, strict, lambda: [*tools_of(shown, strict)]
            )
        if prompt.temperature is not None and takes("temperature"):
            request["temperature"] = prompt.temperature
        effort = "none" if known.tools_without_reasoning and shown.tools else prompt.effort
        if effort is not None and takes("reasoning_effort"):
            request["reasoning_effort"] = self._hosted.learned.effort_near(effort)
        if not self.endpoint.base_url:
            request["prompt_cache_key"] = self._hosted.cache_key(prompt)
        if self.stream and takes("stream"):
            request["stream"] = True
            if takes("stream_options"):
                request["stream_options"] = {"include_usage": True}
        return request

    def _body(self, prompt: Prompt, request: dict[str, JsonValue]) -> bytes:
        takes, kept = self._hosted.takes, self._hosted.kept
        shown = prompt if takes("tools") else kept.text.of(prompt)
        carried = frozenset(name for name in REASONING if takes(name))

        def encode(history: Sequence[Message], turns: int) -> list[dict[str, JsonValue]]:
            return messages_of(history, self.name, carried, prompt.look if self.sees else None)

        head = kept.segments.head_of(shown.history, (carried, takes("tools")), encode)
        if shown.system.strip():
            system = {"role": "system", "content": shown.system}
            head.parts.insert(0, json.dumps(system).encode())
        return body_of(
            "messages", head, encode(head.tail, head.turns), kept.fields.encoded(request)
        )

    def _ask(self, prompt: Prompt, request: dict[str, JsonValue]) -> Turn:
        def read(incoming: Incoming) -> Completion:
            return completion_of(incoming, prompt.watch.said if prompt.watch else _unheard)

        outgoing = Outgoing(self._body(prompt, request), prompt.watch)
        completion = self._wire.ask("/chat/completions", outgoing, read)
        secrets = self.endpoint.secrets
        if completion.error and not completion.choices:
            raise fault_of(self.name, _refusal(completion.error), secrets)
        usage = self._usage(prompt, completion)
        try:
            return self._turn(prompt, completion, usage, in_text="tools" not in request)
        except ValueError as fault:
            raise incomplete(self.name, str(fault), secrets, usage) from None

    def _turn(self, prompt: Prompt, completion: Completion, usage: Usage, in_text: bool) -> Turn:
        if not completion.choices:
            raise ValueError("it has no choices")
        choice = completion.choices[0]
        stop, message = _stop(choice), choice.message
        text, raw = message.text or message.refusal or "", message.raw_calls()
        # A call that the limit cut can look whole; none of such a reply is trusted.
        trusted = stop in ("tool_use", "end")
        calls = self._hosted.calls(prompt, raw) if trusted else ()
        if trusted and not calls and (in_text or self.endpoint.base_url):
            # Local models print calls as text where their server does not read them.
            found = calls_in(text, {spec.name: spec for spec in prompt.tools})
            text = found.text if not in_text else text
            calls = tool_calls(found.calls, self._hosted.kept.said.after(prompt.whole))
        if stop == "tool_use" and not calls:
            raise ValueError("it announces a tool call and has none")
        if stop == "end" and not calls and not text.strip():
            raise ValueError("it is empty")
        return Turn(
            text=text,
            calls=calls,
            stop="tool_use" if calls else stop,
            usage=usage,
            model=self.name,
            opaque=message.opaque if calls else (),
        )

    def _usage(self, prompt: Prompt, completion: Completion) -> Usage:
        counted = completion.usage or Tokens()
        details = counted.prompt_tokens_details
        read = (details.cached_tokens if details else None) or counted.prompt_cache_hit_tokens or 0
        written = (details.cache_write_tokens if details else None) or 0
        usage = Usage(
            input_tokens=max(0, (counted.prompt_tokens or 0) - read - written),
            output_tokens=counted.completion_tokens or 0,
            cache_read_tokens=read,
            cache_write_tokens=written,
        )
        return self._hosted.meter.priced(prompt, usage, lambda: len(completion.model_dump_json()))


def _optional(request: dict[str, JsonValue]) -> frozenset[str]:
    """Optional fields that a request may have, by the names under which they are refused."""
    needed = {"model", "max_tokens", "max_completion_tokens"}
    strict = {"strict"} if '"strict": true' in json.dumps(request.get("tools", [])) else set()
    return frozenset((set(request) - needed) | strict | set(REASONING))


def _refusal(error: Problem | str) -> Refusal:
    if isinstance(error, str):
        return Refusal(500, error)
    known = isinstance(error.code, int) and 400 <= error.code <= 599
    return Refusal(int(error.code or 0) if known else 500, error.message or "")


def _stop(choice: Choice) -> StopReason:
    if choice.finish_reason is None or choice.finish_reason not in STOPS:
        raise ValueError(f"unknown finish reason {choice.finish_reason!r}")
    return "refusal" if choice.message.refusal else STOPS[choice.finish_reason]


def _unheard(_: str) -> None:
    """Nobody listens."""


if TYPE_CHECKING:
    _proof: Model = OpenAI("", Endpoint())
