"""An engine's images: what is there, and what goes with an image that is taken away."""

import secrets
from collections.abc import Iterator

import pytest

from swe_agent.runtime.engine import connect
from swe_agent.runtime.image_store import EngineImages
from swe_agent.runtime.images import IMAGE_LABEL, SETUP_IMAGES
from swe_agent.runtime.recipe import RUN_LABEL
from tests.conftest import BUSYBOX_IMAGE

pytestmark = pytest.mark.docker


class Engine:
    """Images that one test makes; what is left of them goes in the end."""

    def __init__(self) -> None:
        self.client = connect()
        self.images = EngineImages(self.client, 10)
        self.made: list[str] = []

    def image(self, below: str, *, is_ours: bool) -> str:
        """An image made of another one, as set-up makes them or as anybody does."""
        tag = secrets.token_hex(8)
        repository = SETUP_IMAGES if is_ours else "somebodys-image"
        labels = {RUN_LABEL: "test", IMAGE_LABEL: "env"} if is_ours else {"of": tag}
        container = self.client.api.create_container(below, ["true"])["Id"]
        self.client.api.commit(container, repository, tag, conf={"Labels": labels, "Cmd": [tag]})
        self.client.api.remove_container(container)
        self.made.append(f"{repository}:{tag}")
        return self.made[-1]

    def close(self) -> None:
        for image in reversed(self.made):
            if self.images.has(image):
                self.client.api.remove_image(image, force=True)
        self.client.close()


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


def test_an_image_goes_with_all_that_set_ups_made_of_it(engine: Engine) -> None:
    pulled, other = (engine.image(BUSYBOX_IMAGE, is_ours=False) for _ in range(2))
    first = engine.image(pulled, is_ours=True)
    second, theirs = engine.image(first, is_ours=True), engine.image(other, is_ours=True)
    engine.images.remove(pulled)
    assert [engine.images.has(one) for one in (pulled, first, second)] == [False] * 3
    assert engine.images.has(other)
    assert engine.images.has(theirs)
    assert engine.images.has(BUSYBOX_IMAGE)


def test_an_image_in_use_stays_and_one_that_is_gone_is_no_fault(engine: Engine) -> None:
    used = engine.image(BUSYBOX_IMAGE, is_ours=False)
    container = engine.client.api.create_container(used, ["true"])["Id"]
    try:
        engine.images.remove(used)
        assert engine.images.has(used)
    finally:
        engine.client.api.remove_container(container)
    engine.images.remove("no-such-image:1")


def test_room_is_that_of_the_engines_own_disk(engine: Engine) -> None:
    assert (engine.images.free_mb() or 0) > 0
