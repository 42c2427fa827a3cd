"""`swe-agent tools try`: one call of one tool, as a model would make it."""

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swe_agent.cli.options import Assignments, Json, Presets, SandboxKind

if TYPE_CHECKING:
    from swe_agent.core.events import Event
    from swe_agent.core.messages import Observation
    from swe_agent.settings.load import Loaded

_EXIT = {"ok": 0, "invalid": 2, "refused": 8, "failed": 3}
_ALWAYS = {"mode": "auto", "strategy": "react", "tests.skip": True, "limits.max_steps": 1}
_EXAMPLE = """For example: swe-agent tools try view '{"path": "README.md"}'"""


def try_tool(
    name: Annotated[str, typer.Argument(metavar="TOOL", help="A tool's name.")],
    arguments: Annotated[
        str, typer.Argument(metavar="JSON", help="Its arguments; @FILE reads a file, - stdin.")
    ] = "{}",
    repository: Annotated[
        Path, typer.Option("--repo", metavar="REPO", help="Folder of the repository.")
    ] = Path(),
    config: Presets = None,
    assignments: Assignments = None,
    sandbox: Annotated[
        SandboxKind | None, typer.Option("--sandbox", help="Default: docker, else bubblewrap.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Call one tool on a copy of the repository, through the one route that models' calls take, and
    show what a model would read and the patch that came of it. No model is asked; the repository
    stays as it is.

    Exits with 0 if it worked, 2 if the call was not valid, 3 if the tool failed, 8 if it was
    refused.

    \b
    Examples:
      swe-agent tools try view '{"path": "README.md", "start": 1, "end": 9}'
      swe-agent tools try shell '{"command": "ls -la"}' --repo ~/project
      swe-agent tools try edit @call.json --json
    """
    from swe_agent.cli.screen import print_json, say
    from swe_agent.runtime.repository import find_root
    from swe_agent.settings.load import load

    root, call = find_root(repository), _line(name, arguments)
    overrides = {"sandbox.kind": sandbox, **_ALWAYS}
    with tempfile.TemporaryDirectory(prefix="swe-agent-try-") as folder:
        script = Path(folder, "call.jsonl")
        script.write_text(call, "utf-8")
        overrides["model"] = f"scripted/{script}"
        loaded = load(config or (), assignments or (), overrides, root)
        observation, patch = _tried(root, loaded, Path(folder, "run"))
    if as_json:
        print_json({**observation.model_dump(mode="json"), "patch": patch})
    else:
        say(observation.text)
        if patch:
            say(f"\n{patch}")
    raise typer.Exit(_EXIT[observation.outcome])


def _line(name: str, arguments: str) -> str:
    """The call as a line of a script."""
    from swe_agent.core.errors import UsageFault

    try:
        if arguments == "-":
            arguments = sys.stdin.read()
        elif arguments.startswith("@"):
            arguments = Path(arguments[1:]).expanduser().read_text("utf-8")
        found = json.loads(arguments)
    except OSError as error:
        raise UsageFault(f"{arguments[1:]} cannot be read: {error.strerror}.", _EXAMPLE) from error
    except ValueError as error:
        raise UsageFault(f"The arguments are not JSON: {error}.", _EXAMPLE) from error
    if not isinstance(found, dict):
        raise UsageFault("The arguments are no JSON object.", _EXAMPLE)
    return json.dumps({"tool_calls": [{"name": name, "arguments": found}]})


def _tried(root: Path, loaded: "Loaded", folder: Path) -> "tuple[Observation, str]":
    """What the call came to and the patch: a run of one step, in a folder that goes away."""
    from swe_agent.cli.beginning import with_sandbox
    from swe_agent.cli.screen import say
    from swe_agent.core.errors import Interrupted
    from swe_agent.core.events import ToolReturned
    from swe_agent.solve import RunRequest, solve

    seen: list[Observation] = []

    def watch(event: "Event") -> None:
        if isinstance(event, ToolReturned):
            seen.append(event.observation)

    loaded, _ = with_sandbox(loaded)
    try:
        result = solve(RunRequest(root, "Try a tool.", loaded, folder, say=say), watch)
    except Interrupted:
        raise KeyboardInterrupt from None  # its folder goes away: there is nothing to resume
    return seen[0], result.patch
