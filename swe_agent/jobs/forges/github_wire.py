"""Calls to GitHub, over PyGithub: its requester alone, so that every call is one that we made."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import JsonValue

from swe_agent.core.errors import ForgeFault, UsageFault
from swe_agent.core.text import visible
from swe_agent.jobs.forges.wire import Call, text_in

if TYPE_CHECKING:
    from github.Requester import Requester

    from swe_agent.jobs.forges.wire import Wire

PUBLIC_API = "https://api.github.com"
_TIMEOUT_S = 30
_THROTTLED = ("secondary rate limit", "abuse detection", "rate limit exceeded")
_USUAL_PAUSE_S = 60.0
"""How long GitHub asks one to wait where it names no time."""


class GitHubWire:
    """GitHub's REST API at one address, with one token."""

    def __init__(self, token: str, api_url: str = PUBLIC_API) -> None:
        """Nothing is sent yet.

        Raises:
            UsageFault: PyGithub is not installed.
        """
        self._requester = _requester(token, api_url)

    def send(self, call: Call) -> JsonValue:
        import requests

        query: dict[str, object] = dict(call.query)
        body = None if call.body is None else dict(call.body)
        try:
            status, headers, answer = self._requester.requestJson(
                call.method, call.path, query, {}, body, None, follow_302_redirect=True
            )
        except (requests.RequestException, RuntimeError) as fault:
            why = visible(str(fault))[:200]
            raise ForgeFault(f"GitHub does not answer {call.method} {call.path}: {why}") from fault
        payload = _decoded(answer)
        if status >= 400:
            raise _fault(call, status, headers, payload)
        return payload


def _requester(token: str, api_url: str) -> "Requester":
    try:
        from github import Auth, Github
    except ImportError as fault:
        raise UsageFault(
            "The GitHub client is not installed.", "Run: pip install 'swe-agent[ci]'"
        ) from fault
    client = Github(
        base_url=api_url.rstrip("/"),
        auth=Auth.Token(token) if token else None,
        user_agent="swe-agent",
        timeout=_TIMEOUT_S,
        retry=None,  # `PatientWire` decides what may be sent twice
        seconds_between_requests=None,
        seconds_between_writes=None,
    )
    return client.requester


def _decoded(answer: str) -> JsonValue:
    if not answer:
        return None
    try:
        payload: JsonValue = json.loads(answer)
    except ValueError:
        return answer
    return payload


def _fault(call: Call, status: int, headers: Mapping[str, str], payload: JsonValue) -> ForgeFault:
    """A refusal in words, with how long GitHub wants to be left alone."""
    said = text_in(payload, "message") or (payload if isinstance(payload, str) else "")
    pause: float | None = None
    after = headers.get("retry-after", "")
    if after.isdigit():
        pause = float(after)
    elif status in (403, 429) and any(words in said.lower() for words in _THROTTLED):
        pause = _USUAL_PAUSE_S
    errors = payload.get("errors") if isinstance(payload, dict) else None
    more = f" {json.dumps(errors)}" if errors else ""
    message = f"GitHub answers {status} to {call.method} {call.path}: {visible(said + more)[:300]}"
    return ForgeFault(message, status, pause)


if TYPE_CHECKING:
    _proof: type[Wire] = GitHubWire
