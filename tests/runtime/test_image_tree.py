"""The repository that an image brings, read as it stands there."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.core.events import Checkpoint
from swe_agent.runtime.box import Limits
from swe_agent.runtime.environment import DockerSandboxes
from swe_agent.runtime.image_tree import ImageTree
from swe_agent.runtime.setup import SetUp
from swe_agent.runtime.store import TreeStore

if TYPE_CHECKING:
    import docker

IMAGE = "swe-agent-test-testbed:1"
MAKE = r"""set -e
git config --global user.name a; git config --global user.email a@example.org
mkdir /testbed; cd /testbed; git init -q
echo 1 >a.py; printf 'x\r\n' >run.sh; chmod 755 run.sh; ln -s a.py link; mkdir d; echo 2 >'d/b c.py'
echo '*.so' >.gitignore; git add -A; git commit -qm base; git branch other
echo later >a.py; git commit -qam later; git tag later; git checkout -q -b old @~
git checkout -q other; echo bug >a.py; git commit -qam bug; git checkout -q old
echo built >lib.so; echo new >untracked.py
"""


@pytest.fixture(scope="module")
def image(engine: "docker.DockerClient", base_image: str) -> Iterator[str]:
    """Made like those of SWE-bench, with history after the base."""
    made = engine.containers.run(base_image, ["sh", "-c", MAKE], user="0:0", detach=True)
    assert made.wait()["StatusCode"] == 0, made.logs()
    made.commit(*IMAGE.split(":"), conf={"WorkingDir": "/testbed", "Cmd": ["sh"]})
    made.remove()
    yield IMAGE
    engine.images.remove(IMAGE, force=True)


@pytest.mark.docker
def test_tracked_files_are_read_from_an_image_and_history_is_gone_from_its_sandboxes(
    engine: "docker.DockerClient", image: str, tmp_path: Path
) -> None:
    store = TreeStore(tmp_path)
    taken = ImageTree(engine, image).taken(store)
    reader = store.reader(taken.tree)
    assert set(reader.paths()) == {"a.py", "run.sh", "link", "d/b c.py", ".gitignore"}
    assert (reader.read("a.py"), reader.read("run.sh")) == (b"1\n", b"x\r\n")
    assert reader.read("link") == b"a.py"
    script = reader.entry("run.sh")
    assert script is not None
    assert script.executable
    assert len(taken.head) == 40
    makes = DockerSandboxes(engine, store, "image-tree-test", Limits(), tmp_path)
    prepared = makes.prepare(SetUp(image), taken.tree)
    with closing(makes.open(prepared, Checkpoint(tree=prepared.tree))) as sandbox:
        said = sandbox.run("git log --all --oneline | wc -l; cat lib.so a.py", 60).output.decode()
    assert said.split() == ["1", "built", "1"]
    engine.images.remove(prepared.image, force=True)


@pytest.mark.docker
def test_another_revision_of_the_image_may_be_the_base(
    engine: "docker.DockerClient", image: str, tmp_path: Path
) -> None:
    store = TreeStore(tmp_path)
    reader = store.reader(ImageTree(engine, image, "other").taken(store).tree)
    assert reader.read("a.py") == b"bug\n"
    with pytest.raises(UsageFault, match="no revision nowhere"):
        ImageTree(engine, image, "nowhere").taken(store)


@pytest.mark.docker
def test_an_image_without_a_repository_is_said(
    engine: "docker.DockerClient", base_image: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageFault, match="brings no repository"):
        ImageTree(engine, base_image).taken(TreeStore(tmp_path))
