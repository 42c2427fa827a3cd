"""Which folders `.gitmodules` makes submodules: their files are worked with, and never shipped."""

import re

from swe_agent.runtime.store import TreeStore

FILE = ".gitmodules"
_PATH = re.compile(rb'^[ \t]*path[ \t]*=[ \t]*"?(.+?)"?[ \t\r]*$', re.MULTILINE)


def submodule_paths(content: bytes) -> frozenset[str]:
    """The folders that a `.gitmodules` names.

    >>> sorted(submodule_paths(b'[submodule "x"]\\n\\tpath = libs/x\\n\\turl = ../x\\n'))
    ['libs/x']
    """
    found = (path.decode("utf-8", "surrogateescape") for path in _PATH.findall(content))
    return frozenset(path.rstrip("/") for path in found)


def submodules_of(store: TreeStore, tree: str) -> tuple[str, ...]:
    """The folders that a tree's own `.gitmodules` names, each with a slash at its end."""
    entry = store.find(tree, FILE)
    if entry is None or entry.kind != "file":
        return ()
    return tuple(f"{path}/" for path in sorted(submodule_paths(store.get(entry.blob))))
