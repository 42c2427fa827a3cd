"""What is shipped: the attempt's changes without what set-up and test runs left behind, as a patch
for the user's tree."""

from dataclasses import dataclass

from pathspec import GitIgnoreSpec

from swe_agent.core.protocols import Entry
from swe_agent.runtime.ignore import CACHES, ENVIRONMENT_FOLDERS, IgnoreRules
from swe_agent.runtime.patch import make_patch
from swe_agent.runtime.store import TreeStore


@dataclass(frozen=True, slots=True)
class Shipment:
    """A patch, and the tree that it makes of the work tree after set-up."""

    patch: bytes
    patched: str
    left_out: tuple[str, ...]
    """Changed paths that are not part of the patch."""


def ship(store: TreeStore, user: str, start: str, end: str) -> Shipment:
    """Make the shipment.

    Args:
        store: has all three trees.
        user: the repository as the user has it; the patch applies to it.
        start: the work tree after set-up.
        end: the work tree that is shipped.
    """
    rules = IgnoreRules(store.reader(start))
    junk = GitIgnoreSpec.from_lines((*CACHES, *ENVIRONMENT_FOLDERS))
    changes: dict[str, Entry | None] = {}
    left_out: list[str] = []
    for path, (was, now) in store.diff(start, end).items():
        is_new = was is None and store.find(user, path) is None
        if is_new and (rules.ignores(path) or junk.match_file(path)):
            left_out.append(path)
        elif not (now and now.kind == "folder") and not (was and was.kind == "folder" and not now):
            changes[path] = now
    if not changes:
        return Shipment(b"", start, tuple(left_out))
    patched = store.overlay(start, changes)
    return Shipment(make_patch(store, user, store.overlay(user, changes)), patched, tuple(left_out))
