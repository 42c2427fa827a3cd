"""A whole proof in containers: the real store, the real sandbox, no writable image, no network."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from swe_agent.core.protocols import Entry, Sandbox
from swe_agent.runtime.box import Limits
from swe_agent.runtime.docker import start_box
from swe_agent.runtime.recipe import recipe_for
from swe_agent.runtime.sandbox import BrokerSandbox
from swe_agent.runtime.store import TreeStore
from swe_agent.verify.detect import detect_tests
from swe_agent.verify.runners import run_tests
from swe_agent.verify.verdict import Aims, ProvingGround, baseline, prove
from tests.verify.test_hostile_tests import BASE, FIXED

if TYPE_CHECKING:
    import docker

pytestmark = pytest.mark.docker


class Containers:
    """Fresh containers of one image, each filled from the store."""

    def __init__(self, client: "docker.DockerClient", image: str, folder: Path) -> None:
        self.client, self.folder = client, folder
        self.store = TreeStore(folder / "store")
        self.recipe = recipe_for(client, image, "verify-tests", Limits())

    def tree(self, files: dict[str, str]) -> str:
        entries = {
            path: Entry("file", blob=self.store.put(text.encode()), size_bytes=len(text.encode()))
            for path, text in files.items()
        }
        return self.store.overlay(self.store.empty, entries)

    @contextmanager
    def fresh(self, tree: str) -> Iterator[Sandbox]:
        box = start_box(self.client, self.recipe, self.store, tree)
        sandbox = BrokerSandbox(box, self.store, self.recipe.root, self.folder)
        try:
            sandbox.begin(tree, ())
            yield sandbox
        finally:
            sandbox.close()


@pytest.fixture
def containers(engine: "docker.DockerClient", base_image: str, tmp_path: Path) -> Containers:
    return Containers(engine, base_image, tmp_path)


def test_a_fix_is_verified_and_a_lie_is_not(containers: Containers) -> None:
    base = containers.tree(BASE)
    with containers.fresh(base) as sandbox:
        commands = detect_tests(sandbox.tree(), sandbox)
    assert commands == ("python3 -m pytest",)
    ground = ProvingGround(containers.store, containers.fresh, commands, 60, containers.store)
    reports = baseline(ground, base)
    assert reports[0].outcomes == {
        "test_calc.py::test_add": "failed",
        "test_calc.py::test_mul": "passed",
    }
    aims = Aims(issue="test_add fails")

    def word(**patch: str) -> str:
        tree = containers.tree({**BASE, **{f"{name}.py": text for name, text in patch.items()}})
        return prove(ground, base, tree, aims, reports).verdict.word

    assert word(calc=FIXED["calc.py"]) == "verified"
    assert word(calc="import os\n\ndef add(a, b):\n    os._exit(0)\n\nmul = add\n") == "regressed"
    skip = "import pytest\n\ndef pytest_runtest_setup(item):\n    pytest.skip('later')\n"
    assert word(conftest=skip) == "unverified"


def test_running_tests_leaves_no_trace_of_ours_in_tree_or_tmp(containers: Containers) -> None:
    base = containers.tree(BASE)
    ground = ProvingGround(containers.store, containers.fresh, ("python3 -m pytest",), 60)
    with ground.fresh(base) as sandbox:
        run_tests(sandbox, ground.commands, 60)
        assert b"tests-" not in sandbox.execute("ls /tmp", 10).output
        assert not any("recorder" in path for path in sandbox.tree().paths())
