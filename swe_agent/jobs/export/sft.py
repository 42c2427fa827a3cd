"""A run as one line of chat JSONL for fine-tuning: messages, and the tools that they call."""

from pydantic import JsonValue

from swe_agent.aci.load import load_tools
from swe_agent.aci.route import spec_of
from swe_agent.core.errors import UsageFault
from swe_agent.core.messages import Note, Turn
from swe_agent.jobs.export.chat import Json, tool_call
from swe_agent.jobs.export.conversation import Conversation
from swe_agent.settings.content import content_roots
from swe_agent.trajectory.steps import Action

SUFFIX = ".jsonl"


def to_chat(conversation: Conversation) -> Json:
    """One example. Every call in it has its observation; it ends with a reply of the model."""
    row: Json = {"messages": _messages(conversation)}
    if tools := _tools(conversation):
        row["tools"] = tools
    return {
        **row,
        "instance_id": conversation.task_id,
        "verdict": conversation.verdict,
        "model": conversation.model,
    }


def _messages(conversation: Conversation) -> list[JsonValue]:
    """Chat templates want one user message between two replies, so notes in a row are joined."""
    messages: list[Json] = []
    if conversation.system:
        messages.append({"role": "system", "content": conversation.system})
    answered = {
        one.said.call.id for one in conversation.utterances() if isinstance(one.said, Action)
    }
    for one in conversation.utterances():
        match one.said:
            case Note(text=text) if messages and messages[-1]["role"] == "user":
                messages[-1]["content"] = f"{messages[-1]['content']}\n\n{text}"
            case Note(text=text):
                messages.append({"role": "user", "content": text})
            case Turn() as turn:
                reply: Json = {"role": "assistant", "content": turn.text}
                calls = [tool_call(call) for call in turn.calls if call.id in answered]
                messages.append({**reply, "tool_calls": [*calls]} if calls else reply)
            case Action(call=call, observation=observation) if observation:
                said: Json = {"role": "tool", "tool_call_id": call.id, "content": observation.text}
                messages.append(said)
    while messages and messages[-1]["role"] != "assistant":
        messages.pop()
    return [*messages]


def _tools(conversation: Conversation) -> list[JsonValue]:
    """The tools that the run's settings name, as this version describes them."""
    started = conversation.recording.started
    section = started.settings.get("tools") if started else None
    named = section.get("names") if isinstance(section, dict) else None
    names = [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
    try:
        tools = load_tools(content_roots("tools"), names) if names else ()
    except UsageFault:
        return []
    specs = [spec_of(tool) for tool in tools]
    return [
        {
            "type": "function",
            "function": {
                "name": spec.name,
                "description": spec.description,
                "parameters": spec.schema,
            },
        }
        for spec in specs
    ]
