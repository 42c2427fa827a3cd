"""git's ignore rules, matched on the host against names alone."""

from pathspec import GitIgnoreSpec

from swe_agent.core.protocols import TreeReader
from swe_agent.core.text import decoded

ENVIRONMENT_FOLDERS = (
    "node_modules/",
    ".venv/",
    "venv/",
    ".tox/",
    ".nox/",
    "target/",
    "__pypackages__/",
)
"""Folders that tools install into; they belong to the environment even where a repository forgot to
ignore them."""
CACHES = (
    "__pycache__/",
    "*.pyc",
    ".pytest_cache/",
    ".mypy_cache/",
    ".ruff_cache/",
    ".hypothesis/",
    "*.egg-info/",
)
"""What running the tests leaves behind; never part of a fix."""


class IgnoreRules:
    """The rules of one tree, nested `.gitignore` files included."""

    def __init__(self, tree: TreeReader) -> None:
        self._specs: list[tuple[str, GitIgnoreSpec]] = []
        for path in tree.paths():
            folder, _, name = path.rpartition("/")
            if name == ".gitignore":
                lines = decoded(tree.read(path)).splitlines()
                prefix = f"{folder}/" if folder else ""
                self._specs.append((prefix, GitIgnoreSpec.from_lines(lines)))

    def ignores(self, path: str) -> bool:
        """Whether git would ignore the path (a folder's ends with `/`); the deepest file that says
        something wins."""
        verdict = False
        for prefix, spec in self._specs:
            if path.startswith(prefix):
                said = spec.check_file(path[len(prefix) :]).include
                verdict = verdict if said is None else said
        return verdict


def is_environment(path: str, rules: IgnoreRules) -> bool:
    """Whether a folder that set-up made belongs to the environment, not to the work tree."""
    return rules.ignores(f"{path}/") or GitIgnoreSpec.from_lines(
        (*ENVIRONMENT_FOLDERS, *CACHES)
    ).match_file(f"{path}/")
