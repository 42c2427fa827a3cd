"""The grammars of `index/`, under the name that this folder knows them by."""

from swe_agent.index.grammars import language_of, parse

__all__ = ["language_of", "parse"]
