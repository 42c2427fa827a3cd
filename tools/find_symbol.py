"""The tool `find_symbol`: where a function or class is defined."""

from pydantic import Field, JsonValue

from swe_agent.aci.paths import shown
from swe_agent.aci.tool import Failed, ToolArguments, ToolOutput, Workbench
from swe_agent.index.lookup import corpus_of, members, near, symbols

MOST = 50


class FindSymbol:
    """Find where a function, method or class is defined, by its name (`parse`, `Parser.parse`,
    `package.module.Parser`).

    The answer has paths, lines and qualified names, and the members of a class that is the only
    one; `view` shows the code.
    """

    name = "find_symbol"
    writes = False

    class Arguments(ToolArguments):
        name: str = Field(min_length=1, description="Name, or the end of a qualified one.")

    def run(self, arguments: Arguments, bench: Workbench) -> ToolOutput:
        """The definitions, capped, with their number."""
        corpus = corpus_of(bench.sandbox.tree())
        found = sorted(symbols(corpus, arguments.name), key=lambda place: (place.path, place.first))
        if not found:
            close = near(corpus, arguments.name)
            hint = f" Near: {', '.join(close)}." if close else ""
            raise Failed(f"Nothing called `{arguments.name}` is defined.{hint}", "unknown")
        inside = members(corpus, found[0]) if len(found) == 1 else []
        rows = [f"{shown(p.path)}:{p.first}-{p.last} {p.kind} {p.qualified}" for p in found[:MOST]]
        if len(found) > MOST:
            rows.append(f"[... {len(found) - MOST} more; say `Class.{arguments.name}` ...]")
        rows += [f"  {p.first}-{p.last} {p.kind} {p.qualified}" for p in inside[:MOST]]
        if len(inside) > MOST:
            rows.append(f"  [... {len(inside) - MOST} more members ...]")
        places: list[JsonValue] = [
            {
                "path": shown(p.path),
                "first": p.first,
                "last": p.last,
                "name": p.qualified,
                "kind": p.kind,
            }
            for p in found[:MOST]
        ]
        return ToolOutput("\n".join(rows), {"symbols": places, "total": len(found)})
