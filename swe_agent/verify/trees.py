"""The trees that a verdict is reached on: whose tests and whose product meet in each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from swe_agent.core.protocols import Entry
from swe_agent.verify.paths import (
    has_test_section,
    is_test_config,
    is_test_path,
    scripts_of,
    section_of,
    shadows_runner,
)

Changes = Mapping[str, tuple[Entry | None, Entry | None]]
"""Path to its entry before and after; None where there is none."""


class Trees(Protocol):
    """The part of the tree store that a verdict needs."""

    def get(self, key: str, /) -> bytes:
        """The bytes of a blob."""
        ...

    def overlay(self, tree: str, changes: Mapping[str, Entry | None], /) -> str:
        """A tree with entries replaced; None deletes."""
        ...

    def diff(self, old: str, new: str, /) -> Changes: ...


@dataclass(frozen=True, slots=True)
class TrialTrees:
    """Hashes of the trees to run."""

    base: str
    patched: str
    """The patch as it ships, its tests included."""
    judged: str
    """The patch without what it did to tests and test configuration; both are base's."""
    tests_only: str
    """Base with the patch's tests and test configuration."""
    changed_tests: tuple[str, ...]
    """Test files and test configuration that the patch touches, sorted."""


def trial_trees(store: Trees, base: str, patched: str, commands: Sequence[str]) -> TrialTrees:
    """Build the trees of a trial in the store."""
    changes = store.diff(base, patched)
    scripts = scripts_of(commands)
    tests = {
        path: after
        for path, (before, after) in changes.items()
        if is_test_path(path)
        or is_test_config(path)
        or path in scripts
        or (before is None and shadows_runner(path))
        or _section_differs(store, path, before, after)
    }
    product = {path: after for path, (_, after) in changes.items() if path not in tests}
    return TrialTrees(
        base=base,
        patched=patched,
        judged=store.overlay(base, product) if product else base,
        tests_only=store.overlay(base, tests) if tests else base,
        changed_tests=tuple(sorted(tests)),
    )


def _section_differs(store: Trees, path: str, before: Entry | None, after: Entry | None) -> bool:
    if not has_test_section(path):
        return False
    old, new = (
        store.get(entry.blob) if entry is not None and entry.kind == "file" else None
        for entry in (before, after)
    )
    return section_of(path, old) != section_of(path, new)
