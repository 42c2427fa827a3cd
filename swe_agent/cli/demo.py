"""`swe-agent demo`: a small bundled project with a bug, fixed without key and network."""

from pathlib import Path
from typing import TYPE_CHECKING

from swe_agent.cli.options import EventsJson, Quiet, Verbose

if TYPE_CHECKING:
    from swe_agent.settings.load import Loaded


def demo(as_json: EventsJson = False, quiet: Quiet = False, verbose: Verbose = False) -> None:
    """Fix a small bundled project: no key, no network.

    The offline model repairs it in a fresh sandbox; its tests run before and after.

    \b
    Examples:
      swe-agent demo
      swe-agent demo --verbose
    """
    import tempfile

    from swe_agent.cli.beginning import Beginning, begin, first_line, with_sandbox
    from swe_agent.cli.home import new_run_folder
    from swe_agent.cli.screen import say
    from swe_agent.cli.solving import Delivery
    from swe_agent.cli.view import Shown

    loaded, why = with_sandbox(_settings())
    root, issue = _project(Path(tempfile.mkdtemp(prefix="swe-agent-demo-")))
    if not quiet:
        kind = loaded.settings.sandbox.kind or ""
        say(first_line("offline", "the demo needs no key and no network", kind, why))
        say(f"project  {root}")
    beginning = Beginning(root, issue, loaded, new_run_folder())
    begin(beginning, Shown(as_json, quiet, verbose), Delivery(apply=False))


def _settings() -> "Loaded":
    from swe_agent.settings.load import load

    return load(overrides={"model": "offline", "sandbox.network": "off"})


def _project(folder: Path) -> tuple[Path, str]:
    """The bundled project as a repository with one commit, and its issue."""
    import shutil

    from swe_agent.settings.content import content_path

    bundled = content_path("configs", "demo")
    root = folder / "demo"
    shutil.copytree(bundled, root, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    place = root / "ISSUE.md"
    issue = place.read_text("utf-8") if place.is_file() else ""
    _commit(root)
    return root, issue


def _commit(root: Path) -> None:
    """Make the copy a repository; all in it is ours, so no filter of a stranger can run."""
    from swe_agent.runtime.hostgit import answered, run_git

    name = ["-c", "user.name=swe-agent", "-c", "user.email=swe-agent@localhost"]
    for step in (
        ["init", "-q", "-b", "main", "--template="],
        ["add", "-A"],
        [*name, "commit", "-q", "-m", "A small project with a bug"],
    ):
        answered(run_git(step, root), root)
