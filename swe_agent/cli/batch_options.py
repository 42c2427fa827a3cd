"""What `swe-agent batch` takes on the command line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from swe_agent.cli.options import Filter, Slice, Split, Tasks

NOT_OF_RUN = ("repository", "issue", "apply", "branch", "output", "as_json")
"""Options of `run` that mean something else here, or nothing."""


@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """What `batch` takes on the command line beside the options of `run`."""

    tasks: Tasks
    workers: Annotated[
        int, typer.Option("-w", "--workers", metavar="N", min=1, help="Attempts at the same time.")
    ] = 1
    part: Slice = ""
    matching: Filter = ""
    shuffle: Annotated[
        bool, typer.Option("--shuffle", help="Shuffle first (seed 42), then filter, then slice.")
    ] = False
    redo: Annotated[
        bool, typer.Option("--redo", help="Begin those that are done anew; old runs are kept.")
    ] = False
    split: Split = None
    mirror: Annotated[
        list[Path] | None,
        typer.Option(
            "--mirror", metavar="DIR",
            help="Folder with clones (owner/name, owner__name or name, .git or not); repeatable.",
        ),
    ] = None  # fmt: skip
    max_total_cost: Annotated[
        float | None,
        typer.Option("--max-total-cost", metavar="USD", min=0, help="Money for all tasks."),
    ] = None
    no_tests: Annotated[
        bool,
        typer.Option("--no-tests", help="Run no tests: every patch stays unverified."),
    ] = False
    allow_history: Annotated[
        bool,
        typer.Option("--allow-history", help="Do not probe images for history after the base."),
    ] = False
    executor: Annotated[
        Literal["local", "ray"], typer.Option("--executor", help="Where the work is done.")
    ] = "local"
    ray_address: Annotated[
        str | None,
        typer.Option("--ray-address", metavar="ADDRESS", help="ray://HOST:10001, or HOST:PORT."),
    ] = None
    evaluate: Annotated[
        bool,
        typer.Option(
            "--evaluate", help="Grade the patches afterwards; report in BATCH/evaluation."
        ),
    ] = False
    ray_cpus: Annotated[
        float, typer.Option("--ray-cpus", metavar="N", min=0, help="Processors a task asks for.")
    ] = 1.0
    ray_memory: Annotated[
        float,
        typer.Option("--ray-memory", metavar="MB", min=0, help="Memory a task asks for."),
    ] = 1024.0
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Batch folder; the same one resumes."),
    ] = None
    as_json: Annotated[
        bool, typer.Option("--json", help="Stream finished rows on stdout as JSON lines.")
    ] = False
