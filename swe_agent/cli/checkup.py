"""The checks of `doctor`: each a row that says ok, warn or fail, what was found, what to do."""

import os
import re
import shutil
import stat
import sys
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from swe_agent.cli.home import state_home
from swe_agent.core.errors import SweAgentError

if TYPE_CHECKING:
    from swe_agent.runtime.housekeeping import Ours
    from swe_agent.runtime.survey import Survey

State = Literal["ok", "warn", "fail"]

ENOUGH_DISK_BYTES = 5_000_000_000
MANY_IMAGES = 20
SAFE_GITS = {(2, 39): 4, (2, 40): 2, (2, 41): 1, (2, 42): 2, (2, 43): 4, (2, 44): 1, (2, 45): 1}
"""First patch release of each line that has the fixes of May 2024 (CVE-2024-32002 and others)."""
SAFE_GITPYTHON = (3, 1, 60)
SAFE_RUNC = ((1, 2, 8), (1, 3, 3))
"""First patch release of each line with the fixes of November 2025."""
SAFE_TARFILES = {(3, 11): 13, (3, 12): 11, (3, 13): 4}
"""The same for Python's tarfile, June 2025 (CVE-2025-4517)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the check-up."""

    name: str
    state: State
    found: str
    todo: str = ""


def check_all() -> list[Row]:
    """Every check, in the order in which things are needed."""
    return [
        _python(),
        _git(),
        _gitpython(),
        *_sandboxes(),
        _state_folder(),
        _disk("disk", state_home()),
        *key_rows(),
    ]


def _python() -> Row:
    found, line = sys.version.split()[0], sys.version_info[:2]
    if line in SAFE_TARFILES and sys.version_info[2] < SAFE_TARFILES[line]:
        found += "; its tarfile has known holes, and swe-agent unpacks nothing with it"
    return Row("python", "ok", found)


def _git() -> Row:
    from swe_agent.runtime.hostgit import run_git

    try:
        said = run_git(["--version"], Path("/")).line
    except SweAgentError as fault:
        return Row("git", "fail", fault.message, fault.next_step)
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", said)
    number = (int(match[1]), int(match[2]), int(match[3] or 0)) if match else (0, 0, 0)
    found = ".".join(map(str, number))
    newest = max(SAFE_GITS)
    line = number[:2]
    if line <= newest and number[2] < SAFE_GITS.get(line, sys.maxsize):
        return Row("git", "warn", found, "Update git: older ones run code while they clone.")
    return Row("git", "ok", found)


def _gitpython() -> Row:
    try:
        found = version("GitPython")
    except PackageNotFoundError:
        return Row("GitPython", "fail", "not installed", "Install swe-agent again.")
    number = tuple(int(part) for part in re.findall(r"\d+", found)[:3])
    if number < SAFE_GITPYTHON:
        return Row("GitPython", "warn", found, "Update it: `pip install -U GitPython`.")
    return Row("GitPython", "ok", found)


def _sandboxes() -> list[Row]:
    """Engine and bubblewrap: one of the two is enough for a run."""
    engine, bubblewrap = _engine(), _bubblewrap()
    if bubblewrap.state == "ok" and engine[0].state == "fail":
        engine[0] = replace(engine[0], state="warn")
    return [*engine, bubblewrap]


def _bubblewrap() -> Row:
    from swe_agent.runtime.box import Limits
    from swe_agent.runtime.cgroup import drop_groups, make_groups
    from swe_agent.runtime.sandboxes import check_bubblewrap

    try:
        program = check_bubblewrap()
    except SweAgentError as fault:
        return Row("bubblewrap", "warn", fault.message, f"{fault.next_step} Docker does without.")
    groups = make_groups(Limits())
    drop_groups(groups)
    bounds = "memory limited as a whole" if groups else "memory limited per process only"
    return Row("bubblewrap", "ok", f"{program} makes sandboxes, {bounds}")


