"""`swe-agent sandbox`: environments made ahead of a run, and our images and containers listed and
removed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swe_agent.cli.options import Assignments, Json, Presets

if TYPE_CHECKING:
    from pydantic import JsonValue

    from swe_agent.runtime.housekeeping import Ours

app = typer.Typer(
    help="Images and left-over containers that are ours.",
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
    """List our images and containers, newest first: what, size, age.

    \b
    Examples:
      swe-agent sandbox list
      swe-agent sandbox list --json
    """
    from swe_agent.cli.screen import print_json, print_table, say
    from swe_agent.runtime.engine import connect
    from swe_agent.runtime.housekeeping import find_ours

    client = connect()
    try:
        ours = find_ours(client)
    finally:
        client.close()
    if as_json:
        print_json(_as_json(ours))
        return
    if not ours.images and not ours.containers:
        say("No image or container of ours is on this engine.")
        return
    print_table(("kind", "name", "size", "age", "state"), _rows(ours))


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

    What a run is at work in stays. Environments are made again when a run needs them.

    \b
    Examples:
      swe-agent sandbox prune
      swe-agent sandbox prune --all --yes
    """
    from swe_agent.cli.screen import print_json, print_table, say
    from swe_agent.core.errors import EnvironmentFault
    from swe_agent.runtime.engine import connect
    from swe_agent.runtime.housekeeping import find_ours, removable, remove

    client = connect()
    try:
        going = _named(removable(find_ours(client), everything=everything), names or [])
        count = len(going.images) + len(going.containers)
        if count and not as_json:
            print_table(("kind", "name", "size", "age", "state"), _rows(going))
        if count:
            _require_consent(yes)
        stayed = remove(client, going) if count else ()
    finally:
        client.close()
    if as_json:
        print_json({"removed": _as_json(going), "stayed": list(stayed)})
    say(f"{count - len(stayed)} removed.")
    if stayed:
        raise EnvironmentFault(
            f"Some would not go: {'; '.join(stayed)}", "Look at `docker ps -a`, then try again."
        )


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


def _named(ours: "Ours", names: list[str]) -> "Ours":
    """Those of these names or ids.

    Raises:
        UsageFault: one is not among them.
    """
    from swe_agent.core.errors import UsageFault
    from swe_agent.runtime.housekeeping import Ours

    if not names:
        return ours
    known = {one.name for one in ours.images} | {one.name for one in ours.containers}
    for name in names:
        if name not in known:
            raise UsageFault(
                f"{name!r} is not an image or container of ours that can go.",
                "See `swe-agent sandbox list`.",
            )
    return Ours(
        tuple(one for one in ours.images if one.name in names),
        tuple(one for one in ours.containers if one.name in names),
    )


def _rows(ours: "Ours") -> list[tuple[str, ...]]:
    from swe_agent.cli.wording import age_of

    rows: list[tuple[str, ...]] = [
        (
            one.kind,
            one.name,
            f"{one.size_bytes / 1e6:.0f} MB",
            age_of(one.age_s),
            "in use" if one.in_use else "",
        )
        for one in ours.images
    ]
    rows += [
        ("container", one.name, "-", age_of(one.age_s), f"{one.state}, run {one.run_id}")
        for one in ours.containers
    ]
    return rows


def _as_json(ours: "Ours") -> "dict[str, JsonValue]":
    return {
        "images": [
            {
                "name": one.name,
                "kind": one.kind,
                "size_bytes": one.size_bytes,
                "age_s": round(one.age_s, 1),
                "in_use": one.in_use,
            }
            for one in ours.images
        ],
        "containers": [
            {
                "name": one.name,
                "run_id": one.run_id,
                "image": one.image,
                "state": one.state,
                "age_s": round(one.age_s, 1),
                "left_over": one.is_left_over,
            }
            for one in ours.containers
        ],
    }
