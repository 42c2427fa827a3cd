"""The formats by name: what writes each, what a file of it is called, and where it goes."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from swe_agent.core.errors import EnvironmentFault, UsageFault
from swe_agent.jobs.export import mini, replayable, sft, swe_agent
from swe_agent.jobs.export.conversation import Conversation, conversation_of
from swe_agent.jobs.export.from_mini import is_mini, read_mini
from swe_agent.jobs.export.from_swe_agent import is_traj, read_traj
from swe_agent.jobs.recordings import Kept

FormatName = Literal["swe-agent", "swe-agent-replay", "mini", "sft"]
_SUFFIXES = (mini.SUFFIX, swe_agent.SUFFIX, ".json")


@dataclass(frozen=True, slots=True)
class Format:
    """How runs are written in one format."""

    suffix: str
    of: Callable[[Conversation], dict[str, JsonValue]]
    by_line: bool = False
    """All runs go into one file, a line each; else each has a file of its own."""


FORMATS: Mapping[FormatName, Format] = {
    "swe-agent": Format(swe_agent.SUFFIX, swe_agent.to_traj),
    "swe-agent-replay": Format(swe_agent.SUFFIX, replayable.to_replayable),
    "mini": Format(mini.SUFFIX, mini.to_mini),
    "sft": Format(sft.SUFFIX, sft.to_chat, by_line=True),
}


def text_of(form: Format, kept: Kept) -> str:
    """One run in a format; a format by line gives one line."""
    said = form.of(conversation_of(kept))
    return json.dumps(said) if form.by_line else json.dumps(said, indent=2) + "\n"


def write_one(form: Format, kept: Kept, place: Path) -> Path:
    """Write one run to a file, or to a file of its name in a folder.

    Raises:
        EnvironmentFault: it cannot be written.
    """
    path = place / f"{kept.name}{form.suffix}" if place.is_dir() else place
    _write(path, text_of(form, kept) + ("\n" if form.by_line else ""))
    return path


def write_many(form: Format, runs: Sequence[Kept], place: Path) -> list[Path]:
    """Write the runs of a batch as the format's own agent lays them out.

    Raises:
        EnvironmentFault: they cannot be written.
    """
    if form.by_line:
        path = place / f"batch{form.suffix}" if place.is_dir() else place
        _write(path, "".join(f"{text_of(form, kept)}\n" for kept in runs))
        return [path]
    paths = []
    for kept in runs:
        path = place / kept.name / f"{kept.name}{form.suffix}"
        _write(path, text_of(form, kept))
        paths.append(path)
    _write(place / "preds.json", json.dumps(_predictions(runs), indent=2) + "\n")
    return paths


def read_file(path: Path) -> JsonValue:
    """The JSON of a foreign trajectory.

    Raises:
        UsageFault: it cannot be read, or is in no known format.
    """
    try:
        value: JsonValue = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageFault(f"{path} cannot be read: {error.strerror}.", "Name a file.") from error
    except (ValueError, RecursionError) as error:
        raise UsageFault(f"{path} is not JSON: {error}.", "Is it whole?") from error
    if not is_mini(value) and not is_traj(value):
        raise UsageFault(
            f"{path} is neither a .traj of SWE-agent nor a .traj.json of mini-swe-agent.",
            "Files with `history`, `trajectory` or `messages` are read.",
        )
    return value


def convert(value: JsonValue, name: str, folder: Path) -> None:
    """Write the run that a foreign file tells into an empty folder.

    Raises:
        EnvironmentFault: it cannot be written.
    """
    if is_mini(value):
        read_mini(value, name, folder)
    else:
        read_traj(value, name, folder)


def task_name(path: Path) -> str:
    """What a trajectory's file is called, without what says its format.

    >>> task_name(Path("a/owner__repo-1.traj.json"))
    'owner__repo-1'
    """
    for suffix in _SUFFIXES:
        if path.name.endswith(suffix) and path.name != suffix:
            return path.name.removesuffix(suffix)
    return path.stem


def foreign_files(places: Sequence[Path]) -> list[Path]:
    """The files named, and every trajectory below the folders named."""
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            below = {path for end in _SUFFIXES[:2] for path in place.rglob(f"*{end}")}
            found += sorted(below)
        else:
            found.append(place)
    return list(dict.fromkeys(found))


def _predictions(runs: Sequence[Kept]) -> dict[str, JsonValue]:
    rows: dict[str, JsonValue] = {}
    for kept in runs:
        conversation = conversation_of(kept)
        rows[kept.name] = {
            "instance_id": kept.name,
            "model_name_or_path": conversation.model,
            "model_patch": conversation.patch,
        }
    return rows


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, "utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise EnvironmentFault(
            f"{path} cannot be written: {error.strerror}.", "Name another place with -o."
        ) from error
