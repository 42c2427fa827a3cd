"""What `swe-agent eval` takes on the command line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from swe_agent.cli.options import Assignments, Filter, Presets, Sandbox, Slice, Split, Tasks


@dataclass(frozen=True, kw_only=True)
class EvalOptions:
    """What `eval` takes on the command line."""

    tasks: Tasks
    predictions: Annotated[
        str,
        typer.Argument(
            metavar="PREDS", help="A .json or .jsonl file, a batch folder, or gold: the references."
        ),
    ]
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Where logs and report go; the same one resumes."
        ),
    ] = None
    run_id: Annotated[
        str, typer.Option("--run-id", metavar="NAME", help="Part of the report's name.")
    ] = "eval"
    workers: Annotated[
        int, typer.Option("-w", "--workers", metavar="N", min=1, help="Instances at the same time.")
    ] = 1
    timeout_s: Annotated[
        float, typer.Option("--timeout", metavar="S", min=1, help="Of one instance's tests.")
    ] = 1800.0
    matching: Filter = ""
    part: Slice = ""
    split: Split = None
    mirror: Annotated[
        list[Path] | None,
        typer.Option("--mirror", metavar="DIR", help="Folder with clones; repeatable."),
    ] = None
    harness: Annotated[
        Literal["own", "swebench"],
        typer.Option("--harness", help="swebench runs the official harness instead."),
    ] = "own"
    network: Annotated[
        str | None,
        typer.Option("--network", metavar="POLICY", help="off, setup (the default), on, allow:..."),
    ] = None
    sandbox: Sandbox = None
    redo: Annotated[bool, typer.Option("--redo", help="Grade again what is graded already.")] = (
        False
    )
    config: Presets = None
    assignments: Assignments = None
    as_json: Annotated[bool, typer.Option("--json", help="The report on stdout, for programs.")] = (
        False
    )
