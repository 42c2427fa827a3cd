"""The patch policy: which changes of an attempt are shipped, which are junk that it left, and which
need a second look.

It judges names, kinds and sizes; content is never read. What it drops is reported, and `--keep
GLOB` overrules it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pathspec import GitIgnoreSpec

from swe_agent.core.protocols import Entry
from swe_agent.runtime.ignore import CACHES, ENVIRONMENT_FOLDERS

HUGE_BYTES = 1_000_000
"""A new file over this is no source file."""

_REPRODUCTIONS = GitIgnoreSpec.from_lines(
    (
        *("/repro*.py", "/reproduce*", "/reproduction*", "/debug*.py", "/scratch*", "/tmp*.py"),
        *(
            "/try_*.py",
            "/demo_bug*",
            "/check_fix*",
            "/verify_fix*",
            "/test_fix.py",
            "/test_repro*.py",
        ),
        *("*.orig", "*.rej", "*.bak", "*.swp", "*~", "nohup.out", "*.log"),
    )
)
_BUILD = GitIgnoreSpec.from_lines(
    ("build/", "dist/", "*.egg-info/", "*.so", "*.o", "*.class", "*.whl", "htmlcov/", ".coverage*")
)
_CACHES = GitIgnoreSpec.from_lines((*CACHES, *ENVIRONMENT_FOLDERS))
_PROTECTED = GitIgnoreSpec.from_lines(
    (
        *(".github/workflows/", ".github/actions/", ".gitlab-ci.yml", ".gitlab/", "Jenkinsfile"),
        *(".circleci/", "azure-pipelines.yml", ".travis.yml", ".husky/", ".pre-commit-config.yaml"),
        *("CODEOWNERS", ".gitmodules", ".gitattributes", ".swe-agent/", "AGENTS.md", "CLAUDE.md"),
    )
)
_LOCKS: Mapping[str, str] = {
    "uv.lock": "pyproject.toml",
    "poetry.lock": "pyproject.toml",
    "pdm.lock": "pyproject.toml",
    "Pipfile.lock": "Pipfile",
    "package-lock.json": "package.json",
    "yarn.lock": "package.json",
    "pnpm-lock.yaml": "package.json",
    "Cargo.lock": "Cargo.toml",
    "go.sum": "go.mod",
    "Gemfile.lock": "Gemfile",
    "composer.lock": "composer.json",
}
"""Lock file to the manifest whose change explains it."""

Changes = Mapping[str, tuple[Entry | None, Entry | None]]


@dataclass(frozen=True, slots=True)
class Sorted:
    """The changed paths, told apart."""

    kept: tuple[str, ...]
    left_out: dict[str, str]
    """Path to why it is not shipped."""
    flagged: tuple[str, ...]
    """Kept paths that steer CI, hooks, owners or agents."""


def sort_changes(
    changes: Changes,
    ignored: Sequence[str] = (),
    keep: Sequence[str] = (),
    outward: Collection[str] = (),
) -> Sorted:
    """Decide on every changed path.

    Args:
        changes: path to its entry before and after.
        ignored: new paths that the repository's own rules ignore.
        keep: globs of paths that are shipped whatever they look like.
        outward: links that lead out of the repository; `apply` makes none.
    """
    wanted = GitIgnoreSpec.from_lines(keep)
    unwanted = frozenset(ignored)
    kept: list[str] = []
    left_out: dict[str, str] = {}
    for path, (was, now) in changes.items():
        why = _junk(path, was, now, changes)
        if path in outward:
            why = "a link that leads out of the repository"
        elif path in unwanted:
            why = why or "ignored by git"
        if wanted.match_file(path):
            why = None
        if why:
            left_out[path] = why
        else:
            kept.append(path)
    flagged = tuple(path for path in kept if path in outward or _PROTECTED.match_file(path))
    return Sorted(tuple(kept), left_out, flagged)


def _junk(path: str, was: Entry | None, now: Entry | None, changes: Changes) -> str | None:
    """Why a change is no part of a fix; None if it may be."""
    if now is not None and now.kind in ("folder", "other"):
        return "an empty folder" if now.kind == "folder" else "no plain file"
    if was and now and (was.kind, was.blob) == (now.kind, now.blob):
        return "only its mode changed"
    folder, _, name = path.rpartition("/")
    manifest = _LOCKS.get(name)
    if manifest and (f"{folder}/{manifest}" if folder else manifest) not in changes:
        return f"a lock file, and {manifest} did not change"
    if was is not None or now is None:
        return None
    if _CACHES.match_file(path):
        return "a cache"
    if _BUILD.match_file(path):
        return "build output"
    if _REPRODUCTIONS.match_file(path):
        return "a reproduction script or left-over"
    return f"new and over {HUGE_BYTES:,} bytes" if now.size_bytes > HUGE_BYTES else None
