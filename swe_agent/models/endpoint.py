"""Where a hosted model is reached and with which key."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from swe_agent.core.errors import UsageFault
from swe_agent.settings.address import discreet, secrets_in

NO_KEY = "none"
"""Sent to endpoints that want no key, so that no SDK looks for one in the environment."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Address, key and time limit of one vendor's API."""

    key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    """None: the vendor's own."""
    timeout_s: float = 600.0
    """How long one request may take, its whole reply included."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may hold."""
        return ((self.key,) if self.key else ()) + secrets_in(self.base_url)

    @property
    def key_to_send(self) -> str:
        return self.key or NO_KEY

    @property
    def root(self) -> str | None:
        """The base URL that paths are put behind, without its query."""
        return self.base_url and self.base_url.partition("?")[0].rstrip("/")

    @property
    def query(self) -> dict[str, str]:
        """What the base URL asks to be sent along with each request (`?api-version=...`)."""
        return dict(parse_qsl(urlsplit(self.base_url or "").query, keep_blank_values=True))

    @property
    def key_has_own_header(self) -> bool:
        """Whether the key goes into `api-key`, as Azure wants it where URLs carry its version."""
        return "api-version" in self.query


def checked(endpoint: Endpoint) -> Endpoint:
    """The endpoint, if an HTTP client can use it.

    Raises:
        UsageFault: the base URL is not an HTTP URL, or the key holds what a header cannot.
    """
    if endpoint.base_url is not None:
        try:
            parts = urlsplit(endpoint.base_url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname)
            _ = parts.port
        except ValueError:
            usable = False
        if not usable:
            raise UsageFault(
                f"The base URL {discreet(endpoint.base_url)!r} is not an HTTP URL.",
                "Give one like http://localhost:8000/v1 (--base-url).",
            )
    if endpoint.key and not (endpoint.key.isascii() and endpoint.key.isprintable()):
        raise UsageFault("The API key holds characters that no key has.", "Set it again.")
    return endpoint
