"""Progressive disclosure: a few tools at first, the others by name until they are asked for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from swe_agent.core.protocols import ToolSpec

SEARCH = "tool_search"
"""The tool that takes others from the shelf."""
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Shelf:
    """The tools that a model knows by name alone until it, or a phase, takes them."""

    specs: tuple[ToolSpec, ...] = ()

    def taken(self, names: Iterable[str]) -> tuple[ToolSpec, ...]:
        """Those of these names, in the order of the names: what was taken later stands later, so
        that the beginning of a request stays as it was."""
        known = {spec.name: spec for spec in self.specs}
        return tuple(known[name] for name in dict.fromkeys(names) if name in known)

    def found(self, query: str) -> tuple[ToolSpec, ...]:
        """Those whose name is in the query, else those that share most words with it."""
        words = set(_WORD.findall(query.lower()))
        named = tuple(spec for spec in self.specs if spec.name in query.replace(",", " ").split())
        if named or not words:
            return named
        scores = {spec.name: len(words & _words(spec)) for spec in self.specs}
        best = max(scores.values(), default=0)
        return tuple(spec for spec in self.specs if best and scores[spec.name] == best)

    def listed(self) -> str:
        """A line each: name and what it is for."""
        return "\n".join(f"- {spec.name}: {_purpose(spec)}" for spec in self.specs)


def _purpose(spec: ToolSpec) -> str:
    """The first sentence of a description."""
    text = " ".join(spec.description.split())
    return text.split(". ")[0].removesuffix(".") + "."


def _words(spec: ToolSpec) -> set[str]:
    properties = spec.schema.get("properties")
    arguments = " ".join(properties) if isinstance(properties, dict) else ""
    text = f"{spec.name.replace('_', ' ')} {spec.description} {arguments}"
    return set(_WORD.findall(text.lower()))
