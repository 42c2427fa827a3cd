"""Where predictions are tried: a task's own image as it stands, else its repository in an
environment made from its set-up."""

import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from swe_agent.assemble import image_box_of, sandboxes_of
from swe_agent.jobs.batch_origin import Places, origin_of, settings_of
from swe_agent.jobs.evaluation.trial import Ground
from swe_agent.jobs.tasks_instance import AnswerKey, Instance
from swe_agent.provision import Wanted, provision
from swe_agent.runtime.store import TreeStore
from swe_agent.settings.load import Loaded
from swe_agent.settings.schema import Settings

USUAL_TESTS = ("pytest",)
"""In an image whose task does not say how it is tested."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """Makes the ground of each task; safe to use from several threads."""

    settings: Loaded
    """Of the evaluation; a task's own come on top."""
    places: Places
    passed_on: dict[str, str]
    """Variables of the host for set-up alone."""

    @contextmanager
    def open(self, instance: Instance, key: AnswerKey) -> Iterator[Ground]:
        """A fresh sandbox at the task's base.

        Raises:
            SweAgentError: repository, image or environment cannot be had.
        """
        settings = _told(settings_of(instance, self.settings, self.places), key)
        with tempfile.TemporaryDirectory(prefix="swe-agent-eval-") as name:
            folder = Path(name)
            store = TreeStore(folder / "store")
            try:
                with self._opened(instance, key, settings, (store, folder)) as ground:
                    yield ground
            finally:
                store.close()

    @contextmanager
    def _opened(
        self,
        instance: Instance,
        key: AnswerKey,
        settings: Loaded,
        made_in: tuple[TreeStore, Path],
    ) -> Iterator[Ground]:
        asked = settings.settings
        store, folder = made_in
        engine = self.places.engine
        if engine is not None and _stands_in_its_image(instance, key, asked):
            with closing(image_box_of(asked, store, folder, engine)) as box:
                commands = instance.test or USUAL_TESTS
                yield Ground(box, commands, instance.env, is_own_image=True)
            return
        taken = origin_of(instance, settings, self.places).taken(store)
        sandboxes = sandboxes_of(asked, store, f"eval-{secrets.token_hex(4)}", folder, engine)
        sandboxes.version_tag = taken.version_tag
        reader = store.reader(taken.tree)
        wanted = Wanted(asked, taken.tree, reader, _say_for(instance, self.places), self.passed_on)
        made = provision(wanted, sandboxes)
        with sandboxes.fresh(made.prepared, made.prepared.tree) as sandbox:
            yield Ground(sandbox, made.commands, instance.env, made.prepared.ignored)


def _say_for(instance: Instance, places: Places) -> Callable[[str], None]:
    """What is said of an environment, with the task that it is for."""
    return lambda text: places.say(f"{instance.id}: {text}")


def _stands_in_its_image(instance: Instance, key: AnswerKey, asked: Settings) -> bool:
    """Whether the task is graded in its own image with the repository that this brings: it names
    one, and says nothing else of where its files come from."""
    image = asked.sandbox.image
    named = bool(image) and image in (instance.image, instance.usual_image)
    return named and (bool(key.eval_script) or not (instance.setup or instance.files))


def _told(settings: Loaded, key: AnswerKey) -> Loaded:
    """The settings with the grading commands: where these are known, none have to be found."""
    tests = settings.settings.tests
    commands = tests.commands or key.test
    told = tests.model_copy(update={"commands": commands, "skip": False})
    return replace(settings, settings=settings.settings.model_copy(update={"tests": told}))
