"""Would 200 workers stay busy over 10,000 tasks? A discrete-event model of a batch over measured
constants, with the batch's own pick of the next task; nothing is run.

Usage: python bench/schedule.py [--json] [--tasks 10000] [--workers 200] [--nodes 25] [--seed 1]

Each node has its own image store and network: a task takes a slot, waits until its image is there
(pulled ahead while earlier tasks work, layers shared within a repository), then starts, solves and
proves. Runs vary as real ones do (log-normal, with a long tail cut by the time limit), some lose
their sandbox and are tried again at the end, some park. Keys: `utilisation` (busy slot time over
all slot time from start to the last task), `tail_hours` (from the empty queue to the end),
`hours`, `node_hours`, `pulled_tb`, `evictions`, `tasks`, `workers`.
"""

import argparse
import heapq
import json
import math
import random
import sys
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from swe_agent.jobs.batch_order import Durations, picked


@dataclass(frozen=True, slots=True)
class Constants:
    """What was measured, and what is assumed of tasks; seconds and MB."""

    step_s: float = 6.0
    """A model's reply, the tool and our own overhead (bench/step.py: 0.03 s of it)."""
    steps_median: float = 35.0
    steps_sigma: float = 0.6
    most_steps: float = 100.0
    """`limits.max_steps`."""
    tests_median_s: float = 35.0
    """One round, three are run: the graded files of four real tasks took 1.3 to 28 s, median 7; a
    whole suite is taken to be five times that."""
    tests_sigma: float = 0.9
    """Of repositories; how slow its tests are is a repository's own."""
    task_sigma: float = 0.4
    """Of the tasks of one repository."""
    most_tests_s: float = 900.0
    """`tests.timeout_s`."""
    start_s: float = 1.5
    """Containers of a run: base, attempt, proof (bench/sandbox.py: 0.35 s each, some at once)."""
    longest_s: float = 3600.0
    """`limits.max_time_s`."""
    repositories: int = 60
    shared_mb: float = 1_200.0
    """Layers that images of a repository share."""
    own_mb: float = 250.0
    """Layers of one task's image."""
    node_mb_s: float = 60.0
    """What a node pulls from a registry in its own network."""
    disk_mb: float = 400_000.0
    """Images that a node keeps; those used longest ago go first."""
    infra_share: float = 0.01
    """Runs whose sandbox or engine fails once."""


@dataclass(slots=True)
class Node:
    """Slots, an image store and a network of one machine."""

    free: int
    disk: OrderedDict[str, float] = field(default_factory=OrderedDict)
    net_free_at: float = 0.0
    evictions: int = 0
    pulled_mb: float = 0.0

    def ready_at(self, now: float, layers: tuple[tuple[str, float], ...], c: Constants) -> float:
        """When these layers are here; those that are not are pulled one after the other."""
        for name, size in layers:
            if name in self.disk:
                self.disk.move_to_end(name)
                continue
            self.net_free_at = max(self.net_free_at, now) + size / c.node_mb_s
            self.pulled_mb += size
            self.disk[name] = size
            while sum(self.disk.values()) > c.disk_mb:
                self.disk.popitem(last=False)
                self.evictions += 1
        return max(now, self.net_free_at) if layers else now


@dataclass(frozen=True, slots=True)
class Task:
    """One instance of the model."""

    repository: int
    number: int
    takes_s: float
    fails: bool

    def layers(self, c: Constants) -> tuple[tuple[str, float], ...]:
        return (
            (f"repository {self.repository}", c.shared_mb),
            (f"task {self.number}", c.own_mb),
        )


def drawn(count: int, c: Constants, dice: random.Random) -> list[Task]:
    """Tasks with times as runs have them, grouped by repository as data sets are."""
    tasks = []
    slowness = [dice.lognormvariate(0, c.tests_sigma) for _ in range(c.repositories)]
    for number in range(count):
        steps = min(c.most_steps, dice.lognormvariate(math.log(c.steps_median), c.steps_sigma))
        repository = number * c.repositories // count
        tests = c.tests_median_s * slowness[repository] * dice.lognormvariate(0, c.task_sigma)
        round_s = min(c.most_tests_s, tests)
        takes = min(c.longest_s, c.start_s + steps * c.step_s + 3 * round_s)
        tasks.append(Task(repository, number, takes, dice.random() < c.infra_share))
    return tasks


def simulated(tasks: list[Task], workers: int, nodes: int, c: Constants) -> dict[str, float]:
    """Play the batch: the queue in its order, the next image of a node pulled while it works."""
    places = [Node(workers // nodes + (n < workers % nodes)) for n in range(nodes)]
    queue, events, order = deque(tasks), list[tuple[float, int, Callable[[float], None]]](), 0
    ahead: list[deque[tuple[Task, float]]] = [deque() for _ in places]
    busy = last = emptied = 0.0
    known = Durations()

    def at(moment: float, action: Callable[[float], None]) -> None:
        nonlocal order
        order += 1
        heapq.heappush(events, (moment, order, action))

    def take_ahead(place: int, now: float) -> None:
        """A node holds as many tasks ahead as it has slots, with their images on the way."""
        nonlocal emptied
        while queue and len(ahead[place]) < max(1, workers // nodes):
            task = picked(queue, workers, known, lambda one: str(one.repository))
            queue.remove(task)
            ahead[place].append((task, places[place].ready_at(now, task.layers(c), c)))
            emptied = now

    def steal(place: int, now: float) -> None:
        """With the queue empty, an idle node takes what another one holds ahead."""
        richest = max(range(nodes), key=lambda one: len(ahead[one]))
        if not ahead[place] and ahead[richest]:
            task, _ = ahead[richest].pop()
            ahead[place].append((task, places[place].ready_at(now, task.layers(c), c)))

    def fill(place: int, now: float) -> None:
        nonlocal busy, last
        take_ahead(place, now)
        steal(place, now)
        while places[place].free and ahead[place]:
            task, ready = ahead[place].popleft()
            places[place].free -= 1
            begins = max(now, ready)
            # A failure shows about half way; the run is resumed as soon as it may be.
            takes = task.takes_s / 2 if task.fails else task.takes_s
            busy += takes
            last = max(last, begins + takes)
            at(begins + takes, lambda when, p=place, t=task: done(p, t, when))
            take_ahead(place, now)
            steal(place, now)

    def done(place: int, task: Task, now: float) -> None:
        places[place].free += 1
        if not task.fails:
            known.saw(str(task.repository), task.takes_s)
        if task.fails:
            queue.appendleft(Task(task.repository, task.number, task.takes_s / 2, fails=False))
        fill(place, now)

    for place in range(nodes):
        at(0.0, lambda now, p=place: fill(p, now))
    while events:
        now, _, action = heapq.heappop(events)
        action(now)
    return {
        "utilisation": round(busy / (workers * last), 4),
        "tail_hours": round((last - emptied) / 3600, 2),
        "hours": round(last / 3600, 2),
        "node_hours": round(last / 3600 * nodes, 1),
        "pulled_tb": round(sum(one.pulled_mb for one in places) / 1e6, 2),
        "evictions": sum(one.evictions for one in places),
        "tasks": len(tasks),
        "workers": workers,
    }


def main() -> int:
    """Play it and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=200)
    parser.add_argument("--nodes", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    c = Constants()
    tasks = drawn(options.tasks, c, random.Random(options.seed))
    found = simulated(tasks, options.workers, options.nodes, c)
    if options.json:
        print(json.dumps(found))
        return 0
    for key, value in found.items():
        print(f"  {key:<14} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
