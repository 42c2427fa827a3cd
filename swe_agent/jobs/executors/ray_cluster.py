"""Workers as tasks of a Ray cluster: resources are asked for, run folders stream back, and what a
lost node was at goes on elsewhere from what it had sent."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING

from swe_agent.agent.spending import spent_in
from swe_agent.core.errors import EnvironmentFault, ExitCode, LimitReached, UsageFault
from swe_agent.core.events import Event
from swe_agent.core.protocols import Reserve
from swe_agent.core.text import visible
from swe_agent.jobs.batch_rows import Done, Failure, Row
from swe_agent.jobs.executors.executor import Executor, Job
from swe_agent.jobs.executors.pacing import paces_beside_the_batch
from swe_agent.jobs.executors.pieces import LOG, Outgoing, Piece, put
from swe_agent.jobs.executors.remote import RemoteJob, served
from swe_agent.models.purse import Hold, Purse
from swe_agent.settings.load import Loaded
from swe_agent.trajectory.log import follow

NODE_TRIES = 5
"""So often an instance is begun or resumed, while nodes are lost under it."""
LOST_PAUSE_S = 2.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which cluster, and what a job asks of a node."""

    address: str | None = None
    """`ray://HOST:10001`, `HOST:PORT` or `auto`; None: one is started on this machine."""
    cpus: float = 1.0
    memory_mb: float = 1024.0


@dataclass(frozen=True, slots=True)
class Orders:
    """What every job is sent with."""

    settings: Loaded
    mirrors: tuple[str, ...] = ()
    guarded: bool = True
    total: Purse | None = None
    """Each job's own cap is held from it while the job is under way."""
    event: Callable[[str, Event], None] = field(default=lambda _, __: None)


class RayCluster:
    """Jobs as Ray tasks; a thread a job takes in what it sends."""

    def __init__(self, slots: int, cluster: Cluster, orders: Orders) -> None:
        """
        Raises:
            UsageFault: Ray is not installed.
            EnvironmentFault: the cluster does not answer.
        """
        self.slots, self._cluster, self._orders = slots, cluster, orders
        self._done: queue.SimpleQueue[Done] = queue.SimpleQueue()
        self._ray = _connected(cluster)
        self._paces = paces_beside_the_batch(self._ray)
        self._task = self._ray.remote(num_returns="streaming", max_retries=0)(served)

    def start(self, job: Job) -> None:
        """Hand a job to the cluster."""
        threading.Thread(target=self._follow, args=(job,), name="ray-job", daemon=True).start()

    def next_done(self, timeout_s: float) -> Done | None:
        """One that has come back; None at the time-out."""
        try:
            return self._done.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def close(self) -> None:
        """Leave the cluster; its tasks of ours end."""
        self._ray.shutdown()

    def _follow(self, job: Job) -> None:
        before = spent_in(job.folder)
        try:
            hold = self._held(before.usd)
        except LimitReached as fault:
            self._done.put(_failed(job, "limit", fault.message, stops=ExitCode.LIMIT))
            return
        done = self._followed(job)
        if hold and self._orders.total:
            now = spent_in(job.folder)
            self._orders.total.settle(hold, now.usd - before.usd, now.tokens - before.tokens)
        self._done.put(done)

    def _held(self, spent_usd: float) -> Hold | None:
        """What the job may still cost, taken out of the total while it is away."""
        if self._orders.total is None:
            return None
        most = self._orders.settings.settings.limits.max_cost_usd
        return self._orders.total.hold(Reserve(max(0.0, most - spent_usd)), "the next run")

    def _followed(self, job: Job) -> Done:
        """Take in what a job sends, to its end or to that of its node."""
        told = _Told(job, self._orders.event)
        try:
            for one in self._received(job):
                if isinstance(one, Done):
                    return one
                put(job.folder, one)
                told.see(one)
        except self._ray.exceptions.RayError as error:
            why = visible(str(error)).splitlines()[0][:200]
            again = LOST_PAUSE_S if job.tries + 1 < NODE_TRIES else None
            return _failed(job, "environment", f"The node was lost: {why}", again)
        except OSError as error:
            again = 0.0 if error.errno in (28, 122) else LOST_PAUSE_S
            return _failed(job, "disk", f"{job.folder}: {error.strerror}", again)
        return _failed(job, "environment", "The node sent no end.", LOST_PAUSE_S)

    def _received(self, job: Job) -> Iterator[Piece | Done]:
        orders, wants = self._orders, self._cluster
        content = tuple(Outgoing(job.folder, is_there=False).pieces())
        remote = RemoteJob(
            job.instance, orders.settings, orders.mirrors, orders.guarded, job.tries, content,
            self._paces,
        )  # fmt: skip
        task = self._task.options(
            num_cpus=wants.cpus, memory=int(wants.memory_mb * 2**20), name=job.instance.id
        )
        for reference in task.remote(remote):
            yield self._ray.get(reference)


class _Told:
    """Shows events as they come in."""

    def __init__(self, job: Job, event: Callable[[str, Event], None]) -> None:
        self._id, self._event, self._rest = job.instance.id, event, b""

    def see(self, piece: Piece) -> None:
        """Show what a piece of the log tells."""
        if piece.path != LOG:
            return
        *lines, self._rest = (self._rest + piece.content).split(b"\n")
        for line in lines:
            try:
                event = follow(line.decode()).event
            except ValueError:
                continue
            self._event(self._id, event)


def _failed(
    job: Job,
    failure: Failure,
    error: str,
    again_in_s: float | None = None,
    stops: ExitCode | None = None,
) -> Done:
    spent = spent_in(job.folder)
    code = stops or ExitCode.ENVIRONMENT
    row = Row(
        instance_id=job.instance.id,
        state="failed",
        exit_code=int(code),
        failure=failure,
        error=error,
        spent_usd=round(spent.usd, 6),
        cost_usd=round(spent.usd, 6),
        spent_tokens=spent.tokens,
    )
    return Done(row=row, again_in_s=again_in_s, stops=stops)


def _connected(cluster: Cluster) -> ModuleType:
    """The module, connected.

    Raises:
        UsageFault: it is not installed.
        EnvironmentFault: the cluster does not answer.
    """
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise UsageFault(
            "The executor ray needs Ray, which is not installed.", "pip install 'swe-agent[ray]'"
        ) from error
    try:
        ray.init(
            address=cluster.address, log_to_driver=False, logging_level=logging.ERROR,
            ignore_reinit_error=True,
        )  # fmt: skip
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise EnvironmentFault(
            f"The Ray cluster {visible(str(cluster.address))} does not answer: "
            f"{visible(str(error))[:200]}",
            "Start it (`ray start --head`), or correct --ray-address.",
        ) from error
    connected: ModuleType = ray
    return connected


if TYPE_CHECKING:
    _: type[Executor] = RayCluster
