"""The tool `plan`: the steps that the model means to take."""

from typing import Annotated

from pydantic import Field, JsonValue, StringConstraints

from swe_agent.aci.tool import ToolArguments, ToolOutput, Workbench

Item = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Plan:
    """Write down the plan as a list of short steps; a later plan replaces it."""

    name = "plan"
    writes = False

    class Arguments(ToolArguments):
        items: tuple[Item, ...] = Field(min_length=1, max_length=50, description="Steps, in order.")

    def run(self, arguments: Arguments, bench: Workbench) -> ToolOutput:
        """The steps, numbered."""
        items: list[JsonValue] = [*arguments.items]
        text = "\n".join(f"{at}. {item}" for at, item in enumerate(arguments.items, start=1))
        return ToolOutput(text, {"items": items})
