"""The environment of a run without an engine: bubblewrap's sandboxes, or none at all.

This machine's own system takes the place of an image. What bubblewrap's set-up made is kept in a
folder and copied for each sandbox. Without a sandbox set-up runs in each copy, since what it makes
(virtual environments, editable installs) holds on to the place where it was made.
"""

import json
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.events import Checkpoint
from swe_agent.core.protocols import Sandbox
from swe_agent.runtime.box import HOME, Limits
from swe_agent.runtime.bubblewrap import BubblewrapBox, Plan, outer_uid, start_bubblewrap
from swe_agent.runtime.containerfile import Containerfile
from swe_agent.runtime.environment import Prepared, begun
from swe_agent.runtime.gitdir import GitDir, write_git
from swe_agent.runtime.hostview import ENVIRONMENT, OPT, WORKSPACE, make_folder
from swe_agent.runtime.images import SETUP_IMAGES
from swe_agent.runtime.kept import NOTE, kept_folders, used
from swe_agent.runtime.leftovers import survey_leftovers
from swe_agent.runtime.local import LocalBox, LocalPlan, start_local
from swe_agent.runtime.pipes import remove_folder
from swe_agent.runtime.sandbox import BrokerSandbox
from swe_agent.runtime.setup import SetUp, exporting, require_done, without_traces
from swe_agent.runtime.store import TreeStore
from swe_agent.runtime.tarball import Content
from swe_agent.runtime.versions import Version

Kind = Literal["bubblewrap", "none"]
_SEED = "/seed"
_COPY = (
    f"cp -a {_SEED}/workspace/. {WORKSPACE} && cp -a {_SEED}/state/home/. {HOME}/home && "
    f"cp -a {_SEED}/opt/. {OPT}"
)
_COPY_TIMEOUT_S = 600.0


