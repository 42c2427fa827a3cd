"""A run as mini-swe-agent's `.traj.json`: its messages with what it keeps beside each."""

from pydantic import JsonValue

from swe_agent.core.messages import Note, Observation, Turn, Usage
from swe_agent.jobs.export.chat import Json, command_of, tool_call
from swe_agent.jobs.export.conversation import Conversation, Utterance, exit_word
from swe_agent.trajectory.steps import Action

SUFFIX = ".traj.json"
FORMAT = "mini-swe-agent-1.1"
_WORDS = {
    "limit:time": "TimeExceeded",
    "limit:cost": "LimitsExceeded",
    "limit:tokens": "LimitsExceeded",
    "limit:steps": "LimitsExceeded",
    "limit:iterations": "LimitsExceeded",
    "limit:context": "ContextWindowExceededError",
    "exit:6": "EnvironmentFault",
    "exit:7": "ModelFault",
    "exit:1": "InternalError",
}


def to_mini(conversation: Conversation) -> Json:
    """The whole file, as JSON."""
    word = exit_word(conversation.recording, _WORDS, "Submitted")
    messages: list[JsonValue] = []
    if conversation.system:
        messages.append({"role": "system", "content": conversation.system})
    messages += [_message(one) for one in conversation.utterances()]
    if word is not None:
        ending: Json = {"exit_status": word, "submission": conversation.patch}
        messages.append({"role": "exit", "content": conversation.patch or word, "extra": ending})
    return {
        "info": {
            "model_stats": {
                "instance_cost": conversation.usage.cost_usd,
                "api_calls": conversation.calls,
            },
            "config": _config(conversation),
            "mini_version": "",
            "exit_status": word or "",
            "submission": conversation.patch,
            "verdict": conversation.verdict,
        },
        "messages": messages,
        "trajectory_format": FORMAT,
        "instance_id": conversation.task_id,
    }


def _config(conversation: Conversation) -> Json:
    started, environment = conversation.recording.started, conversation.recording.environment
    limits = started.settings.get("limits") if started else None
    most = limits if isinstance(limits, dict) else {}
    return {
        "agent": {
            "step_limit": most.get("max_steps") or 0,
            "cost_limit": most.get("max_cost_usd") or 0.0,
        },
        "agent_type": f"swe-agent {started.version}" if started else "swe-agent",
        "model": {"model_name": conversation.model},
        "model_type": "swe-agent",
        "environment": {
            "image": environment.image if environment else "",
            "cwd": environment.root if environment else "",
        },
        "environment_type": environment.sandbox if environment else "",
    }


def _message(one: Utterance) -> Json:
    match one.said:
        case Note() as note:
            kept: Json = {"kind": note.kind, "timestamp": one.ts}
            return {"role": "user", "content": note.text, "extra": kept}
        case Turn() as turn:
            return _reply(turn, one.ts)
        case Action() as action:
            assert action.observation is not None, "only observed calls are said"
            return _observation(action.observation, one.ts)


def _reply(turn: Turn, ts: float) -> Json:
    message: Json = {"role": "assistant", "content": turn.text}
    if turn.calls:
        message["tool_calls"] = [tool_call(call) for call in turn.calls]
    return {
        **message,
        "extra": {
            "actions": [
                {"command": command_of(call), "tool_call_id": call.id} for call in turn.calls
            ],
            "cost": turn.usage.cost_usd,
            "timestamp": ts,
            "response": {"model": turn.model, "usage": _usage(turn.usage)},
        },
    }


def _usage(usage: Usage) -> Json:
    """As chat APIs count: what was read from the cache is part of the prompt."""
    sent = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    return {
        "prompt_tokens": sent,
        "completion_tokens": usage.output_tokens,
        "total_tokens": sent + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "cache_creation_tokens": usage.cache_write_tokens,
        },
    }


def _observation(observation: Observation, ts: float) -> Json:
    said = observation.data if isinstance(observation.data, dict) else {}
    code = said.get("exit_code")
    failed = observation.outcome != "ok"
    return {
        "role": "tool",
        "tool_call_id": observation.call_id,
        "content": observation.text,
        "extra": {
            "raw_output": observation.text,
            "returncode": code if isinstance(code, int) else -1 if failed else 0,
            "exception_info": observation.outcome if failed else "",
            "timestamp": ts,
        },
    }
