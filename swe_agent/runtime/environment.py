"""The environment of a run in Docker: set-up once, in a container of its own, then as many
sandboxes as are wanted.

Set-up has the engine's default rights and the network, and never sees the model; the sandboxes have
neither.
"""

import hashlib
import time
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.events import Checkpoint
from swe_agent.core.protocols import CommandResult, Sandbox
from swe_agent.core.text import decoded
from swe_agent.runtime.box import Limits
from swe_agent.runtime.docker import (
    RUN_LABEL,
    DockerBox,
    Recipe,
    inspect_image,
    recipe_for,
    start_box,
)
from swe_agent.runtime.ignore import IgnoreRules, is_environment
from swe_agent.runtime.sandbox import BrokerSandbox
from swe_agent.runtime.store import TreeStore

if TYPE_CHECKING:
    from docker import DockerClient

SETUP_IMAGE = "swe-agent-env"
_SHOWN_LINES = 20
_TOP_FOLDERS = "find . -mindepth 1 -maxdepth 2 -name .git -prune -o -type d -print0"


@dataclass(frozen=True, slots=True)
class SetUp:
    """How the environment is prepared."""

    image: str
    commands: tuple[str, ...] = ()
    timeout_s: float = 1800.0
    """Of all commands together."""
    network: bool = True


@dataclass(frozen=True, slots=True)
class Prepared:
    """An environment that sandboxes can be made of."""

    image: str
    tree: str
    """The work tree after set-up."""
    ignored: tuple[str, ...] = ()
    """Folders that set-up made: in the image, not in the tree."""
    is_filled: bool = False
    """Whether the image has the work tree already."""


