"""The environment of a repository, made without a run."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from swe_agent.assemble import sandboxes_of
from swe_agent.cli.home import new_run_id
from swe_agent.cli.screen import say
from swe_agent.provision import Provision, Wanted, provision, record_consent
from swe_agent.runtime.intake import take_in
from swe_agent.runtime.repository import find_root, read_repository
from swe_agent.runtime.store import TreeStore
from swe_agent.settings.load import load
from swe_agent.settings.registries import passed_on


def built(
    repository: Path, profile: str | None, told: tuple[Sequence[str], Sequence[str]]
) -> Provision:
    """Make it, as a run of the same settings would.

    Args:
        repository: its folder.
        profile: the one to use; None: detected.
        told: presets and assignments of the command line.

    Raises:
        SweAgentError: as a run would.
    """
    root = find_root(repository)
    loaded = load(*told, {"sandbox.profile": profile}, root)
    settings = loaded.settings
    found = read_repository(root, settings.sandbox.include)
    with tempfile.TemporaryDirectory(prefix="swe-agent-build-") as name:
        store = TreeStore(Path(name))
        try:
            tree, _ = take_in(found, store, settings.sandbox.include)
            record_consent(loaded, store.reader(tree))
            sandboxes = sandboxes_of(settings, store, new_run_id(), Path(name))
            sandboxes.version_tag = found.version_tag
            wanted = Wanted(settings, tree, store.reader(tree), say, passed_on(os.environ))
            return provision(wanted, sandboxes)
        finally:
            store.close()
