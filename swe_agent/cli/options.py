"""Options that several commands share, and a command whose options are a record's fields."""

import inspect
from collections.abc import Callable
from typing import Annotated, Literal, TypeVar, get_type_hints

import typer

Record = TypeVar("Record")

Issue = Annotated[
    str | None,
    typer.Option("-i", "--issue", metavar="TEXT", help="The issue; @FILE reads a file, - stdin."),
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


def taking(record: type[Record]) -> Callable[[Callable[[Record], None]], Callable[..., None]]:
    """Make a command of a function of one record: each field is an option.

    The record is a dataclass whose fields are annotated for typer; a default is a plain value.
    """

    def decorate(command: Callable[[Record], None]) -> Callable[..., None]:
        def filled(**given: object) -> None:
            command(record(**given))

        hints = get_type_hints(record, include_extras=True)
        parameters = [
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for parameter in inspect.signature(record).parameters.values()
        ]
        filled.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        filled.__annotations__ = hints
        filled.__doc__ = command.__doc__
        filled.__name__ = command.__name__
        return filled

    return decorate
