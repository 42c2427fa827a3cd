"""What is shipped: the attempt's changes after the patch policy, as a patch for the user's tree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from swe_agent.core.protocols import Entry
from swe_agent.runtime.apply import leaves_repository
from swe_agent.runtime.ignore import IgnoreRules
from swe_agent.runtime.policy import sort_changes
from swe_agent.runtime.store import TreeStore
from swe_agent.runtime.submodules import submodules_of

_IN_SUBMODULE = "in a submodule, which is committed to on its own"


@dataclass(frozen=True, slots=True)
class Shipment:
    """A patch, as the two trees that it lies between, and the tree that it makes of the work tree
    after set-up."""

    user: str
    shipped: str
    """The same as `user` where there is no patch."""
    patched: str
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Changed paths that are not part of the patch, with the reason."""
    flagged: tuple[str, ...] = ()
    """Paths in the patch that steer CI, hooks, owners or agents."""


def ship(store: TreeStore, user: str, start: str, end: str, keep: Sequence[str] = ()) -> Shipment:
    """Make the shipment.

    Args:
        store: has all three trees.
        user: the repository as the user has it; the patch applies to it.
        start: the work tree after set-up.
        end: the work tree that is shipped.
        keep: globs of paths that the policy may not drop.
    """
    rules = IgnoreRules(store.reader(start))
    pairs = {path: pair for path, pair in store.diff(start, end).items() if _counts(*pair)}
    inner = submodules_of(store, user)
    apart = {path: _IN_SUBMODULE for path in pairs if path.startswith(inner)}
    pairs = {path: pair for path, pair in pairs.items() if path not in apart}
    ignored = [
        path
        for path, (was, _) in pairs.items()
        if was is None and store.find(user, path) is None and rules.ignores(path)
    ]
    outward = [
        path
        for path, (_, now) in pairs.items()
        if now and now.kind == "link" and leaves_repository(path, store.get(now.blob))
    ]
    found = sort_changes(pairs, ignored, keep, outward)
    changes: dict[str, Entry | None] = {path: pairs[path][1] for path in found.kept}
    left_out = {**found.left_out, **apart}
    if not changes:
        return Shipment(user, user, start, left_out)
    patched = store.overlay(start, changes)
    return Shipment(user, store.overlay(user, changes), patched, left_out, found.flagged)


def _counts(was: Entry | None, now: Entry | None) -> bool:
    """Whether a file or link is concerned: git knows no folders."""
    return any(entry is not None and entry.kind != "folder" for entry in (was, now))
