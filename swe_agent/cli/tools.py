"""`swe-agent tools`: what the model gets to work with."""

from typing import TYPE_CHECKING, Annotated

import typer

from swe_agent.cli.options import Json

if TYPE_CHECKING:
    from pydantic import JsonValue

    from swe_agent.aci.tool import Tool

app = typer.Typer(
    help="The tools that the model gets.", rich_markup_mode=None, no_args_is_help=True
)


@app.command("list")
def list_tools(as_json: Json = False) -> None:
    """List the tools that are offered, built-in ones and yours; those on demand are told by name
    until the model asks for them.

    \b
    Examples:
      swe-agent tools list
      swe-agent tools list --json
    """
    from swe_agent.assemble import tools_of
    from swe_agent.cli.screen import print_json, print_table
    from swe_agent.cli.wording import one_line
    from swe_agent.settings.load import load

    tools, shelf = tools_of(load().settings)
    if as_json:
        print_json([_described(t) | {"on_demand": t.name in shelf} for t in tools])
        return
    rows = [
        (
            tool.name,
            _source(tool),
            "on demand" if tool.name in shelf else "always",
            one_line(tool.__doc__ or "", 80),
        )
        for tool in tools
    ]
    print_table(("tool", "from", "offered", "what the model is told"), rows)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="TOOL", help="A tool's name.")],
    as_json: Json = False,
) -> None:
    """Show one tool as the model is told of it: description and arguments.

    \b
    Example:
      swe-agent tools show edit
    """
    import json

    from swe_agent.cli.screen import print_json, say

    tool = _tool(name)
    described = _described(tool)
    if as_json:
        print_json(described)
        return
    say(f"{described['name']} ({described['file']})")
    say(str(described["description"]))
    say(json.dumps(described["schema"], indent=2, ensure_ascii=False))


def _tool(name: str) -> "Tool":
    from swe_agent.aci.load import load_tools
    from swe_agent.settings.content import content_roots

    return load_tools(content_roots("tools"), (name,))[0]


def _described(tool: "Tool") -> "dict[str, JsonValue]":
    import inspect

    return {
        "name": tool.name,
        "description": inspect.getdoc(tool) or "",
        "writes": tool.writes,
        "schema": tool.Arguments.model_json_schema(),
        "file": inspect.getsourcefile(type(tool)) or "",
    }


def _source(tool: "Tool") -> str:
    import inspect

    from swe_agent.settings.content import built_in_root

    file = inspect.getsourcefile(type(tool)) or ""
    return "built in" if file.startswith(str(built_in_root())) else "yours"
