"""OpenAI's SDK and nothing else: the conversation of a run, without an agent.

Usage: python bench/bare_client.py BASE_URL STEPS [raw]; `step.py` sets an agent's step beside it.
The SDK is called as its documentation shows, so it walks the whole conversation at each request.
With `raw` it hands over bytes that are ready, and its reply is thrown away: no agent on this SDK
can take less.
"""

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import openai

TOOLS = 8
SYSTEM_CHARS, TASK_CHARS, OBSERVATION_CHARS = 3000, 600, 500
"""About what the agent's own requests hold."""


def main() -> None:
    """Hold the conversation."""
    import openai

    url, steps = sys.argv[1], int(sys.argv[2])
    client = openai.OpenAI(api_key="x", base_url=url, max_retries=0)
    create = client.chat.completions.create
    said: list = [
        {"role": "system", "content": "s" * SYSTEM_CHARS},
        {"role": "user", "content": "t" * TASK_CHARS},
    ]
    tools: list = [_tool(number) for number in range(TOOLS)]
    if sys.argv[3:] == ["raw"]:
        _post(client, steps, {"model": "scripted", "messages": said, "tools": tools})
        return
    for _ in range(steps):
        message = create(model="scripted", messages=said, tools=tools).choices[0].message
        call = message.tool_calls[0]  # type: ignore[index]
        said.append(
            {
                "role": "assistant",
                "content": message.content,
                "tool_calls": [call.model_dump()],
            }
        )
        observed = "o" * OBSERVATION_CHARS
        said.append({"role": "tool", "tool_call_id": call.id, "content": observed})


def _post(client: "openai.OpenAI", steps: int, asked: dict) -> None:
    """The same request each time, as long as one in the middle."""
    asked["messages"] = [*asked["messages"], {"role": "user", "content": "o" * 500 * steps}]
    body = json.dumps(asked).encode()
    headers = {"X-Stainless-Raw-Response": "stream", "Content-Type": "application/json"}
    for _ in range(steps):
        reply: Any = client.post(
            "/chat/completions", cast_to=object, content=body, options={"headers": headers}
        )
        b"".join(reply.iter_bytes())
        reply.close()


def _tool(number: int) -> dict:
    wanted = {"type": "object", "properties": {"command": {"type": "string"}}}
    function = {"name": f"tool_{number}", "description": "d" * 200, "parameters": wanted}
    return {"type": "function", "function": function}


if __name__ == "__main__":
    main()
