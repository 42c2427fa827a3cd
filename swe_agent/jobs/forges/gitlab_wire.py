"""Calls to GitLab, over python-gitlab's own session, so that every call is one that we made."""

from typing import TYPE_CHECKING

from pydantic import JsonValue

from swe_agent.core.errors import ForgeFault, UsageFault
from swe_agent.core.text import decoded, visible
from swe_agent.jobs.forges.wire import Call

if TYPE_CHECKING:
    import gitlab
    import requests

    from swe_agent.jobs.forges.wire import Wire

PUBLIC_URL = "https://gitlab.com"
_TIMEOUT_S = 30.0
_USUAL_PAUSE_S = 30.0


class GitLabWire:
    """GitLab's REST API of one server, with one token."""

    def __init__(self, token: str, url: str = PUBLIC_URL) -> None:
        """Nothing is sent yet.

        Raises:
            UsageFault: python-gitlab is not installed.
        """
        self._pause_s: float | None = None
        self._client = _client(token, url)
        self._client.session.hooks["response"].append(self._saw)

    def send(self, call: Call) -> JsonValue:
        import gitlab
        import requests

        try:
            answer = self._client.http_request(
                call.method.lower(),
                call.path,
                query_data=dict(call.query),
                post_data=None if call.body is None else dict(call.body),
                obey_rate_limit=False,  # `PatientWire` decides what may be sent twice
                retry_transient_errors=False,
            )
        except gitlab.GitlabError as fault:
            raise self._fault(call, fault) from fault
        except requests.RequestException as fault:
            why = visible(str(fault))[:200]
            raise ForgeFault(f"GitLab does not answer {call.method} {call.path}: {why}") from fault
        return _payload(answer)

    def _saw(self, answer: "requests.Response", *_: object, **__: object) -> None:
        after = answer.headers.get("Retry-After", "")
        self._pause_s = float(after) if after.isdigit() else None

    def _fault(self, call: Call, fault: "gitlab.GitlabError") -> ForgeFault:
        status = fault.response_code or 0
        pause = self._pause_s
        if status == 429 and pause is None:
            pause = _USUAL_PAUSE_S
        said = visible(str(fault.error_message))[:300]
        message = f"GitLab answers {status} to {call.method} {call.path}: {said}"
        return ForgeFault(message, status, pause)


def _client(token: str, url: str) -> "gitlab.Gitlab":
    try:
        import gitlab
    except ImportError as fault:
        raise UsageFault(
            "The GitLab client is not installed.", "Run: pip install 'swe-agent[ci]'"
        ) from fault
    return gitlab.Gitlab(url, private_token=token or None, timeout=_TIMEOUT_S, keep_base_url=True)


def _payload(answer: "requests.Response") -> JsonValue:
    if not answer.content:
        return None
    if "json" in answer.headers.get("Content-Type", ""):
        payload: JsonValue = answer.json()
        return payload
    return decoded(answer.content)


if TYPE_CHECKING:
    _proof: type[Wire] = GitLabWire
