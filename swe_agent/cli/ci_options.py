"""What `swe-agent ci` takes on the command line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from swe_agent.cli.options import (
    Assignments,
    MaxCost,
    MaxSteps,
    MaxTime,
    Presets,
    Sandbox,
    Setup,
    Test,
)

Step = Literal["gate", "run", "publish"]


@dataclass(frozen=True, kw_only=True)
class CiOptions:
    """What `ci github` and `ci gitlab` take on the command line; None: not given."""

    repository: Annotated[
        Path, typer.Argument(metavar="[REPO]", help="A checkout; used where it is at the commit.")
    ] = Path()
    event: Annotated[
        Path | None,
        typer.Option("--event", metavar="FILE", help="The event; default: what the pipeline says."),
    ] = None
    event_name: Annotated[
        str | None,
        typer.Option("--event-name", metavar="NAME", help="issues, issue_comment, …"),
    ] = None
    step: Annotated[
        Step | None,
        typer.Option("--step", help="One step alone; default: all, the run in a process apart."),
    ] = None
    work: Annotated[
        Path | None,
        typer.Option("--work", metavar="DIR", help="Where the steps leave their files."),
    ] = None
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Write nothing to the forge; show every API call instead."),
    ] = False
    job_log: Annotated[
        Path | None,
        typer.Option("--job-log", metavar="FILE", help="With --dry-run: what the failed job said."),
    ] = None
    model: Annotated[
        list[str] | None,
        typer.Option("-m", "--model", metavar="PROVIDER/NAME", help="As for `run`; repeatable."),
    ] = None
    config: Presets = None
    assignments: Assignments = None
    sandbox: Sandbox = None
    image: Annotated[
        str | None, typer.Option("--image", metavar="IMAGE", help="Image of the container.")
    ] = None
    setup: Setup = None
    test: Test = None
    max_cost: MaxCost = None
    max_steps: MaxSteps = None
    max_time: MaxTime = None
    as_json: Annotated[
        bool, typer.Option("--json", help="With --dry-run: the API calls on stdout, one a line.")
    ] = False
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say only how it ended.")] = False

    def overrides(self) -> dict[str, object]:
        """The settings that options stand for, by dotted key."""
        return {
            "model": self.model[0] if self.model else None,
            "models.fallbacks": tuple(self.model[1:]) if self.model and self.model[1:] else None,
            "sandbox.kind": self.sandbox,
            "sandbox.image": self.image,
            "sandbox.setup": self.setup or None,
            "tests.commands": self.test or None,
            "limits.max_cost_usd": self.max_cost,
            "limits.max_steps": self.max_steps,
            "limits.max_time_s": self.max_time,
        }
