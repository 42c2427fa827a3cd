"""What the user agreed to, by content: a changed file is asked about again."""

import os
import tempfile
from pathlib import Path
from typing import Literal

import yaml

from swe_agent.core.errors import UsageFault
from swe_agent.settings.content import config_home
from swe_agent.settings.strict_yaml import read_mapping

Matter = Literal["containerfile"]
_KEPT = 200
"""Older ones are forgotten."""


def consents_path() -> Path:
    """The file that keeps them; it need not exist."""
    return config_home() / "consents.yaml"


def is_agreed(matter: Matter, key: str) -> bool:
    """Whether the user agreed to this content.

    Raises:
        UsageFault: the file is not valid.
    """
    return key in _kept(matter)


def agree(matter: Matter, key: str) -> None:
    """Record that the user agreed to this content.

    Raises:
        UsageFault: it cannot be written.
    """
    if is_agreed(matter, key):
        return
    path = consents_path()
    keys = [*_kept(matter), key][-_KEPT:]
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".consents-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(yaml.safe_dump({matter: keys}))
        Path(name).replace(path)
    except OSError as fault:
        raise UsageFault(
            f"The consent cannot be kept in {path}: {fault.strerror}.", "Make it writable."
        ) from fault


def _kept(matter: Matter) -> list[str]:
    path = consents_path()
    rows = read_mapping(path).get(matter) if path.exists() else None
    return [row for row in rows if isinstance(row, str)] if isinstance(rows, list) else []
