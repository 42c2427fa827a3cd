"""The event that a pipeline was started by, wherever its forge put it."""

import os
from pathlib import Path

from swe_agent.core.errors import UsageFault
from swe_agent.core.text import visible
from swe_agent.jobs.ci.github_event import guessed_name, read_github_event
from swe_agent.jobs.ci.gitlab_event import read_gitlab_event, typed_in
from swe_agent.jobs.ci.surroundings import Surroundings
from swe_agent.jobs.ci.trigger import Skip, Trigger

_LARGEST_EVENT_BYTES = 30_000_000


def read_event(
    around: Surroundings, given: Path | None, name: str
) -> tuple[str, tuple[Trigger | Skip, ...]]:
    """The event's repository, and what it may ask for.

    Args:
        given: the file that the user named, before that of the pipeline.
        name: the event's name where the user gave one (GitHub alone has names).

    Raises:
        UsageFault: there is no event, or it is none of this forge.
    """
    path = given or around.event_path
    if around.forge == "gitlab":
        if path is None:
            repository, trigger = typed_in(os.environ)
            return repository, (trigger,)
        if given is None and around.event_name not in ("", "trigger"):
            skip = Skip(f"a pipeline of {around.event_name} brings no payload that counts")
            return around.repository, (skip,)
        return read_gitlab_event(event_bytes(path))
    if path is None:
        raise UsageFault(
            "There is no event.",
            "Give one: --event FILE --event-name NAME, or set GITHUB_EVENT_PATH.",
        )
    raw = event_bytes(path)
    called = name or (guessed_name(raw) if given is not None else around.event_name)
    repository, trigger = read_github_event(called, raw, around.run)
    return repository, (trigger,)


def event_bytes(path: Path) -> bytes:
    """The bytes of a file of the forge's.

    Raises:
        UsageFault: it cannot be read, or is larger than any event.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(_LARGEST_EVENT_BYTES + 1)
    except OSError as fault:
        raise UsageFault(
            f"The file {visible(str(path))} cannot be read: {fault.strerror}.",
            "Check the path that was given.",
        ) from fault
    if len(raw) > _LARGEST_EVENT_BYTES:
        raise UsageFault(f"The file {visible(str(path))} is over 30 MB.", "Give a smaller one.")
    return raw
