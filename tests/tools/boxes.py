"""One Docker sandbox an image, filled anew for each test."""

from collections.abc import Mapping
from pathlib import Path

from swe_agent.core.events import Checkpoint
from swe_agent.core.protocols import Entry, Sandbox
from swe_agent.runtime.box import Limits
from swe_agent.runtime.store import TreeStore


class Boxes:
    """Sandboxes by image; closed together."""

    def __init__(self, folder: Path) -> None:
        self._store = TreeStore(folder / "store")
        self._spool = folder / "spool"
        self._spool.mkdir()
        self._made: dict[str, Sandbox] = {}

    def filled(self, image: str, files: Mapping[str, bytes]) -> Sandbox:
        """The image's sandbox with these files and no others."""
        entries = {
            path: Entry("file", self._store.put(content), len(content))
            for path, content in files.items()
        }
        tree = self._store.overlay(self._store.empty, entries)
        if image not in self._made:
            self._made[image] = self._started(image)
        self._made[image].restore(Checkpoint(tree=tree))
        return self._made[image]

    def close(self) -> None:
        for sandbox in self._made.values():
            sandbox.close()

    def _started(self, image: str) -> Sandbox:
        import docker

        from swe_agent.runtime.docker import start_box
        from swe_agent.runtime.recipe import recipe_for
        from swe_agent.runtime.sandbox import BrokerSandbox

        client = docker.from_env(timeout=60)
        recipe = recipe_for(client, image, "test-tools", Limits(memory_mb=512, cpus=1.0, pids=64))
        box = start_box(client, recipe, self._store, self._store.empty)
        sandbox = BrokerSandbox(box, self._store, recipe.root, self._spool)
        sandbox.begin(self._store.empty, ())
        return sandbox
