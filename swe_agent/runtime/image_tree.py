"""The repository that an image brings: the files that its own git tracks, read as they stand there.

Its history stays where it is, and the image is emptied of both before anybody works in it.
"""

import io
import secrets
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from swe_agent.core.errors import EnvironmentFault, UsageFault
from swe_agent.core.protocols import Entry
from swe_agent.core.text import decoded
from swe_agent.runtime.box import Limits
from swe_agent.runtime.docker import DockerBox, start_box
from swe_agent.runtime.environment import DockerSandboxes
from swe_agent.runtime.origins import Origin, Taken
from swe_agent.runtime.recipe import Recipe, recipe_for
from swe_agent.runtime.store import TreeStore

if TYPE_CHECKING:
    from docker import DockerClient

_TIMEOUT_S = 600.0
_TRACKED = "git ls-files -z | tar --null --no-recursion --ignore-failed-read -T - -cf - 2>/dev/null"
_GIT = "git -c safe.directory='*' -c core.hooksPath=/dev/null -c core.fsmonitor=false"


@dataclass(frozen=True, slots=True)
class ImageTree:
    """The work tree of an image as SWE-bench makes them."""

    client: "DockerClient"
    image: str
    revision: str = "HEAD"
    """What is checked out first; HEAD: what stands there."""
    pull_timeout_s: float = 900.0
    say: Callable[[str], None] = lambda _: None

    def taken(self, store: TreeStore) -> Taken:
        """Put it into the store; the image is pulled where it is not here.

        Raises:
            EnvironmentFault: the image cannot be had or read.
            UsageFault: it brings no repository, or not this revision.
        """
        with tempfile.TemporaryDirectory(prefix="swe-agent-image-") as name:
            folder = Path(name)
            makes = DockerSandboxes(self.client, store, secrets.token_hex(4), Limits(), folder)
            if not makes.has_image(self.image):
                self.say(f"pulling the image {self.image}; this happens once")
                makes.pull(self.image, self.pull_timeout_s)
            recipe = recipe_for(self.client, self.image, makes.run_id, Limits())
            if not recipe.has_work_tree:
                raise UsageFault(
                    f"The image {self.image} brings no repository (in {recipe.root}).",
                    "Name the repository in the task, and where clones lie with --mirror DIR.",
                )
            with closing(self._box(store, recipe)) as box:
                head = self._head(box, folder)
                entries = dict(self._entries(box, store))
        if not entries:
            raise EnvironmentFault(f"The image {self.image} has no tracked files in {recipe.root}.")
        return Taken(store.overlay(store.empty, entries), self.image, head)

    def _box(self, store: TreeStore, recipe: Recipe) -> DockerBox:
        return start_box(self.client, replace(recipe, network=False), store, None)

    def _head(self, box: DockerBox, folder: Path) -> str:
        """The commit that the work tree is of, after checking out the revision."""
        if self.revision != "HEAD":
            switch = f"{_GIT} checkout -q -f {quote(self.revision)} --"
            done = box.execute(switch, _TIMEOUT_S, folder)
            if done.exit_code:
                raise UsageFault(
                    f"The image {self.image} has no revision {self.revision}: "
                    f"{decoded(done.output).strip()[-200:]}",
                    "Name the repository in the task, and where clones lie with --mirror DIR.",
                )
        said = box.execute(f"{_GIT} rev-parse HEAD", _TIMEOUT_S, folder)
        return decoded(said.output).strip() if said.exit_code == 0 else ""

    def _entries(self, box: DockerBox, store: TreeStore) -> Iterator[tuple[str, Entry]]:
        """Every tracked file and link; nothing is unpacked on this machine's disk."""
        stream = _Chunks(box.streamed(_TRACKED.replace("git", _GIT, 1)))
        with tarfile.open(fileobj=io.BufferedReader(stream), mode="r|") as tar:
            for member in tar:
                path = member.name.removeprefix("./")
                if member.issym():
                    target = member.linkname.encode("utf-8", "surrogateescape")
                    yield path, Entry("link", store.put(target), 0, 0o777)
                elif member.isreg() and (inner := tar.extractfile(member)) is not None:
                    pieces = iter(lambda one=inner: one.read(1 << 20), b"")  # type: ignore[misc]
                    key = store.blobs.put_stream(member.size, pieces)
                    mode = 0o755 if member.mode & 0o100 else 0o644
                    yield path, Entry("file", key, member.size, mode)


class _Chunks(io.RawIOBase):
    """Pieces of bytes as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, room: object) -> int:
        """Fill some of the room; 0 at the end."""
        view = memoryview(room)  # type: ignore[arg-type]
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        count = min(len(view), len(self._rest))
        view[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


if TYPE_CHECKING:
    _: type[Origin] = ImageTree
