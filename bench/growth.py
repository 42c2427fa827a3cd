"""How the cost of a checkpoint grows: with the files of the tree, and with what changed.

Usage: python bench/growth.py [--json] [--quick] [--image IMAGE] [--sizes 1000,10000,100000]

For each size: the checkpoint after a command that changed one file, and a hundred files; taking one
file back; and, as the floor, `find -printf` over the same tree in the same container.
"""

import sys
from functools import partial
from statistics import median

from stage import BASE_IMAGE, Acting, Stage, complain, forest
from timing import arguments, publish, rounds_of, timed

from swe_agent.core.errors import SweAgentError

BYTES_A_FILE = 2_000
MANY = 100
FLOOR = "find . -name .git -prune -o -printf '%y %m %s %i %C@ %p\\0%l\\0' | cat >/dev/null"


def main() -> int:
    """Measure and print."""
    parser = arguments(__doc__, rounds=7, quick_rounds=3)
    parser.add_argument("--image", default=BASE_IMAGE)
    parser.add_argument("--sizes", default="1000,10000,100000")
    options = parser.parse_args()
    found: dict[str, object] = {}
    rows = [f"{'files':>8} {'one_ms':>9} {'hundred_ms':>11} {'rollback_ms':>12} {'find_ms':>9}"]
    try:
        for size in map(int, options.sizes.split(",")):
            row = _measured(options.image, size, rounds_of(options))
            found[str(size)] = row
            one, many, back, find = row.values()
            rows.append(f"{size:>8} {one:>9.1f} {many:>11.1f} {back:>12.1f} {find:>9.1f}")
    except SweAgentError as fault:
        return complain(fault)
    publish("\n".join(["checkpoints by size of the tree, medians", *rows]), found, options.json)
    return 0


def _measured(image: str, size: int, rounds: int) -> dict[str, float]:
    with Stage(image) as stage:
        files = forest(size, size * BYTES_A_FILE)
        acting = stage.attempt(stage.tree_of(files))
        names = sorted(files)[:: max(1, size // MANY)][:MANY]
        few, many = f"echo >>{names[0]}", f"for f in {' '.join(names)}; do echo >>$f; done"
        samples: dict[str, list[float]] = {key: [] for key in ("one", "hundred", "back", "find")}
        for _ in range(rounds + 1):
            samples["one"].append(_saved(acting, few))
            samples["hundred"].append(_saved(acting, many))
            best = acting.sandbox.checkpoint()
            acting.sandbox.run(few, 60.0)
            acting.sandbox.checkpoint()
            samples["back"].append(timed(partial(acting.sandbox.restore, best)))
            samples["find"].append(timed(partial(acting.sandbox.ask, FLOOR)))
        acting.attempt.settle()
    return {f"{key}_ms": median(took[1:]) for key, took in samples.items()}


def _saved(acting: Acting, command: str) -> float:
    """From the end of a command to its checkpoint."""
    acting.sandbox.run(command, 60.0)
    return timed(acting.sandbox.checkpoint)


if __name__ == "__main__":
    sys.exit(main())
