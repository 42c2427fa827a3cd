"""The one route of a tool call: validate, permit, run, elide, observe.

A tool's failure is an observation. A provider's fault and the sandbox's fault are not: they pass
through.
"""

import difflib
import inspect
import traceback
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, JsonValue

from swe_agent.aci.arguments import BadArguments, schema_of, validated
from swe_agent.aci.permissions import Permissions
from swe_agent.aci.shelf import SEARCH, Shelf
from swe_agent.aci.tool import Failed, Tool, ToolOutput, Workbench
from swe_agent.core.chunks import file_chunks
from swe_agent.core.errors import SweAgentError, ToolFailure
from swe_agent.core.messages import Observation, Outcome, ToolCall
from swe_agent.core.protocols import BlobStore, ToolSpec
from swe_agent.core.text import elided, is_shortened

_SHORTENED = (
    "It was not run: `{}` holds the mark of a shortened text, as old calls are shown. "
    "Write the text out; recall shows what a shortened one was."
)


class Route:
    """The tools of a run, and the only way to them."""

    def __init__(
        self,
        tools: Iterable[Tool],
        permissions: Permissions,
        blobs: BlobStore,
        on_demand: Collection[str] = (),
    ) -> None:
        """
        Args:
            tools: all of them, in order.
            permissions: asked before each call.
            blobs: where whole outputs go.
            on_demand: names of those that lie on the shelf at first.
        """
        self._tools = {tool.name: tool for tool in tools}
        self._permissions = permissions
        self._blobs = blobs
        specs = [spec_of(tool) for tool in self._tools.values()]
        self.shelf = Shelf(tuple(spec for spec in specs if spec.name in on_demand))
        self._specs = tuple(self._told(spec) for spec in specs if spec.name not in on_demand)

    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools that a model is told of from the start, in order."""
        return self._specs

    def _told(self, spec: ToolSpec) -> ToolSpec:
        """The spec; the one that takes from the shelf tells what lies there."""
        if spec.name != SEARCH:
            return spec
        return replace(spec, description=f"{spec.description}\nThere is:\n{self.shelf.listed()}")

    def writes(self, call: ToolCall) -> bool:
        """Whether the call may change the tree; an unknown tool changes nothing."""
        tool = self._tools.get(call.name)
        return tool is not None and tool.writes

    def act(self, call: ToolCall, bench: Workbench) -> Observation:
        """What the call came to.

        Raises:
            SweAgentError: the sandbox, the store or a provider failed; the tool is not to blame.
        """
        tool = self._tools.get(call.name)
        if tool is None:
            return failure(call, self._unknown(call.name), "invalid", "unknown_tool")
        try:
            arguments = validated(tool.Arguments, call.arguments)
        except BadArguments as fault:
            return failure(call, f"{call.name} was not run.\n{fault}", "invalid", "arguments")
        if shortened := [name for name, value in call.arguments.items() if _is_short(value)]:
            return failure(call, _SHORTENED.format(shortened[0]), "invalid", "shortened")
        refusal = self._permissions.refusal(tool, call, arguments, bench.sandbox)
        if refusal is not None:
            return failure(call, f"Refused: {refusal}", "refused", "permission")
        return self._run(tool, call, arguments, bench)

    def _run(
        self, tool: Tool, call: ToolCall, arguments: BaseModel, bench: Workbench
    ) -> Observation:
        try:
            output = tool.run(arguments, bench)
        except Failed as fault:
            return self._observed(call, ToolOutput(str(fault), fault.data), bench, fault.outcome)
        except ToolFailure as fault:
            said = ToolOutput(str(fault), {"reason": "failed"})
            return self._observed(call, said, bench, "failed")
        except SweAgentError:
            raise
        except Exception as fault:  # noqa: BLE001  # the tool boundary: a broken tool ends no run
            said = ToolOutput(_broken(tool, fault), {"reason": "broken_tool"})
            return self._observed(call, said, bench, "failed")
        return self._observed(call, output, bench, "ok")

    def _observed(
        self, call: ToolCall, output: ToolOutput, bench: Workbench, outcome: Outcome
    ) -> Observation:
        text, whole, blob = output.text or "(no output)", output.whole, output.blob
        limit = bench.limits.output_chars
        if len(text) > limit:
            whole = whole if whole is not None or blob else text.encode("utf-8", "backslashreplace")
            text = elided(text, limit)
        if whole is not None:
            blob = self._stored(whole)
        return Observation(
            call_id=call.id,
            tool=call.name,
            text=_storable(text),
            data=output.data,
            outcome=outcome,
            blob=blob,
            images=output.images,
        )

    def _stored(self, whole: bytes | Path) -> str:
        if isinstance(whole, bytes):
            return self._blobs.put(whole)
        blob = self._blobs.put_stream(whole.stat().st_size, file_chunks(whole))
        whole.unlink(missing_ok=True)
        return blob

    def _unknown(self, name: str) -> str:
        near = difflib.get_close_matches(name, self._tools, n=3, cutoff=0.5)
        if near:
            return f"There is no tool {name}. Did you mean {' or '.join(near)}?"
        return f"There is no tool {name}. There is: {', '.join(self._tools)}."


def _is_short(argument: JsonValue) -> bool:
    return isinstance(argument, str) and is_shortened(argument)


def spec_of(tool: Tool) -> ToolSpec:
    """A tool as a model is told of it."""
    return ToolSpec(tool.name, _described(tool), schema_of(tool.Arguments))


def _described(tool: Tool) -> str:
    return inspect.cleandoc(type(tool).__doc__ or tool.name)


def failure(call: ToolCall, text: str, outcome: Outcome, reason: str) -> Observation:
    """What a call came to that no tool answered."""
    said: JsonValue = {"reason": reason}
    return Observation(
        call_id=call.id, tool=call.name, text=_storable(text), data=said, outcome=outcome
    )


def _storable(text: str) -> str:
    """The text without lone surrogates, which no log can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def _broken(tool: Tool, fault: Exception) -> str:
    frame = traceback.extract_tb(fault.__traceback__)[-1]
    where = f"{Path(frame.filename).name}:{frame.lineno}"
    said = str(fault).split("\n", 1)[0][:200]
    return (
        f"The tool {tool.name} itself broke ({type(fault).__name__} at {where}: {said}). "
        "It is no fault of yours; try another way."
    )
