"""One suite for every sandbox: a backend is a name here, and every test runs on it."""

import os
from collections.abc import Callable, Iterator, Mapping

import pytest

from swe_agent.core.protocols import CommandResult
from swe_agent.runtime.box import HOME, Box, Limits
from swe_agent.runtime.bubblewrap import Plan, start_bubblewrap
from swe_agent.runtime.docker import start_box
from swe_agent.runtime.local import LocalPlan, start_local
from swe_agent.runtime.recipe import recipe_for
from swe_agent.runtime.sandbox import BrokerSandbox
from swe_agent.runtime.store import TreeStore
from swe_agent.runtime.tarball import Content
from tests.backends import need_bubblewrap
from tests.runtime.conformance.rig import MEMORY_MB, PIDS, File, Rig, Start

DOCKER = pytest.mark.docker
BACKENDS = (
    pytest.param("docker-debian", marks=DOCKER),
    # Busybox has the tools' tests in the normal run, bubblewrap tests/runtime/test_bubblewrap.py.
    pytest.param("docker-busybox", marks=[DOCKER, pytest.mark.soak]),
    pytest.param("bubblewrap", marks=pytest.mark.soak),
)
NOTHING_ELSE = "SWE_AGENT_CONFORMANCE_NONE"
"""Set by tests/runtime/test_local_conformance.py, which holds in what `none` does not."""
IMAGES = {"docker-debian": "base_image", "docker-busybox": "busybox_image"}


def docker_start(request: pytest.FixtureRequest, name: str) -> Start:
    client = request.getfixturevalue("engine")
    image = request.getfixturevalue(IMAGES[name])
    limits = Limits(memory_mb=MEMORY_MB, cpus=2.0, pids=PIDS)
    recipe = recipe_for(client, image, "conformance", limits)

    def start(store: TreeStore, tree: str | None) -> tuple[Box, str]:
        return start_box(client, recipe, store, tree), recipe.root

    return start


def bubblewrap_start() -> Start:
    need_bubblewrap()
    plan = Plan(Limits(memory_mb=MEMORY_MB, cpus=2.0, pids=PIDS))

    def start(store: TreeStore, tree: str | None) -> tuple[Box, str]:
        box = start_bubblewrap(plan)
        box.fill(Content(store, tree, box.root, 0, (HOME, f"{HOME}/home")).tar())
        return box, box.root

    return start


def local_start() -> Start:
    plan = LocalPlan(Limits())

    def start(store: TreeStore, tree: str | None) -> tuple[Box, str]:
        box = start_local(plan)
        box.fill(Content(store, tree, "workspace", 0, ("state", "state/home")).tar())
        return box, box.root

    return start


def start_of(request: pytest.FixtureRequest, name: str) -> Start:
    if name in IMAGES:
        return docker_start(request, name)
    return bubblewrap_start() if name == "bubblewrap" else local_start()


@pytest.fixture(scope="session", params=("none",) if NOTHING_ELSE in os.environ else BACKENDS)
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    made = Rig(
        request.param,
        start_of(request, request.param),
        tmp_path_factory.mktemp("rig") / request.param,
    )
    yield made
    made.close()


@pytest.fixture(autouse=True)
def held(rig: Rig, request: pytest.FixtureRequest) -> None:
    """Skips what only a sandbox holds, where there is none."""
    mark = request.node.get_closest_marker("unlike_none")
    if mark and rig.name == "none":
        pytest.skip(mark.args[0])


@pytest.fixture
def sandbox(rig: Rig) -> BrokerSandbox:
    """The shared sandbox with an empty repository."""
    return rig.shared({})


@pytest.fixture
def filled(rig: Rig) -> Callable[[Mapping[str, File]], BrokerSandbox]:
    """Makes the shared sandbox hold these files and no others."""
    return rig.shared


@pytest.fixture
def run(sandbox: BrokerSandbox) -> Callable[..., CommandResult]:
    """Runs a command in the shared, empty sandbox."""

    def ran(command: str, timeout_s: float = 20.0) -> CommandResult:
        return sandbox.run(command, timeout_s)

    return ran
