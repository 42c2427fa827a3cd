"""OpenAI's tokenizer: used where it is on this machine whole, and never fetched."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from swe_agent.models import vocabulary
from swe_agent.models.vocabulary import counter_of

VOCABULARY = b"a vocabulary"


class Words:
    """A tokenizer of words."""

    def encode_ordinary(self, text: str) -> list[str]:
        return text.split()


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    """tiktoken as it is, but for its network: the encodings that it was asked for."""
    asked: list[str] = []

    def name_of(model: str) -> str:
        return {"gpt-6-sol": "o200k_base"}[model]

    def encoding(name: str) -> Words:
        asked.append(name)
        return Words()

    tiktoken = SimpleNamespace(encoding_name_for_model=name_of, get_encoding=encoding)
    monkeypatch.setitem(sys.modules, "tiktoken", tiktoken)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    digest = hashlib.sha256(VOCABULARY).hexdigest()
    monkeypatch.setitem(vocabulary.ENCODINGS, "o200k_base", digest)
    vocabulary._counter.cache_clear()
    yield asked
    vocabulary._counter.cache_clear()


def cached(folder: Path, content: bytes = VOCABULARY) -> None:
    # Where tiktoken keeps what it fetched from the encoding's address.
    (folder / "fb374d419588a4632f3f557e76b4b70aebbca790").write_bytes(content)


def test_a_vocabulary_in_the_cache_is_used(fetched: list[str], tmp_path: Path) -> None:
    cached(tmp_path)
    count = counter_of("gpt-6-sol")
    assert count is not None
    assert count("three short words") == 3
    assert counter_of("qwen") is None


def test_without_one_or_with_a_broken_one_nothing_is_fetched(
    fetched: list[str], tmp_path: Path
) -> None:
    assert counter_of("gpt-6-sol") is None
    cached(tmp_path, VOCABULARY[:-1])
    assert counter_of("gpt-6-sol") is None
    assert fetched == []


def test_without_tiktoken_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    assert counter_of("gpt-6-sol") is None
