"""`swe-agent export`: runs in the formats of other agents and of fine-tuning."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from swe_agent.core.errors import UsageFault

if TYPE_CHECKING:
    from swe_agent.jobs.recordings import Kept

RunOrBatch = Annotated[
    str, typer.Argument(metavar="RUN_OR_BATCH", help="A run's id or folder, or a batch folder.")
]


def export(
    name: RunOrBatch,
    form: Annotated[
        Literal["swe-agent", "swe-agent-replay", "mini", "sft"],
        typer.Option(
            "--format",
            help="SWE-agent's .traj (in bash for its replay), mini's .traj.json, chat JSONL.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="PATH", help="File or folder; default: stdout."),
    ] = None,
    verified: Annotated[
        bool, typer.Option("--verified", help="Only runs whose patch was verified.")
    ] = False,
) -> None:
    """Write runs as other tools read them.

    A single run goes to stdout or to a file. The runs of a batch go into a folder, laid out as the
    other agent does it, with preds.json; chat JSONL has a line for each.

    \b
    Examples:
      swe-agent export 2611 --format mini -o fix.traj.json
      swe-agent export BATCH --format swe-agent -o trajectories/
      swe-agent export 2611 --format swe-agent-replay -o fix.traj
      swe-agent export BATCH --format sft --verified > train.jsonl
    """
    from swe_agent.cli.screen import say
    from swe_agent.jobs.export.formats import FORMATS, text_of, write_many, write_one

    kept, batch = _chosen(name, verified)
    written = FORMATS[form]
    if output is None:
        if batch and not written.by_line:
            raise UsageFault("The runs of a batch need a folder.", "Name one with -o.")
        for one in kept:
            print(text_of(written, one).removesuffix("\n"), flush=True)
    elif batch:
        output = output if written.by_line else _folder(output)
        write_many(written, kept, output)
    elif kept:
        output = write_one(written, kept[0], output)
    count = f"{len(kept)} run{'' if len(kept) == 1 else 's'}"
    say(f"{count} written" + (f" to {output}" if output and kept else ""))


def _chosen(name: str, verified: bool) -> "tuple[list[Kept], bool]":
    """The runs to export, and whether they are a batch."""
    from swe_agent.cli.found import runs_named
    from swe_agent.cli.screen import say

    kept, unread, batch = runs_named(name)
    for run, why in unread.items():
        say(f"left out {run}: {why}")
    if not verified:
        return kept, batch
    good = [one for one in kept if _is_verified(one)]
    if len(good) < len(kept):
        say(f"left out {len(kept) - len(good)} that are not verified")
    return good, batch


def _is_verified(kept: "Kept") -> bool:
    finished = kept.recording.finished
    return finished is not None and finished.verdict.word == "verified"


def _folder(path: Path) -> Path:
    if path.exists() and not path.is_dir():
        raise UsageFault(f"{path} is not a folder.", "The runs of a batch need one.")
    return path
