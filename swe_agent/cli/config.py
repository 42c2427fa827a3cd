"""`swe-agent config`: settings in force, where each came from, the presets."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swe_agent.cli.options import Assignments, Json, Presets

if TYPE_CHECKING:
    from pydantic import JsonValue

    from swe_agent.settings.load import Loaded

app = typer.Typer(
    help="Settings in force, where each came from, the presets.",
    rich_markup_mode=None,
    no_args_is_help=True,
)

_VALUE_CHARS = 36
"""Setting, value and where it came from fit a line of 80."""
Repo = Annotated[
    Path | None, typer.Option("--repo", metavar="REPO", help="Repository whose settings count too.")
]


@app.command()
def show(
    key: Annotated[
        str | None, typer.Argument(metavar="[KEY]", help="A setting or section.")
    ] = None,
    config: Presets = None,
    assignments: Assignments = None,
    repo: Repo = None,
    as_json: Json = False,
) -> None:
    """Show the settings in force, each with where it came from.

    \b
    Examples:
      swe-agent config show
      swe-agent config show limits
      swe-agent config show -c fast -s limits.max_steps=20 --json
    """
    import json

    from swe_agent.cli.screen import print_json, print_table
    from swe_agent.core.errors import UsageFault
    from swe_agent.settings.load import load

    loaded = load(config or (), assignments or (), None, repo)
    values = _flat(loaded)
    wanted = [k for k in values if key is None or k == key or k.startswith(f"{key}.")]
    if not wanted:
        raise UsageFault(f"There is no setting {key!r}.", "See `swe-agent config show`.")
    if as_json:
        print_json({k: {"value": values[k], "from": loaded.provenance[k]} for k in wanted})
        return
    rows = [row for k in wanted for row in _lines(k, json.dumps(values[k]), loaded.provenance[k])]
    print_table(("setting", "value", "from"), rows, widest=_VALUE_CHARS)


@app.command()
def where(as_json: Json = False) -> None:
    """Show the files and folders that are read and written.

    \b
    Example:
      swe-agent config where
    """
    from swe_agent.cli.home import runs_folder
    from swe_agent.cli.screen import print_json, print_table
    from swe_agent.settings.content import built_in_root, config_home
    from swe_agent.settings.keys import keys_path
    from swe_agent.settings.load import user_config_path

    places = {
        "settings": user_config_path(),
        "keys": keys_path(),
        "your tools": config_home() / "tools",
        "your presets": config_home() / "configs",
        "your sandbox files": config_home() / "sandbox",
        "built-in content": built_in_root(),
        "runs": runs_folder(),
    }
    if as_json:
        print_json({name: str(path) for name, path in places.items()})
        return
    rows = [(name, "yes" if p.exists() else "no", str(p)) for name, p in places.items()]
    print_table(("what", "there", "path"), rows)


@app.command("list")
def list_presets(as_json: Json = False) -> None:
    """List the presets that -c takes by name.

    \b
    Example:
      swe-agent config list
    """
    from swe_agent.cli.screen import print_json, print_table
    from swe_agent.settings.load import preset_files

    presets = preset_files()
    if as_json:
        print_json({name: str(path) for name, path in presets.items()})
        return
    print_table(("preset", "file"), [(name, str(path)) for name, path in presets.items()])


@app.command()
def check(
    config: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME_OR_FILE]...", help="Presets or files.")
    ] = None,
    repo: Repo = None,
) -> None:
    """Check settings files: exit code 0, or 2 with what is wrong.

    \b
    Example:
      swe-agent config check my.yaml
    """
    from swe_agent.cli.screen import say
    from swe_agent.settings.load import load

    loaded = load(config or (), (), None, repo)
    if loaded.ignored:
        say(f"A repository may not set: {', '.join(loaded.ignored)} (ignored).")
    say("The settings are valid.")


def _lines(key: str, value: str, source: str) -> list[tuple[str, str, str]]:
    """The rows of a setting: a long value goes on below, broken between words alone."""
    import textwrap

    pieces = textwrap.wrap(value, _VALUE_CHARS, break_long_words=False, break_on_hyphens=False)
    first, *rest = pieces or [value]
    return [(key, first, source), *(("", piece, "") for piece in rest)]


def _flat(loaded: "Loaded") -> "dict[str, JsonValue]":
    """Values by dotted key, in the schema's order."""
    found: dict[str, JsonValue] = {}
    for name, value in loaded.settings.model_dump(mode="json").items():
        if isinstance(value, dict):
            found.update({f"{name}.{inner}": each for inner, each in value.items()})
        else:
            found[name] = value
    return found
