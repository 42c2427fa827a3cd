"""A real inference server whose model talks garbage: whatever it says, nothing breaks.

It runs where `tests/llama/requirements.txt` is installed beside the development packages.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from swe_agent.core.errors import ContextExceeded, ModelFault
from swe_agent.core.messages import Message, Note, Turn
from swe_agent.core.protocols import Prompt
from swe_agent.models.endpoint import Endpoint
from swe_agent.models.openai import OpenAI
from swe_agent.models.probe import probed
from swe_agent.trajectory.log import read_log
from tests.conftest import BASE_IMAGE
from tests.models.conversation import TASK, VIEW, seen
from tests.solve.conftest import TEST_COMMAND

HERE = Path(__file__).parent
MODEL = "tiny"
WINDOW = 32_768
PROGRAM = [sys.executable, "-c", "from swe_agent.cli.main import main; main()"]
pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lacking = [name for name in ("xllamacpp", "gguf") if importlib.util.find_spec(name) is None]
    if lacking:
        why = f"NO REAL INFERENCE SERVER WAS TESTED: {lacking[0]} is not installed"
        pytest.skip(f"{why}; pip install -r tests/llama/requirements.txt")
    path = tmp_path_factory.mktemp("weights") / "tiny.gguf"
    subprocess.run([sys.executable, HERE / "weights.py", path], check=True)
    return path


@contextmanager
def server(weights: Path, window: int = WINDOW, jinja: bool = True) -> Iterator[str]:
    """llama.cpp's server; its base URL."""
    words = [sys.executable, str(HERE / "serve.py"), str(weights), str(window), str(int(jinja))]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        words, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    ) as serving:
        assert serving.stdout is not None
        address = serving.stdout.readline().strip()
        assert address.startswith("http"), address
        try:
            yield f"{address}/v1"
        finally:
            serving.kill()


@pytest.mark.parametrize("jinja", [True, False], ids=["its own tools", "tools as text"])
@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_forty_replies_are_turns_or_known_faults(weights: Path, stream: bool, jinja: bool) -> None:
    stops = set()
    with server(weights, jinja=jinja) as url:
        model = OpenAI(MODEL, Endpoint(None, url, 60), stream=stream)
        history: list[Message] = [TASK]
        for number in range(40):
            length = (1, 8, 60, 200)[number % 4]
            asked = Prompt("You fix bugs.", tuple(history), (VIEW,), length, temperature=2.0)
            try:
                turn = model.complete(asked)
            except ModelFault as fault:
                stops.add(type(fault).__name__)
                continue
            stops.add(turn.stop)
            assert turn.stop == "tool_use" or not turn.calls
            assert turn.usage.input_tokens + turn.usage.cache_read_tokens > 0
            history += [turn, *seen(turn, *("seen" for _ in turn.calls))]
            history.append(Note(kind="reminder", text="Go on."))
        assert probed(Endpoint(None, url), MODEL).takes("tools") is jinja
    assert "max_tokens" in stops, stops
    assert len([one for one in history if isinstance(one, Turn)]) > 10


def test_its_window_is_known_and_a_prompt_beyond_it_is_said_so(weights: Path) -> None:
    with server(weights, window=2048) as url:
        assert probed(Endpoint(None, url), MODEL).abilities.window_tokens == 2048
        long = Note(kind="task", text="word " * 2000)
        with pytest.raises(ContextExceeded):
            OpenAI(MODEL, Endpoint(None, url, 60)).complete(Prompt("", (long,), (), 16))


@pytest.mark.docker
@pytest.mark.parametrize("window", [WINDOW, 4096], ids=["a window", "a small window"])
def test_a_run_on_garbage_ends_like_any_other(
    weights: Path, window: int, project: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    settings = ["models.max_output_tokens=64", "models.temperature=2", "limits.max_steps=12"]
    words = ["run", str(project), "-i", "test_add fails", "-m", f"openai/{MODEL}", "--no-apply"]
    words += ["--test", TEST_COMMAND, "--image", BASE_IMAGE, "-o", str(folder), "-q"]
    with server(weights, window) as url:
        ended = subprocess.run(
            [*PROGRAM, *words, "--base-url", url, *(w for one in settings for w in ("-s", one))],
            env=os.environ,
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode in (3, 4, 5, 7), ended.stderr
    assert "Traceback" not in ended.stderr
    events = [line.event for line in read_log(folder / "events.jsonl")]
    replies = [event for event in events if event.type == "model_replied"]
    assert replies or window == 4096
    if ended.returncode != 7:
        assert events[-1].type == "run_finished"
