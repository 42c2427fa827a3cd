"""What both vendors' SDKs are used with: bytes in, bytes out, within bounds."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from swe_agent.core.protocols import RequestWatch
from swe_agent.models.endpoint import Endpoint

Client = TypeVar("Client")

CONNECT_TIMEOUT_S = 20.0
LONGEST_REPLY_BYTES = 64_000_000

_RAW = {"X-Stainless-Raw-Response": "stream", "Content-Type": "application/json"}
"""What both SDKs take to hand the reply over as it comes in."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request's body, which tells when it has gone out."""

    body: bytes
    watch: RequestWatch | None

    def options(self, **headers: object) -> dict[str, object]:
        """What the SDKs send it with, and more headers; its length, since it is not plain bytes."""
        length = {"Content-Length": str(len(self.body))}
        return {"headers": {**_RAW, **length, **headers}, "max_retries": 0}

    def __iter__(self) -> Iterator[bytes]:
        yield self.body
        if self.watch:
            self.watch.sent()


def one_per_endpoint(make: Callable[[Endpoint], Client]) -> Callable[[Endpoint], Client]:
    """What makes a client, so that an endpoint and key have one, whoever asks at the same time: its
    connections and certificates serve all runs of a process."""
    making, kept = threading.Lock(), lru_cache(maxsize=64)(make)

    def client_of(endpoint: Endpoint) -> Client:
        with making:
            return kept(endpoint)

    return client_of


def bounded(chunks: Iterator[bytes], timeout_s: float) -> Iterator[bytes]:
    """The chunks of one reply.

    Raises:
        ValueError: it takes longer than `timeout_s`, or is larger than any reply.
    """
    deadline, size = time.monotonic() + timeout_s, 0
    for chunk in chunks:
        size += len(chunk)
        if time.monotonic() > deadline:
            raise ValueError(f"it took longer than {timeout_s:g} s")
        if size > LONGEST_REPLY_BYTES:
            raise ValueError(f"it is longer than {LONGEST_REPLY_BYTES} bytes")
        yield chunk
