"""SWE-agent's `.traj` as a run folder: its history, else its trajectory."""

import json
from pathlib import Path
from typing import get_args

from pydantic import JsonValue

from swe_agent.core.messages import NoteKind, ToolCall, Turn, Usage
from swe_agent.jobs.export.foreign import (
    Json,
    calls_of,
    count_of,
    number_of,
    object_of,
    objects_of,
    text_of,
)
from swe_agent.jobs.export.retelling import Observed, Retelling

_KINDS: tuple[NoteKind, ...] = get_args(NoteKind)
_SUBMITTED = "submitted"


def is_traj(value: JsonValue) -> bool:
    """Whether it is such a file."""
    whole = object_of(value)
    return isinstance(whole.get("history"), list) or isinstance(whole.get("trajectory"), list)


def read_traj(value: JsonValue, name: str, folder: Path) -> None:
    """Write the run that the file tells.

    Args:
        value: the file's JSON.
        name: the task's id: SWE-agent keeps it in the file's name alone.
        folder: an empty folder.

    Raises:
        EnvironmentFault: it cannot be written.
    """
    whole = object_of(value)
    told = object_of(whole.get("info"))
    retelling = Retelling(task_id=name, model=_model(whole))
    times = [number_of(row.get("execution_time")) for row in objects_of(whole.get("trajectory"))]
    history = [item for item in objects_of(whole.get("history")) if not item.get("is_demo")]
    if history:
        for item in history:
            _tell(retelling, item, times)
    else:
        for row in objects_of(whole.get("trajectory")):
            _tell_row(retelling, row)
    status = text_of(told.get("exit_status"))
    limit = status.removeprefix(_SUBMITTED).strip(" ()")
    retelling.finish(folder, text_of(told.get("submission")), limit, _usage(told))


def _tell(retelling: Retelling, item: Json, times: list[float]) -> None:
    text, role = text_of(item.get("content")), item.get("role")
    ids = item.get("tool_call_ids")
    if role == "system":
        retelling.system(text)
    elif role == "assistant":
        retelling.reply(Turn(text=text, calls=_calls(item)))
    elif role == "tool" or (retelling.expects_observation and _kind(item) is None):
        call_id = ids[0] if isinstance(ids, list) and ids else ""
        at = retelling.steps - 1
        took = times[at] if at < len(times) else 0.0
        retelling.observed(Observed(text=text, call_id=text_of(call_id), duration_s=took))
    elif role == "user":
        retelling.note(_kind(item) or ("human" if retelling.steps else "task"), text)


def _tell_row(retelling: Retelling, row: Json) -> None:
    """One step of a file that has no history."""
    text = text_of(row.get("response")) or text_of(row.get("thought"))
    retelling.reply(Turn(text=text, calls=_calls(row)))
    took = number_of(row.get("execution_time"))
    if retelling.expects_observation:
        retelling.observed(Observed(text=text_of(row.get("observation")), duration_s=took))


def _calls(item: Json) -> tuple[ToolCall, ...]:
    found = calls_of(item.get("tool_calls"))
    action = text_of(item.get("action")).strip("\n")
    if found or not action:
        return found
    return (ToolCall(id="", name="bash", arguments={"command": action}),)


def _kind(item: Json) -> NoteKind | None:
    """The kind of note that a run of ours was exported with."""
    tags = item.get("tags")
    known = tags if isinstance(tags, list) else []
    return next((kind for kind in _KINDS if kind in known), None)


def _model(whole: Json) -> str:
    raw = whole.get("replay_config")
    try:
        config = json.loads(raw) if isinstance(raw, str) else raw
    except ValueError:
        config = None
    agent = object_of(object_of(config).get("agent"))
    return text_of(object_of(agent.get("model")).get("name")) or "unknown"


def _usage(told: Json) -> Usage:
    stats = object_of(told.get("model_stats"))
    return Usage(
        input_tokens=count_of(stats.get("tokens_sent")),
        output_tokens=count_of(stats.get("tokens_received")),
        cost_usd=number_of(stats.get("instance_cost")),
    )
