"""The tool `find_file`: paths of the repository that match a glob."""

import difflib

from pydantic import Field, JsonValue

from swe_agent.aci.globs import matcher
from swe_agent.aci.paths import shown
from swe_agent.aci.tool import Failed, ToolArguments, ToolOutput, Workbench

MAX_PATHS = 200
MAX_COMPARED = 20_000


class FindFile:
    """Find files by name: `conftest.py` and `*.py` at any depth, `src/*.py` from the repository,
    `docs/**/*.md`.
    """

    name = "find_file"
    writes = False

    class Arguments(ToolArguments):
        glob: str = Field(min_length=1, description="Pattern for the path.")

    def run(self, arguments: Arguments, bench: Workbench) -> ToolOutput:
        """The paths, capped, with their number."""
        root = bench.sandbox.root.rstrip("/")
        glob = arguments.glob.removeprefix(f"{root}/")
        try:
            fits = matcher(glob)
        except ValueError as fault:
            raise Failed(f"`glob` is no pattern: {fault}.", "glob") from None
        names = [shown(path) for path in bench.sandbox.tree().paths()]
        found = [path for path in names if fits(path)]
        listed: list[JsonValue] = [*found[:MAX_PATHS]]
        paths: JsonValue = {"paths": listed, "total": len(found)}
        if not found:
            return ToolOutput(_nothing(arguments.glob, names), paths)
        rows = [f"{len(found)} file{'s' * (len(found) != 1)}:", *found[:MAX_PATHS]]
        if len(found) > MAX_PATHS:
            rows.append(f"[... {len(found) - MAX_PATHS} more; narrow the pattern ...]")
        return ToolOutput("\n".join(rows), paths)


def _nothing(glob: str, names: list[str]) -> str:
    wanted = glob.rsplit("/", 1)[-1].strip("*").lower()
    by_name = {path.rsplit("/", 1)[-1].lower(): path for path in names[:MAX_COMPARED]}
    near = difflib.get_close_matches(wanted, by_name, n=5, cutoff=0.6) if len(wanted) > 1 else []
    if not near:
        return f"No file matches `{glob}`; the repository has {len(names)} files."
    return f"No file matches `{glob}`. Near: {', '.join(by_name[name] for name in near)}."
