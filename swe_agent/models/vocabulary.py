"""OpenAI's own tokenizer, where it is on this machine already: `tiktoken` installed and its
vocabulary in its cache. Nothing is ever downloaded for it."""

import hashlib
import importlib
import os
import tempfile
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path

ENCODINGS = {
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}
"""SHA-256 of their vocabularies. tiktoken fetches a file again that does not have it."""
_ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"
_FOLDERS = ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR")
_KEPT_TEXTS = 4_096

Count = Callable[[str], int]


def counter_of(model: str) -> Count | None:
    """Counts the tokens of a text as the model does; None where that is not known here.

    Args:
        model: a name of OpenAI's, without provider.
    """
    try:
        tiktoken = importlib.import_module("tiktoken")
        name = str(tiktoken.encoding_name_for_model(model))
    except (ImportError, KeyError):
        return None
    return _counter(name) if _is_cached(name) else None


@cache
def _counter(encoding: str) -> Count:
    encode = importlib.import_module("tiktoken").get_encoding(encoding).encode_ordinary

    @lru_cache(_KEPT_TEXTS)
    def count(text: str) -> int:
        return len(encode(text))

    return count


def _is_cached(encoding: str) -> bool:
    """Whether the vocabulary lies, whole, where tiktoken looks first."""
    named = next((os.environ[name] for name in _FOLDERS if name in os.environ), None)
    folder = Path(tempfile.gettempdir(), "data-gym-cache") if named is None else Path(named)
    key = hashlib.sha1(_ADDRESS.format(encoding).encode(), usedforsecurity=False).hexdigest()
    try:
        content = (folder / key).read_bytes() if named != "" else b""
    except OSError:
        return False
    return hashlib.sha256(content).hexdigest() == ENCODINGS.get(encoding)
