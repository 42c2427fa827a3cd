"""What a batch costs beside its model: 20 tasks of 15 steps in Docker, over a real SDK, 300 ms of
simulated latency a reply, with 1, 4, 8 and 16 workers.

Usage: python bench/batch.py [--json] [--quick] [--image IMAGE] [--peer-venv DIR] [--no-peer]
    [--workers 4,16] [--no-tests]

Ours proves each patch (two rounds of base, shared, and one with the patch, in fresh containers);
the peer, mini-swe-agent, runs no tests. `--no-tests` measures ours without them too; the floor is a
shell a task and nothing else (`floor.py`). `--quick` runs 4 and 16 workers. Keys: per
worker count `tasks_per_min` (process start to exit), `rss_mb`, `cpu_s` (of the agent's processes),
`loop_per_min` (first request to last reply); the same under `peer` and `floor`; `worker_mb` (memory
per extra worker), `log_kb_per_step`.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from contender import HERE, PEER_PRESET, Outcome, Script, outcome_of, peer_program
from stage import BASE_IMAGE, complain, planted
from step import SCRATCH_VENV, own_script, peer_script
from timing import arguments, publish, rounds_of

from swe_agent.core.errors import SweAgentError
from swe_agent.runtime.engine import connect
from swe_agent.runtime.recipe import inspect_image

TASKS, STEPS, LATENCY_MS = 20, 15, 300
WORKERS = (1, 4, 8, 16)
Run = Callable[[int], Outcome]


def main() -> int:
    """Measure and print."""
    parser = arguments(__doc__, rounds=2, quick_rounds=1)
    parser.add_argument("--image", default=BASE_IMAGE)
    parser.add_argument("--peer-venv", type=Path, default=SCRATCH_VENV)
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--no-tests", action="store_true")
    parser.add_argument("--workers", help="default: 1,4,8,16; with --quick 4,16")
    options = parser.parse_args()
    try:
        client = connect()
        inspect_image(client, options.image)
        client.close()
    except SweAgentError as fault:
        return complain(fault)
    said = options.workers or ("4,16" if options.quick else ",".join(map(str, WORKERS)))
    workers = tuple(int(word) for word in said.split(","))
    peer = None if options.no_peer else peer_program(options.peer_venv)
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        runs = _agents(Path(place), options, peer)
        found: dict[str, dict[int, list[Outcome]]] = {name: {} for name in runs}
        for _ in range(rounds_of(options)):
            for count in workers:
                for name, run in runs.items():
                    found[name].setdefault(count, []).append(run(count))
        log_kb = _log_kb_per_step(Path(place))
    shown = {name: _shown(outcomes) for name, outcomes in found.items()}
    own = shown["swe-agent"] | {"worker_mb": _worker_mb(shown["swe-agent"])}
    own |= {"log_kb_per_step": log_kb, "peer": shown.get("mini"), "floor": shown["floor"]}
    publish(_table(shown, own), own, options.json)
    return 0


def _agents(place: Path, options: object, peer: Path | None) -> dict[str, Run]:
    """A batch with so many workers, by the agent's name."""
    image, runs = str(options.image), iter(range(1_000_000))
    files = {"number.py": b"NUMBER = 0\n", "check.sh": b"grep -qx 'NUMBER = 30' number.py\n"}
    files["long.py"] = b"".join(b"value_%d = %d\n" % (n, n) for n in range(1000))
    planted(place / "repository", files)
    issue = "The number in number.py has to be 30."
    row = {"repo": "./repository", "issue": issue, "test": "sh check.sh"}
    tasks = [json.dumps({"id": f"number-{n:02}", **row}) for n in range(TASKS)]
    (place / "tasks.jsonl").write_text("\n".join(tasks))
    program = str(Path(sys.executable).with_name("swe-agent"))

    def own(workers: int) -> Outcome:
        argv = [
            *(program, "batch", str(place / "tasks.jsonl"), "-w", str(workers), "-q"),
            *("-m", "openai/scripted", "--base-url", "{url}", "--image", image),
            *("-o", str(place / f"batch-{next(runs)}"), "--max-cost", "1000"),
            *(["--no-tests"] if options.no_tests else []),
        ]
        return outcome_of(argv, Script(own_script(STEPS), LATENCY_MS, TASKS), place, {0})

    def mini(workers: int) -> Outcome:
        assert peer is not None
        argv = _peer_argv(peer, place, image, workers)
        return outcome_of(argv, Script(peer_script(STEPS), LATENCY_MS, TASKS), place, {0})

    def floor(workers: int) -> Outcome:
        sizes = map(str, (workers, TASKS, STEPS))
        argv = [sys.executable, str(HERE / "floor.py"), "{url}", *sizes, image]
        return outcome_of(argv, Script(own_script(STEPS), LATENCY_MS, TASKS), place, {0})

    return {"swe-agent": own} | ({"mini": mini} if peer else {}) | {"floor": floor}


