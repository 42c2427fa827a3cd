"""OpenAI's SDK as a wire: one request out, its bytes in, every fault as one of ours."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

from pydantic import ValidationError

from swe_agent.models.bodies import words_of
from swe_agent.models.endpoint import Endpoint
from swe_agent.models.faults import Refusal, fault_of, incomplete, retry_after_s, unreachable
from swe_agent.models.sdk import CONNECT_TIMEOUT_S, Outgoing, bounded, one_per_endpoint

if TYPE_CHECKING:
    import openai

    Post = Callable[..., openai.APIResponse[object]]

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A reply's body as it comes in."""

    chunks: Iterator[bytes]
    """Ends with `ValueError` when it takes too long or grows too large."""
    is_stream: bool
    """Whether it says that it is a stream of events; some servers answer whole all the same."""


@dataclass(slots=True)
class Wire:
    """One endpoint, spoken to with the SDK; retries are off."""

    name: str
    """`provider/name`, for messages."""
    endpoint: Endpoint

    def ask(self, path: str, request: Outgoing, read: Callable[[Incoming], Read]) -> Read:
        """Send one request and let `read` make something of the reply.

        Args:
            path: of the API, below the base URL.
            request: JSON.
            read: raises `ValueError` where the reply is not whole.

        Raises:
            TransientModelFault: transport, or the reply is not whole.
            ContextExceeded, AccessRefused, ModelFault: it was refused.
        """
        client = self.ready()
        import httpx2
        import openai

        secrets = self.endpoint.secrets
        try:
            # Bytes in, bytes out: the SDK's records would walk the whole history at each step.
            post, options = cast("Post", client.post), request.options(**_own(self.endpoint))
            with closing(post(path, content=request, cast_to=object, options=options)) as response:
                kind = response.headers.get("content-type", "")
                chunks = bounded(response.iter_bytes(), self.endpoint.timeout_s)
                return read(Incoming(chunks, kind.startswith("text/event-stream")))
        except openai.APIStatusError as fault:
            wait_s = retry_after_s(fault.response.headers)
            # The field alone says at times what is refused: "Unsupported value: 'max' ...".
            field = f"({fault.param})" if fault.param else ""
            code = fault.code if fault.code != str(fault.status_code) else None
            told = (code, words_of(fault.body) or fault.message, field)
            said = " ".join(filter(None, told))
            raise fault_of(self.name, Refusal(fault.status_code, said, wait_s), secrets) from None
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError) as fault:
            cause = fault.__cause__ or fault
            why = str(cause) or type(cause).__name__
            if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout):
                raise unreachable(self.name, why, secrets) from None
            raise incomplete(self.name, why, secrets) from None
        except ValidationError as fault:
            first = fault.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the body"
            raise incomplete(self.name, f"{place}: {first['msg']}", secrets) from None
        except ValueError as fault:
            raise incomplete(self.name, str(fault), secrets) from None

    def ready(self) -> "openai.OpenAI":
        """The client; made, and the SDK imported, on first use."""
        return _client_of(self.endpoint)


def _own(endpoint: Endpoint) -> dict[str, object]:
    """Headers of an endpoint that wants its key in one of its own."""
    if not endpoint.key_has_own_header:
        return {}
    import openai

    return {"api-key": endpoint.key_to_send, "Authorization": openai.Omit()}


@one_per_endpoint
def _client_of(endpoint: Endpoint) -> "openai.OpenAI":
    import openai

    limit = endpoint.timeout_s
    return openai.OpenAI(
        api_key=endpoint.key_to_send,
        base_url=endpoint.root,
        default_query=endpoint.query,
        timeout=openai.Timeout(limit, connect=min(limit, CONNECT_TIMEOUT_S)),
        max_retries=0,
    )
