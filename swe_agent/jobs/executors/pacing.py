"""One pace a key for all nodes of a cluster: kept in one place beside the batch, asked before each
request. A provider that tells one worker to wait is heard by all."""

from types import ModuleType
from typing import TYPE_CHECKING

from swe_agent.models.limiter import Limiter, Limiters, Pace

if TYPE_CHECKING:
    from ray.actor import ActorHandle

ANSWER_S = 10.0
"""A place that does not answer for so long holds nobody up: the worker keeps its own pace."""


class Paces:
    """The paces of all keys, in a Ray actor."""

    def __init__(self) -> None:
        self._limiters = Limiters()

    def pause(self, key: str, seconds: float) -> float:
        """Let nobody send for so long."""
        self._limiters.of(key).pause(seconds)
        return 0.0

    def wait_s(self, key: str) -> float:
        """Seconds until a request may go out."""
        return self._limiters.of(key).wait_s()

    def turn_s(self, key: str) -> float:
        """Take the next turn."""
        return self._limiters.of(key).turn_s()


class PaceElsewhere:
    """A key's pace as the actor has it; never faster than what this worker was told itself."""

    def __init__(self, paces: "ActorHandle[Paces]", key: str) -> None:
        """
        Args:
            paces: handle of a `Paces` actor.
            key: a name that stands for the key.
        """
        self._paces, self._key, self._own = paces, key, Limiter()

    def pause(self, seconds: float) -> None:
        self._own.pause(seconds)
        self._asked("pause", seconds)

    def wait_s(self) -> float:
        return max(self._own.wait_s(), self._asked("wait_s"))

    def turn_s(self) -> float:
        return max(self._own.turn_s(), self._asked("turn_s"))

    def _asked(self, what: str, *words: float) -> float:
        import ray
        from ray.exceptions import RayError

        try:
            answer = getattr(self._paces, what).remote(self._key, *words)
            return float(ray.get(answer, timeout=ANSWER_S))
        except RayError:
            return 0.0


def paces_beside_the_batch(ray: ModuleType) -> "ActorHandle[Paces]":
    """A `Paces` actor on the machine that the batch runs on, where that is a node; it is begun anew
    should it be lost."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
    actor = ray.remote(num_cpus=0, max_restarts=-1, scheduling_strategy=here)(Paces)
    made: ActorHandle[Paces] = actor.remote()
    return made


if TYPE_CHECKING:
    _proof: type[Pace] = PaceElsewhere
