"""The fake vendors refuse what the real ones refuse, and play their script by the conversation."""

import json
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from tests.vendors import AnthropicServer, OpenAIServer

SCRIPT = [{"text": "one"}, {"text": "two"}]
VENDORS = {"anthropic": AnthropicServer, "openai": OpenAIServer}
CALL = {"type": "tool_use", "id": "t1", "name": "view", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "x"}
FUNCTION = {"id": "t1", "type": "function", "function": {"name": "view", "arguments": "{}"}}
MARK = {"cache_control": {"type": "ephemeral"}}
USER = {"role": "user", "content": "Hi"}


PATHS = {AnthropicServer: "/v1/messages", OpenAIServer: "/chat/completions"}


def post(server, body, **more):
    return send(server.url + PATHS[type(server)], body, **more)


def send(url, body, **more):
    headers = {"authorization": "Bearer k", "anthropic-version": "2023-06-01", **more}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def asking(*messages, **more):
    return {"model": "m", "max_tokens": 10, "messages": [USER, *messages], **more}


def say(role, *blocks):
    return {"role": role, "content": list(blocks)}


@pytest.mark.parametrize(
    "body",
    [
        {"model": "m", "messages": [USER]},
        asking(temperature=0.5),
        asking(unknown=1),
        asking(USER),
        asking(say("assistant", {"type": "text", "text": "prefill"})),
        asking(say("assistant", CALL), say("user", {"type": "text", "text": "no result"})),
        asking(say("assistant", CALL), say("user", RESULT, RESULT)),
        asking(say("assistant", CALL), say("user", {"type": "text", "text": "a"}, RESULT)),
        asking(say("assistant", {"type": "text", "text": "a"}), say("user", RESULT)),
        asking(say("assistant", {"type": "text", "text": " "}), USER),
        asking(say("assistant", {"type": "thinking", "thinking": "a", "signature": "b"}), USER),
        asking(system=[{"type": "text", "text": "a", **MARK} for _ in range(5)]),
        asking(tools=[{"name": "a b", "input_schema": {"type": "object"}}]),
    ],
)
def test_the_fake_anthropic_refuses_what_the_vendor_refuses(body):
    with AnthropicServer(SCRIPT) as server:
        status, said = post(server, body)
    assert status == 400
    assert json.loads(said)["error"]["type"] == "invalid_request_error"
    assert len(server.refused) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [USER]},
        asking(unknown=1),
        asking(max_completion_tokens=5),
        asking(tools=[]),
        asking({"role": "assistant", "tool_calls": [FUNCTION]}, USER),
        asking({"role": "assistant", "tool_calls": [FUNCTION]}),
        asking({"role": "tool", "tool_call_id": "t1", "content": "x"}),
        asking({"role": "assistant", "content": None}, USER),
        asking({"role": "robot", "content": "x"}),
    ],
)
def test_the_fake_openai_refuses_what_the_vendor_refuses(body):
    with OpenAIServer(SCRIPT) as server:
        status, said = post(server, body)
    assert status == 400
    assert json.loads(said)["error"]["message"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_same_conversation_gets_the_same_reply(vendor):
    further = asking({"role": "assistant", "content": "one"}, USER)
    with VENDORS[vendor](SCRIPT) as server:
        answers = [post(server, body)[1] for body in (asking(), asking(), further)]
    assert answers[0] == answers[1]
    assert ("one" in answers[0], "two" in answers[2]) == (True, True)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_fault_is_played_once(vendor):
    with VENDORS[vendor]([{"error": 529}, *SCRIPT]) as server:
        assert [post(server, asking())[0] for _ in range(2)] == [529, 200]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_script_can_be_a_function_of_the_request(vendor):
    with VENDORS[vendor](lambda body: {"text": f"{len(body['messages'])} heard"}) as server:
        assert "1 heard" in post(server, asking())[1]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_reply_can_be_streamed(vendor):
    with VENDORS[vendor]([{"text": "abc"}]) as server:
        status, said = post(server, asking(stream=True))
    events = [line for line in said.splitlines() if line.startswith("data: ")]
    assert status == 200
    assert len(events) > 4


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_wrong_key_is_refused(vendor):
    with VENDORS[vendor](SCRIPT, key="right") as server:
        assert post(server, asking())[0] == 401
        assert post(server, asking(), authorization="Bearer right")[0] == 200


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_runs_by_hand(vendor, tmp_path):
    (tmp_path / "s.jsonl").write_text('{"text": "by hand"}\n')
    command = [sys.executable, "-m", "tests.vendors.serve", "--vendor", vendor, "--script"]
    with subprocess.Popen(
        [*command, tmp_path / "s.jsonl"], stdout=subprocess.PIPE, text=True
    ) as run:
        try:
            url = run.stdout.readline().strip()
            assert "by hand" in send(url + PATHS[VENDORS[vendor]], asking())[1]
        finally:
            run.terminate()
