"""Where runs live on this machine, and how one is named and found."""

import os
import secrets
import shlex
import time
from pathlib import Path

from swe_agent.core.errors import EnvironmentFault, UsageFault
from swe_agent.core.text import visible

STATE_HOME = "SWE_AGENT_STATE_HOME"
"""Environment variable that names the state folder."""
EVENTS = "events.jsonl"
RESULT = "result.json"
PATCH = "patch.diff"

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def state_home() -> Path:
    """The user's state folder; it need not exist."""
    named = os.environ.get(STATE_HOME)
    if named:
        return Path(named).expanduser().absolute()
    import platformdirs

    return platformdirs.user_state_path("swe-agent")


def runs_folder() -> Path:
    """Where runs live that have no folder of their own choice; it need not exist."""
    return state_home() / "runs"


def new_run_id() -> str:
    """Short, sorted by time, hard to mistake: `261122-041355-k3fm`."""
    suffix = "".join(secrets.choice(_LETTERS) for _ in range(4))
    return f"{time.strftime('%y%m%d-%H%M%S')}-{suffix}"


def new_run_folder(output: Path | None = None) -> Path:
    """A new, empty folder that only the user can read.

    Raises:
        UsageFault: `output` is there and is not an empty folder.
        EnvironmentFault: it cannot be made.
    """
    folder = output.expanduser().absolute() if output else runs_folder() / new_run_id()
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageFault(
                f"The run folder {visible(str(folder))} is not empty.",
                "Give a new one with -o, or go on with that run: `swe-agent resume FOLDER`.",
            )
        if output is None:
            _make_private(state_home())
            _make_private(runs_folder())
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise EnvironmentFault(
            f"The run folder {visible(str(folder))} cannot be made: {error.strerror}.",
            f"Give another with -o, or set {STATE_HOME}.",
        ) from error
    return folder


def find_run(name: str) -> Path:
    """The folder of a run, by path, id or the beginning of an id that only one run has.

    Raises:
        UsageFault: there is none, or more than one.
    """
    if "/" in name or (Path(name) / EVENTS).is_file():
        folder = Path(name).expanduser().absolute()
        if (folder / EVENTS).is_file():
            return folder
        raise UsageFault(f"There is no run in {visible(name)}.", "See `swe-agent runs`.")
    known = run_folders()
    found = [folder for folder in known if folder.name == name] or [
        folder for folder in known if name and folder.name.startswith(name)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(folder.name for folder in found[:5])
        raise UsageFault(f"{visible(name)!r} may be any of: {names}.", "Give more of the id.")
    raise UsageFault(f"There is no run {visible(name)!r}.", "See `swe-agent runs`.")


def run_folders() -> list[Path]:
    """The folders of all runs, newest first."""
    folder = runs_folder()
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if (path / EVENTS).is_file()]
    return sorted(found, key=lambda path: path.name, reverse=True)


def run_name(folder: Path) -> str:
    """What to type for this run: its id where it lives with the others, else its path, quoted."""
    return folder.name if folder.parent == runs_folder() else shlex.quote(str(folder))


def _make_private(folder: Path) -> None:
    """A folder of ours, made so that only the user can read it; one that is there is left alone."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
