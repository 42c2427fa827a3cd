"""Options that several commands share, and a command whose options are a record's fields."""

import inspect
from collections.abc import Callable, Collection
from typing import Annotated, Literal, TypeVar, get_type_hints

import typer

Record = TypeVar("Record")
Shared = TypeVar("Shared")

Issue = Annotated[
    str | None,
    typer.Option(
        "-i",
        "--issue",
        metavar="TEXT",
        help="The issue; @FILE reads a file, - stdin, an issue's address is fetched.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output on stdout.")]
EventsJson = Annotated[
    bool, typer.Option("--json", help="Stream the event log on stdout as JSON lines.")
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say only how it ended.")]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help="Show the model's words and what tools returned.")
]
Apply = Annotated[
    bool | None,
    typer.Option("--apply/--no-apply", help="Write the patch into the work tree, or do not ask."),
]
Branch = Annotated[
    str | None,
    typer.Option("--branch", metavar="NAME", help="Commit the patch alone on HEAD as this branch."),
]
Presets = Annotated[
    list[str] | None,
    typer.Option(
        "-c", "--config", metavar="NAME_OR_FILE", help="A preset or YAML file; repeatable."
    ),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option("-s", "--set", metavar="KEY=VALUE", help="One setting, dotted; repeatable."),
]
RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's id, the beginning of one, or its folder.")
]
SandboxKind = Literal["docker", "bubblewrap", "none"]
Mode = Literal["auto", "confirm", "human"]
Sandbox = Annotated[
    SandboxKind | None, typer.Option("--sandbox", help="Default: docker, else bubblewrap.")
]
Setup = Annotated[
    list[str] | None, typer.Option("--setup", metavar="CMD", help="How to install; repeatable.")
]
Test = Annotated[
    list[str] | None, typer.Option("--test", metavar="CMD", help="How to test; repeatable.")
]
MaxCost = Annotated[
    float | None, typer.Option("--max-cost", metavar="USD", help="Money for model calls.")
]
MaxSteps = Annotated[int | None, typer.Option("--max-steps", metavar="N", help="Model calls.")]
MaxTime = Annotated[float | None, typer.Option("--max-time", metavar="SECONDS", help="Wall time.")]
Tasks = Annotated[
    str,
    typer.Argument(
        metavar="TASKS",
        help="A file (.jsonl, .json, .yaml, .parquet), a task repository's folder, or a "
        "Hugging Face dataset (verified, lite, OWNER/NAME).",
    ),
]
Slice = Annotated[
    str, typer.Option("--slice", metavar="A:B", help="A part of them, as Python slices.")
]
Filter = Annotated[
    str, typer.Option("--filter", metavar="REGEX", help="Only ids that match from their start.")
]
Split = Annotated[str | None, typer.Option("--split", metavar="NAME", help="Split of a dataset.")]


def taking(record: type[Record]) -> Callable[[Callable[[Record], None]], Callable[..., None]]:
    """Make a command of a function of one record: each field is an option.

    The record is a dataclass whose fields are annotated for typer; a default is a plain value.
    """

    def decorate(command: Callable[[Record], None]) -> Callable[..., None]:
        def filled(**given: object) -> None:
            command(record(**given))

        return _with_options(filled, command, _parameters(record))

    return decorate


def taking_both(
    own: type[Record], shared: type[Shared], without: Collection[str]
) -> Callable[[Callable[[Record, Shared], None]], Callable[..., None]]:
    """Make a command of a function of two records: its own options, and those of another command
    but `without` some."""

    def decorate(command: Callable[[Record, Shared], None]) -> Callable[..., None]:
        first = _parameters(own)
        second = [one for one in _parameters(shared) if one.name not in without]

        def filled(**given: object) -> None:
            mine = {one.name: given.pop(one.name) for one in first if one.name in given}
            command(own(**mine), shared(**given))

        return _with_options(filled, command, [*first, *second])

    return decorate


def _parameters(record: type) -> list[inspect.Parameter]:
    hints = get_type_hints(record, include_extras=True)
    return [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name])
        for name, parameter in inspect.signature(record).parameters.items()
    ]


def _with_options(
    filled: Callable[..., None], command: Callable[..., None], parameters: list[inspect.Parameter]
) -> Callable[..., None]:
    filled.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    filled.__annotations__ = {one.name: one.annotation for one in parameters}
    filled.__doc__ = command.__doc__
    filled.__name__ = command.__name__
    return filled
