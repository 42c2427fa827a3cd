"""Room for one more instance: memory that is free, images pulled ahead of their tasks, and those
that no task needs any more taken away when the disk runs low."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from swe_agent.core.errors import SweAgentError
from swe_agent.jobs.batch import Gate
from swe_agent.jobs.tasks_instance import Instance

LEAST_MEMORY_MB = 700.0
"""Free memory that one more instance needs; the first may always begin."""
LEAST_DISK_MB = 10_000.0
"""Below it, images that were pulled for tasks that are over go."""
ImageOf = Callable[[Instance], str | None]


class Images(Protocol):
    """An engine's images."""

    def has(self, image: str) -> bool: ...

    def pull(self, image: str) -> None: ...

    def remove(self, image: str) -> None: ...

    def free_mb(self) -> float | None: ...


class ImageShelf:
    """Pulls the images of the next tasks while earlier ones work, each once; takes away only what
    it pulled itself."""

    def __init__(
        self, images: Images, wanted: Iterable[str], ahead: int, least_mb: float = LEAST_DISK_MB
    ) -> None:
        """
        Args:
            images: the engine's.
            wanted: the image of every task that needs one, in their order.
            ahead: how many different ones may be here before their tasks begin.
            least_mb: free disk to keep.
        """
        self._images, self._ahead, self._least_mb = images, max(1, ahead), least_mb
        wanted = tuple(wanted)
        self._needed = Counter(wanted)
        self._next = deque(dict.fromkeys(wanted))
        self._waiting: set[str] = set()
        """On the shelf, and no task of theirs has begun."""
        self._mine: dict[str, None] = {}
        self._changed = threading.Condition()
        self._over = False
        threading.Thread(target=self._pull, name="images", daemon=True).start()

    def began(self, image: str) -> None:
        """A task with this image begins: the next one may be pulled."""
        with self._changed:
            self._waiting.discard(image)
            if image in self._next:
                self._next.remove(image)
            self._changed.notify_all()

    def released(self, image: str) -> None:
        """A task with this image is over."""
        with self._changed:
            self._needed[image] -= 1
        self._make_room()

    def close(self) -> None:
        """Pull no more."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _pull(self) -> None:
        while True:
            with self._changed:
                while not self._over and (not self._next or len(self._waiting) >= self._ahead):
                    if not self._next:
                        return
                    self._changed.wait()
                if self._over:
                    return
                image = self._next.popleft()
                self._waiting.add(image)
            try:
                if not self._images.has(image):
                    self._make_room()
                    self._images.pull(image)
                    with self._changed:
                        self._mine[image] = None
            except SweAgentError:
                continue  # the task itself asks again, and says why it cannot be had

    def _make_room(self) -> None:
        """Take away images of tasks that are over, those pulled first before others, while the
        disk is low."""
        while (free := self._images.free_mb()) is not None and free < self._least_mb:
            with self._changed:
                idle = next((one for one in self._mine if self._needed[one] <= 0), None)
                if idle is None:
                    return
                del self._mine[idle]
            self._images.remove(idle)


class MachineGate:
    """Lets an instance in when this machine has room for it."""

    def __init__(
        self,
        image_of: ImageOf = lambda _: None,
        shelf: ImageShelf | None = None,
        free_mb: Callable[[], float | None] | None = None,
    ) -> None:
        self._image_of, self._shelf = image_of, shelf
        self._free_mb = free_mb or free_memory_mb

    def why_not(self, instance: Instance, under_way: int) -> str:
        """Why it has to wait; empty: it may begin."""
        free = self._free_mb()
        if under_way and free is not None and free < LEAST_MEMORY_MB:
            return f"memory is low ({under_way} are under way)"
        image = self._image_of(instance)
        if self._shelf and image:
            self._shelf.began(image)
        return ""

    def released(self, instance: Instance) -> None:
        """It came back for good."""
        image = self._image_of(instance)
        if self._shelf and image:
            self._shelf.released(image)


def free_memory_mb() -> float | None:
    """What programs can still be given without swapping; None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return None
    row = next((line for line in lines if line.startswith("MemAvailable:")), "")
    return int(row.split()[1]) / 1024 if row else None


if TYPE_CHECKING:
    _: type[Gate] = MachineGate
