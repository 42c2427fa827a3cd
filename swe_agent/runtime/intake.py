"""The user's files into the store: what the sandbox starts from. The host's own disk is read here
and nowhere else."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from pathspec import GitIgnoreSpec

from swe_agent.core.errors import UsageFault
from swe_agent.core.protocols import Entry
from swe_agent.core.text import visible
from swe_agent.runtime.repository import Repository
from swe_agent.runtime.store import TreeStore

CREDENTIALS = (
    ".env",
    ".env.*",
    ".netrc",
    "_netrc",
    ".git-credentials",
    ".pypirc",
    ".npmrc",
    ".aws/",
    ".ssh/",
    ".docker/config.json",
    ".kube/",
    "id_rsa*",
    "id_ed25519*",
    "id_ecdsa*",
    "*.pem",
    "*.p12",
    "*.key",
    "credentials.json",
    "!*.example",
    "!*.sample",
    "!*.template",
)
"""Names that hold secrets. A file of such a name stays behind unless it is committed as it is, or
included."""


def take_in(
    repository: Repository, store: TreeStore, include: Sequence[str] = ()
) -> tuple[str, tuple[str, ...]]:
    """Store the repository as the user has it.

    Args:
        repository: what belongs to it.
        store: where it goes.
        include: globs of files that go along whatever their names.

    Returns:
        The tree, and the paths that stayed behind because their names promise secrets.

    Raises:
        UsageFault: a file cannot be read.
    """
    secret = GitIgnoreSpec.from_lines(CREDENTIALS)
    wanted = GitIgnoreSpec.from_lines(include)
    behind = tuple(
        path
        for path in repository.files
        if path in repository.dirty and secret.match_file(path) and not wanted.match_file(path)
    )
    kept = [path for path in repository.files if path not in set(behind)]
    entries = {path: _entry(repository.root / path, path, store) for path in kept}
    return store.overlay(store.empty, {p: e for p, e in entries.items() if e}), behind


def _entry(place: Path, path: str, store: TreeStore) -> Entry | None:
    """The entry of one path; None if it is gone or neither file nor link."""
    try:
        status = place.lstat()
        if stat.S_ISLNK(status.st_mode):
            target = os.fsencode(place.readlink())
            return Entry("link", store.put(target), 0, 0o777)
        if not stat.S_ISREG(status.st_mode):
            return None
        mode = 0o755 if status.st_mode & 0o100 else 0o644
        with place.open("rb") as file:
            if status.st_size > 8_000_000:
                key = store.blobs.put_stream(status.st_size, iter(lambda: file.read(1 << 20), b""))
                return Entry("file", key, status.st_size, mode)
            content = file.read()
        return Entry("file", store.put(content), len(content), mode)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageFault(
            f"{visible(path)} cannot be read: {error.strerror}.",
            "Make it readable, or ignore it in git.",
        ) from error
