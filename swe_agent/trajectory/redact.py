"""Secrets taken out before anything is written: as they are, reversed, in hex, in base64 and as an
address or JSON has them.

Trees of a checkpoint are the repository's own content and stay exact: a key is in them only where
the repository has it.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from swe_agent.core.protocols import BlobStore

MARK = "[redacted]"
SHORTEST = 8
"""Shorter words are no keys; taking them out would damage the log."""


class Redactor:
    """Takes known secrets out of text."""

    def __init__(self, secrets: Sequence[str]) -> None:
        said = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        # A line of the log is JSON itself.
        forms = said | {json.dumps(form)[1:-1] for form in said} | {_in_json(form) for form in said}
        # Longest first: a secret may be part of another's disguise.
        self._forms = sorted(forms, key=lambda form: (-len(form), form))
        self._raw = [(form.encode(), _mask(len(form.encode()))) for form in self._forms]

    def redacted(self, text: str) -> str:
        """The text without secrets; the very same object where it holds none.

        >>> Redactor(["sk-0123456789"]).redacted("key=sk-0123456789; 9876543210-ks")
        'key=[redacted]; [redacted]'
        """
        for form in self._forms:
            if form in text:
                text = text.replace(form, MARK)
        return text

    def masked(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The bytes with each secret masked by as many others, also where it lies across chunks."""
        keep = max((len(raw) for raw, _ in self._raw), default=1) - 1
        tail = b""
        for chunk in chunks:
            tail = self._masked(tail + chunk)
            cut = len(tail) - keep
            if cut > 0:
                yield tail[:cut]
                tail = tail[cut:]
        if tail:
            yield tail

    def _masked(self, content: bytes) -> bytes:
        for raw, mask in self._raw:
            content = content.replace(raw, mask)
        return content


class CleanBlobs:
    """A store for what commands and tests print: no secret gets into it."""

    def __init__(self, store: BlobStore, redactor: Redactor) -> None:
        self._store, self._redactor = store, redactor

    def put(self, content: bytes) -> str:
        """Store the bytes without secrets; the hash is that of what is stored."""
        return self._store.put(b"".join(self._redactor.masked([content])))

    def put_stream(self, size_bytes: int, chunks: Iterable[bytes]) -> str:
        """Store what the chunks make together without secrets; the size stays the same.

        Raises:
            ValueError: the chunks are more or less than `size_bytes`.
        """
        return self._store.put_stream(size_bytes, self._redactor.masked(chunks))

    def get(self, key: str) -> bytes:
        """The bytes as they are stored.

        Raises:
            KeyError: no such blob.
        """
        return self._store.get(key)


def _mask(length: int) -> bytes:
    return (MARK.encode() + b"*" * length)[:length]


def _forms(secret: str) -> Iterable[str]:
    for raw in (secret, secret[::-1]):
        yield raw
        yield json.dumps(raw)[1:-1]
        yield _in_json(raw)
        for safe in ("/", ""):
            yield quote(raw, safe)
        yield raw.encode().hex()
        yield raw.encode().hex().upper()
        for shift in range(3):
            yield from _base64(raw.encode(), shift)


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _base64(raw: bytes, shift: int) -> Iterable[str]:
    """What of the base64 of a longer text is the secret's alone, `shift` bytes into a group."""
    start, end = -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(b"\0" * shift + raw).decode()[start:end]


if TYPE_CHECKING:
    _proof: type[BlobStore] = CleanBlobs
