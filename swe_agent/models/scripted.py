"""The scripted model: replies from a file, for demonstrations and tests; it costs nothing."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from swe_agent.core.errors import ContextExceeded, ModelFault, TransientModelFault
from swe_agent.core.messages import ToolCall, Turn
from swe_agent.core.protocols import Model, Prompt
from swe_agent.models.faults import Refusal, fault_of, incomplete
from swe_agent.models.script import Line, NamedFault, Script, last_said, read_script

PROVIDER = "scripted"


@dataclass(slots=True)
class Scripted:
    """Plays a script; after a resume it goes on where the history stops."""

    path: Path
    _script: Script | None = field(default=None, init=False)
    _next: int | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        return f"{PROVIDER}/{self.path}"

    def complete(self, prompt: Prompt) -> Turn:
        """The next reply whose `if_seen` fits.

        Raises:
            TransientModelFault, ContextExceeded: the script plays such a fault.
            ModelFault: the script plays one, or it has no reply left.
            UsageFault: the file is not a script.
        """
        script = self._read()
        if self._next is None:
            self._next = script.after(prompt.whole)
        index = script.next_from(self._next, last_said(prompt.history))
        if index is None:
            self._next = len(script.lines)
            used = sum(isinstance(message, Turn) for message in prompt.whole)
            raise ModelFault(
                f"The script {self.path} has no reply left; {used} were used.",
                "Add a line to it, or use another model (-m).",
            )
        self._next = index + 1
        line = script.lines[index]
        if line.error is not None:
            raise _fault(self.name, line)
        return _turn(self.name, line)

    def worst_case_usd(self, prompt: Prompt) -> float | None:
        return 0.0

    def warm_up(self) -> None:
        """Read the file.

        Raises:
            UsageFault: it is not a script.
        """
        self._read()

    def _read(self) -> Script:
        if self._script is None:
            self._script = read_script(self.path)
        return self._script


def _turn(name: str, line: Line) -> Turn:
    calls = tuple(
        ToolCall(id=call.id or f"s{line.number}-{n}", name=call.name, arguments=call.arguments)
        for n, call in enumerate(line.tool_calls, 1)
    )
    stop = line.stop or ("tool_use" if calls else "end")
    if stop not in ("tool_use", "end"):
        calls = ()
    return Turn(text=line.text, calls=calls, stop=stop, usage=line.usage, model=name)


def _fault(name: str, line: Line) -> ModelFault:
    if isinstance(line.error, int):
        return fault_of(name, Refusal(line.error, "a fault of the script", line.retry_after))
    if line.error == "context":
        return ContextExceeded(f"{name}: the prompt is too long (a fault of the script).")
    assert line.error is not None
    fault = incomplete(name, _story(line.error))
    return TransientModelFault(fault.message, fault.next_step, line.retry_after)


def _story(fault: NamedFault) -> str:
    match fault:
        case "drop":
            return "the connection broke off"
        case "html":
            return "an HTML page came instead"
        case "truncated":
            return "it ends early"
        case "cut_json":
            return "arguments of a tool call are cut"
        case "timeout":
            return "the request timed out"
        case "empty":
            return "it says nothing"
        case "context":
            return "the prompt is too long"
        case _:
            assert_never(fault)


if TYPE_CHECKING:
    _proof: Model = Scripted(Path())
