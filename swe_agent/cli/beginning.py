"""A run from its settings to the first event: which model, what is said of it, and off it goes."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from swe_agent import __version__
from swe_agent.cli.progress import Progress
from swe_agent.cli.solving import Delivery, finish, resumable
from swe_agent.cli.view import Shown, watching
from swe_agent.core.errors import UsageFault
from swe_agent.core.text import visible
from swe_agent.settings.load import Loaded


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a run starts from."""

    repository: Path
    issue: str
    """Empty: make the failing tests pass."""
    settings: Loaded
    run_folder: Path


def with_model(loaded: Loaded) -> tuple[Loaded, str]:
    """The settings with a model in any case, and why it is this one where the user named none.

    Raises:
        UsageFault: the mode asks for a person's approval, which nothing here can bring.
    """
    if loaded.settings.mode != "auto":
        raise UsageFault(
            f"The mode {loaded.settings.mode} is not built yet.", "Leave it at `mode: auto`."
        )
    if loaded.settings.model:
        return loaded, ""
    from swe_agent.models.registry import default_model
    from swe_agent.settings.keys import api_key

    model, why = default_model(loaded.settings, api_key)
    settings = loaded.settings.model_copy(update={"model": model})
    provenance = {**loaded.provenance, "model": why}
    return replace(loaded, settings=settings, provenance=provenance), f"{why}; -m names another"


def first_line(model: str, why: str) -> str:
    """What a run says first."""
    reason = f" ({why})" if why else ""
    return f"swe-agent {__version__} · model {visible(model)}{reason}"


def begin(beginning: Beginning, shown: Shown, delivery: Delivery) -> NoReturn:
    """Run, show, deliver, and leave with the run's exit code."""
    with (
        resumable(beginning.run_folder),
        watching(beginning.run_folder, Progress(), shown) as watch,
    ):
        from swe_agent.solve import RunRequest, solve

        request = RunRequest(
            repository=beginning.repository,
            issue=beginning.issue,
            settings=beginning.settings,
            run_folder=beginning.run_folder,
            say=shown.say,
        )
        result = solve(request, watch)
    finish(beginning.run_folder, result, delivery, shown.quiet)
