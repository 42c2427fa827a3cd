"""What an endpoint takes, learned from what it refuses, and kept in the user's cache folder.

Nothing is asked for the sake of asking: a refused request costs nothing, is changed to what the
endpoint takes and sent again, and what was learned is known at the next start.
"""

import hashlib
import json
import os
import re
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import ValidationError

from swe_agent.core.messages import Record
from swe_agent.core.protocols import Effort

CACHE_HOME = "SWE_AGENT_CACHE_HOME"
"""Environment variable that names the user's cache folder."""
KEPT_S = 7 * 86_400
"""Endpoints change: what was learned is believed for a week."""
MOST_CHANGES = 6
"""How often one request is changed to what the endpoint takes."""

EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""From the least to the most."""
THINKING_MODES = (
    "thinking.adaptive",
    "thinking.enabled",
    "thinking.disabled",
    "thinking.between_tools",
)
"""Forms of a field that models take or refuse one by one."""

LimitField = Literal["max_tokens", "max_completion_tokens"]

_NOT_TAKEN = re.compile(
    r"unsupported|not supported|not support|unrecognized|unknown|unexpected|extra|not permitted"
    r"|not allowed|invalid|deprecated|may only be|too large|too complex|circular|must be verified",
    re.IGNORECASE,
)
_CALLED: dict[str, str] = {
    "output_config": "output_config|effort",
    "reasoning_effort": "reasoning_effort|thinking",
    "strict": "strict|compiled grammar|schema is too complex|circular|invalid_function_parameters",
    **dict.fromkeys(THINKING_MODES, "thinking"),
}
"""How refusals name what has another name, or several."""
_LEVELS = re.compile(
    r"(?:supported (?:values|levels|efforts)|supported:|valid values|should be|must be|one of)"
    r"(.*)",
    re.IGNORECASE | re.DOTALL,
)
_EFFORT = re.compile(r"effort|reasoning", re.IGNORECASE)
_WITH_EFFORT = frozenset({"output_config", "reasoning", "reasoning_effort"})
_NO_TOOLS = re.compile(
    r"(?:does not|doesn't|do not) support (?:tools|function|tool use)|support(?:s)? tool use"
    r"|tool choice requires|--enable-auto-tool-choice|--jinja"
    r"|['\"]?(?:tools|functions?|tool calling)['\"]? (?:is|are) not supported",
    re.IGNORECASE,
)
_TOO_MUCH = re.compile(
    r"max(?:_completion|_output)?_tokens\D{0,30}(\d+).{0,80}?(?:>|at most|maximum)\D{0,40}?(\d+)",
    re.IGNORECASE | re.DOTALL,
)


class Abilities(Record):
    """What an endpoint is known to take for one model."""

    refused: frozenset[str] = frozenset()
    """Optional fields of a request that it does not take; `tools` stands for all tool calling."""
    limit_field: LimitField | None = None
    """How it names the reply's longest length, where that differs."""
    tools_without_reasoning: bool = False
    """It takes tools only where `reasoning_effort` is `none`."""
    most_output_tokens: int | None = None
    efforts: tuple[Effort, ...] = ()
    """Those that it takes, where it refused another; empty: all that the API knows."""
    window_tokens: int | None = None
    """Its context window, where it says so."""
    probed: bool = False
    """Whether the endpoint was asked what it says of the model by itself."""
    learned_at: float = 0.0
    """Seconds since the epoch."""


@dataclass(slots=True)
class Learned:
    """The abilities of one endpoint and model; each change is kept."""

    url: str
    model: str
    _abilities: Abilities | None = field(default=None, init=False)

    @property
    def abilities(self) -> Abilities:
        """What is known; read from the cache once."""
        if self._abilities is None:
            self._abilities = _read(self._path())
        return self._abilities

    def takes(self, name: str) -> bool:
        """Whether an optional field may be sent, as far as is known."""
        return name not in self.abilities.refused

    def effort_near(self, wanted: Effort, known: tuple[Effort, ...] = EFFORTS) -> Effort:
        """The effort nearest to the wanted one that is taken; the lesser of two equals.

        Args:
            wanted: what the settings say.
            known: what the API knows, where not all.
        """
        taken = self.abilities.efforts or known
        return min(taken, key=lambda one: (abs(_rank(one) - _rank(wanted)), _rank(one)))

    def learn(self, **changes: object) -> None:
        """Take a change in and keep it; a cache that cannot be written is no fault."""
        changed = self.abilities.model_copy(update={**changes, "learned_at": time.time()})
        self._abilities = changed
        with suppress(OSError):
            _write(self._path(), changed)

    def from_refusal(self, said: str, sent: frozenset[str], limit_field: LimitField) -> bool:
        """Learn from a refusal of a request with these optional fields; whether to ask again."""
        known = self.abilities
        if "tools" in sent and self.takes("tools") and _NO_TOOLS.search(said):
            self.learn(refused=known.refused | {"tools"})
        elif sent & _WITH_EFFORT and (efforts := _efforts(said)) and efforts != known.efforts:
            self.learn(efforts=efforts)
        elif re.search("reasoning_effort.*none", said, re.DOTALL) and (
            not known.tools_without_reasoning
        ):
            self.learn(tools_without_reasoning=True)
        elif most := _most_output(said):
            self.learn(most_output_tokens=most)
        elif not _NOT_TAKEN.search(said):
            return False
        elif _place(said, limit_field) is not None:
            self.learn(limit_field=_other(limit_field))
        elif named := _first_named(said, sent - {"tools"} - known.refused):
            self.learn(refused=known.refused | {named})
        else:
            return False
        return True

    def _path(self) -> Path:
        named = os.environ.get(CACHE_HOME)
        home = Path(named) if named else platformdirs.user_cache_path("swe-agent")
        key = hashlib.sha256(f"{self.url}\n{self.model}".encode()).hexdigest()[:32]
        return home / "endpoints" / f"{key}.json"


def _most_output(said: str) -> int | None:
    found = _TOO_MUCH.search(said)
    if not found:
        return None
    asked, most = int(found[1]), int(found[2])
    return most if 0 < most < asked else None


def _efforts(said: str) -> tuple[Effort, ...]:
    """The efforts that a refusal of one lists as taken; empty where it lists none."""
    listed = _LEVELS.search(said) if _EFFORT.search(said) else None
    words = set(re.findall(r"\w+", listed[1].lower())) if listed else set()
    return tuple(one for one in EFFORTS if one in words)


def _first_named(said: str, names: frozenset[str]) -> str | None:
    """The name that a refusal mentions first: what comes after may be advice."""
    places = {name: place for name in names if (place := _place(said, name)) is not None}
    return min(sorted(places), key=places.__getitem__, default=None)


def _place(said: str, name: str) -> int | None:
    called = _CALLED.get(name) or re.escape(name)
    found = re.search(rf"(?<![A-Za-z0-9_])(?:{called})(?![A-Za-z0-9_])", said, re.IGNORECASE)
    return found.start() if found else None


def _rank(effort: Effort) -> int:
    return EFFORTS.index(effort)


def _other(limit_field: LimitField) -> LimitField:
    return "max_tokens" if limit_field == "max_completion_tokens" else "max_completion_tokens"


def _read(path: Path) -> Abilities:
    try:
        kept = Abilities.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return Abilities()
    return kept if 0 <= time.time() - kept.learned_at < KEPT_S else Abilities()


def _write(path: Path, abilities: Abilities) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".endpoint-")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(abilities.model_dump(mode="json"), stream)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
