"""An image as it stands, with the work tree and the history that it brings: for grading alone.

Nothing that a model steers may run here: the history may hold the answer.
"""

import io
import tarfile
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from swe_agent.core.errors import EnvironmentFault, SandboxLost
from swe_agent.core.protocols import CommandResult
from swe_agent.runtime.docker import DockerBox, start_box
from swe_agent.runtime.recipe import Recipe
from swe_agent.runtime.store import TreeStore

if TYPE_CHECKING:
    from swe_agent.runtime.engine import Engine

_PROBE_TIMEOUT_S = 60.0


class ImageBox:
    """A running container of an image; commands and files, no checkpoints."""

    def __init__(
        self, client: "Engine", recipe: Recipe, store: TreeStore, spool_folder: Path
    ) -> None:
        """Start it.

        Raises:
            EnvironmentFault: it cannot be started.
        """
        self._client, self._recipe, self._spool_folder = client, recipe, spool_folder
        self._box: DockerBox = start_box(client, recipe, store, None)
        found = self.execute("command -v bash >/dev/null", _PROBE_TIMEOUT_S)
        self.shell = "bash" if found.exit_code == 0 else "sh"
        """What interprets commands."""

    def execute(self, command: str, timeout_s: float) -> CommandResult:
        """Run in the work tree; the exit code is the one that the engine itself reports.

        Raises:
            SandboxLost: the container is gone.
        """
        return self._box.execute(command, timeout_s, self._spool_folder)

    def write_file(self, path: str, content: bytes) -> None:
        """Make or replace a file, by its absolute path; its folder has to be there.

        Raises:
            SandboxLost: it cannot be written.
        """
        from docker.errors import DockerException
        from requests import RequestException

        place = PurePosixPath(path)
        packed = io.BytesIO()
        with closing(tarfile.open(fileobj=packed, mode="w")) as tar:
            row = tarfile.TarInfo(place.name)
            row.size, row.mode = len(content), 0o755
            tar.addfile(row, io.BytesIO(content))
        try:
            self._client.api.put_archive(self._box.container, str(place.parent), packed.getvalue())
        except (DockerException, RequestException) as error:
            raise SandboxLost(f"{path} cannot be written: {error}") from error

    def close(self) -> None:
        """Take the container away; does not raise."""
        self._box.close()


def require_work_tree(recipe: Recipe) -> None:
    """
    Raises:
        EnvironmentFault: the image brings no repository.
    """
    if not recipe.has_work_tree:
        raise EnvironmentFault(
            f"The image {recipe.image} brings no repository.",
            "Name the repository in the task, and where clones lie with --mirror DIR.",
        )
