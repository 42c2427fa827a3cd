"""The tool `submit`: the model says that it is done; the loop watches for it."""

from pydantic import Field

from swe_agent.aci.tool import ToolArguments, ToolOutput, Workbench


class Submit:
    """Say that the work is done. The tests decide whether it is; call it once, last."""

    name = "submit"
    writes = False

    class Arguments(ToolArguments):
        summary: str = Field(description="What was wrong and what was changed, in a few sentences.")

    def run(self, arguments: Arguments, bench: Workbench) -> ToolOutput:
        """The summary."""
        return ToolOutput("Submitted.", {"summary": arguments.summary})
