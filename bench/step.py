"""What a whole run costs beside its model: 30 scripted steps, process start to exit, in Docker and
over a real SDK; and what one step costs at step 10 and at step 1000.

Usage: python bench/step.py [--json] [--quick] [--image IMAGE] [--peer-venv DIR] [--no-peer]

The rounds of 30 steps have an endpoint that answers at once. `step_N_ms` come from one long run
whose endpoint thinks for 50 ms: everything but the model and the command, which is the time from an
answer to the next request, by the endpoint's clock, less what the step's command took by the
agent's own record (`command_ms`: our log; mini-swe-agent's times of its messages). The client,
reckoning, folding and events are in it, and what is left of a checkpoint once the model has
answered. `sdk_10_ms` is the same of OpenAI's SDK alone, called as its documentation shows, before
and after the long run; `sdk_raw_10_ms` is what no agent on it can go below. `--quick` makes the
long run 150 steps (`step_1000_ms` stays null). The peer's long run is 150 steps, as it sends all
that was said at each step; `--peer-steps 1000` makes it longer.
"""

import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from contender import (
    HERE,
    Outcome,
    Script,
    outcome_of,
    own_argv,
    own_commands_ms,
    peer_argv,
    peer_commands_ms,
    peer_program,
)
from stage import BASE_IMAGE, complain, planted
from timing import Row, arguments, publish, rounds_of, table

from swe_agent.core.errors import SweAgentError
from swe_agent.runtime.engine import connect
from swe_agent.runtime.recipe import inspect_image

STEPS = 30
LONG, QUICK_LONG = 1000, 150
THINK_MS = 50.0
"""Of the long run: short for a model, and long enough for what is done meanwhile."""
ROWS = (
    Row("wall_s", f"{STEPS} steps, process start to exit (verdict included)", aim=3),
    Row("rss_mb", "peak memory of the agent's process", aim=110),
    Row("cpu_s", "processor time of the agent's process", aim=2.5),
    Row("first_s", "start to first request"),
    Row("last_s", "last answer to exit"),
    Row("step_10_ms", "all but model and command, steps 6 to 25", aim=3),
    Row("sdk_10_ms", "the vendor's SDK alone, in the usual way, steps 6 to 25"),
    Row("sdk_raw_10_ms", "the SDK handing over bytes that are ready, the reply unread"),
    Row("step_150_ms", "the same around step 150", aim=6),
    Row("step_1000_ms", "the same, the last 20 of 1,000", aim=6),
    Row("command_ms", "what a command takes, in the sandbox and back"),
)
SCRATCH_VENV = Path(tempfile.gettempdir()) / "swe-agent-bench-mini"

SDK_ALONE: dict[str, tuple[str, ...]] = {"sdk_10_ms": (), "sdk_raw_10_ms": ("raw",)}

Found = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Ran:
    """One run, and what each of its steps cost."""

    outcome: Outcome
    commands_ms: list[float]

    @property
    def overhead_ms(self) -> tuple[float, ...]:
        """All but the model and the command, step by step."""
        return self.outcome.overhead_ms(self.commands_ms)


def main() -> int:
    """Measure and print."""
    parser = arguments(__doc__, rounds=5, quick_rounds=2)
    parser.add_argument("--image", default=BASE_IMAGE)
    parser.add_argument("--peer-venv", type=Path, default=SCRATCH_VENV)
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--peer-steps", type=int, default=QUICK_LONG)
    options = parser.parse_args()
    try:
        client = connect()
        inspect_image(client, options.image)
        client.close()
    except SweAgentError as fault:
        return complain(fault)
    peer = None if options.no_peer else peer_program(options.peer_venv)
    long = {
        "swe-agent": QUICK_LONG if options.quick else LONG,
        "mini": options.peer_steps,
    }
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        agents = _agents(Path(place), options.image, peer)
        short: dict[str, list[Ran]] = {name: [] for name in agents}
        for _ in range(rounds_of(options)):
            for name, run in agents.items():
                short[name].append(run(STEPS, 0.0))
        alone = {key: [_bare(Path(place), *more)] for key, more in SDK_ALONE.items()}
        found = {
            name: _found(short[name], run(long[name], THINK_MS)) for name, run in agents.items()
        }
        for key, more in SDK_ALONE.items():
            alone[key].append(_bare(Path(place), *more))
            found["swe-agent"][key] = round(median(alone[key]), 2)
    shown = [
        table(f"{name}, {STEPS} steps", ROWS, found[name], _spread(short[name])) for name in agents
    ]
    why = {} if peer else {"why": "--no-peer" if options.no_peer else "it cannot be installed"}
    publish("\n".join(shown), found["swe-agent"] | {"peer": found.get("mini", why)}, options.json)
    return 0


