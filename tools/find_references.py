"""The tool `find_references`: the lines of source that use a name."""

from itertools import islice

from pydantic import Field, JsonValue

from swe_agent.aci.paths import shown
from swe_agent.aci.tool import Failed, ToolArguments, ToolOutput, Workbench
from swe_agent.index.lookup import corpus_of, near, uses

MOST = 5_000


class FindReferences:
    """Find the lines that use the name of a function, class or variable, as a whole word, in
    source files; the definitions are among them.
    """

    name = "find_references"
    writes = False

    class Arguments(ToolArguments):
        name: str = Field(min_length=1, description="The bare name, without class or module.")

    def run(self, arguments: Arguments, bench: Workbench) -> ToolOutput:
        """The uses, capped, with their number."""
        tree = bench.sandbox.tree()
        corpus = corpus_of(tree)
        name = arguments.name.rpartition(".")[2].strip("()")
        found = list(islice(uses(corpus, tree, name), MOST))
        if not found:
            close = near(corpus, name)
            hint = f" Near: {', '.join(close)}." if close else ""
            raise Failed(f"Nothing uses `{name}`.{hint}", "unknown")
        most = bench.limits.search_hits
        rows = [f"{shown(use.path)}:{use.line}: {use.text}" for use in found[:most]]
        if len(found) > most:
            rows.append(f"[... {len(found) - most} more ...]")
        hits: list[JsonValue] = [
            {"path": shown(use.path), "line": use.line, "text": use.text} for use in found[:most]
        ]
        return ToolOutput("\n".join(rows), {"hits": hits, "total": len(found)})
