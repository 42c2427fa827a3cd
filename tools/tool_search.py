"""The tool `tool_search`: takes tools from the shelf, so that they can be called."""

import json

from pydantic import Field, JsonValue

from swe_agent.aci.tool import Failed, ToolArguments, ToolOutput, Workbench


class ToolSearch:
    """Get more tools: those named, or those that fit a description. They can be called from the
    next reply on.
    """

    name = "tool_search"
    writes = False

    class Arguments(ToolArguments):
        query: str = Field(description="Names of tools, or words that say what is needed.")

    def run(self, arguments: Arguments, bench: Workbench) -> ToolOutput:
        """What was found, with the arguments that each takes."""
        found = bench.shelf.found(arguments.query)
        if not found:
            raise Failed(f"No tool fits. There is:\n{bench.shelf.listed()}", "none")
        names: list[JsonValue] = [spec.name for spec in found]
        told = [
            f"{spec.name}: {spec.description}\nArguments: {json.dumps(spec.schema)}"
            for spec in found
        ]
        return ToolOutput("\n\n".join(told), {"tools": names})
