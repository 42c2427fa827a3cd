"""The project's own rules: AGENTS.md and CLAUDE.md of the user's checkout, shown as material."""

from dataclasses import dataclass, replace

from swe_agent.core.protocols import TreeReader
from swe_agent.core.text import decoded, elided

NAMES = ("AGENTS.md", "CLAUDE.md")
"""Names of such files; in one folder the first wins, as the second often repeats or imports it."""
_LISTED = 20


@dataclass(frozen=True, slots=True)
class RulesFile:
    """One file with rules; those of a folder hold below it."""

    path: str
    text: str
    """Empty: not shown, only named."""
    chars: int
    """Length of the whole file."""

    def cut_to(self, limit_chars: int) -> "RulesFile":
        """The same file with at most so much of its text; 0: its name alone."""
        return replace(self, text=elided(self.text, limit_chars) if limit_chars else "")


def rules_of(tree: TreeReader, limit_chars: int) -> tuple[RulesFile, ...]:
    """The root's rules, as far as they fit, and the names of those that lie deeper; links are not
    followed, and what is no text is only named.

    Args:
        tree: the user's checkout.
        limit_chars: what is shown at most; 0: nothing at all.
    """
    if not limit_chars:
        return ()
    folders: dict[str, str] = {}
    for path in tree.paths():
        folder, _, name = path.rpartition("/")
        if name not in NAMES or _kind(tree, path) != "file":
            continue
        if folder not in folders or name == NAMES[0]:
            folders[folder] = path
    found = []
    for folder, path in sorted(folders.items())[:_LISTED]:
        raw = tree.read(path)
        text = decoded(raw).strip()
        shown = elided(text, limit_chars) if not folder and b"\0" not in raw else ""
        found.append(RulesFile(path, shown, len(text)))
    return tuple(found)


def _kind(tree: TreeReader, path: str) -> str:
    entry = tree.entry(path)
    return entry.kind if entry else ""
