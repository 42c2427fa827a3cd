"""An issue by its address: fetched from GitHub or GitLab, as a stranger's text.

Where a token is set (GITHUB_TOKEN or GH_TOKEN, GITLAB_TOKEN) it goes along, to the forge's own API
alone.
"""

import os
import re
from dataclasses import dataclass
from urllib.parse import quote

from pydantic import JsonValue

from swe_agent.core.errors import UsageFault
from swe_agent.core.text import visible
from swe_agent.jobs.ci.cleaning import shown

TIMEOUT_S = 30.0
_GITHUB = re.compile(
    r"https?://github\.com/([\w.-]+/[\w.-]+)/(?:issues|pull)/(\d+)(?:[/?#]\S*)?", re.IGNORECASE
)
_GITLAB = re.compile(
    r"https?://([\w.-]+(?::\d+)?)/((?:[\w.-]+/)+[\w.-]+)/-/(?:issues|work_items)/(\d+)(?:[/?#]\S*)?"
)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an issue is to be had."""

    url: str
    tokens: tuple[str, ...]
    """Variables that may hold a token, the first one that is set counts."""
    header: str
    scheme: str
    body: str
    """Name of the field with the text."""


def issue_at(address: str) -> str:
    """Title and text of the issue at an address; hidden characters are shown.

    Raises:
        UsageFault: the address is none of an issue, or the issue cannot be had; says what to do.
    """
    place = _place(address)
    fields = _fetched(address, place)
    title, body = fields.get("title"), fields.get(place.body)
    if not isinstance(title, str) or not title.strip():
        raise UsageFault(f"There is no issue at {visible(address)}.", "Check the address.")
    return f"{shown(title)}\n\n{shown(body) if isinstance(body, str) else ''}".strip()


def _place(address: str) -> _Place:
    if found := _GITHUB.fullmatch(address):
        api = os.environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
        url = f"{api}/repos/{found[1]}/issues/{found[2]}"
        return _Place(url, ("GITHUB_TOKEN", "GH_TOKEN"), "Authorization", "Bearer ", "body")
    if found := _GITLAB.fullmatch(address):
        api = os.environ.get("CI_API_V4_URL", f"https://{found[1]}/api/v4").rstrip("/")
        # A token of one forge is not for another: only the one that CI runs on, or gitlab.com.
        is_known = found[1] == "gitlab.com" or "CI_API_V4_URL" in os.environ
        tokens = ("GITLAB_TOKEN",) if is_known else ()
        url = f"{api}/projects/{quote(found[2], safe='')}/issues/{found[3]}"
        return _Place(url, tokens, "PRIVATE-TOKEN", "", "description")
    raise UsageFault(
        f"{visible(address)} is no address of a GitHub or GitLab issue.",
        "Give the issue's text with -i, or -i @FILE.",
    )


def _fetched(address: str, place: _Place) -> dict[str, JsonValue]:
    import requests

    token = next((os.environ[name] for name in place.tokens if os.environ.get(name)), "")
    headers = {place.header: f"{place.scheme}{token}"} if token else {}
    try:
        answer = requests.get(
            place.url, headers=headers, timeout=TIMEOUT_S, allow_redirects=not token
        )
        fields: JsonValue = answer.json() if answer.ok else {}
    except (requests.RequestException, ValueError) as error:
        raise UsageFault(
            f"The issue {visible(address)} cannot be fetched: {type(error).__name__}.",
            "Check the network, or save the text and give it as -i @FILE.",
        ) from error
    if not answer.ok or not isinstance(fields, dict):
        hint = f"set {place.tokens[0]}" if place.tokens and not token else "check it"
        raise UsageFault(
            f"The issue {visible(address)} cannot be fetched: the forge answers "
            f"{answer.status_code}.",
            f"If it is private, {hint}; or save the text and give it as -i @FILE.",
        )
    return fields
