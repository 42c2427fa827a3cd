"""Several files of a work tree replaced together: all of them, or none."""

import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from swe_agent.core.errors import EnvironmentFault, UsageFault
from swe_agent.core.text import visible
from swe_agent.runtime.committed import mode_of


@dataclass(frozen=True, slots=True)
class Content:
    """What lies at a path."""

    mode: str
    """Git's: 100644, 100755, or 120000 for a link."""
    content: bytes
    """Bytes, or a link's target."""


def read_content(root: Path, path: str) -> Content | None:
    """What lies at a path now; None where nothing does.

    Raises:
        UsageFault: it is reached through a link, or is neither a file nor a link.
    """
    for folder in PurePosixPath(path).parents:
        if stat.S_ISLNK(mode_of(root / folder)) and folder.as_posix() != ".":
            raise UsageFault(
                f"{visible(path)} lies behind a link, so it is not written; nothing was changed.",
                "Apply the patch by hand.",
            )
    place = root / path
    mode = mode_of(place)
    try:
        if mode == 0:
            return None
        if stat.S_ISLNK(mode):
            return Content("120000", os.fsencode(place.readlink()))
        if stat.S_ISREG(mode):
            return Content("100755" if mode & stat.S_IXUSR else "100644", place.read_bytes())
    except OSError as error:
        raise _refused(path, error) from error
    if stat.S_ISDIR(mode):
        return None
    raise UsageFault(f"{visible(path)} is not a regular file.", "Move it away and try again.")


def swap(
    root: Path, before: Mapping[str, Content | None], after: Mapping[str, Content | None]
) -> None:
    """Make the paths be `after`; if one cannot be written, all are `before` again.

    Raises:
        EnvironmentFault: the disk refused.
    """
    changed = [path for path in sorted(after) if after[path] != before[path]]
    done: list[str] = []
    try:
        for path in sorted(changed, key=lambda p: after[p] is not None):  # removals first
            done.append(path)
            _put(root, path, after[path])
    except OSError as error:
        written = [p for p in done if read_content(root, p) != before[p]]
        for back in sorted(written, key=lambda p: before[p] is not None):
            _put(root, back, before[back])
        raise _refused(path, error) from error


def _put(root: Path, path: str, content: Content | None) -> None:
    place = root / path
    if content is None:
        place.unlink(missing_ok=True)
        _prune(root, place.parent)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if content.mode == "120000":
        place.unlink(missing_ok=True)
        place.symlink_to(os.fsdecode(content.content))
        return
    mode = _permissions(mode_of(place), executable=content.mode == "100755")
    descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=".swe-agent-")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content.content)
        temporary.chmod(mode)
        temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)


def _permissions(found: int, executable: bool) -> int:
    """The bits of the file that was there, else the usual ones under the umask."""
    if stat.S_ISREG(found):
        bits = stat.S_IMODE(found)
    else:
        mask = os.umask(0)
        os.umask(mask)
        bits = 0o666 & ~mask
    readable = (bits & 0o444) >> 2
    return bits | readable if executable else bits & ~0o111


def _prune(root: Path, folder: Path) -> None:
    """Remove folders that a deletion left empty, as git does."""
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _refused(path: str, error: OSError) -> EnvironmentFault:
    return EnvironmentFault(
        f"{visible(path)} cannot be read or written ({error.strerror}); nothing was changed.",
        "Check its permissions and the disk, then try again.",
    )
