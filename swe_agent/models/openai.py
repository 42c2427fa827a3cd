"""Chat Completions over OpenAI's SDK: OpenAI and any endpoint that speaks them."""

import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import ValidationError

from swe_agent.core.errors import ModelFault
from swe_agent.core.messages import Message, StopReason, Turn, Usage
from swe_agent.core.protocols import Model, Prompt
from swe_agent.models.calls import tool_calls
from swe_agent.models.endpoint import Endpoint
from swe_agent.models.faults import Refusal, fault_of, incomplete, retry_after_s
from swe_agent.models.openai_wire import (
    Choice,
    Completion,
    Problem,
    Tokens,
    messages_of,
    tools_of,
)
from swe_agent.models.prices import PriceList

if TYPE_CHECKING:
    import openai

PROVIDER = "openai"
CONNECT_TIMEOUT_S = 20.0
LONGEST_REPLY_BYTES = 64_000_000
MOST_CHANGES = 3
"""How often one request is changed to what the endpoint takes."""
STOPS: dict[str, StopReason] = {
    "tool_calls": "tool_use",
    "stop": "end",
    "length": "max_tokens",
    "content_filter": "refusal",
}

_NOT_TAKEN = r"unsupported|not supported|unrecognized|unknown|unexpected|extra|not permitted"


@dataclass(slots=True)
class OpenAI:
    """One hosted model; what its endpoint does not take is learned from its refusals."""

    model: str
    endpoint: Endpoint
    _client: "openai.OpenAI | None" = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _limit_field: str = field(default="", init=False)
    _effort: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        # OpenAI's reasoning models refuse max_tokens; older compatible servers know nothing else.
        self._limit_field = "max_tokens" if self.endpoint.base_url else "max_completion_tokens"

    @property
    def name(self) -> str:
        return f"{PROVIDER}/{self.model}"

    def complete(self, prompt: Prompt) -> Turn:
        """One whole reply.

        Raises:
            TransientModelFault: rate limit, overload, transport, or a reply that is not whole.
            ContextExceeded: the prompt does not fit.
            ModelFault: the request was refused.
        """
        for _ in range(MOST_CHANGES):
            try:
                return self._ask(prompt)
            except ModelFault as fault:
                if not self._changed_after(fault.message):
                    raise
        return self._ask(prompt)

    def worst_case_usd(self, prompt: Prompt) -> float | None:
        return PriceList(PROVIDER, self.model).worst_case_usd(prompt)

    def warm_up(self) -> None:
        """Import the SDK and the price list, and make the client."""
        self._ready()
        PriceList(PROVIDER, self.model).cost_usd(Usage())

    def _ask(self, prompt: Prompt) -> Turn:
        client = self._ready()
        import httpx2
        import openai

        key = self.endpoint.key
        try:
            completion = Completion.model_validate_json(self._body(client, prompt))
        except openai.APIStatusError as fault:
            wait_s = retry_after_s(fault.response.headers)
            said = " ".join(filter(None, (fault.code, _said(fault.body) or fault.message)))
            raise fault_of(self.name, Refusal(fault.status_code, said, wait_s), key) from None
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError) as fault:
            why = str(fault.__cause__ or fault) or type(fault).__name__
            raise incomplete(self.name, why, key) from None
        except ValidationError as fault:
            first = fault.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the body"
            raise incomplete(self.name, f"{place}: {first['msg']}", key) from None
        except ValueError as fault:
            raise incomplete(self.name, str(fault), key) from None
        if completion.error and not completion.choices:
            raise fault_of(self.name, _refusal(completion.error), key)
        try:
            return _turn(self, completion, prompt.history)
        except ValueError as fault:
            raise incomplete(self.name, str(fault), key) from None

    def _body(self, client: "openai.OpenAI", prompt: Prompt) -> bytes:
        deadline = time.monotonic() + self.endpoint.timeout_s
        request: dict[str, object] = {
            "model": self.model,
            "messages": messages_of(prompt),
            self._limit_field: prompt.max_output_tokens,
        }
        if prompt.tools:
            request["tools"] = tools_of(prompt)
        if self._effort is not None:
            request["reasoning_effort"] = self._effort
        body = bytearray()
        # Not the SDK's records: compatible servers bend the format, and JSON proves a body whole.
        create = client.chat.completions.with_streaming_response.create
        with create(**request) as response:  # type: ignore[call-overload]
            for chunk in response.iter_bytes():
                body += chunk
                if time.monotonic() > deadline:
                    raise ValueError(f"it took longer than {self.endpoint.timeout_s:g} s")
                if len(body) > LONGEST_REPLY_BYTES:
                    raise ValueError(f"it is longer than {LONGEST_REPLY_BYTES} bytes")
        return bytes(body)

    def _changed_after(self, refused: str) -> bool:
        """Learn from a refusal; whether the request is worth sending again."""
        if re.search("reasoning_effort.*none", refused, re.DOTALL) and self._effort is None:
            # Some models take tools in Chat Completions only without reasoning.
            self._effort = "none"
            return True
        if re.search(_NOT_TAKEN, refused, re.IGNORECASE) and re.search(
            rf"\b{self._limit_field}\b", refused
        ):
            other = {"max_tokens", "max_completion_tokens"} - {self._limit_field}
            self._limit_field = other.pop()
            return True
        return False

    def _ready(self) -> "openai.OpenAI":
        with self._lock:
            if self._client is None:
                import openai

                limit = self.endpoint.timeout_s
                self._client = openai.OpenAI(
                    api_key=self.endpoint.key_to_send,
                    base_url=self.endpoint.base_url,
                    timeout=openai.Timeout(limit, connect=min(limit, CONNECT_TIMEOUT_S)),
                    max_retries=0,
                )
                _ = self._client.chat.completions
            return self._client


