"""Memory, images and disk: who is let in, what is pulled ahead, what goes."""

import threading

import pytest

from swe_agent.core.errors import EnvironmentFault
from swe_agent.jobs.batch_room import Images, ImageShelf, MachineGate
from swe_agent.jobs.tasks_instance import Instance


class Engine:
    """Images of a made-up engine; each takes 100 MB."""

    def __init__(self, *here: str, room_mb: float = 10_000) -> None:
        self.here, self.room_mb = list(here), room_mb
        self.pulled: list[str] = []
        self.removed: list[str] = []
        self.moved = threading.Condition()

    def has(self, image: str) -> bool:
        return image in self.here

    def pull(self, image: str) -> None:
        if image == "missing":
            raise EnvironmentFault("no such image")
        with self.moved:
            self.here.append(image)
            self.pulled.append(image)
            self.moved.notify_all()

    def remove(self, image: str) -> None:
        with self.moved:
            self.here.remove(image)
            self.removed.append(image)
            self.moved.notify_all()

    def free_mb(self) -> float | None:
        return self.room_mb - 100 * len(self.here)

    def wait_for(self, *pulled: str) -> None:
        with self.moved:
            assert self.moved.wait_for(lambda: self.pulled == list(pulled), timeout=250), (
                self.pulled
            )


_proof: type[Images] = Engine


def test_images_are_pulled_ahead_in_order_and_each_once() -> None:
    engine = Engine("there")
    shelf = ImageShelf(engine, ["a", "there", "a", "b", "missing", "c"], ahead=2, least_mb=0)
    engine.wait_for("a")
    shelf.began("there")
    engine.wait_for("a", "b")
    shelf.began("a")
    shelf.began("b")
    engine.wait_for("a", "b", "c")
    shelf.close()


def test_an_image_goes_when_its_last_task_is_over_and_the_disk_is_low() -> None:
    engine = Engine("users-own", room_mb=400)
    shelf = ImageShelf(engine, ["a", "a", "b", "users-own"], ahead=4, least_mb=250)
    engine.wait_for("a", "b")
    shelf.released("users-own")
    shelf.released("a")
    assert engine.removed == []
    shelf.released("a")
    assert engine.removed == ["a"]
    shelf.close()


def test_with_room_on_the_disk_images_stay() -> None:
    engine = Engine()
    shelf = ImageShelf(engine, ["a"], ahead=1, least_mb=1)
    engine.wait_for("a")
    shelf.released("a")
    assert engine.here == ["a"]
    shelf.close()


@pytest.mark.parametrize(
    ("free_mb", "under_way", "waits"),
    [(100.0, 1, True), (100.0, 0, False), (5000.0, 7, False), (None, 7, False)],
)
def test_an_instance_waits_while_memory_is_low_and_others_are_under_way(
    free_mb: float | None, under_way: int, waits: bool
) -> None:
    gate = MachineGate(free_mb=lambda: free_mb)
    assert bool(gate.why_not(Instance(id="a"), under_way)) is waits
