"""The tool `query_graph`: SQL over the repository's symbols, calls, inheritance and imports."""

from pydantic import Field, JsonValue

from swe_agent.aci.tool import Failed, ToolArguments, ToolOutput, Workbench
from swe_agent.index.graph import SCHEMA, Graph
from swe_agent.index.lookup import corpus_of


class QueryGraph:
    """Ask the repository's graph with one SQLite SELECT; at most 200 rows come back.

    Tables: files(path), symbols(id, path, name, qualified, kind, first_line, last_line),
    calls(caller, name), edges(caller, callee), bases(class, base), imports(path, text). `caller`,
    `callee` and `class` are symbols.id.
    """

    name = "query_graph"
    writes = False

    class Arguments(ToolArguments):
        sql: str = Field(min_length=1, description="One SELECT.")

    def run(self, arguments: Arguments, bench: Workbench) -> ToolOutput:
        """The rows, a line each, with `|` between the values."""
        graph = Graph(corpus_of(bench.sandbox.tree()))
        try:
            answer = graph.ask(arguments.sql)
        except ValueError as fault:
            raise Failed(f"The query fails: {fault}.\nTables:\n{SCHEMA}", "query") from None
        rows: list[JsonValue] = [[_plain(value) for value in row] for row in answer.rows]
        lines = ["|".join(answer.columns)]
        lines += ["|".join("" if v is None else str(v) for v in row) for row in answer.rows]
        if answer.is_cut:
            lines.append("[... more rows; narrow the query ...]")
        columns: list[JsonValue] = [*answer.columns]
        return ToolOutput("\n".join(lines), {"columns": columns, "rows": rows})


def _plain(value: object) -> JsonValue:
    return value if isinstance(value, int | float | str) or value is None else repr(value)