def _turn(asked: OpenAI, completion: Completion, history: tuple[Message, ...]) -> Turn:
    if not completion.choices:
        raise ValueError("it has no choices")
    choice = completion.choices[0]
    stop = _stop(choice)
    # A call that the limit cut can look whole; none of such a reply is trusted.
    trusted = stop in ("tool_use", "end")
    calls = tool_calls(choice.message.raw_calls(), history) if trusted else ()
    text = choice.message.text or choice.message.refusal or ""
    if stop == "tool_use" and not calls:
        raise ValueError("it announces a tool call and has none")
    if stop == "end" and not calls and not text.strip():
        raise ValueError("it is empty")
    return Turn(
        text=text,
        calls=calls,
        stop="tool_use" if calls else stop,
        usage=_usage(asked.model, completion.usage or Tokens()),
        model=asked.name,
    )


def _refusal(error: Problem | str) -> Refusal:
    if isinstance(error, str):
        return Refusal(500, error)
    known = isinstance(error.code, int) and 400 <= error.code <= 599
    return Refusal(int(error.code or 0) if known else 500, error.message or "")


def _said(body: object) -> str:
    message = body.get("message") if isinstance(body, dict) else None
    return message if isinstance(message, str) else ""


def _stop(choice: Choice) -> StopReason:
    if choice.finish_reason is None or choice.finish_reason not in STOPS:
        raise ValueError(f"unknown finish reason {choice.finish_reason!r}")
    return "refusal" if choice.message.refusal else STOPS[choice.finish_reason]


def _usage(model: str, counted: Tokens) -> Usage:
    details = counted.prompt_tokens_details
    read = (details.cached_tokens if details else None) or 0
    written = (details.cache_write_tokens if details else None) or 0
    usage = Usage(
        input_tokens=max(0, (counted.prompt_tokens or 0) - read - written),
        output_tokens=counted.completion_tokens or 0,
        cache_read_tokens=read,
        cache_write_tokens=written,
    )
    cost_usd = PriceList(PROVIDER, model).cost_usd(usage) or 0.0
    return usage.model_copy(update={"cost_usd": cost_usd})


if TYPE_CHECKING:
    _proof: Model = OpenAI("", Endpoint())
