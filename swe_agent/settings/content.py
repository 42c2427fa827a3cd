"""Where content lies: tools, sandbox files and configs, packaged or in a checkout, and the user's.

Later roots win where names collide. A folder called `tools` beside the package counts only if a
`pyproject.toml` there names this project: in `site-packages` it would be a stranger's.
"""

import difflib
import os
import tomllib
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Literal

import platformdirs

from swe_agent.core.errors import UsageFault

Kind = Literal["tools", "sandbox", "configs"]

PROJECT = "swe-agent"
CONFIG_HOME = "SWE_AGENT_CONFIG_HOME"
"""Environment variable that names the user's config folder."""

_PACKAGE = Path(__file__).resolve().parents[1]


def config_home() -> Path:
    """The user's config folder; it need not exist."""
    named = os.environ.get(CONFIG_HOME)
    return Path(named) if named else _usual_home(os.environ.get("XDG_CONFIG_HOME"))


@cache
def _usual_home(xdg: str | None) -> Path:
    """The platform's folder; asked for at every price."""
    return platformdirs.user_config_path(PROJECT)


@cache
def built_in_root(package: Path = _PACKAGE) -> Path:
    """Where our content lies: this project's checkout, else the package's `_content`."""
    checkout = package.parent
    return checkout if _names_this_project(checkout / "pyproject.toml") else package / "_content"


def content_roots(kind: Kind) -> tuple[Path, ...]:
    """The folders of one kind that exist, built-in first, the user's last."""
    candidates = (built_in_root() / kind, config_home() / kind)
    return tuple(folder for folder in candidates if folder.is_dir())


def content_files(kind: Kind, suffix: str) -> dict[str, Path]:
    """Files of one kind by name, sorted; at most one folder deep.

    A name is the path below the kind's folder, without `suffix`. What starts with
    `_` or `.` is not content.
    """
    found: dict[str, Path] = {}
    for root in content_roots(kind):
        for pattern in ("*", "*/*"):
            for path in root.glob(pattern + suffix):
                relative = path.relative_to(root)
                if path.is_file() and not any(part[0] in "._" for part in relative.parts):
                    found[relative.as_posix().removesuffix(suffix)] = path
    return dict(sorted(found.items()))


def content_path(kind: Kind, relative: str) -> Path:
    """One file or folder of content, the user's before ours.

    Raises:
        UsageFault: there is none of that name, or the name leaves the content folder.
    """
    parts = PurePosixPath(relative).parts
    if not parts or relative.startswith("/") or ".." in parts or "\0" in relative:
        raise UsageFault(
            f"{relative!r} is not a name of a file in {kind}/.", f"Name a file below {kind}/."
        )
    for root in reversed(content_roots(kind)):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    names = [
        path.relative_to(root).as_posix()
        for root in content_roots(kind)
        for path in root.rglob("*")
    ]
    raise UsageFault(f"There is no {kind}/{relative}.", near_names(relative, names))


def near_names(wanted: str, names: list[str]) -> str:
    """A next step that names what was probably meant, or what there is."""
    close = difflib.get_close_matches(wanted, names, n=3, cutoff=0.6)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"There is: {', '.join(sorted(names)[:20]) or 'nothing'}."


def _names_this_project(pyproject: Path) -> bool:
    try:
        project = tomllib.loads(pyproject.read_text("utf-8")).get("project", {})
    except (OSError, ValueError):
        return False
    return isinstance(project, dict) and project.get("name") == PROJECT
