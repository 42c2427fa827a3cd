"""Where a run's repository comes from: a work tree, a commit, a few files. Taken into the store, it
is a tree like any other; no history ever comes along."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from swe_agent.core.errors import UsageFault
from swe_agent.core.protocols import Entry
from swe_agent.core.text import visible
from swe_agent.runtime.committed import SUBMODULE
from swe_agent.runtime.hostgit import GitAnswer, answered, run_git
from swe_agent.runtime.intake import take_in
from swe_agent.runtime.repository import read_repository
from swe_agent.runtime.store import TreeStore

_AT_ONCE_BYTES = 8_000_000
_AT_ONCE = 1_000
_DESCRIBE = ("describe", "--tags", "--long", "--always", "--abbrev=64")
"""Commit and tag by one process: many tasks are begun in a batch."""
_NAMED = 10


@dataclass(frozen=True, slots=True)
class Taken:
    """A repository that is in the store."""

    tree: str
    repository: str
    """Where it comes from; the path of a user's repository is absolute."""
    head: str = ""
    """Commit; empty where there is none."""
    version_tag: str = ""
    """Nearest tag; empty where there is none."""
    left_behind: tuple[str, ...] = ()
    """Files whose names promise secrets; they stay out."""
    nested: tuple[str, ...] = ()
    """Folders that are repositories of their own; what is in them stays out."""
    submodules: tuple[str, ...] = ()
    """Submodules whose files went along."""

    def remarks(self) -> Iterator[str]:
        """What the user should know of it, a sentence each."""
        told = {
            "Repositories inside this one stay behind": self.nested,
            "Submodules go along, but changes in them are not shipped": self.submodules,
            "Files named like secrets stay behind, unless --include names them": self.left_behind,
        }
        for what, paths in told.items():
            if paths:
                more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
                yield f"{what}: {visible(', '.join(paths[:_NAMED]))}{more}."


class Origin(Protocol):
    """A repository before it is taken in."""

    def taken(self, store: TreeStore) -> Taken:
        """Put it into the store.

        Raises:
            SweAgentError: it cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class WorkTree:
    """A user's repository as it is now, uncommitted work included."""

    path: Path
    include: Sequence[str] = ()
    """Globs of ignored files that go along."""

    def taken(self, store: TreeStore) -> Taken:
        """Put it into the store.

        Raises:
            UsageFault: it is no repository, or a file cannot be read.
        """
        found = read_repository(self.path, self.include)
        tree, behind = take_in(found, store, self.include)
        return Taken(
            tree,
            str(found.root),
            found.head,
            found.version_tag,
            behind,
            found.submodules,
            found.checked_out,
        )


@dataclass(frozen=True, slots=True)
class Files:
    """A repository that is given as a few texts."""

    files: Mapping[str, str]
    """Path to text."""
    name: str

    def taken(self, store: TreeStore) -> Taken:
        """Put it into the store."""
        raw = {path: text.encode("utf-8", "surrogatepass") for path, text in self.files.items()}
        entries = {path: Entry("file", store.put(one), len(one)) for path, one in raw.items()}
        return Taken(store.overlay(store.empty, entries), self.name)


@dataclass(frozen=True, slots=True)
class CommitOf:
    """One commit of a repository on this machine, with a work tree or bare; only its objects are
    read."""

    repository: Path
    revision: str

    def taken(self, store: TreeStore) -> Taken:
        """Put it into the store.

        Raises:
            UsageFault: it is no repository, or has no such commit.
        """
        head, tag = self._commit()
        entries = dict(self._entries(store, head))
        if not entries:
            raise UsageFault(f"The commit {head} of {self._shown} has no files.")
        return Taken(store.overlay(store.empty, entries), str(self.repository), head, tag)

    @property
    def _shown(self) -> str:
        return visible(str(self.repository))

    def _commit(self) -> tuple[str, str]:
        """The commit, and its nearest tag or nothing."""
        if not git_dir_of(self.repository):
            raise UsageFault(
                f"{self._shown} is not a git repository.", "Name one that was cloned or made."
            )
        # Clones keep the branches of where they come from under another name.
        for name in (self.revision, f"origin/{self.revision}"):
            answer = self._git(*_DESCRIBE, "--end-of-options", f"{name}^0")
            if answer.exit_code == 0:
                return _described(answer.line)
            # History that a partial clone lacks keeps git from looking for tags.
            answer = self._git("rev-parse", "--verify", "-q", "--end-of-options", f"{name}^0")
            if answer.exit_code == 0:
                return answer.line, ""
        raise UsageFault(
            f"The repository {self._shown} has no commit {visible(self.revision)}.",
            "Fetch it there: `git fetch --all --tags`, or `git fetch origin COMMIT`.",
        )

    def _entries(self, store: TreeStore, head: str) -> Iterator[tuple[str, Entry]]:
        listed = self._git("ls-tree", "-r", "-z", "-l", "--full-tree", head)
        group: list[tuple[str, str, str]] = []
        size = 0
        for row in answered(listed, self.repository).fields:
            described, _, path = row.partition("\t")
            mode, _, key, length = described.split()
            if mode == SUBMODULE:
                continue
            group.append((path, mode, key))
            size += int(length)
            if size > _AT_ONCE_BYTES or len(group) == _AT_ONCE:
                yield from self._read(store, group)
                group, size = [], 0
        yield from self._read(store, group)

    def _read(
        self, store: TreeStore, group: list[tuple[str, str, str]]
    ) -> Iterator[tuple[str, Entry]]:
        """The entries of some files, read in one go."""
        if not group:
            return
        asked = "".join(f"{key}\n" for _, _, key in group).encode()
        raw = answered(self._git("cat-file", "--batch", stdin=asked), self.repository).output
        at = 0
        for path, mode, _ in group:
            end = raw.index(b"\n", at)
            size = int(raw[at:end].rpartition(b" ")[2])
            content = raw[end + 1 : end + 1 + size]
            at = end + 2 + size
            if mode == "120000":
                yield path, Entry("link", store.put(content), 0, 0o777)
            else:
                bits = 0o755 if mode == "100755" else 0o644
                yield path, Entry("file", store.put(content), size, bits)

    def _git(self, *words: str, stdin: bytes = b"") -> GitAnswer:
        folder = git_dir_of(self.repository) or self.repository
        return run_git(words, self.repository, {"GIT_DIR": str(folder)}, stdin)


def _described(line: str) -> tuple[str, str]:
    """Commit and nearest tag as `git describe --long --always` has them.

    >>> _described("v1.0-rc-3-g0f3c"), _described("0f3c")
    (('0f3c', 'v1.0-rc'), ('0f3c', ''))
    """
    tag, _, rest = line.rpartition("-g")
    return (rest, tag.rpartition("-")[0]) if tag else (line, "")


def git_dir_of(path: Path) -> Path | None:
    """The git folder of a repository, bare or not; None where there is none."""
    inner = path / ".git"
    if inner.is_file():  # of a linked work tree: it names the folder
        return inner
    return next((one for one in (inner, path) if (one / "HEAD").is_file()), None)


if TYPE_CHECKING:
    _proofs: tuple[type[Origin], ...] = (WorkTree, Files, CommitOf)