def _agents(place: Path, image: str, peer: Path | None) -> dict[str, Callable[[int, float], Ran]]:
    """A run of so many steps, by the agent's name."""
    folder = planted(
        place / "repository",
        {
            "number.py": b"NUMBER = 0\n",
            "check.sh": b"grep -qx 'NUMBER = 30' number.py\n",
            "long.py": b"".join(b"value_%d = %d\n" % (n, n) for n in range(1000)),
        },
    )
    runs = iter(range(1_000_000))

    def own(steps: int, think_ms: float) -> Ran:
        output = place / f"run-{next(runs)}"
        argv = own_argv(folder, output, image, steps)
        outcome = outcome_of(argv, Script(own_script(steps), think_ms), place, accept={0})
        return Ran(outcome, own_commands_ms(output))

    def mini(steps: int, think_ms: float) -> Ran:
        assert peer is not None
        output = place / "peer.traj.json"
        argv = peer_argv(peer, output, image, steps)
        outcome = outcome_of(argv, Script(peer_script(steps), think_ms), place, accept={0})
        return Ran(outcome, peer_commands_ms(output))

    return {"swe-agent": own} | ({"mini": mini} if peer else {})


def _bare(place: Path, *more: str) -> float:
    """Milliseconds from answer to request where the vendor's SDK is alone."""
    argv = [sys.executable, str(HERE / "bare_client.py"), "{url}", f"{STEPS}", *more]
    gaps = outcome_of(argv, Script(own_script(STEPS), THINK_MS), place, accept={0}).gaps_ms
    return median(gaps[5:25])


def own_script(steps: int) -> list[dict]:
    """Views, searches, edits and commands in turns; the right edit and `submit` at the end."""
    kinds: tuple[Callable[[int], dict], ...] = (
        lambda n: _call("shell", command=f"echo step {n}; ls"),
        lambda n: _call("view", path="long.py", start=n % 900 + 1, end=n % 900 + 20),
        lambda n: _call(
            "edit_lines", path="number.py", start=1, end=1, text=f"NUMBER = {n + 100}\n"
        ),
        lambda n: _call("search", pattern=f"value_{n % 1000} "),
        lambda n: _call("shell", command=f"sed -n {n % 900 + 1}p long.py"),
    )
    script = [kinds[number % len(kinds)](number) for number in range(steps - 2)]
    last = _call("edit_lines", path="number.py", start=1, end=1, text="NUMBER = 30\n")
    return [*script, last, _call("submit", summary="The number is 30 now.")]


def peer_script(steps: int) -> list[dict]:
    """Commands that do about the same in a folder of the image."""
    numbers = "i=0; while [ $i -lt 1000 ]; do echo value_$i = $i; i=$((i+1)); done >long.py"
    kinds: tuple[Callable[[int], str], ...] = (
        lambda n: f"echo step {n}; ls",
        lambda n: f"sed -n {n % 900 + 1},{n % 900 + 20}p long.py",
        lambda n: f"echo NUMBER = {n + 100} >number.py",
        lambda n: f"grep -rn 'value_{n % 1000} ' .",
        lambda n: f"sed -n {n % 900 + 1}p long.py",
    )
    commands = [numbers, *(kinds[number % len(kinds)](number) for number in range(1, steps - 1))]
    return [_call("bash", command=one) for one in commands] + [
        _call("bash", command="echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT")
    ]


def _call(name: str, **arguments: object) -> dict:
    return {"name": name, "arguments": arguments}


def _found(short: list[Ran], long: Ran) -> Found:
    found: Found = {key: median(values) for key, values in _spread(short).items()}
    costs = long.overhead_ms
    found["step_10_ms"] = median(costs[5:25])
    found["step_150_ms"] = median(costs[138:148])
    found["step_1000_ms"] = median(costs[-25:-5]) if len(costs) >= LONG - 2 else None
    return {key: round(value, 2) if value is not None else None for key, value in found.items()}


def _spread(ran: list[Ran]) -> Mapping[str, list[float]]:
    keys = ("wall_s", "rss_mb", "cpu_s", "first_s", "last_s")
    spread = {key: [float(getattr(one.outcome, key)) for one in ran] for key in keys}
    return spread | {"command_ms": [median(one.commands_ms) for one in ran]}


if __name__ == "__main__":
    sys.exit(main())
