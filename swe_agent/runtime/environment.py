"""The environment of a run in Docker: set-up once, in a container of its own, then as many
sandboxes as are wanted.

Set-up has the engine's default rights and the network, and never sees the model; the sandboxes have
neither.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import TYPE_CHECKING, Literal

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.events import Checkpoint
from swe_agent.core.protocols import Sandbox
from swe_agent.runtime.box import Limits
from swe_agent.runtime.containerfile import Containerfile
from swe_agent.runtime.docker import PRIVATE, DockerBox, start_box
from swe_agent.runtime.engine import refusal
from swe_agent.runtime.gitdir import GitDir, write_git
from swe_agent.runtime.ignore import CACHES, ENVIRONMENT_FOLDERS
from swe_agent.runtime.images import IMAGE_LABEL, SETUP_IMAGES, python_images
from swe_agent.runtime.leftovers import survey_leftovers
from swe_agent.runtime.own_image import build_containerfile
from swe_agent.runtime.pull import pull_image
from swe_agent.runtime.recipe import (
    FOLDERS_LABEL,
    ROOT_LABEL,
    RUN_LABEL,
    Recipe,
    inspect_image,
    recipe_for,
)
from swe_agent.runtime.sandbox import BrokerSandbox
from swe_agent.runtime.setup import (
    EMPTY,
    SetUp,
    exporting,
    left_clean,
    path_in,
    require_done,
    without_traces,
)
from swe_agent.runtime.store import TreeStore
from swe_agent.runtime.versions import Version
from swe_agent.runtime.work_tree import ABOVE, BESIDE

if TYPE_CHECKING:
    from docker import DockerClient

_CLEAN_TIMEOUT_S = 600.0
_COMMIT_TIMEOUT_S = 1800
"""What set-up made may be many gigabytes."""


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


def begun(sandbox: BrokerSandbox, prepared: Prepared, checkpoint: Checkpoint) -> BrokerSandbox:
    """A sandbox of an environment, just made, with the tree and the shell state of a checkpoint; it
    is closed where that cannot be."""
    with ExitStack() as undo:
        undo.callback(sandbox.close)
        sandbox.begin(prepared.tree, prepared.ignored)
        if checkpoint.tree != sandbox.tree().tree or checkpoint.cwd:
            sandbox.restore(checkpoint)
        undo.pop_all()
    return sandbox


class DockerSandboxes:
    """Makes the sandboxes of one run."""

    kind: Literal["docker"] = "docker"

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
        self.client, self._store, self.run_id = client, store, run_id
        self._limits, self._folder = limits, folder
        self.version_tag = ""
        """Nearest version tag of the user's repository: on the one commit of the sandboxes' own."""
        self._gits: dict[str, GitDir] = {}
        self._recipes: dict[str, Recipe] = {}

    def prepare(self, setup: SetUp, tree: str) -> Prepared:
        """Run the set-up commands on the tree, if there are any; an equal set-up is found again.

        The image of a set-up that names its inputs holds nothing of the repository itself, so it
        serves every tree in which those are equal.

        Raises:
            EnvironmentFault: image missing, or a command failed (the message has the failing line).
        """
        image = inspect_image(self.client, setup.image)
        if not setup.commands:
            return self._plain(setup.image, tree)
        setup = replace(setup, image=self._emptied(setup.image))
        name = f"{SETUP_IMAGES}:{setup.key(str(image['Id']), tree, self.version_tag)}"
        if not self.has_image(name):
            self._build(setup, tree, name)
        return self._surveyed(Prepared(name, tree, is_filled=setup.inputs is None))

    def has_image(self, name: str) -> bool:
        """Whether an image is on the engine."""
        try:
            inspect_image(self.client, name)
        except EnvironmentFault:
            return False
        return True

    def own_image(self, found: Containerfile, tree: str, proxies: Mapping[str, str] | None) -> str:
        """The image of the repository's own Dockerfile, built of a tree."""
        return build_containerfile(self.client, self._store, tree, found, proxies)

    def pythons(self) -> Mapping[Version, str]:
        """Images of ours by the Python that they have."""
        return python_images(self.client)

    def pull(self, image: str, timeout_s: float) -> None:
        """Get an image from its registry.

        Raises:
            EnvironmentFault: it cannot be had, or not in time.
        """
        pull_image(self.client, image, timeout_s)

    def open(self, prepared: Prepared, checkpoint: Checkpoint) -> Sandbox:
        """A fresh sandbox with the tree and the shell state of a checkpoint.

        Raises:
            EnvironmentFault: it cannot be made.
        """
        return begun(self._sandbox(prepared), prepared, checkpoint)

    def fresh(self, prepared: Prepared, tree: str) -> AbstractContextManager[Sandbox]:
        """A fresh sandbox with a tree, closed at the end of the block."""
        return closing(self.open(prepared, Checkpoint(tree=tree)))

    def _sandbox(self, prepared: Prepared) -> BrokerSandbox:
        recipe = self._recipe_of(prepared.image)
        tree = None if prepared.is_filled else prepared.tree
        with ExitStack() as undo:
            git = self._git(prepared.tree)
            box = start_box(self.client, recipe, self._store, tree, git)
            undo.callback(box.close)
            sandbox = BrokerSandbox(box, self._store, recipe.root, self._folder)
            undo.pop_all()
        return sandbox

    def _recipe_of(self, image: str) -> Recipe:
        """The image's recipe; an image stays what it is while the run goes on."""
        if image not in self._recipes:
            self._recipes[image] = recipe_for(self.client, image, self.run_id, self._limits)
        return self._recipes[image]

    def _git(self, tree: str) -> GitDir:
        """The sandbox's own git repository over a tree; the last one is kept."""
        if tree not in self._gits:
            made = write_git(self._store, tree, self.version_tag, self._folder)
            exclude = {"info/exclude": "\n".join((*ENVIRONMENT_FOLDERS, *CACHES, "")).encode()}
            self._gits = {tree: replace(made, files={**made.files, **exclude})}
        return self._gits[tree]

    def _plain(self, image: str, tree: str) -> Prepared:
        """An image as it is; one that brings a work tree is emptied of it once, and what was built
        there stays."""
        prepared = Prepared(self._emptied(image), tree)
        return prepared if prepared.image == image else self._surveyed(prepared)

    def _emptied(self, image: str) -> str:
        """The image, without its work tree if it brings one: neither the files that its own git
        tracks nor that git, whose history may hold the answer."""
        agent = recipe_for(self.client, image, self.run_id, self._limits)
        if not agent.has_work_tree:
            return image
        setup = SetUp(image, inputs=())
        name = f"{SETUP_IMAGES}:{setup.key(str(inspect_image(self.client, image)['Id']), '')}"
        if not self.has_image(name):
            recipe = replace(agent, for_setup=True)
            with closing(start_box(self.client, recipe, self._store, None)) as box:
                box.execute(EMPTY, _CLEAN_TIMEOUT_S, self._folder)
                if PurePosixPath(agent.root).parent == PurePosixPath(ABOVE):
                    box.execute(BESIDE, _CLEAN_TIMEOUT_S, self._folder)
                self._commit(box, agent, setup, name)
        return name

    def _build(self, setup: SetUp, tree: str, name: str) -> None:
        """Run the commands as root in a container with network, and keep it as an image."""
        agent = recipe_for(self.client, setup.image, self.run_id, self._limits)
        recipe = replace(agent, user="0:0", for_setup=True, network=setup.network)
        env = setup.exports(agent.root, path_in(inspect_image(self.client, setup.image)))
        git = self._git(tree)
        with closing(start_box(self.client, recipe, self._store, tree, git)) as box:
            BrokerSandbox(box, self._store, agent.root, self._folder).begin(tree, ())
            left = setup.timeout_s
            for command in setup.commands:
                line = exporting({**env, **setup.passed_on}, command)
                result = box.execute(line, left, self._folder)
                left = max(1.0, left - result.duration_s)
                require_done(setup, command, result)
            if traces := without_traces(setup.passed_on, "/"):
                box.execute(traces, _CLEAN_TIMEOUT_S, self._folder)
            if setup.inputs is not None:
                clean = left_clean(self.client, box, self._store, tree)
                box.execute(clean, _CLEAN_TIMEOUT_S, self._folder)
            self._commit(box, agent, setup, name)

    def _commit(self, box: DockerBox, agent: Recipe, setup: SetUp, name: str) -> None:
        """Give what set-up made to the uid that works with it, drop the history that it saw and
        what is in the broker's own folder, and keep the image."""
        places = " ".join(map(quote, (agent.root, *setup.folders)))
        own = " ".join(PRIVATE)
        code = (
            f"rm -rf .git {PRIVATE[0]}; mkdir -p {places} {own}; chmod 700 {own}; "
            f"chown -R {agent.user} {places} {own}"
        )
        box.execute(code, _CLEAN_TIMEOUT_S, self._folder)
        env = setup.exports(agent.root, path_in(inspect_image(self.client, setup.image)))
        repository, _, tag = name.partition(":")
        label = {ROOT_LABEL: agent.root} if agent.has_work_tree else {}
        conf = {
            "WorkingDir": agent.root,
            "Entrypoint": [],
            "Cmd": ["/bin/sh"],
            "Labels": {
                RUN_LABEL: self.run_id,
                IMAGE_LABEL: "env",
                FOLDERS_LABEL: f"{agent.user} {agent.root}",
                **label,
            },
            "Env": [f"{key}={value}" for key, value in env.items()],
        }
        with _at_least(self.client, _COMMIT_TIMEOUT_S):
            self.client.api.commit(box.container, repository, tag, conf=conf)

    def _surveyed(self, prepared: Prepared) -> Prepared:
        """The environment with what set-up left told, by a look into a sandbox of it."""
        with closing(self._sandbox(prepared)) as sandbox:
            trusted = not prepared.is_filled
            tree, ignored = survey_leftovers(sandbox, self._store, prepared.tree, trusted=trusted)
        return replace(prepared, tree=tree, ignored=ignored)


@contextmanager
def _at_least(client: "DockerClient", timeout_s: int) -> Iterator[None]:
    """Give the engine's answers more time inside the block.

    Raises:
        EnvironmentFault: it still did not answer, or could not.
    """
    from docker.errors import DockerException
    from requests import RequestException

    usual = client.api.timeout
    client.api.timeout = max(usual, timeout_s)
    try:
        yield
    except (DockerException, RequestException) as error:
        raise refusal(error, "the environment could not be kept as an image") from error
    finally:
        client.api.timeout = usual
