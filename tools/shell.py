"""The tool `shell`: one command in the sandbox's persistent shell."""

from pydantic import Field, JsonValue

from swe_agent.aci.elide import head_and_tail
from swe_agent.aci.terminal import wants_terminal
from swe_agent.aci.tool import Failed, ToolArguments, ToolLimits, ToolOutput, Workbench
from swe_agent.core.protocols import CommandResult
from swe_agent.core.text import decoded

HEADING_CHARS = 600
MAX_TIMES_DEFAULT = 10
MAX_SHOWN_BYTES = 100_000
"""Less than the sandbox keeps of a long output's head and tail together."""


class Shell:
    """Run a command in the sandbox (bash where the image has it, else sh). `cd` and exported
    variables last from call to call.

    There is no terminal and no input. Long output is shown by its head and tail.
    """

    name = "shell"
    writes = True

    class Arguments(ToolArguments):
        command: str = Field(min_length=1, description="Command line or script.")
        timeout_s: float | None = Field(
            None, gt=0, description="Seconds it may take, if the default does not fit."
        )

    def run(self, arguments: Arguments, bench: Workbench) -> ToolOutput:
        """Exit code and output."""
        if "\0" in arguments.command:
            raise Failed("`command` holds a NUL character.", "command")
        why = wants_terminal(arguments.command)
        if why:
            raise Failed(f"Not run: {why}", "terminal", outcome="refused")
        default = bench.limits.command_timeout_s
        timeout_s = min(arguments.timeout_s or default, default * MAX_TIMES_DEFAULT)
        return _shown(
            bench.sandbox.run(arguments.command, timeout_s, bench.limits.idle_timeout_s),
            timeout_s,
            bench,
        )


def _shown(result: CommandResult, timeout_s: float, bench: Workbench) -> ToolOutput:
    limit = min(MAX_SHOWN_BYTES, max(100, bench.limits.output_chars - HEADING_CHARS))
    body = head_and_tail(result.output, result.total_bytes, limit)
    is_whole = len(result.output) == result.total_bytes and body == decoded(result.output)
    said: JsonValue = {
        "exit_code": result.exit_code,
        "timed_out": result.timed_out,
        "total_bytes": result.total_bytes,
    }
    text = f"{_heading(result, timeout_s, bench.limits)}\n{body or '(no output)'}".rstrip("\n")
    if is_whole:
        if result.spool is not None:
            result.spool.unlink(missing_ok=True)
        return ToolOutput(text, said)
    return ToolOutput(text, said, whole=result.spool or result.output)


def _heading(result: CommandResult, timeout_s: float, limits: ToolLimits) -> str:
    if result.timed_out:
        killed = ", ".join(result.survivors[:5])[:300]
        also = f" Killed: {killed}." if killed else ""
        why = f"Timed out after {timeout_s:g} s"
        if result.was_silent:
            why = f"Went {limits.idle_timeout_s:g} s without output"
        return f"{why} and was stopped; the output so far:{also}"
    if result.disk_limit_mb:
        told = f"the disk limit of {result.disk_limit_mb} MB is passed. Delete what is not needed"
        return f"Stopped: {told} (exit code {result.exit_code})."
    if result.out_of_memory:
        limit = f"limit {result.memory_limit_mb} MB; " if result.memory_limit_mb else ""
        return f"Killed: out of memory ({limit}exit code {result.exit_code})."
    return f"Exit code {result.exit_code}."
