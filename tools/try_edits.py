"""The tool that tries many candidate edits in one call; its harness runs inside the sandbox."""

import json
import shlex
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import uuid4

from pydantic import Field, JsonValue

from swe_agent.aci.tool import Failed, ToolArguments, ToolOutput, Workbench
from swe_agent.verify.launching import environment_of, interpreters_of, options_of

CANDIDATE_LIMIT: Final = 200
SHOWN_LIMIT: Final = 20
WATCH_LIMIT: Final = 8
GRACE_S: Final = 60.0
HARNESS: Final = Path(__file__).parent / "try_edits"
FILES: Final = (
    *("harness.py", "rounds.py", "warm.py", "swap.py", "preload.py", "edits.py", "probes.py"),
    *("runners.py", "states.py"),
)
LAUNCH: Final = """cd {root} || exit 127
for python in {named} .venv/bin/python venv/bin/python python python3; do
  command -v "$python" >/dev/null 2>&1 || continue
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 6))' 2>/dev/null
  then {assigned} exec "$python" -B -W ignore {folder}/harness.py {folder}/spec.json; fi
done
echo 'no Python 3.6 or later in this sandbox'; exit 127"""


class ExactEdit(ToolArguments):
    """Replaces the one occurrence of `old` in a file by `new`."""

    path: str
    old: str
    new: str


class Probe(ToolArguments):
    """A top-level function of a file."""

    path: str
    function: str


class TryEdits:
    """Try up to 200 candidate edits against tests, without changing the repository.

    Each candidate is made in a scratch copy, the tests run on it in a process of their own, and it
    is undone. Use it to compare several possible fixes in one call; make the one you keep with
    `edit`. Python tests only (pytest, unittest).
    """

    name = "try_edits"
    writes = False

    class Arguments(ToolArguments):
        """What to try, and which tests judge it."""

        candidates: Annotated[
            list[list[ExactEdit] | ExactEdit], Field(min_length=1, max_length=CANDIDATE_LIMIT)
        ]
        """Each one edit, or a list of edits made in order; `old` must occur exactly once."""
        tests: tuple[str, ...] = ()
        """Ids as run_tests names them; empty: all tests."""
        files: dict[str, str] = Field(default_factory=dict)
        """New files, by path: tests, say. They exist in the scratch copies alone."""
        probe: Probe | None = None
        """Call this function on inputs like those of the tests too, to see which candidates behave
        alike.
        """
        watch: Annotated[tuple[Probe, ...], Field(max_length=WATCH_LIMIT)] = ()
        """Say what the variables of these functions hold before each line, as the tests run the
        unchanged project.
        """
        timeout_s: Annotated[float, Field(gt=0, le=600)] | None = None
        """Processor seconds that one test may take; default: measured on the unchanged project,
        where each test should then end by itself.
        """
        total_s: Annotated[float, Field(gt=0, le=900)] = 60.0
        """Seconds after which no further candidate is begun."""

    def run(self, arguments: Arguments, bench: Workbench) -> ToolOutput:
        """Try the candidates; those not reached in time have no result.

        Raises:
            ToolFailure: the harness could not run.
        """
        folder = f"/tmp/try-edits-{uuid4().hex[:12]}"
        candidates = [[c] if isinstance(c, ExactEdit) else c for c in arguments.candidates]
        spec = {
            "repository": bench.sandbox.root,
            "candidates": [[edit.model_dump() for edit in edits] for edits in candidates],
            "tests": list(arguments.tests),
            "commands": list(bench.test_commands),
            "options": options_of(bench.test_commands),
            "files": arguments.files,
            "probe": arguments.probe.model_dump() if arguments.probe else None,
            "watch": [function.model_dump() for function in arguments.watch],
            "timeout_s": arguments.timeout_s,
            "total_s": arguments.total_s,
            "memory_mb": 1536,
            "folder": f"{folder}/work",
            "results": f"{folder}/results.jsonl",
        }
        for name in FILES:
            bench.sandbox.write_file(f"{folder}/{name}", (HARNESS / name).read_bytes())
        bench.sandbox.write_file(f"{folder}/spec.json", json.dumps(spec).encode())
        try:
            written, seconds = self._tried(folder, arguments.total_s, bench)
        finally:
            bench.sandbox.run(f"rm -rf {folder}", timeout_s=30)
        rows = sorted((r for r in written if "index" in r), key=lambda row: int(row["index"]))
        states = [state for row in written for state in row.get("states", ())]
        value: JsonValue = {"results": rows, "seconds": seconds, "states": states}
        text = "\n".join([_told(rows, len(candidates), seconds), *_held(states)])
        return ToolOutput(text=text, data=value, whole=None)

    def _tried(self, folder: str, total_s: float, bench: Workbench) -> tuple[list[Any], float]:
        given = bench.test_commands
        assigned = (f"{name}={word}" for name, word in environment_of(given).items())
        command = LAUNCH.format(
            root=shlex.quote(bench.sandbox.root),
            folder=folder,
            named=" ".join(map(shlex.quote, interpreters_of(given))),
            assigned=" ".join(assigned),
        )
        result = bench.sandbox.run(f"( {command} )", timeout_s=total_s + GRACE_S)
        lines = result.output.decode("utf-8", "replace").strip().splitlines()
        if result.exit_code != 0 and not result.timed_out:
            tail = "\n".join(lines[-15:])
            raise Failed(f"the candidates could not be tried (exit {result.exit_code}):\n{tail}")
        written = bench.sandbox.read_file(f"{folder}/results.jsonl").decode("utf-8", "replace")
        return [json.loads(line) for line in written.splitlines()], result.duration_s


def _told(rows: list[Any], asked: int, seconds: float) -> str:
    """What a reader sees: the counts, those that passed, then the nearest misses."""
    by_status = {
        word: [r for r in rows if r["status"] == word]
        for word in ("passed", "failed", "timeout", "invalid")
    }
    counts = ", ".join(f"{len(found)} {word}" for word, found in by_status.items() if found)
    lines = [f"{len(rows)} of {asked} candidates tried in {seconds:.1f} s: {counts or 'none'}."]
    misses = sorted(by_status["failed"] + by_status["timeout"], key=lambda r: len(r["failed"]))
    for row in [*by_status["passed"], *misses, *by_status["invalid"]][:SHOWN_LIMIT]:
        failed = f", fails {', '.join(row['failed'][:3])}" if row["failed"] else ""
        message = f": {row['message']}" if row["message"] else ""
        lines.append(
            f"candidate {row['index']}: {row['status']}, {row['passed']} passed{failed}{message}"
        )
    alike: dict[str, list[str]] = {}
    for row in by_status["passed"]:
        alike.setdefault(" ".join(row["behaviour"]), []).append(str(row["index"]))
    if any(alike):
        lines.append(f"Alike in behaviour: {'; '.join(', '.join(g) for g in alike.values())}.")
    return "\n".join(lines)


def _held(states: list[Any]) -> list[str]:
    """What the variables held, a few states in the order in which they came."""
    lines = [f"{len(states)} different states were recorded:"] if states else []
    for path, line, _, values in states[:SHOWN_LIMIT]:
        lines.append(f"{path}:{line} {', '.join(f'{n}={value}' for n, value in values.items())}")
    return lines
