"""A run as SWE-agent's `.traj`: trajectory, history, info, replay configuration."""

import json

from pydantic import JsonValue

from swe_agent.core.messages import Note, Turn
from swe_agent.jobs.export.chat import Json, command_of, thinking_of, tool_call
from swe_agent.jobs.export.conversation import Conversation, Utterance, exit_word
from swe_agent.trajectory.steps import Action, Step

SUFFIX = ".traj"
AGENT = "main"
_WORDS = {
    "limit:cost": "exit_cost",
    "limit:tokens": "exit_cost",
    "limit:steps": "exit_cost",
    "limit:iterations": "exit_cost",
    "limit:time": "exit_total_execution_time",
    "limit:context": "exit_context",
    "limit:stuck": "exit_forfeit",
    "limit:refused": "exit_forfeit",
    "exit:6": "exit_environment_error",
    "exit:7": "exit_api",
    "exit:1": "exit_error",
}
_SUBMITTED = "submitted"


def to_traj(conversation: Conversation) -> Json:
    """The whole file, as JSON."""
    return {
        "trajectory": [
            _row(conversation, step) for step in conversation.recording.steps if step.turn
        ],
        "history": _history(conversation),
        "info": _facts(conversation),
        "replay_config": json.dumps(replay_config_of(conversation)),
        "environment": "main",
    }


def _row(conversation: Conversation, step: Step) -> Json:
    """One step: SWE-agent has one action in each; several calls of ours are joined."""
    assert step.turn is not None, "asked for by the caller"
    done = [action for action in step.actions if action.observation]
    environment = conversation.recording.environment
    text = step.turn.text
    return {
        "action": "\n".join(command_of(action.call) for action in step.actions),
        "observation": "\n".join(action.observation.text for action in done if action.observation),
        "response": text,
        "thought": text,
        "execution_time": round(sum(action.duration_s for action in done), 4),
        "state": {"working_dir": environment.root if environment else ""},
        "query": [],
        "extra_info": {"phase": step.phase, "iteration": step.iteration},
    }


def _history(conversation: Conversation) -> list[JsonValue]:
    system: Json = {
        "role": "system",
        "content": conversation.system,
        "agent": AGENT,
        "message_type": "system_prompt",
    }
    said = [_item(one) for one in conversation.utterances()]
    return [system, *said] if conversation.system else [*said]


def _item(one: Utterance) -> Json:
    match one.said:
        case Note() as note:
            return {
                "role": "user",
                "content": note.text,
                "agent": AGENT,
                "message_type": "observation",
                "tags": [note.kind],
            }
        case Turn() as turn:
            return _reply(turn)
        case Action() as action:
            assert action.observation is not None, "only observed calls are said"
            return {
                "role": "tool",
                "content": action.observation.text,
                "agent": AGENT,
                "message_type": "observation",
                "tool_call_ids": [action.call.id],
            }


def _reply(turn: Turn) -> Json:
    item: Json = {
        "role": "assistant",
        "content": turn.text,
        "thought": turn.text,
        "action": "\n".join(command_of(call) for call in turn.calls),
        "agent": AGENT,
        "tool_calls": [tool_call(call) for call in turn.calls] or None,
        "message_type": "action",
    }
    thinking = thinking_of(turn)
    return {**item, "thinking_blocks": thinking} if thinking else item


def _facts(conversation: Conversation) -> Json:
    """`info`: what it cost and how it ended."""
    usage, started = conversation.usage, conversation.recording.started
    sent = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    word = exit_word(conversation.recording, _WORDS, _SUBMITTED)
    if word not in (None, _SUBMITTED) and conversation.patch:
        word = f"{_SUBMITTED} ({word})"
    return {
        "swe_agent_version": started.version if started else "",
        "model_stats": {
            "instance_cost": usage.cost_usd,
            "tokens_sent": sent,
            "tokens_received": usage.output_tokens,
            "api_calls": conversation.calls,
        },
        "exit_status": word,
        "submission": conversation.patch or None,
        "verdict": conversation.verdict,
    }


def replay_config_of(conversation: Conversation) -> Json:
    """As much of a configuration as a run of ours has: model, image, issue."""
    started, environment = conversation.recording.started, conversation.recording.environment
    image = environment.image if environment else ""
    return {
        "agent": {
            "name": AGENT,
            "model": {"name": conversation.model or "unknown"},
            "tools": {"parse_function": {"type": "function_calling"}},
        },
        "env": {
            "deployment": {"type": "docker", "image": image} if image else {"type": "dummy"},
        },
        "problem_statement": {
            "type": "text",
            "text": started.task.issue if started else "",
            "id": conversation.task_id,
        },
    }
