"""What the sandbox costs: a command, a read, an edit, a start, beside the engine's own ways and a
bare shell.

Usage: python bench/sandbox.py [--json] [--quick] [--image IMAGE]

`route_ms` and `edit_ms` go through the whole tool route with its events, fsync included; the
checkpoint that follows is waited for outside the timed part (`bench/checkpoint.py` measures it).
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial

from floor import FloorShell
from stage import BASE_IMAGE, Acting, Stage, complain, forest
from timing import (
    Case,
    Row,
    Samples,
    arguments,
    interleaved,
    medians,
    publish,
    ratio,
    rounds_of,
    table,
    timed,
)

from swe_agent.core.errors import SweAgentError
from swe_agent.core.events import Checkpoint
from swe_agent.core.protocols import Sandbox

ROWS = (
    Row("command_ms", "`true` at the sandbox's protocol", aim=2),
    Row("route_ms", "`true` through the tool route, events fsynced", aim=5),
    Row("docker_exec_ms", "the engine API's exec of `true`, same container"),
    Row("floor_ms", "`true` in a bare attached sh"),
    Row("fsync_ms", "the route's two events alone: 2 x append + fdatasync"),
    Row("read_ms", "read a file of 1,000 lines", aim=5),
    Row("floor_read_ms", "the same in a bare sh"),
    Row("edit_ms", "one more edit of a file, through the route with its syntax gate", aim=8),
    Row("output_100k_ms", "a command that prints 100 KB", aim=8),
    Row("floor_100k_ms", "the same in a bare sh"),
    Row("start_ms", "hardened start to first answer, small tree", aim=450),
    Row("floor_start_ms", "the same for a bare sh"),
    Row("docker_run_ms", "`docker run --rm` of `true`"),
    Row("teardown_ms", "taking a sandbox away, small tree", aim=150),
    Row("ready_2000_ms", "open() to first answer, 2,000 files of 38 MB", aim=1950),
    Row("teardown_2000_ms", "taking that away"),
    Row("route_to_exec", "docker_exec_ms / route_ms, median of the rounds (aim: at least 10)"),
)
LINES = "".join(f"value_{number} = {number}  # a line of usual length\n" for number in range(1000))
BIG = b"x" * 79 + b"\n"


def main() -> int:
    """Measure and print."""
    parser = arguments(__doc__, rounds=20, quick_rounds=5)
    parser.add_argument("--image", default=BASE_IMAGE)
    options = parser.parse_args()
    rounds = rounds_of(options)
    try:
        with Stage(options.image) as stage:
            samples = _latency(stage, rounds)
            samples |= _starts(stage, max(5, rounds // 3))
    except SweAgentError as fault:
        return complain(fault)
    found: dict[str, float | None] = {row.key: None for row in ROWS} | medians(samples)
    found["route_to_exec"] = ratio(samples, "docker_exec_ms", "route_ms")
    shown = table(f"sandbox, milliseconds, {rounds} rounds", ROWS, found, samples)
    publish(shown, found, options.json)
    return 0


def _latency(stage: Stage, rounds: int) -> Samples:
    """Single actions in one warm container."""
    tree = stage.tree_of({"long.py": LINES.encode(), "big.txt": BIG * 1250, "small.py": b"a = 1\n"})
    acting = stage.attempt(tree)
    container = stage.container()
    with closing(FloorShell(stage.client, stage.image)) as floor:
        floor.ask("i=0; while [ $i -lt 1000 ]; do echo value_$i = $i; i=$((i+1)); done >/tmp/long")
        floor.ask("head -c 100000 /dev/zero | tr '\\0' x >/tmp/big")
        cases: dict[str, Case] = {
            "command_ms": partial(_command_ms, acting, "true"),
            "route_ms": partial(acting.act_ms, "shell", command="true"),
            "docker_exec_ms": partial(_exec_ms, stage, container),
            "floor_ms": partial(timed, partial(floor.ask, "true")),
            "fsync_ms": partial(_fsync_ms, stage),
            "read_ms": partial(timed, partial(acting.sandbox.read_file, "long.py")),
            "floor_read_ms": partial(timed, partial(floor.ask, "cat /tmp/long")),
            "edit_ms": _editor(acting),
            "output_100k_ms": partial(_command_ms, acting, "cat big.txt"),
            "floor_100k_ms": partial(timed, partial(floor.ask, "cat /tmp/big")),
        }
        samples = interleaved(cases, rounds, warm=2)
    acting.attempt.settle()
    return samples


def _command_ms(acting: Acting, command: str) -> float:
    """One command; the listing after it is waited for before and after, untimed."""
    acting.attempt.settle()
    sandbox = acting.sandbox
    sandbox.checkpoint()
    took = timed(partial(sandbox.run, command, 60.0))
    sandbox.checkpoint()
    return took


def _exec_ms(stage: Stage, container: str) -> float:
    api = stage.client.api

    def execute() -> None:
        api.exec_start(api.exec_create(container, ["true"])["Id"])

    return timed(execute)


def _fsync_ms(stage: Stage) -> float:
    """What the disk asks for two events."""
    with (stage.folder / "fsync").open("ab", buffering=0) as file:

        def write() -> None:
            for _ in range(2):
                file.write(b"x" * 300 + b"\n")
                os.fdatasync(file.fileno())

        return timed(write)


def _editor(acting: Acting) -> Case:
    """Edits line 500 there and back."""
    names = ["value_500 = 500", "value_500 = 501"]

    def edit() -> float:
        took = acting.act_ms("edit", path="long.py", old=f"\n{names[0]} ", new=f"\n{names[1]} ")
        names.reverse()
        return took

    return edit


def _starts(stage: Stage, rounds: int) -> Samples:
    """Containers that come and go. The large ones go last: ext4 does not soon reuse the inodes of
    deleted files and looks through them one by one, so that whatever makes files right after a
    large deletion is slow, in a sandbox or not."""
    small = stage.tree_of({"small.py": b"a = 1\n"})
    large = stage.tree_of(forest())
    teardowns: Samples = {"teardown_ms": [], "teardown_2000_ms": []}
    standing: list[Sandbox] = []

    def opened(tree: str) -> tuple[Sandbox, float]:
        prepared = stage.prepared(tree)
        began = time.perf_counter()
        sandbox = stage.sandboxes.open(prepared, Checkpoint(tree=tree))
        sandbox.run("true", 60.0)
        return sandbox, (time.perf_counter() - began) * 1000

    def start() -> float:
        sandbox, took = opened(small)
        teardowns["teardown_ms"].append(timed(sandbox.close))
        return took

    def start_large() -> float:
        sandbox, took = opened(large)
        standing.append(sandbox)
        return took

    def floor_start() -> float:
        began = time.perf_counter()
        with closing(FloorShell(stage.client, stage.image)) as floor:
            floor.ask("true")
            return (time.perf_counter() - began) * 1000

    cases: dict[str, Callable[[], float]] = {
        "start_ms": start,
        "ready_2000_ms": start_large,
        "floor_start_ms": floor_start,
    }
    docker = shutil.which("docker")
    if docker:
        argv = [docker, "run", "--rm", "--network", "none", "--entrypoint", "true", stage.image]
        cases["docker_run_ms"] = partial(timed, partial(subprocess.run, argv, check=True))
    samples = interleaved(cases, rounds)
    teardowns["teardown_2000_ms"] += [timed(sandbox.close) for sandbox in standing]
    return samples | {end: took[1:] for end, took in teardowns.items()}


if __name__ == "__main__":
    sys.exit(main())
