"""A private git repository that lives for one patch: git never meets the user's files or settings.

`git apply` on a work tree obeys the attributes and filters that lie there, and so is neither safe
nor exact. Here it works on an index of raw bytes, and what it says is then written by `apply.py`.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from swe_agent.core.errors import UsageFault
from swe_agent.runtime.hostgit import GitAnswer, run_git

GitEntry = tuple[str, str]
"""Mode and blob hash."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """An index and an object store of its own; `objects` may be another repository's."""

    folder: Path
    objects: Path | None = None

    def git(self, arguments: Sequence[str], stdin: bytes = b"") -> GitAnswer:
        """Run git here; its work tree is an empty folder."""
        environment = {"GIT_DIR": str(self.folder), "GIT_INDEX_FILE": str(self.folder / "index")}
        if self.objects is not None:
            environment["GIT_OBJECT_DIRECTORY"] = str(self.objects)
        return run_git(arguments, self.folder / "empty", environment, stdin)

    def must(self, arguments: Sequence[str], stdin: bytes = b"") -> GitAnswer:
        """Like `git`, where failure means that the repository is broken.

        Raises:
            UsageFault: it failed.
        """
        answer = self.git(arguments, stdin)
        if answer.exit_code != 0:
            raise UsageFault(
                f"git {arguments[0]} failed: {answer.complaint or answer.exit_code}",
                "Run `git fsck` in the repository and repair what it names.",
            )
        return answer

    def add(self, files: Mapping[str, tuple[str, bytes]]) -> None:
        """Put files (path to mode and raw bytes) into the index."""
        rows: list[bytes] = []
        for path, (mode, content) in files.items():
            key = self.must(["hash-object", "-w", "--no-filters", "--stdin"], content).line
            rows.append(f"{mode} {key}\t".encode() + path.encode("utf-8", "surrogateescape"))
        self.must(["update-index", "-z", "--index-info"], b"".join(row + b"\0" for row in rows))

    def entries(self) -> dict[str, GitEntry]:
        """The index: path to mode and blob."""
        found: dict[str, GitEntry] = {}
        for row in self.must(["ls-files", "-s", "-z"]).fields:
            described, _, path = row.partition("\t")
            mode, key, _ = described.split(" ")
            found[path] = (mode, key)
        return found

    def blob(self, key: str) -> bytes:
        """A blob's bytes."""
        return self.must(["cat-file", "blob", key]).output

    def apply(self, patch: bytes) -> str:
        """Apply the patch to the index, whole or not at all; what git complains of, or nothing."""
        answer = self.git(["apply", "--cached", "--whitespace=nowarn", "-"], patch)
        return answer.complaint or f"code {answer.exit_code}" if answer.exit_code else ""


@contextmanager
def scratch(sha256: bool = False, objects: Path | None = None) -> Iterator[Scratch]:
    """An empty private repository, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="swe-agent-git-") as name:
        folder = Path(name)
        (folder / "empty").mkdir()
        made = Scratch(folder, objects)
        kind = "sha256" if sha256 else "sha1"
        answer = run_git(
            ["init", "-q", "--bare", "--template=", f"--object-format={kind}", "."], folder
        )
        if answer.exit_code != 0:
            raise UsageFault(f"git init failed: {answer.complaint}", "Check the git installation.")
        yield made
