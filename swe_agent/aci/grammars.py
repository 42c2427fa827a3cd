"""The grammars of `index/`, as far as the syntax gate trusts them."""

from swe_agent.index.grammars import language_of as _language_of
from swe_agent.index.grammars import parse

__all__ = ["language_of", "parse"]


def language_of(path: str, content: bytes) -> str | None:
    """The suffix whose grammar judges this file; None for C++, where macros look like errors."""
    language = _language_of(path, content)
    return None if language == "cpp" else language
