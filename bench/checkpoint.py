"""What a checkpoint costs: the first one, the next after one changed file, taking a tree back, and
a new sandbox from one; a separate git index inside the container is measured beside it.

Usage: python bench/checkpoint.py [REPO] [--json] [--quick] [--image IMAGE]

Without REPO a repository of 2,000 files (38 MB) is made. REPO itself is only read.
"""

import shlex
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from stage import BASE_IMAGE, Acting, Stage, complain, forest, planted
from timing import Row, arguments, interleaved, medians, publish, ratio, rounds_of, table, timed

from swe_agent.core.errors import SweAgentError
from swe_agent.core.events import Checkpoint
from swe_agent.runtime.intake import take_in
from swe_agent.runtime.repository import read_repository
from swe_agent.runtime.store import TreeStore

ROWS = (
    Row("files", "files and links in the tree"),
    Row("first_ms", "the repository on disk to its first checkpoint on disk", aim=1500),
    Row("incremental_ms", "end of a command that changed one file, to its checkpoint", aim=40),
    Row("git_incremental_ms", "the same change: git add -A, write-tree on an own index"),
    Row("rollback_ms", "an edited, a new and a deleted file taken back", aim=60),
    Row("git_rollback_ms", "the same: git add -A, read-tree -u --reset"),
    Row("fork_ms", "a new sandbox from a checkpoint, ready"),
    Row("to_git", "incremental_ms / git_incremental_ms, median of the rounds"),
)
INDEX = "GIT_INDEX_FILE=/.swe-agent/bench.index"


def main() -> int:
    """Measure and print."""
    parser = arguments(__doc__, rounds=15, quick_rounds=5)
    parser.add_argument("repository", metavar="REPO", nargs="?", type=Path)
    parser.add_argument("--image", default=BASE_IMAGE)
    options = parser.parse_args()
    rounds = rounds_of(options)
    try:
        with TemporaryDirectory(prefix="bench-") as place, Stage(options.image) as stage:
            repository = options.repository or planted(Path(place) / "made", forest())
            first = [
                _first_ms(repository, Path(place) / f"{n}") for n in range(max(5, rounds // 3))
            ]
            tree, _ = take_in(read_repository(repository), stage.store)
            ground = _Ground(stage, stage.attempt(tree), tree)
            samples = {"first_ms": first} | ground.measured(rounds)
            files = sum(1 for _ in stage.store.entries(tree))
    except SweAgentError as fault:
        return complain(fault)
    found: dict[str, float | None] = {row.key: None for row in ROWS} | medians(samples)
    found["files"] = files
    if "git_incremental_ms" in samples:
        found["to_git"] = ratio(samples, "incremental_ms", "git_incremental_ms")
    shown = table(f"checkpoints, milliseconds, {rounds} rounds", ROWS, found, samples)
    publish(shown, found, options.json)
    return 0


def _first_ms(repository: Path, folder: Path) -> float:
    """From the user's files to a tree in a new store, flushed."""
    began = time.perf_counter()
    with closing(TreeStore(folder)) as store:
        take_in(read_repository(repository), store)
        store.flush()
        return (time.perf_counter() - began) * 1000


@dataclass(frozen=True, slots=True)
class _Ground:
    """A warm sandbox with the tree, and three of its files to change."""

    stage: Stage
    acting: Acting
    tree: str

    def measured(self, rounds: int) -> dict[str, list[float]]:
        """All cases but the first checkpoint."""
        cases = {"incremental_ms": self._incremental_ms, "rollback_ms": self._rollback_ms}
        sandbox = self.acting.sandbox
        if sandbox.ask("command -v git && [ -d .git ] && echo yes").strip().endswith(b"yes"):
            sandbox.ask(f"{INDEX} git add -A && {INDEX} git write-tree")
            cases["git_incremental_ms"] = self._git_incremental_ms
            cases["git_rollback_ms"] = self._git_rollback_ms
        samples = interleaved(cases, rounds, warm=2)
        return samples | interleaved({"fork_ms": self._fork_ms}, max(5, rounds // 3))

    def _incremental_ms(self) -> float:
        self.acting.act_ms("shell", command=self._change())
        began = time.perf_counter()
        self.acting.attempt.settle()
        return (time.perf_counter() - began) * 1000

    def _git_incremental_ms(self) -> float:
        self.acting.act_ms("shell", command=self._change())
        self.acting.attempt.settle()
        code = f"{INDEX} git add -A && {INDEX} git write-tree"
        return timed(partial(self._must, code))

    def _rollback_ms(self) -> float:
        best = self._disturbed()
        return timed(partial(self.acting.sandbox.restore, best))

    def _git_rollback_ms(self) -> float:
        sandbox = self.acting.sandbox
        tree = self._must(f"{INDEX} git add -A && {INDEX} git write-tree").strip().decode()
        best = self._disturbed()
        code = f"{INDEX} git add -A && {INDEX} git read-tree -u --reset {tree}"
        took = timed(partial(self._must, code))
        sandbox.restore(best)
        return took

    def _fork_ms(self) -> float:
        checkpoint = self.acting.sandbox.checkpoint()
        prepared = self.stage.prepared(self.tree)
        began = time.perf_counter()
        sandbox = self.stage.sandboxes.open(prepared, checkpoint)
        took = (time.perf_counter() - began) * 1000
        sandbox.close()
        return took

    def _disturbed(self) -> Checkpoint:
        """Edit one file, make one, delete one; the checkpoint from before."""
        sandbox = self.acting.sandbox
        best = sandbox.checkpoint()
        edited, deleted = self._victims()[:2]
        sandbox.run(f"echo >>{edited}; rm {deleted}; echo 1 >bench_new.txt", 60.0)
        if sandbox.checkpoint().tree == best.tree:
            raise SystemExit("the change was not seen: the benchmark would mean nothing")
        return best

    def _change(self) -> str:
        return f"echo >>{self._victims()[2]}"

    def _victims(self) -> list[str]:
        """Three files from different places of the tree, as shell words."""
        paths = [
            path
            for path, entry in self.stage.store.entries(self.tree)
            if entry.kind == "file" and 0 < entry.size_bytes < 100_000
        ]
        places = (len(paths) // 4, len(paths) // 2, len(paths) * 3 // 4)
        return [shlex.quote(paths[place]) for place in places]

    def _must(self, code: str) -> bytes:
        answer = self.acting.sandbox.ask(f"{{ {code}; }} 2>&1 || echo FAILED")
        if answer.endswith(b"FAILED\n"):
            raise SystemExit(f"git did not work in the sandbox: {answer.decode()[:500]}")
        return answer


if __name__ == "__main__":
    sys.exit(main())