class DockerSandboxes:
    """Makes the sandboxes of one run."""

    def __init__(
        self, client: "DockerClient", store: TreeStore, run_id: str, limits: Limits, folder: Path
    ) -> None:
        """
        Args:
            client: the engine.
            store: the run's trees.
            run_id: put on every container as a label.
            limits: of every sandbox.
            folder: where long outputs are spooled; it exists.
        """
        self.client, self._store, self._run_id = client, store, run_id
        self._limits, self._folder = limits, folder

    def prepare(self, setup: SetUp, tree: str) -> Prepared:
        """Run the set-up commands on the tree, if there are any; an equal set-up of an equal tree
        is found again.

        Raises:
            EnvironmentFault: image missing, or a command failed (the message has the failing line).
        """
        image_id = str(inspect_image(self.client, setup.image)["Id"])
        if not setup.commands:
            return Prepared(setup.image, tree)
        key = hashlib.sha256("\0".join((image_id, tree, *setup.commands)).encode()).hexdigest()
        name = f"{SETUP_IMAGE}:{key[:32]}"
        if not self._has_image(name):
            self._build(setup, tree, name)
        prepared = Prepared(name, tree, is_filled=True)
        with closing(self._sandbox(prepared)) as sandbox:
            return self._surveyed(sandbox, prepared)

    def pull(self, image: str, timeout_s: float) -> None:
        """Get an image from its registry.

        Raises:
            EnvironmentFault: it cannot be had, or not in time.
        """
        from docker.errors import DockerException
        from requests import RequestException

        deadline = time.monotonic() + timeout_s
        try:
            for line in self.client.api.pull(image, stream=True, decode=True):
                if "error" in line:
                    raise EnvironmentFault(
                        f"the image {image} cannot be pulled: {line['error']}",
                        "check its name and `docker login`, or name another with --image",
                    )
                if time.monotonic() > deadline:
                    raise EnvironmentFault(
                        f"pulling {image} took more than {timeout_s:g} s",
                        "raise engine.pull_timeout_s, or `docker pull` it yourself",
                    )
        except (DockerException, RequestException) as error:
            raise EnvironmentFault(
                f"the image {image} is not here and cannot be pulled: {error}",
                "check its name and the network, or name another with --image",
            ) from error

    def open(self, prepared: Prepared, checkpoint: Checkpoint, version_tag: str = "") -> Sandbox:
        """A fresh sandbox with the tree and the shell state of a checkpoint.

        Raises:
            EnvironmentFault: it cannot be made.
        """
        with ExitStack() as undo:
            sandbox = self._sandbox(prepared)
            undo.callback(sandbox.close)
            sandbox.begin(prepared.tree, prepared.ignored, version_tag, git=True)
            if checkpoint.tree != prepared.tree or checkpoint.cwd:
                sandbox.restore(checkpoint)
            undo.pop_all()
        return sandbox

    def fresh(self, prepared: Prepared, tree: str) -> AbstractContextManager[Sandbox]:
        """A fresh sandbox with a tree, closed at the end of the block."""
        return closing(self.open(prepared, Checkpoint(tree=tree)))

    def _sandbox(self, prepared: Prepared) -> BrokerSandbox:
        recipe = recipe_for(self.client, prepared.image, self._run_id, self._limits)
        tree = None if prepared.is_filled else prepared.tree
        with ExitStack() as undo:
            box = start_box(self.client, recipe, self._store, tree)
            undo.callback(box.close)
            sandbox = BrokerSandbox(box, self._store, recipe.root, self._folder)
            undo.pop_all()
        return sandbox

    def _has_image(self, name: str) -> bool:
        try:
            inspect_image(self.client, name)
        except EnvironmentFault:
            return False
        return True

    def _build(self, setup: SetUp, tree: str, name: str) -> None:
        """Run the commands as root in a container with network, and keep it as an image."""
        agent = recipe_for(self.client, setup.image, self._run_id, self._limits)
        recipe = replace(agent, user="0:0", for_setup=True, network=setup.network)
        box = start_box(self.client, recipe, self._store, tree)
        try:
            left = setup.timeout_s
            for command in setup.commands:
                result = box.execute(command, left, self._folder)
                left = max(1.0, left - result.duration_s)
                _require_done(command, result, setup.timeout_s)
            self._hand_over(box, agent)
            repository, _, tag = name.partition(":")
            self.client.api.commit(
                box.container,
                repository,
                tag,
                conf={"WorkingDir": agent.root, "Labels": {RUN_LABEL: self._run_id}},
            )
        finally:
            box.close()

    def _hand_over(self, box: DockerBox, agent: Recipe) -> None:
        """Give what set-up made to the uid that works with it, and drop the broker's own folder."""
        code = f"chown -R {agent.user} {agent.root}; rm -rf /.swe-agent"
        box.execute(code, 600.0, self._folder)

    def _surveyed(self, sandbox: BrokerSandbox, prepared: Prepared) -> Prepared:
        """Tell what set-up left: folders of the environment, and changes to the work tree."""
        rules = IgnoreRules(self._store.reader(prepared.tree))
        names = decoded(sandbox.ask(_TOP_FOLDERS)).split("\0")
        ignored: list[str] = []
        for name in sorted(name.removeprefix("./") for name in names if name):
            known = self._store.find(prepared.tree, name)
            inside = name.startswith(tuple(f"{folder}/" for folder in ignored))
            if known is None and not inside and is_environment(name, rules):
                ignored.append(name)
        sandbox.begin(prepared.tree, ignored, git=False, trusted=False)
        tree = sandbox.checkpoint().tree
        return replace(prepared, tree=tree, ignored=tuple(ignored))


def _require_done(command: str, result: CommandResult, timeout_s: float) -> None:
    """
    Raises:
        EnvironmentFault: the set-up command failed.
    """
    if result.exit_code == 0:
        return
    why = f"took more than {timeout_s:g} s" if result.timed_out else f"exit {result.exit_code}"
    tail = "\n".join(decoded(result.output).splitlines()[-_SHOWN_LINES:])
    raise EnvironmentFault(
        f"set-up failed: `{command}` ({why})\n{tail}",
        "correct it with --setup 'COMMAND', or check the network that set-up may use",
    )
