"""What a node of a cluster does with one instance: works on it in a folder of its own and sends
what the folder gains, until it comes back."""

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from swe_agent.agent.shared import Shared
from swe_agent.core.events import Event
from swe_agent.jobs.batch_guard import LeakGuard
from swe_agent.jobs.batch_origin import Places
from swe_agent.jobs.batch_rows import Done
from swe_agent.jobs.batch_run import Hearing, Workplace, work_on
from swe_agent.jobs.executors.node_folder import node_folder
from swe_agent.jobs.executors.pacing import PaceElsewhere, Paces
from swe_agent.jobs.executors.pieces import Outgoing, Piece, put
from swe_agent.jobs.tasks_instance import Instance
from swe_agent.models.registry import share_paces
from swe_agent.runtime.engine import connect
from swe_agent.runtime.reaping import reap
from swe_agent.settings.load import Loaded

if TYPE_CHECKING:
    from ray.actor import ActorHandle

SEND_EVERY_S = 1.0
"""At the longest; a model's reply is sent at once."""
_TELLING = ("model_replied", "run_finished")


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """One instance as it travels."""

    instance: Instance
    settings: Loaded
    mirrors: tuple[str, ...] = ()
    """Folders with clones, on every node."""
    guarded: bool = True
    tries: int = 0
    content: tuple[Piece, ...] = field(default=(), repr=False)
    """The run's folder so far, where it was begun."""
    paces: "ActorHandle[Paces] | None" = field(default=None, repr=False)
    """Handle of the actor that keeps the paces of keys for all nodes."""


def served(job: RemoteJob) -> Iterator[Piece | Done]:
    """What comes back: pieces of the run's folder, at last how it ended."""
    if paces := job.paces:
        share_paces(lambda key: PaceElsewhere(paces, key))
    with node_folder() as top:
        folder = top / job.instance.id
        for piece in job.content:
            put(folder, piece)
        outgoing = Outgoing(folder)
        news: queue.SimpleQueue[Done | None] = queue.SimpleQueue()

        def told(_: str, event: Event) -> None:
            if event.type in _TELLING:
                news.put(None)

        place = _place(job, Hearing(told))
        worker = threading.Thread(
            target=lambda: news.put(work_on(job.instance, folder, job.tries, place)), daemon=True
        )
        worker.start()
        done: Done | None = None
        while done is None:
            try:
                done = news.get(timeout=SEND_EVERY_S)
            except queue.Empty:
                done = None
            yield from outgoing.pieces()
        yield done


def _place(job: RemoteJob, hearing: Hearing) -> Workplace:
    is_docker = job.settings.settings.sandbox.kind == "docker"
    shared = _shared(is_docker, job.guarded)
    mirrors = tuple(Path(one) for one in job.mirrors)
    return Workplace(
        settings=job.settings,
        places=Places(mirrors, shared.engine),
        shared=shared,
        hearing=hearing,
    )


@cache
def _shared(is_docker: bool, guarded: bool) -> Shared:
    """What all jobs of this process share: the node's own engine among it."""
    if not is_docker:
        return Shared()
    engine = connect()
    reap(engine)
    return Shared(engine, LeakGuard() if guarded else None)
