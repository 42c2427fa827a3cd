"""The tool `search`: lines that match a pattern, found by grep inside the sandbox."""

from collections import Counter
from collections.abc import Callable

from pydantic import Field, JsonValue

from swe_agent.aci.globs import matcher
from swe_agent.aci.grep import MAX_LINES, Found, Hit, answer, script
from swe_agent.aci.paths import repo_path
from swe_agent.aci.tool import Failed, ToolArguments, ToolOutput, Workbench
from swe_agent.aci.window import is_binary
from swe_agent.core.protocols import CommandResult, TreeReader

SHOWN_CHARS = 300
SHOWN_FILES = 60
MAX_CHECKED = 1000
TIMEOUT_S = 60.0


class Search:
    """Search the files of the repository for lines that match an extended regular expression
    (`grep -E`).

    The search goes line by line and minds upper and lower case. Binary files, `.git`, `.venv` and
    `node_modules` are left out.
    """

    name = "search"
    writes = False

    class Arguments(ToolArguments):
        pattern: str = Field(min_length=1, description="Extended regular expression.")
        path: str = Field(".", description="File or folder to search; default: the repository.")
        glob: str | None = Field(
            None, description="Only files that match, as `*.py` or `src/**/*.ts`."
        )

    def run(self, arguments: Arguments, bench: Workbench) -> ToolOutput:
        """The hits, or with too many the counts per file."""
        if "\n" in arguments.pattern or "\0" in arguments.pattern:
            message = "`pattern` holds a line end or NUL; the search goes line by line."
            raise Failed(message, "pattern")
        path = repo_path(arguments.path, bench.sandbox.root) or "."
        glob = arguments.glob or ""
        name = glob if glob and not any(char in glob for char in "/{}!#\\") else ""
        command = script(bench.sandbox.root, path, arguments.pattern, "" if "**" in name else name)
        result = bench.sandbox.run(command, TIMEOUT_S)
        tree = bench.sandbox.tree()
        found = answer(_whole(result), lambda name: tree.entry(name) is not None)
        if found.kind == "N" and not result.timed_out:
            raise Failed(f"There is no {arguments.path} in the repository.", "path", {"path": path})
        hits = _kept(found, _globbed(glob), tree)
        return _shown(arguments.pattern, hits, _notes(found, result), bench.limits.search_hits)


def _whole(result: CommandResult) -> bytes:
    if result.spool is None:
        return result.output
    whole = result.spool.read_bytes()
    result.spool.unlink(missing_ok=True)
    return whole


def _globbed(glob: str) -> Callable[[str], bool]:
    if not glob:
        return lambda _path: True
    try:
        return matcher(glob)
    except ValueError as fault:
        raise Failed(f"`glob` is no pattern: {fault}.", "glob") from None


def _kept(found: Found, fits: Callable[[str], bool], tree: TreeReader) -> list[Hit]:
    """Hits in files that the glob wants and that are text."""
    kept = {path: fits(path) for path in dict.fromkeys(hit.path for hit in found.hits)}
    if found.has_binary:
        for path in [path for path, fit in kept.items() if fit][:MAX_CHECKED]:
            kept[path] = not _is_binary_file(path, tree)
    return [hit for hit in found.hits if kept[hit.path]]


def _is_binary_file(path: str, tree: TreeReader) -> bool:
    try:
        return is_binary(tree.read(path))
    except KeyError:
        return False


def _notes(found: Found, result: CommandResult) -> list[str]:
    notes = []
    if found.is_fixed:
        notes.append("The pattern is no valid expression; it was searched for as plain text.")
    if result.timed_out:
        notes.append(f"The search was stopped after {TIMEOUT_S:.0f} s; this is a part.")
    if found.is_cut:
        notes.append(f"The search was stopped after {MAX_LINES} lines; this is a part.")
    return notes


def _shown(pattern: str, hits: list[Hit], notes: list[str], limit: int) -> ToolOutput:
    counts = Counter(hit.path for hit in hits)
    listed: list[JsonValue] = [
        {"path": hit.path, "line": hit.line, "text": hit.text} for hit in hits[:limit]
    ]
    found: dict[str, JsonValue] = {"hits": listed, "total": len(hits), "per_file": {**counts}}
    files = f"{len(counts)} file{'s' * (len(counts) != 1)}"
    if not hits:
        rows = [f"No line matches `{pattern}`."]
    elif len(hits) > limit:
        head = f"{len(hits)} lines in {files} match, too many to show: narrow it"
        head += " with `path`, `glob` or a longer pattern."
        rows = [head, *(f"{path}: {count}" for path, count in counts.most_common(SHOWN_FILES))]
        if len(counts) > SHOWN_FILES:
            rows.append(f"[... {len(counts) - SHOWN_FILES} more files ...]")
    else:
        head = f"{len(hits)} line{'s' * (len(hits) != 1)} in {files}:"
        rows = [head, *(f"{hit.path}:{hit.line}: {_cut(hit.text)}" for hit in hits)]
    return ToolOutput("\n".join([*notes, *rows]), found)


def _cut(text: str) -> str:
    text = text.strip("\r")
    if len(text) <= SHOWN_CHARS:
        return text
    return f"{text[:SHOWN_CHARS]}[... cut]"
