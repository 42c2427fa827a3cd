"""What a vendor's refusal means: status and message become one error, without secrets."""

import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from swe_agent.core.errors import AccessRefused, ContextExceeded, ModelFault, TransientModelFault
from swe_agent.core.messages import Usage
from swe_agent.core.text import elided, visible
from swe_agent.models.prices import meant
from swe_agent.settings.address import discreet

TRANSIENT_STATUSES = frozenset({408, 409, 425, 429})
"""Beside every 5xx."""
TOO_LONG = re.compile(
    r"prompt is too long|context[ _](?:length|window|size)[ _]?exceed|maximum context length"
    r"|exceeds? the (?:available )?context|exceed_context_size|input is too long"
    r"|input length and `?max_tokens`? exceed|maximum prompt length|token count .{0,40}exceeds",
    re.IGNORECASE,
)
TOO_LARGE = re.compile(r"request too large|input or output tokens must be reduced", re.IGNORECASE)
"""Of a rate limit that no wait helps against: one request is more than a minute's share."""
UNPAID = re.compile(
    r"insufficient_quota|insufficient (?:balance|credits)|credit balance|billing"
    r"|exceeded your current quota|budget (?:has been |was )?exceeded|exceeded (?:the )?budget",
    re.IGNORECASE,
)

NO_SUCH_MODEL = re.compile(
    r"invalid model name|not a valid model|model_not_found|no such model"
    r"|\bmodel\b.{0,80}(?:does not exist|not found)",
    re.IGNORECASE,
)
"""How a proxy says with 400 what others say with 404."""
FILTERED = re.compile(r"content_filter|content management policy", re.IGNORECASE)
UNTRUSTED = re.compile(r"CERTIFICATE_VERIFY_FAILED|certificate verify failed", re.IGNORECASE)
NO_TLS = re.compile(
    r"WRONG_VERSION_NUMBER|wrong version number|record layer failure", re.IGNORECASE
)
LATER = "Resume the run later."

_SHOWN_CHARS = 600
_KEY_LIKE = re.compile(r"\b(?:sk|key|pk|xai|gsk)-[A-Za-z0-9_*.\-]{6,}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A vendor's answer that is not a reply."""

    status: int
    message: str
    retry_after_s: float | None = None


def fault_of(model: str, refusal: Refusal, secrets: Sequence[str] = ()) -> ModelFault:
    """The error that a refusal stands for; its message names the model and hides the key."""
    said = redacted(refusal.message, secrets)
    text = f"{model}: HTTP {refusal.status}: {said}"
    too_long = TOO_LARGE if refusal.status == 429 else TOO_LONG
    if refusal.status == 413 or (refusal.status in (400, 422, 429) and too_long.search(said)):
        return ContextExceeded(text, "Resume with a model of a larger context window.")
    if refusal.status == 402 or (refusal.status in (400, 403, 429) and UNPAID.search(said)):
        return AccessRefused(text, "Add credit to the account of this key, then resume the run.")
    if refusal.status in TRANSIENT_STATUSES or refusal.status >= 500:
        return TransientModelFault(text, LATER, refusal.retry_after_s)
    status = 404 if refusal.status == 400 and NO_SUCH_MODEL.search(said) else refusal.status
    kind = AccessRefused if status in (401, 403, 404) else ModelFault
    return kind(text, _next_step(model, status, said))


def incomplete(
    model: str, why: str, secrets: Sequence[str] = (), usage: Usage | None = None
) -> TransientModelFault:
    """The error for a reply that is not provably whole; it may be billed (`usage`: as counted)."""
    fault = TransientModelFault(f"{model}: no whole reply: {redacted(why, secrets)}", LATER)
    fault.may_be_billed, fault.usage = True, usage
    return fault


def unreachable(model: str, why: str, secrets: Sequence[str] = ()) -> ModelFault:
    """The error for a request that was never sent: no connection could be made, now or at all."""
    said = redacted(why, secrets)
    text = f"{model}: no connection: {said}"
    if UNTRUSTED.search(said):
        step = "Check the base URL; SSL_CERT_FILE=FILE names the authority of a server of your own."
        return AccessRefused(text, step)
    if NO_TLS.search(said):
        return AccessRefused(text, "The server speaks no TLS there: check the base URL (http://?).")
    return TransientModelFault(text, "Check the network and the base URL, then resume the run.")


def redacted(text: str, secrets: Sequence[str] = ()) -> str:
    """The text safe to show: no key, nothing that looks like one, no control characters, short.

    >>> redacted("bad key sk-abcdef123456 or hunter2", ["hunter2"])
    'bad key [key] or [key]'
    """
    for secret in secrets:
        text = text.replace(secret, "[key]")
    return elided(visible(_KEY_LIKE.sub("[key]", discreet(text))).strip(), _SHOWN_CHARS)


def retry_after_s(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds that a vendor asks to wait; None where it says nothing that can be read.

    Read are `retry-after-ms`, else `retry-after` in seconds or as an HTTP date.

    Args:
        headers: response headers, looked up in lower case.
        now: seconds since the epoch; None: the clock.

    >>> retry_after_s({"retry-after": "2.5"})
    2.5
    >>> retry_after_s({"retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"}, now=50.0)
    10.0
    """
    milliseconds = _seconds(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "")
    seconds = _seconds(value)
    if seconds is not None or not value:
        return seconds
    try:
        moment = parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, moment - (time.time() if now is None else now))


def _seconds(value: str) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _next_step(model: str, status: int, said: str) -> str:
    if "/v1/responses" in said:
        return "This model takes tools over another API only; name another one (-m)."
    if FILTERED.search(said):
        return "The provider's filter refused what was sent; another model (-m) may take it."
    if status == 401:
        return "Check the API key (swe-agent doctor says which one is used), then resume the run."
    if status == 403:
        return "The key may not use this model; use another key or another model (-m)."
    if status == 404:
        check = "Check the model's name (-m) and the base URL (compatible servers: often .../v1)."
        return f"{check}{meant(model)}"
    return "Check the model's name (-m) and the base URL; if both are right, report this as a bug."
