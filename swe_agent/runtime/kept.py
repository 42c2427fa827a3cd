"""The environments that are kept for bubblewrap: folders of set-ups, listed and removed."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from swe_agent.runtime.bubblewrap import outer_uid
from swe_agent.runtime.pipes import remove_folder

NOTE = "environment.json"
"""In each of them: the environment of its commands, written last; its time is that of the last
use."""
UNFINISHED = "swe-agent-"
"""How the name of one begins that is being made."""
_SETTLED_S = 3600.0
"""One that nobody used for so long is at work for no run, as far as one can tell."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One environment's folder."""

    name: str
    folder: Path
    size_bytes: int
    age_s: float
    """Since it was used last."""
    is_whole: bool
    """Whether its set-up came to its end."""

    @property
    def in_use(self) -> bool:
        """Whether a run may be at work with it."""
        return self.age_s < _SETTLED_S


def kept_folders() -> Path:
    """Where set-ups are kept; root's sandboxes cannot look into root's home."""
    root = Path("/var/cache/swe-agent")
    base = root if os.geteuid() == 0 else platformdirs.user_cache_path("swe-agent")
    return base / "environments"


def used(folder: Path) -> None:
    """Note that an environment is used now."""
    with suppress(OSError):
        os.utime(folder / NOTE, follow_symlinks=False)


def find_kept() -> tuple[Kept, ...]:
    """All of them, the last used first."""
    place = kept_folders()
    found = [_kept(folder) for folder in place.iterdir()] if place.is_dir() else []
    return tuple(sorted(found, key=lambda one: one.age_s))


def remove_kept(what: tuple[Kept, ...]) -> tuple[str, ...]:
    """Remove them; returns the names of what would not go."""
    for one in what:
        remove_folder(one.folder, outer_uid())
    return tuple(one.name for one in what if one.folder.exists())


def _kept(folder: Path) -> Kept:
    note = folder / NOTE
    is_whole = not folder.name.startswith(UNFINISHED) and note.exists()
    changed = (note if is_whole else folder).lstat().st_mtime
    return Kept(folder.name, folder, _size(folder), max(0.0, time.time() - changed), is_whole)


def _size(folder: Path) -> int:
    """What it takes on the disk; no link is followed."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += (Path(place) / name).lstat().st_blocks * 512
    return total