class EnginelessSandboxes:
    """Makes the sandboxes of one run."""

    def __init__(self, kind: Kind, store: TreeStore, limits: Limits, folder: Path) -> None:
        """
        Args:
            kind: how much they hold in.
            store: the run's trees.
            limits: of every sandbox.
            folder: where long outputs are spooled; it exists.
        """
        self.kind = kind
        self.version_tag = ""
        """Nearest version tag of the user's repository: on the one commit of the sandboxes' own."""
        self._store, self._limits, self._folder = store, limits, folder
        self._setups: dict[str, SetUp] = {}
        self._gits: dict[str, GitDir] = {}

    def has_image(self, name: str) -> bool:
        """Whether a set-up is known here; every other image is this machine itself."""
        if not name.startswith(f"{SETUP_IMAGES}:"):
            return True
        return name in self._setups or (self.kind == "bubblewrap" and _kept(name).is_dir())

    def pull(self, image: str, timeout_s: float) -> None:
        """Nothing: there are no images."""

    def own_image(self, found: Containerfile, tree: str, proxies: Mapping[str, str] | None) -> str:
        """
        Raises:
            EnvironmentFault: always: a Dockerfile needs an engine.
        """
        raise EnvironmentFault(
            f"The repository's {found.path} needs a Docker engine.", "Use --sandbox docker."
        )

    def pythons(self) -> Mapping[Version, str]:
        """None but the machine's own."""
        return {}

    def prepare(self, setup: SetUp, tree: str) -> Prepared:
        """Run the set-up commands on the tree, if there are any.

        Raises:
            EnvironmentFault: a command failed (the message has the failing line).
        """
        if not setup.commands:
            return Prepared("", tree)
        setup = replace(setup, inputs=None)
        name = f"{SETUP_IMAGES}:{setup.key(_system(), tree, self.version_tag)}"
        self._setups[name] = setup
        if self.kind == "bubblewrap" and not _kept(name).is_dir():
            self._build(setup, tree, name)
        prepared = Prepared(name, tree, is_filled=True)
        with closing(self._sandbox(prepared)) as sandbox:
            after, ignored = survey_leftovers(sandbox, self._store, tree, trusted=False)
            return replace(prepared, tree=after, ignored=ignored)

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
        with ExitStack() as undo:
            make = self._bubblewrap if self.kind == "bubblewrap" else self._local
            box = make(prepared, undo)
            sandbox = BrokerSandbox(box, self._store, box.root, self._folder)
            undo.pop_all()
        return sandbox

    def _bubblewrap(self, prepared: Prepared, undo: ExitStack) -> BubblewrapBox:
        folder, env = None, dict[str, str]()
        if prepared.image:
            used(_kept(prepared.image))
            env = json.loads((_kept(prepared.image) / NOTE).read_text())
            folder = self._copied(_kept(prepared.image))
        box = start_bubblewrap(Plan(self._limits, env=env), folder)
        undo.callback(box.close)
        self._fill(box, None if prepared.is_filled else prepared.tree, prepared.tree)
        return box

    def _copied(self, seed: Path) -> Path:
        """A new private folder with what set-up left. The copy is made inside: a name that set-up
        chose is never opened by us."""
        folder = make_folder(outer_uid())
        plan = Plan(self._limits, kept=True, shown={_SEED: str(seed)})
        with closing(start_bubblewrap(plan, folder)) as box:
            result = box.execute(_COPY, _COPY_TIMEOUT_S, self._folder)
        if result.exit_code:
            remove_folder(folder, outer_uid())
            said = result.output[-500:].decode("utf-8", "replace")
            raise EnvironmentFault(f"the environment cannot be copied: {said}")
        return folder

    def _local(self, prepared: Prepared, undo: ExitStack) -> LocalBox:
        """A copy with nothing around it, set up anew where there is a set-up."""
        setup, folder = self._setups.get(prepared.image), make_folder(None)
        if setup:
            setup = _relocated(setup, folder)
        env = setup.exports(str(folder / "workspace"), os.environ["PATH"]) if setup else {}
        box = start_local(LocalPlan(self._limits, env=env), folder)
        undo.callback(box.close)
        self._fill(box, prepared.tree, prepared.tree)
        if setup:
            self._run(setup, prepared.tree, box)
        return box

    def _fill(self, box: BubblewrapBox | LocalBox, tree: str | None, head: str) -> None:
        """Hand over the repository, and a git repository of its own with one commit of `head`."""
        if head not in self._gits:
            self._gits = {head: write_git(self._store, head, self.version_tag, self._folder)}
        inside = isinstance(box, BubblewrapBox)
        root, home = (WORKSPACE, HOME) if inside else ("workspace", "state")
        private = (home, f"{home}/home")
        content = Content(self._store, tree, root, os.getuid(), private, self._gits[head])
        box.fill(content.tar())

    def _build(self, setup: SetUp, tree: str, name: str) -> None:
        """Run the commands in a sandbox, with the network where that is allowed, and keep its
        folder."""
        kept, env = _kept(name), setup.exports(WORKSPACE, ENVIRONMENT["PATH"])
        kept.parent.mkdir(parents=True, exist_ok=True)
        folder = make_folder(outer_uid(), kept.parent)
        with ExitStack() as undo:
            undo.callback(remove_folder, folder, outer_uid())
            plan = Plan(self._limits, network=setup.network, kept=True, env=env)
            with closing(start_bubblewrap(plan, folder)) as box:
                self._fill(box, tree, tree)
                self._run(setup, tree, box)
            (folder / NOTE).write_text(json.dumps(env))
            with suppress(OSError):  # fails where another run was faster
                folder.rename(kept)
                undo.pop_all()

    def _run(self, setup: SetUp, tree: str, box: BubblewrapBox | LocalBox) -> None:
        """
        Raises:
            EnvironmentFault: a command failed.
        """
        BrokerSandbox(box, self._store, box.root, self._folder).begin(tree, ())
        left = setup.timeout_s
        for command in setup.commands:
            result = box.execute(exporting(setup.passed_on, command), left, self._folder)
            left = max(1.0, left - result.duration_s)
            require_done(setup, command, result)
        places = (WORKSPACE, HOME, OPT) if isinstance(box, BubblewrapBox) else (box.root,)
        if traces := without_traces(setup.passed_on, *places):
            box.execute(traces, _COPY_TIMEOUT_S, self._folder)


def _relocated(setup: SetUp, folder: Path) -> SetUp:
    """A set-up that puts into the private folder what belongs to neither repository nor HOME."""
    place = str(folder / "opt")
    return replace(
        setup,
        commands=tuple(command.replace(OPT, place) for command in setup.commands),
        env={name: value.replace(OPT, place) for name, value in setup.env.items()},
    )


def _kept(name: str) -> Path:
    return kept_folders() / name.rpartition(":")[2]


def _system() -> str:
    """What a set-up's result depends on beside its commands: the system, as far as one can tell."""
    known = [os.uname().machine]
    for place in ("/etc/os-release", "/usr/bin", "/usr/local/bin", "/usr/lib"):
        with suppress(OSError):
            known.append(str(Path(place).stat().st_mtime_ns))
    return " ".join(known)
