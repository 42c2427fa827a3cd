"""Who may do what: the run's mode, and the tools' own refusals. Paths are refused in `paths.py`."""

from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import BaseModel

from swe_agent.aci.paths import is_git_internal, repo_path
from swe_agent.aci.tool import Failed, Tool
from swe_agent.core.messages import ToolCall
from swe_agent.core.protocols import Sandbox

Mode = Literal["auto", "confirm", "human"]
_FREE = frozenset({"plan", "submit", "recall"})


class Human(Protocol):
    """The person who approves actions."""

    def objection(self, call: ToolCall, writes: bool) -> str | None:
        """Ask about one call; None: it may be made; else why not, as far as they say."""
        ...


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a call needs before it runs."""

    mode: Mode = "auto"
    """`auto` permits all; `confirm` asks before a call that writes; `human` asks before every call
    that acts.
    """
    human: Human | None = None
    """Nobody to ask: what would be asked is refused."""

    def refusal(
        self, tool: Tool, call: ToolCall, arguments: BaseModel, sandbox: Sandbox
    ) -> str | None:
        """Why the call is not permitted; None where it is."""
        return _path_refusal(tool, arguments, sandbox) or self._human_refusal(tool, call)

    def _human_refusal(self, tool: Tool, call: ToolCall) -> str | None:
        asks = tool.writes if self.mode == "confirm" else tool.name not in _FREE
        if self.mode == "auto" or not asks:
            return None
        if self.human is None:
            return f"{tool.name} needs approval in mode {self.mode}, and there is nobody to ask."
        objection = self.human.objection(call, tool.writes)
        if objection is None:
            return None
        said = f" They say: {objection}" if objection else ""
        return f"the user did not approve this call of {tool.name}; do something else.{said}"


def _path_refusal(tool: Tool, arguments: BaseModel, sandbox: Sandbox) -> str | None:
    """By convention an argument `path` of a tool names a place in the repository."""
    path = getattr(arguments, "path", None)
    if not isinstance(path, str):
        return None
    try:
        relative = repo_path(path, sandbox.root)
    except Failed as fault:
        if fault.outcome != "refused":
            return None
        return str(fault)
    if tool.writes and is_git_internal(relative):
        return f"{path} lies below .git, which is not part of the patch."
    return None
