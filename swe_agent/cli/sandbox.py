"""`swe-agent sandbox`: environments made ahead of a run, and our images and containers listed and
removed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swe_agent.cli.options import Assignments, Json, Presets

if TYPE_CHECKING:
    from swe_agent.runtime.housekeeping import Ours
    from swe_agent.runtime.kept import Kept

app = typer.Typer(
    help="Environments and left-over containers that are ours.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.command()
def build(
    repository: Annotated[
        Path, typer.Argument(metavar="REPO", help="Folder of the repository.")
    ] = Path(),
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="Profile to use.")
    ] = None,
    config: Presets = None,
    assignments: Assignments = None,
    as_json: Json = False,
) -> None:
    """Make the environment of a repository, so that the next run finds it.

    The same detection and set-up as in `run`; no model is asked.

    \b
    Examples:
      swe-agent sandbox build
      swe-agent sandbox build ~/project --profile python
    """
    from swe_agent.cli.building import built
    from swe_agent.cli.screen import print_json, say

    made = built(repository, profile, (config or (), assignments or ()))
    if as_json:
        print_json(
            {
                "image": made.prepared.image,
                "profile": made.profile,
                "test_commands": list(made.commands),
            }
        )
        return
    say(f"profile  {made.profile}")
    say(f"image    {made.prepared.image or 'none: this machine itself'}")
    say(f"tests    {' && '.join(made.commands)}")


@app.command("list")
def list_ours(as_json: Json = False) -> None:
    """List our images, containers, and environments kept for bubblewrap: what, size, age.

    \b
    Examples:
      swe-agent sandbox list
      swe-agent sandbox list --json
    """
    from swe_agent.cli.ours import as_json_of, kept_as_json, kept_rows, rows
    from swe_agent.cli.screen import print_json, print_table, say

    ours, kept, no_engine = _found()
    if as_json:
        print_json({**as_json_of(ours), "kept": kept_as_json(kept)})
        return
    if no_engine:
        say(f"no engine: {no_engine}")
    if not ours.images and not ours.containers and not kept:
        say("No image, container or kept environment of ours is on this machine.")
        return
    print_table(("kind", "name", "size", "age", "state"), [*rows(ours), *kept_rows(kept)])


@app.command()
def prune(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="Only these.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Base images and other Pythons too.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Remove environments that no container uses, and left-over containers; ours only, by label.

    What a run is at work in stays; so does what bubblewrap used within the hour, unless named.
    Environments are made again when a run needs them.

    \b
    Examples:
      swe-agent sandbox prune
      swe-agent sandbox prune --all --yes
    """
    from swe_agent.cli.ours import as_json_of, kept_as_json, kept_rows, rows
    from swe_agent.cli.screen import print_json, print_table, say
    from swe_agent.core.errors import EnvironmentFault
    from swe_agent.runtime.housekeeping import removable
    from swe_agent.runtime.kept import remove_kept

    ours, kept, no_engine = _found()
    if no_engine:
        say(f"no engine: {no_engine}")
    kept = tuple(one for one in kept if not one.in_use or one.name in (names or []))
    going, kept = _named(removable(ours, everything=everything), kept, names or [])
    count = len(going.images) + len(going.containers) + len(kept)
    if count and not as_json:
        print_table(("kind", "name", "size", "age", "state"), [*rows(going), *kept_rows(kept)])
    if count:
        _require_consent(yes)
    stayed = (*_removed(going), *remove_kept(kept))
    if as_json:
        removed = {**as_json_of(going), "kept": kept_as_json(kept)}
        print_json({"removed": removed, "stayed": list(stayed)})
    say(f"{count - len(stayed)} removed.")
    if stayed:
        raise EnvironmentFault(
            f"Some would not go: {'; '.join(stayed)}", "Look at `docker ps -a`, then try again."
        )


def _found() -> "tuple[Ours, tuple[Kept, ...], str]":
    """What is ours on the engine and beside it, and why there is no engine, if there is none.

    Raises:
        EnvironmentFault: there is no engine, and nothing beside it.
    """
    from swe_agent.core.errors import EnvironmentFault
    from swe_agent.runtime.engine import connect
    from swe_agent.runtime.housekeeping import Ours, find_ours
    from swe_agent.runtime.kept import find_kept

    kept = find_kept()
    try:
        client = connect()
    except EnvironmentFault as fault:
        if not kept:
            raise
        return Ours((), ()), kept, fault.message
    try:
        return find_ours(client), kept, ""
    finally:
        client.close()


def _removed(going: "Ours") -> tuple[str, ...]:
    """Remove what is on the engine; what would not go."""
    from swe_agent.runtime.engine import connect
    from swe_agent.runtime.housekeeping import remove

    if not going.images and not going.containers:
        return ()
    client = connect()
    try:
        return remove(client, going)
    finally:
        client.close()


def _require_consent(yes: bool) -> None:
    """
    Raises:
        UsageFault: the user says no, or nobody is there to ask.
    """
    from swe_agent.cli.asking import confirm
    from swe_agent.cli.screen import is_interactive
    from swe_agent.core.errors import UsageFault

    if yes:
        return
    if not is_interactive():
        raise UsageFault("Nothing is removed without consent.", "Say --yes.")
    if not confirm("Remove these?", default=False):
        raise typer.Exit


def _named(
    ours: "Ours", kept: "tuple[Kept, ...]", names: list[str]
) -> "tuple[Ours, tuple[Kept, ...]]":
    """Those of these names or ids; all where none is named.

    Raises:
        UsageFault: one is not among them.
    """
    from swe_agent.core.errors import UsageFault
    from swe_agent.runtime.housekeeping import Ours

    if not names:
        return ours, kept
    known = {one.name for one in ours.images} | {one.name for one in ours.containers}
    known |= {one.name for one in kept}
    for name in names:
        if name not in known:
            raise UsageFault(
                f"{name!r} is not an image or container of ours that can go, nor an environment.",
                "See `swe-agent sandbox list`.",
            )
    chosen = Ours(
        tuple(one for one in ours.images if one.name in names),
        tuple(one for one in ours.containers if one.name in names),
    )
    return chosen, tuple(one for one in kept if one.name in names)
