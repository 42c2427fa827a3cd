"""What a sandbox is filled with: the size that is promised, and an image that has no `tar`."""

import random
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import docker
import pytest

from swe_agent.core.errors import EngineAway
from swe_agent.core.protocols import Entry
from swe_agent.runtime.box import Limits
from swe_agent.runtime.docker import start_box
from swe_agent.runtime.engine import find_engine
from swe_agent.runtime.gitdir import write_git
from swe_agent.runtime.recipe import RUN_LABEL, recipe_for
from swe_agent.runtime.sandbox import BrokerSandbox
from swe_agent.runtime.store import TreeStore
from swe_agent.runtime.tarball import Content

ODD_NAMES = ("a" * 255, "é" * 100, "line\nbreak", "-dash", "d/" * 60 + "deep", "\udcff")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TreeStore]:
    with closing(TreeStore(tmp_path / "store")) as made:
        yield made


def tree_of(store: TreeStore) -> str:
    """Names, targets and sizes around every limit of a tar's header."""
    entries = {
        path: Entry(
            "file",
            store.put(path.encode("utf-8", "surrogateescape")),
            len(path.encode("utf-8", "surrogateescape")),
        )
        for path in (*ODD_NAMES, *("n" * length for length in range(80, 104)))
    }
    for length in (1, 99, 100, 101, 511, 512, 1000):
        entries[f"link{length}"] = Entry("link", store.put(b"t" * length), 0, 0o777)
    for size in (0, 1, 511, 512, 513, 70_000):
        entries[f"size{size}"] = Entry("file", store.put(b"x" * size), size)
    entries["empty"] = Entry("folder", store.empty, 0, 0o755)
    return store.overlay(store.empty, entries)


@pytest.mark.parametrize("root", ["/workspace", "/" + "r" * 95])
def test_a_filling_is_never_longer_than_promised(
    store: TreeStore, tmp_path: Path, root: str
) -> None:
    tree = tree_of(store)
    for git in (None, write_git(store, tree, "v1", tmp_path)):
        content = Content(store, tree, root, 1000, ("/.swe-agent",), git)
        size = sum(map(len, content.members()))
        assert size <= content.most_bytes() < 2 * size
    assert Content(store, store.empty, root, 0).most_bytes() == 0


@pytest.fixture(params=[("true", 0), ("rm $(command -v tar)", 1)], ids=["tar", "no tar"])
def image(
    request: pytest.FixtureRequest, engine: docker.DockerClient, base_image: str
) -> Iterator[tuple[str, int]]:
    """An image, and how many uploads a container of it takes, those of its folders aside."""
    order, uploads = request.param
    name = f"swe-agent-test:{secrets.token_hex(4)}"
    made = engine.containers.run(base_image, ["sh", "-c", order], detach=True, user="0")
    made.wait()
    made.commit(*name.split(":"))
    made.remove()
    yield name, uploads
    engine.images.remove(name, force=True)  # a container may be going still


@pytest.mark.docker
def test_a_container_is_filled_with_and_without_a_tar_of_its_own(
    engine: docker.DockerClient,
    image: tuple[str, int],
    store: TreeStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    uploads, upload = [], engine.api.put_archive
    monkeypatch.setattr(
        engine.api, "put_archive", lambda *given: uploads.append(given) or upload(*given)
    )
    tree = tree_of(store)
    recipe, git = (
        recipe_for(engine, image[0], "filling", Limits()),
        write_git(store, tree, "", tmp_path),
    )
    with closing(start_box(engine, recipe, store, tree, git)) as box:
        sandbox = BrokerSandbox(box, store, recipe.root, tmp_path)
        sandbox.begin(tree, (), trusted=False)
        assert sandbox.tree().tree == tree
        assert sandbox.run("cat .git/HEAD", 20).output == b"ref: refs/heads/main\n"
    assert len(uploads) == image[1] + (not recipe.has_folders)


class Leash:
    """A way to the engine that is cut once so many bytes have gone there."""

    def __init__(self, limit_bytes: int) -> None:
        self._left = limit_bytes
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = [self._listener]
        self.url = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(str(find_engine().socket_path))
                self._open += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(1 << 16):
                sink.sendall(chunk)
                self._left -= len(chunk) if sink.family == socket.AF_UNIX else 0
                if self._left < 0:
                    self.cut()


@pytest.mark.docker
def test_an_engine_that_goes_away_while_a_container_is_filled_is_told_as_that(
    engine: docker.DockerClient, base_image: str, store: TreeStore
) -> None:
    content = random.Random(0).randbytes(5_000_000)
    tree = store.overlay(store.empty, {"f": Entry("file", store.put(content), len(content))})
    label, leash = f"cut-{secrets.token_hex(4)}", Leash(1_000_000)
    client = docker.DockerClient(base_url=leash.url, version="1.41", timeout=20)
    with pytest.raises(EngineAway):
        start_box(client, recipe_for(client, base_image, label, Limits()), store, tree)
    deadline = time.monotonic() + 200
    while engine.api.containers(all=True, filters={"label": f"{RUN_LABEL}={label}"}):
        assert time.monotonic() < deadline, "the container is left behind"
        time.sleep(0.1)
