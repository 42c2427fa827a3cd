"""mini-swe-agent's `.traj.json` as a run folder; lists of messages of older versions too."""

import re
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

_COMMAND = re.compile(r"```(?:mswea_bash_command|bash|sh)\s*\n(.*?)\n?```", re.DOTALL)
_OWN_ENDS = ("", "Submitted")
_KINDS: tuple[NoteKind, ...] = get_args(NoteKind)


def is_mini(value: JsonValue) -> bool:
    """Whether it is such a file."""
    if isinstance(value, list):
        return any("role" in item for item in objects_of(value))
    return isinstance(object_of(value).get("messages"), list)


def read_mini(value: JsonValue, name: str, folder: Path) -> None:
    """Write the run that the file tells.

    Args:
        value: the file's JSON.
        name: what to call the task where the file does not say.
        folder: an empty folder.

    Raises:
        EnvironmentFault: it cannot be written.
    """
    whole: Json = {"messages": value} if isinstance(value, list) else object_of(value)
    told = object_of(whole.get("info"))
    config = object_of(told.get("config"))
    retelling = Retelling(
        task_id=text_of(whole.get("instance_id")) or name,
        model=text_of(object_of(config.get("model")).get("model_name")) or "unknown",
    )
    for message in objects_of(whole.get("messages")):
        _tell(retelling, message)
    last = _ending(whole)
    status = text_of(told.get("exit_status")) or text_of(last.get("exit_status"))
    patch = text_of(told.get("submission")) or text_of(last.get("submission"))
    retelling.finish(folder, patch, "" if status in _OWN_ENDS else status, _total(told, retelling))


def _tell(retelling: Retelling, message: Json) -> None:
    extra, text = object_of(message.get("extra")), text_of(message.get("content"))
    retelling.ts = number_of(extra.get("timestamp")) or retelling.ts
    role = message.get("role")
    if role == "system":
        retelling.system(text)
    elif role == "assistant":
        retelling.reply(_turn(message, extra, text))
    elif role == "tool" or (role == "user" and _answers(retelling, extra)):
        retelling.observed(
            Observed(
                text=text,
                call_id=text_of(message.get("tool_call_id")),
                outcome="failed" if extra.get("exception_info") else "ok",
                exit_code=count_of(extra.get("returncode")) if "returncode" in extra else None,
            )
        )
    elif role == "user":
        kind = next((one for one in _KINDS if one == extra.get("kind")), None)
        retelling.note(kind or ("human" if retelling.steps else "task"), text)


def _answers(retelling: Retelling, extra: Json) -> bool:
    """Whether a user message is an observation: models without tool calls are told so."""
    foreign = "interrupt_type" in extra or "kind" in extra
    return retelling.expects_observation and not foreign


def _turn(message: Json, extra: Json, text: str) -> Turn:
    response = object_of(extra.get("response"))
    usage = object_of(response.get("usage"))
    cached = object_of(usage.get("prompt_tokens_details"))
    read = count_of(cached.get("cached_tokens"))
    written = count_of(cached.get("cache_creation_tokens"))
    return Turn(
        text=text,
        calls=calls_of(message.get("tool_calls")) or _commands(extra, text),
        model=text_of(response.get("model")),
        usage=Usage(
            input_tokens=max(0, count_of(usage.get("prompt_tokens")) - read - written),
            output_tokens=count_of(usage.get("completion_tokens")),
            cache_read_tokens=read,
            cache_write_tokens=written,
            cost_usd=number_of(extra.get("cost")),
        ),
    )


def _commands(extra: Json, text: str) -> tuple[ToolCall, ...]:
    """The commands that stand beside the reply, else in its text."""
    beside = [text_of(action.get("command")) for action in objects_of(extra.get("actions"))]
    commands = beside or _COMMAND.findall(text)[:1]
    return tuple(ToolCall(id="", name="bash", arguments={"command": one}) for one in commands)


def _total(told: Json, retelling: Retelling) -> Usage | None:
    """The cost of the whole run where replies do not say theirs."""
    cost = number_of(object_of(told.get("model_stats")).get("instance_cost"))
    counted = retelling.usage()
    return None if counted.cost_usd or not cost else counted + Usage(cost_usd=cost)


def _ending(whole: Json) -> Json:
    """What is kept beside the last message."""
    messages = list(objects_of(whole.get("messages")))
    return object_of(messages[-1].get("extra")) if messages else {}
