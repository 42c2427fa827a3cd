"""`swe-agent tools`: what the model gets to work with."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from swe_agent.cli.options import Json
from swe_agent.cli.trying import try_tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import JsonValue

    from swe_agent.aci.permissions import Rule
    from swe_agent.aci.tool import Tool
    from swe_agent.settings.schema import Settings

app = typer.Typer(
    help="The tools that the model gets.", rich_markup_mode=None, no_args_is_help=True
)


app.command("try")(try_tool)


@app.command("list")
def list_tools(as_json: Json = False) -> None:
    """List the tools that are offered, built-in ones, yours, and those of MCP servers; those on
    demand are told by name until the model asks for them.

    \b
    Examples:
      swe-agent tools list
      swe-agent tools list --json
    """
    from swe_agent.assemble import tools_of
    from swe_agent.cli.screen import print_json, print_table
    from swe_agent.cli.wording import one_line

    with _outside() as (settings, more, rules):
        tools, shelf = tools_of(settings, more)
    if as_json:
        print_json(
            [
                _described(t) | {"on_demand": t.name in shelf, "needs": rules.get(t.name, "allow")}
                for t in tools
            ]
        )
        return
    rows = [
        (
            tool.name,
            _source(tool),
            _offered(tool.name in shelf, rules.get(tool.name)),
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

    from swe_agent.aci.mcp_tools import PREFIX
    from swe_agent.cli.screen import print_json, say

    tool = _of_server(name) if name.startswith(PREFIX) else _tool(name)
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


@contextmanager
def _outside() -> "Iterator[tuple[Settings, tuple[Tool, ...], dict[str, Rule]]]":
    """The settings in force and the tools of their MCP servers; one that does not work is said."""
    from contextlib import closing

    from swe_agent.agent.servers import Servers
    from swe_agent.cli.screen import say
    from swe_agent.settings.load import load

    settings = load().settings
    with closing(Servers(settings.tools.mcp)) as servers:
        listed = {one.server: one for one in servers.listed()}
        for one in listed.values():
            if one.fault:
                say(f"The MCP server {one.server} does not work: {one.fault}")
        yield settings, *servers.tools(listed)


def _of_server(name: str) -> "Tool":
    from swe_agent.core.errors import UsageFault

    with _outside() as (_, more, _):
        found = {tool.name: tool for tool in more}
    if name not in found:
        known = ", ".join(found) or "none"
        raise UsageFault(f"No MCP server offers {name}; offered are: {known}.", "See tools.mcp.")
    return found[name]


def _offered(is_on_demand: bool, rule: "Rule | None") -> str:
    when = "on demand" if is_on_demand else "always"
    return f"{when}, asks first" if rule == "ask" else when


def _described(tool: "Tool") -> "dict[str, JsonValue]":
    import inspect

    return {
        "name": tool.name,
        "description": inspect.getdoc(tool) or "",
        "writes": tool.writes,
        "schema": tool.Arguments.model_json_schema(),
        "file": _source(tool) if _is_of_server(tool) else inspect.getsourcefile(type(tool)) or "",
    }


def _source(tool: "Tool") -> str:
    import inspect

    from swe_agent.settings.content import built_in_root

    if _is_of_server(tool):
        return f"MCP server {tool.name.split('__')[1]}"
    file = inspect.getsourcefile(type(tool)) or ""
    return "built in" if file.startswith(str(built_in_root())) else "yours"


def _is_of_server(tool: "Tool") -> bool:
    from swe_agent.aci.mcp_tools import PREFIX

    return tool.name.startswith(PREFIX)
