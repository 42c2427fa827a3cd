"""Profiles: what a kind of repository is recognized by, and how its environment is made.

They are content (`sandbox/profiles/*.yaml`, ours and the user's). Nothing here runs anything.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from shlex import quote
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from swe_agent.core.errors import UsageFault
from swe_agent.core.protocols import TreeReader
from swe_agent.settings.content import content_files, near_names
from swe_agent.settings.schema import Command, ImageName
from swe_agent.settings.strict_yaml import read_mapping

_FOLDER = "profiles/"
_BLANK = re.compile(r"\{([a-z_]+)\}")


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Step(_Plain):
    """One set-up command, or one for each of some files."""

    run: Command
    """A shell command. `{file}` is the file of `each`; a step of which another `{blank}` is empty
    is left out."""
    when: tuple[str, ...] = ()
    """Globs: left out unless a file matches one; empty: always."""
    each: tuple[str, ...] = ()
    """Globs: the command is run once for each file that matches, in the order of the globs."""


class Profile(_Plain):
    """One kind of repository. Globs are matched against whole paths, `*` does not cross a `/`."""

    name: str
    about: str
    order: int = 50
    """Profiles of lower order are tried first."""
    recognizes: tuple[str, ...]
    """Globs of files that tell this kind."""
    suggests: tuple[str, ...] = ()
    """Globs of files that tell it where no profile recognizes anything."""
    image: ImageName | None = None
    """Used where it is on the engine (or the profile is asked for by name); else the base image."""
    facts: Literal["python"] | None = None
    """What else is read from the repository to fill the blanks of commands."""
    enough: Command | None = None
    """Nothing needs to be set up where this command succeeds in a plain sandbox."""
    before: Command | None = None
    """Run ahead of the steps, where there is any."""
    setup: tuple[Step, ...] = ()
    tests: tuple[Command, ...] = ()
    """Test commands to use where none are detected."""
    reads: tuple[str, ...] = ()
    """Globs of files that the set-up depends on: the key of its cache. Empty: all files."""
    folders: tuple[str, ...] = ()
    """Absolute folders outside the repository that set-up fills for the commands to use."""
    path: tuple[str, ...] = ()
    """Folders that go first on PATH; relative ones lie in the repository."""
    env: dict[str, str] = Field(default_factory=dict)
    """Environment of set-up and of all commands."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a profile comes to for one tree."""

    commands: tuple[str, ...]
    inputs: tuple[str, ...] | None
    """What set-up depends on, `path hash` each; None: the whole tree."""


@cache
def _parsed(path: Path) -> Profile:
    try:
        return Profile.model_validate({"name": path.stem, **read_mapping(path)})
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageFault(
            f"The profile {path} is wrong at {place}: {first['msg'].lower()}.", "Correct it."
        ) from fault


def load_profiles() -> dict[str, Profile]:
    """All profiles by name, in the order in which they are tried; the user's win over ours.

    Raises:
        UsageFault: one is not valid.
    """
    files = content_files("sandbox", ".yaml")
    profiles = [_parsed(path) for name, path in files.items() if name.startswith(_FOLDER)]
    return {one.name: one for one in sorted(profiles, key=lambda one: (one.order, one.name))}


def profile_named(name: str) -> Profile:
    """The profile of that name.

    Raises:
        UsageFault: there is none.
    """
    profiles = load_profiles()
    if name not in profiles:
        raise UsageFault(f"There is no profile {name!r}.", near_names(name, list(profiles)))
    return profiles[name]


def detect_profile(tree: TreeReader, profiles: Mapping[str, Profile]) -> Profile | None:
    """The first profile that recognizes a file of the tree, else the first to which one suggests
    itself."""
    paths = list(tree.paths())
    for one in profiles.values():
        if _matching(paths, one.recognizes):
            return one
    return next((one for one in profiles.values() if _matching(paths, one.suggests)), None)


def plan_of(profile: Profile, tree: TreeReader, blanks: Mapping[str, str]) -> Plan:
    """The set-up of a tree.

    Args:
        profile: its kind.
        tree: the work tree.
        blanks: what the blanks of the commands are filled with; already quoted.
    """
    paths = list(tree.paths())
    commands = [
        command for step in profile.setup for command in _commands_of(step, paths, dict(blanks))
    ]
    if commands and profile.before:
        commands = [profile.before, *commands]
    if not profile.reads:
        return Plan(tuple(commands), None)
    inputs = []
    for path in sorted(_matching(paths, profile.reads)):
        entry = tree.entry(path)
        inputs.append(f"{path} {entry.blob if entry else ''}")
    return Plan(tuple(commands), tuple(inputs))


def _commands_of(step: Step, paths: list[str], blanks: dict[str, str]) -> list[str]:
    if step.when and not _matching(paths, step.when):
        return []
    files = [quote(path) for path in _matching(paths, step.each)] if step.each else [""]
    filled = [{**blanks, "file": file} for file in files]
    wanted = set(_BLANK.findall(step.run))
    return [_filled(step.run, known) for known in filled if all(known.get(name) for name in wanted)]


def _filled(command: str, blanks: Mapping[str, str]) -> str:
    return _BLANK.sub(lambda match: blanks[match[1]], command)


def _matching(paths: Iterable[str], globs: tuple[str, ...]) -> list[str]:
    """The paths that match, glob by glob, each once.

    >>> _matching(["a.py", "b/c.py", "d.txt"], ("*.py", "*/*.py"))
    ['a.py', 'b/c.py']
    """
    by_depth: dict[int, list[str]] = {}
    for path in paths:
        by_depth.setdefault(path.count("/"), []).append(path)
    found: dict[str, None] = {}
    for glob in globs:
        anywhere = glob.startswith("**/")
        parts = glob.removeprefix("**/").split("/")
        for path in (
            [path for same in by_depth.values() for path in same]
            if anywhere
            else by_depth.get(len(parts) - 1, [])
        ):
            names = path.split("/")[-len(parts) :]
            if len(names) == len(parts) and all(map(fnmatchcase, names, parts)):
                found[path] = None
    return list(found)
