"""An instance as a run wants it: where its repository comes from, and the settings that are its
own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from pydantic import ValidationError

from swe_agent.core.errors import UsageFault
from swe_agent.core.text import visible
from swe_agent.jobs.tasks_instance import Instance
from swe_agent.runtime.image_tree import ImageTree
from swe_agent.runtime.images import python_images
from swe_agent.runtime.origins import CommitOf, Files, Origin, git_dir_of
from swe_agent.runtime.setup import exporting
from swe_agent.runtime.versions import version_of
from swe_agent.settings.load import Loaded

if TYPE_CHECKING:
    from swe_agent.runtime.engine import Engine

_HOSTS = ("https://", "http://", "git://", "ssh://", "git@")


@dataclass(frozen=True, slots=True)
class Places:
    """Where repositories are looked for."""

    mirrors: tuple[Path, ...] = ()
    """Folders with clones, bare or not: `owner/name`, `owner__name` or `name`, `.git` added or
    not."""
    engine: "Engine | None" = None
    """Has the images; None: there are none here."""
    say: Callable[[str], None] = lambda _: None


def origin_of(instance: Instance, settings: Loaded, places: Places) -> Origin:
    """Where the instance's repository comes from: its files, a local repository, a mirror, else
    its image.

    Raises:
        UsageFault: it cannot be had; the message says what was looked for.
    """
    if instance.files:
        return Files(instance.files, instance.id)
    if instance.repo.startswith("/"):
        return CommitOf(Path(instance.repo), instance.base)
    found = mirror_of(instance.repo, places)
    if found is not None:
        return CommitOf(found, instance.base)
    image = settings.settings.sandbox.image
    if image and places.engine:
        pull_s = settings.settings.engine.pull_timeout_s
        return ImageTree(places.engine, image, instance.image_revision, pull_s, places.say)
    looked = ", ".join(visible(str(place)) for place in places.mirrors) or "no --mirror is given"
    raise UsageFault(
        f"The repository {visible(instance.repo) or '(none named)'} of {instance.id} is not here "
        f"({looked}).",
        "Clone it (`git clone --mirror URL DIR/owner__name.git`) and give --mirror DIR.",
    )


def mirror_of(repo: str, places: Places) -> Path | None:
    """The clone of a repository in one of the mirror folders."""
    if not repo or repo.startswith("/"):
        return None
    name = _name_of(repo)
    if ".." in name.split("/"):
        return None
    folded = name.replace("/", "__")
    last = name.rpartition("/")[2]
    for folder in places.mirrors:
        for one in (name, folded, name.replace("/", "+"), last):
            for place in (folder / f"{one}.git", folder / one):
                if one and git_dir_of(place):
                    return place
    return None


def settings_of(instance: Instance, settings: Loaded, places: Places) -> Loaded:
    """The batch's settings with what the instance says of itself; what the user gave wins.

    Raises:
        UsageFault: the instance asks for what cannot be.
    """
    sandbox, tests = settings.settings.sandbox, settings.settings.tests
    image = sandbox.image or instance.image or _usual_image(instance, places)
    if not image and instance.python and places.engine:
        image = python_images(places.engine).get(version_of(instance.python) or (0, 0))
    setup = sandbox.setup or tuple(exporting(instance.env, one) for one in instance.setup)
    commands = tests.commands or tuple(_with_env(instance.env, one) for one in instance.test)
    model = settings.settings.model
    try:
        changed = settings.settings.model_copy(
            update={
                "model": model.replace("{id}", instance.id) if model else None,
                "sandbox": sandbox.model_copy(update={"image": image, "setup": setup}),
                "tests": tests.model_copy(update={"commands": commands}),
            }
        )
    except ValidationError as fault:
        raise UsageFault(f"{instance.id}: {fault}") from fault
    return replace(settings, settings=changed)


def _usual_image(instance: Instance, places: Places) -> str | None:
    """The image that its data set publishes, where nothing else brings the repository."""
    is_here = instance.repo.startswith("/") or instance.files or mirror_of(instance.repo, places)
    return None if is_here or instance.setup else instance.usual_image


def _with_env(env: Mapping[str, str], command: str) -> str:
    """A command with variables set, as one simple command.

    >>> _with_env({"A": "b c"}, "pytest -q")
    "env A='b c' pytest -q"
    """
    if not env:
        return command
    return (
        "env " + " ".join(f"{name}={quote(value)}" for name, value in env.items()) + f" {command}"
    )


def _name_of(repo: str) -> str:
    """`owner/name` of an address or name."""
    name = repo
    if repo.startswith(_HOSTS):
        name = "/".join(repo.replace(":", "/").rstrip("/").split("/")[-2:])
    return name.removesuffix(".git").strip("/")
