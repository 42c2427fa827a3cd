"""What a run's folder says of it: its log folded, and a row for a list of runs."""

import fcntl
import json
import os
import time
from pathlib import Path

from pydantic import JsonValue

from swe_agent.cli.home import EVENTS, RESULT
from swe_agent.cli.progress import Progress
from swe_agent.settings.schema import Settings
from swe_agent.trajectory.log import read_log

_TAIL_BYTES = 1 << 18
"""A run's last event is shorter."""


def progress_of(run_folder: Path) -> Progress:
    """The whole log of a run, folded.

    Raises:
        UsageFault: there is no log, or it is damaged.
    """
    progress = Progress()
    for line in read_log(run_folder / EVENTS):
        progress.see(line.event)
    return progress


def settings_of(run_folder: Path) -> Settings:
    """The settings that a run was begun with; the defaults where it never began."""
    said = _first_event(run_folder / EVENTS).get("settings")
    return Settings.model_validate(said) if isinstance(said, dict) else Settings()


def run_row(run_folder: Path) -> dict[str, JsonValue]:
    """A run in a list: `id`, `task`, `state`, `verdict`, `exit_code`, `cost_usd`, `age_s`, ….

    Reads `result.json` and the first and last event only, so a long list stays quick. A run that
    was stopped has a result, too, and can go on.
    """
    result = _json(run_folder / RESULT)
    started = _first_event(run_folder / EVENTS)
    is_over = _last_event(run_folder / EVENTS).get("type") == "run_finished"
    task = started.get("task")
    usage = result.get("usage")
    ts = started.get("ts")
    return {
        "id": run_folder.name,
        "task": task.get("issue") if isinstance(task, dict) else None,
        "repository": task.get("repository") if isinstance(task, dict) else None,
        "model": started.get("model"),
        "state": "running" if is_running(run_folder) else "finished" if is_over else "interrupted",
        "verdict": result.get("verdict"),
        "exit_code": result.get("exit_code"),
        "cost_usd": usage.get("cost_usd") if isinstance(usage, dict) else None,
        "age_s": round(max(0.0, time.time() - ts), 1) if isinstance(ts, int | float) else None,
        "folder": str(run_folder),
    }


def is_running(run_folder: Path) -> bool:
    """Whether a process holds the run's log."""
    try:
        with (run_folder / EVENTS).open("rb") as log:
            fcntl.flock(log, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _first_event(path: Path) -> dict[str, JsonValue]:
    try:
        with path.open("rb") as log:
            return _object(log.readline())
    except OSError:
        return {}


def _last_event(path: Path) -> dict[str, JsonValue]:
    try:
        with path.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
            return _object(log.read().rstrip(b"\n").rpartition(b"\n")[2])
    except OSError:
        return {}


def _json(path: Path) -> dict[str, JsonValue]:
    try:
        return _object(path.read_bytes())
    except OSError:
        return {}


def _object(raw: bytes) -> dict[str, JsonValue]:
    try:
        value = json.loads(raw)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