def _engine() -> list[Row]:
    from swe_agent.runtime.images import BASE_IMAGE
    from swe_agent.runtime.survey import survey

    try:
        found = survey(BASE_IMAGE)
    except SweAgentError as fault:
        return [Row("engine", "fail", fault.message, fault.next_step)]
    told = f"{found.system}, {found.kind} {found.version}, API {found.api}"
    rows = [Row("engine", "ok", told), *fence(found)]
    if found.folder is not None:
        rows.append(_disk("engine's disk", found.folder))
    if found.image_bytes is None:
        return [*rows, _no_image(BASE_IMAGE)]
    rows.append(Row("base image", "ok", f"{BASE_IMAGE}, {found.image_bytes / 1e6:.0f} MB"))
    return [*rows, _ours(found.ours)]


def fence(found: "Survey") -> list[Row]:
    """What stands between a container and this machine."""
    rows = []
    if found.lacks:
        todo = "Limits do not hold without it: see the engine's documentation, or use bubblewrap."
        rows.append(Row("limits", "warn", f"no {', no '.join(found.lacks)}", todo))
    name, _, text = found.runtime.partition(" ")
    number = tuple(int(part) for part in re.findall(r"\d+", text)[:3])
    is_old = name == "runc" and not _has_fixes(number)
    if is_old:
        todo = (
            "Older than 1.2.8 and 1.3.3, whose fixes keep containers in (CVE-2025-31133, -52565, "
            "-52881): update it, unless your distribution's changelog names them."
        )
        rows.append(Row("runtime", "warn", found.runtime, todo))
    elif found.runtime:
        rows.append(Row("runtime", "ok", found.runtime))
    return rows


def _has_fixes(number: tuple[int, ...]) -> bool:
    return number >= SAFE_RUNC[-1] or any(
        number[:2] == safe[:2] and number >= safe for safe in SAFE_RUNC
    )


def _ours(ours: "Ours") -> Row:
    """How much of ours lies on the engine."""
    made = [one for one in ours.images if one.kind in ("env", "dockerfile")]
    left = [one for one in ours.containers if one.is_left_over]
    found = f"{len(made)} images, {len(left)} containers left over"
    if left or len(made) > MANY_IMAGES:
        return Row("environments", "warn", found, "Tidy up: `swe-agent sandbox prune`.")
    return Row("environments", "ok", found)


def _no_image(image: str) -> Row:
    from swe_agent.settings.content import content_path

    script = content_path("sandbox", "ensure-engine")
    return Row(
        "base image",
        "warn",
        f"{image} is not here",
        f"Make it with `{script}`, or give your own with --image.",
    )


def _state_folder() -> Row:
    folder = state_home()
    name = "state folder"
    nearest = next(p for p in (folder, *folder.parents) if p.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        return Row(name, "fail", f"{folder} cannot be written", "Set SWE_AGENT_STATE_HOME.")
    if folder.exists() and stat.S_IMODE(folder.stat().st_mode) & 0o077:
        return Row(name, "warn", f"{folder} is open to others", f"Run: chmod 700 {folder}")
    return Row(name, "ok", str(folder))


def _disk(name: str, place: Path) -> Row:
    nearest = next(p for p in (place, *place.parents) if p.exists())
    free = shutil.disk_usage(nearest).free
    found = f"{free / 1e9:.1f} GB free at {nearest}"
    if free < ENOUGH_DISK_BYTES:
        return Row(name, "warn", found, "Free some space: images and runs need a few GB.")
    return Row(name, "ok", found)


def key_rows() -> list[Row]:
    """Where each provider's key was found, and which address gets it."""
    from swe_agent.settings.address import discreet
    from swe_agent.settings.keys import (
        BASE_URL_VARIABLE,
        Provider,
        base_url_of,
        found_keys,
        key_variable,
    )

    providers: tuple[Provider, ...] = ("anthropic", "openai")
    rows: list[Row] = []
    for provider in providers:
        name = f"{provider} key"
        try:
            keys, place = found_keys(provider)
        except SweAgentError as fault:
            rows.append(Row(name, "fail", fault.message, fault.next_step))
            continue
        if keys:
            url = base_url_of(provider, os.environ.get(BASE_URL_VARIABLE))
            count = f", {len(keys)} keys" if len(keys) > 1 else ""
            asked = f"; asked at {discreet(url)}" if url else ""
            rows.append(Row(name, "ok", f"set in {place}{count}{asked}"))
        else:
            todo = f"Set {key_variable(provider)} to use it; `-m offline` needs no key."
            rows.append(Row(name, "warn", "not set", todo))
    return rows
