"""The whole program over the vendors' wire protocols, with the real SDKs; killed in the middle and
resumed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from swe_agent.core.result import RunResult
from swe_agent.trajectory.log import read_log
from tests.conftest import BASE_IMAGE
from tests.solve.conftest import ENGINEER, TEST_COMMAND, contents
from tests.vendors import AnthropicServer, OpenAIServer, ResponsesServer

pytestmark = pytest.mark.docker

VENDORS = {
    "anthropic": (AnthropicServer, "anthropic/claude-sonnet-5-5", "ANTHROPIC_API_KEY"),
    "openai": (OpenAIServer, "openai/gpt-6-sol", "OPENAI_API_KEY"),
    "responses": (ResponsesServer, "openai-responses/gpt-6-sol", "OPENAI_API_KEY"),
}
KEY = "sk-canary-0815"
PROGRAM = [sys.executable, "-c", "from swe_agent.cli.main import main; main()"]


def started(vendor: str, url: str, project: Path, folder: Path) -> "subprocess.Popen[bytes]":
    _, model, variable = VENDORS[vendor]
    arguments = ["-i", "test_add fails", "-m", model, "--base-url", url, "--test", TEST_COMMAND]
    arguments += ["--image", BASE_IMAGE, "-o", str(folder), "--no-apply", "-q"]
    return subprocess.Popen(
        [*PROGRAM, "run", str(project), *arguments],
        env=os.environ | {variable: KEY},
    )


def resumed(vendor: str, folder: Path) -> int:
    return subprocess.run(
        [*PROGRAM, "resume", str(folder), "-q"],
        env=os.environ | {VENDORS[vendor][2]: KEY},
        check=False,
    ).returncode


def logged(folder: Path) -> list[str]:
    log = folder / "events.jsonl"
    return [line.event.type for line in read_log(log)] if log.exists() else []


def kill_after(process: "subprocess.Popen[bytes]", folder: Path, kind: str, count: int) -> None:
    deadline = time.monotonic() + 120
    while logged(folder).count(kind) < count:
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_hosted_model_breaks_is_rolled_back_fixes_and_is_verified(
    vendor: str, project: Path, tmp_path: Path
) -> None:
    before = contents(project)
    folder = tmp_path / "run"
    with VENDORS[vendor][0](ENGINEER, key=KEY) as server:
        assert started(vendor, server.url, project, folder).wait(timeout=200) == 0
        assert (len(server.requests), len(server.refused)) == (5, 0)
    result = RunResult.model_validate_json((folder / "result.json").read_bytes())
    assert (result.verdict, result.rollbacks) == ("verified", 1)
    assert result.usage.input_tokens > 0
    assert contents(project) == before
    assert not [p for p in folder.rglob("*") if p.is_file() and KEY.encode() in p.read_bytes()]


@pytest.mark.parametrize(
    ("kind", "count"),
    [("model_called", 2), ("model_replied", 2), ("tool_called", 2), ("tool_returned", 2)],
    ids=["while the model thinks", "before the edit", "in the edit", "after the edit"],
)
def test_killed_and_resumed_it_comes_to_the_same_patch_and_asks_no_reply_twice(
    kind: str, count: int, project: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    with OpenAIServer(ENGINEER, key=KEY) as server:
        kill_after(started("openai", server.url, project, folder), folder, kind, count)
        assert resumed("openai", folder) == 0
        asked = len(server.requests)
    result = RunResult.model_validate_json((folder / "result.json").read_bytes())
    assert (result.verdict, result.rollbacks, result.steps) == ("verified", 1, 5)
    assert "+    return a + b" in result.patch
    assert "**" not in result.patch
    replies = [line.event for line in read_log(folder / "events.jsonl")]
    turns = [event for event in replies if event.type == "model_replied"]
    assert [event.step for event in turns] == [1, 2, 3, 4, 5]
    unanswered = [event.type for event in replies].count("model_called") - len(turns)
    assert asked <= 5 + unanswered
    assert unanswered <= (1 if kind == "model_called" else 0) + 1
