"""A new run from a checkpoint of another: begun, and gone on with."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from pydantic import JsonValue, ValidationError

from swe_agent.cli.home import find_run, new_run_folder
from swe_agent.cli.screen import say
from swe_agent.cli.solving import Delivery, finish, resumable
from swe_agent.cli.view import Shown, watching
from swe_agent.core.errors import UsageFault
from swe_agent.core.events import RunStarted
from swe_agent.settings.layers import layer_of_assignments
from swe_agent.settings.schema import Settings
from swe_agent.trajectory.checkpoints import begin_fork, checkpoint_named, saved_in
from swe_agent.trajectory.replayed import events_of


def begun(
    name: str, number: int, told: tuple[str | None, Sequence[str]], output: Path | None
) -> Path:
    """The new run's folder.

    Args:
        name: the recorded run.
        number: its checkpoint.
        told: another model, and assignments of settings.
        output: the folder to make; None: the usual place.

    Raises:
        UsageFault: there is no such run or checkpoint, or a setting is wrong.
        EnvironmentFault: the folder cannot be written.
    """
    recorded = find_run(name)
    events = events_of(recorded)
    checkpoint_named(saved_in(events), number)
    started = next(event for event in events if isinstance(event, RunStarted))
    model = told[0] or started.model
    settings = _changed(started.settings, told[1])
    settings = {**settings, "model": model}
    folder = new_run_folder(output)
    begin_fork(recorded, folder, number, {"model": model, "settings": settings})
    return folder


def gone_on(folder: Path, issue: str | None, shown: Shown) -> NoReturn:
    """Go on with a begun fork, show it, and leave with its exit code."""
    from swe_agent.cli.asking import issue_text
    from swe_agent.cli.record import progress_of

    more = issue_text(issue) if issue is not None else ""
    progress = progress_of(folder)
    if not shown.quiet:
        say(f"swe-agent · a new run, {folder.name}, from there on")
    with resumable(folder), watching(folder, progress, shown) as watch:
        from swe_agent.agent.opened import Company
        from swe_agent.solve import resume

        result = resume(folder, watch, more, Company(shown.say, listen=progress.hear))
    finish(folder, result, Delivery(apply=False), shown.quiet)


def _changed(settings: Mapping[str, JsonValue], assignments: Sequence[str]) -> dict[str, JsonValue]:
    """Recorded settings with some of them changed."""
    pairs = []
    for text in assignments:
        key, sign, value = text.partition("=")
        if not sign:
            raise UsageFault(f"-s takes KEY=VALUE, not {text!r}.", "See `swe-agent config show`.")
        pairs.append((key, value))
    found: dict[str, Any] = Settings.model_validate(settings).model_dump(mode="json")
    for key, told in layer_of_assignments(pairs, "-s").values.items():
        *sections, field = key.split(".")
        here = found
        for section in sections:
            here = here[section]
        here[field] = told
    try:
        return Settings.model_validate(found).model_dump(mode="json")
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageFault(f"The setting {place} cannot be that: {first['msg']}.") from fault
