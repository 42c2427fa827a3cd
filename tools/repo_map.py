"""The tool `repo_map`: the repository's most important symbols in so many tokens."""

from pydantic import Field

from swe_agent.aci.paths import shown
from swe_agent.aci.tool import Failed, ToolArguments, ToolOutput, Workbench
from swe_agent.index.lookup import corpus_of
from swe_agent.index.outlook import outlook


class RepoMap:
    """Show the most important files of the repository with their classes, functions and lines, as
    many as fit the budget.

    With `about`, what that text is about comes first.
    """

    name = "repo_map"
    writes = False

    class Arguments(ToolArguments):
        budget_tokens: int = Field(1_000, ge=100, le=8_000, description="Size of the map.")
        about: str = Field("", description="Words, names or an issue that it shall centre on.")

    def run(self, arguments: Arguments, bench: Workbench) -> ToolOutput:
        """The map."""
        corpus = corpus_of(bench.sandbox.tree())
        text = shown(outlook(corpus, arguments.budget_tokens, arguments.about))
        if not text:
            raise Failed("There is no source that a grammar reads.", "empty")
        return ToolOutput(text, {"files": len(corpus.by_path)})
