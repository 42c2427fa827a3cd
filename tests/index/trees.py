"""A tree in memory, for the index to read."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from swe_agent.core.protocols import Entry, TreeReader


class Tree:
    """Texts by path; counts what is read."""

    def __init__(self, texts: Mapping[str, str | bytes]) -> None:
        self.contents = {
            path: text if isinstance(text, bytes) else text.encode() for path, text in texts.items()
        }
        self.reads: list[str] = []

    def paths(self) -> Iterable[str]:
        return sorted(self.contents)

    def entry(self, path: str) -> Entry | None:
        content = self.contents.get(path)
        if content is None:
            return None
        return Entry("file", hashlib.sha256(content).hexdigest(), len(content))

    def read(self, path: str) -> bytes:
        self.reads.append(path)
        return self.contents[path]


if TYPE_CHECKING:
    _reader: type[TreeReader] = Tree