def _peer_argv(program: Path, place: Path, image: str, workers: int) -> list[str]:
    """mini-swe-agent's own batch over the same number of tasks."""
    folder = place / "dataset"
    folder.mkdir(exist_ok=True)
    row = {"problem_statement": "Fix it.", "image_name": image}
    rows = [json.dumps({"instance_id": f"number-{n:02}", **row}) for n in range(TASKS)]
    (folder / "test.jsonl").write_text("\n".join(rows))
    output = tempfile.mkdtemp(dir=place, prefix="mini-")
    settings = (
        "model.model_kwargs.api_base={url}",
        "model.model_kwargs.api_key=x",
        "environment.cwd=/tmp",
        'environment.interpreter=["bash","-c"]',
        'environment.run_args=["--rm","--network","none"]',
    )
    words = [word for setting in settings for word in ("-c", setting)]
    return [
        *(str(program.with_name("mini-extra")), "swebench", "--subset", str(folder)),
        *("--split", "test", "-w", str(workers), "-o", output, "-m", "openai/scripted"),
        *("-c", PEER_PRESET, *words),
    ]


def _shown(outcomes: dict[int, list[Outcome]]) -> dict[str, dict[str, float]]:
    """Medians by worker count."""
    return {
        str(count): {
            "tasks_per_min": round(median(60 * TASKS / one.wall_s for one in several), 1),
            "loop_per_min": round(median(60 * TASKS / _loop_s(one) for one in several), 1),
            "rss_mb": round(median(one.rss_mb for one in several), 1),
            "cpu_s": round(median(one.cpu_s for one in several), 2),
        }
        for count, several in outcomes.items()
    }


def _loop_s(one: Outcome) -> float:
    return one.wall_s - one.first_s - one.last_s


def _worker_mb(shown: dict[str, dict[str, float]]) -> float | None:
    """Memory per extra worker, from the fewest to the most."""
    counts = sorted(map(int, shown))
    if len(counts) < 2:
        return None
    first, last = counts[0], counts[-1]
    grown = shown[str(last)]["rss_mb"] - shown[str(first)]["rss_mb"]
    return round(grown / (last - first), 2)


def _log_kb_per_step(place: Path) -> float:
    """Size of an event log over its steps."""
    logs = sorted(place.glob("batch-*/runs/*/events.jsonl"))
    return round(median(log.stat().st_size for log in logs) / 1024 / STEPS, 2)


def _table(shown: dict[str, dict[str, dict[str, float]]], own: dict[str, object]) -> str:
    lines = [f"{TASKS} tasks x {STEPS} steps, {LATENCY_MS} ms a reply"]
    keys = ("tasks_per_min", "loop_per_min", "rss_mb", "cpu_s")
    lines.append(f"  {'agent':<10} {'workers':>7} " + " ".join(f"{key:>13}" for key in keys))
    for name, rows in shown.items():
        for count, row in rows.items():
            cells = " ".join(f"{row[key]:>13}" for key in keys)
            lines.append(f"  {name:<10} {count:>7} {cells}")
    lines.append(f"  memory per extra worker {own['worker_mb']} MB (aim: 6)")
    lines.append(f"  event log {own['log_kb_per_step']} KB a step")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
