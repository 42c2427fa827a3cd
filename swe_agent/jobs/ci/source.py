"""The files that a plan is worked on, and the settings that count for it."""

from dataclasses import dataclass
from pathlib import Path

from swe_agent.core.errors import SweAgentError, UsageFault
from swe_agent.jobs.ci.plan import Plan
from swe_agent.jobs.forges.remote import Remote, check_out, fetch, file_at
from swe_agent.runtime.hostgit import run_git
from swe_agent.runtime.repository import find_root, head_commit

_SETTINGS_FILE = ".swe-agent/config.yaml"


@dataclass(frozen=True, slots=True)
class Source:
    """Where to work."""

    tree: Path
    """A repository whose HEAD is the plan's start commit."""
    settings: Path
    """Folder that holds the base branch's own settings file, if it has one."""


def prepare(plan: Plan, checkout: Path, remote: Remote, folder: Path) -> Source:
    """Have the start commit's files, and the settings of the base branch alone.

    Args:
        checkout: taken as it is where its HEAD is the start commit.
        folder: where else the commits are fetched to; what is there already is taken.

    Raises:
        ForgeFault: the forge does not give the commits.
    """
    at_hand = _root(checkout)
    fetched = folder / "source"
    is_here = at_hand is not None and head_commit(at_hand) == plan.start_commit
    if at_hand is None or not is_here or not _has(at_hand, plan.base_commit):
        if not _has(fetched, plan.start_commit) or not _has(fetched, plan.base_commit):
            fetch(remote, fetched, [plan.start_commit, plan.base_commit])
        check_out(fetched, plan.start_commit)
        at_hand = fetched
    settings = folder / "settings"
    (settings / ".swe-agent").mkdir(parents=True, exist_ok=True)
    content = file_at(at_hand, plan.base_commit, _SETTINGS_FILE)
    target = settings / _SETTINGS_FILE
    target.unlink(missing_ok=True)
    if content is not None:
        target.write_bytes(content)
    return Source(at_hand, settings)


def head_of(checkout: Path) -> str:
    """The commit that a folder's repository is on; empty where there is none."""
    root = _root(checkout)
    return head_commit(root) if root is not None else ""


def _root(checkout: Path) -> Path | None:
    try:
        return find_root(checkout)
    except UsageFault:
        return None


def _has(folder: Path, commit: str) -> bool:
    """Whether the folder is a repository that holds the commit."""
    if not (folder / ".git").exists():
        return False
    try:
        found = run_git(["cat-file", "-e", f"{commit}^{{commit}}"], folder)
    except SweAgentError:
        return False
    return found.exit_code == 0
