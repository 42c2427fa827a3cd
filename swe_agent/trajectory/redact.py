"""Secrets taken out of text before it is written: as they are, reversed, in hex and in base64."""

import base64
import json
from collections.abc import Iterable, Sequence

MARK = "[redacted]"
SHORTEST = 8
"""Shorter words are no keys; taking them out would damage the log."""


class Redactor:
    """Takes known secrets out of text."""

    def __init__(self, secrets: Sequence[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        # Longest first: a secret may be part of another's disguise.
        self._forms = sorted(forms, key=lambda form: (-len(form), form))

    def redacted(self, text: str) -> str:
        """The text without secrets; the very same object where it holds none.

        >>> Redactor(["sk-0123456789"]).redacted("key=sk-0123456789; 9876543210-ks")
        'key=[redacted]; [redacted]'
        """
        for form in self._forms:
            if form in text:
                text = text.replace(form, MARK)
        return text


def _forms(secret: str) -> Iterable[str]:
    for raw in (secret, secret[::-1]):
        yield raw
        yield json.dumps(raw)[1:-1]
        yield raw.encode().hex()
        yield raw.encode().hex().upper()
        for shift in range(3):
            yield from _base64(raw.encode(), shift)


def _base64(raw: bytes, shift: int) -> Iterable[str]:
    """What of the base64 of a longer text is the secret's alone, `shift` bytes into a group."""
    start, end = -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(b"\0" * shift + raw).decode()[start:end]
