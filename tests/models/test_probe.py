"""What an endpoint says of a model by itself is asked once, believed, and never a fault."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from swe_agent.assemble import rates_of
from swe_agent.models.endpoint import Endpoint
from swe_agent.models.probe import probed
from swe_agent.settings.schema import ContextSettings, ModelSettings, Settings

MODEL = "qwen3"
Seen = list[tuple[str, dict[str, str]]]


@contextmanager
def answering(answers: dict[str, Any]) -> Iterator[tuple[str, Seen]]:
    """A server with these answers by path, its base URL, and the requests that came."""
    seen: Seen = []

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.path, {name.lower(): text for name, text in self.headers.items()}))
            found = answers.get(self.path)
            raw = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(404 if found is None else 302 if b"location" in raw else 200)
            if b"location" in raw:
                self.send_header("location", json.loads(raw)["location"])
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_address[1]}/v1", seen
        finally:
            http.shutdown()
            thread.join()


def listed(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"/v1/models": {"object": "list", "data": list(rows)}}


@pytest.mark.parametrize(
    ("row", "window"),
    [
        ({"id": MODEL, "max_model_len": 40_960}, 40_960),
        ({"id": "/models/q.gguf", "meta": {"n_ctx": 8192, "n_ctx_train": 131_072}}, 8192),
        ({"id": MODEL, "context_length": 262_144, "top_provider": {"context_length": 1}}, 262_144),
        ({"id": MODEL, "context_length": "many"}, None),
        ({"id": MODEL}, None),
    ],
    ids=["vllm", "llama.cpp", "openrouter", "nonsense", "silent"],
)
def test_the_window_is_what_the_list_says(row: dict[str, Any], window: int | None) -> None:
    with answering(listed(row)) as (url, seen):
        found = probed(Endpoint("sk-probe-1234", url), MODEL)
        again = probed(Endpoint("sk-probe-1234", url), MODEL)
    assert found.abilities.window_tokens == again.abilities.window_tokens == window
    assert [path for path, _ in seen] == ["/v1/models"], "asked once, then kept"
    assert seen[0][1]["authorization"] == "Bearer sk-probe-1234"


def test_another_models_row_says_nothing() -> None:
    rows = ({"id": "a", "max_model_len": 9999}, {"id": "b", "max_model_len": 8888})
    with answering(listed(*rows)) as (url, _):
        assert probed(Endpoint(None, url), MODEL).abilities.window_tokens is None


@pytest.mark.parametrize("can", [True, False], ids=["tools", "no tools"])
def test_ollama_is_asked_in_its_own_way(can: bool) -> None:
    shown = {
        "parameters": "temperature 0.6\nnum_ctx                        16384",
        "model_info": {"qwen3.context_length": 262_144},
        "capabilities": ["completion", "tools"] if can else ["completion"],
    }
    answers = listed({"id": MODEL, "owned_by": "library"}) | {"/api/show": shown}
    with answering(answers) as (url, _):
        found = probed(Endpoint(None, url), MODEL)
    assert found.abilities.window_tokens == 16_384
    assert found.takes("tools") is can


def test_a_model_that_is_listed_without_tools_is_told_of_them_as_text() -> None:
    with answering(listed({"id": MODEL, "supported_parameters": ["temperature"]})) as (url, _):
        assert not probed(Endpoint(None, url), MODEL).takes("tools")


@pytest.mark.parametrize(
    "answer", [None, b"<html>", b"", b"[1]", b'{"data": 7}', b"[" * 100_000, b"\xff"]
)
def test_whatever_it_answers_is_no_fault(answer: bytes | None) -> None:
    with answering({"/v1/models": answer}) as (url, _):
        assert probed(Endpoint(None, url), MODEL).abilities.window_tokens is None


def test_the_key_goes_nowhere_else() -> None:
    moved: dict[str, Any] = {}
    with (
        answering(listed({"id": MODEL, "max_model_len": 4096})) as (other, elsewhere),
        answering(moved) as (url, _),
    ):
        moved["/v1/models"] = {"location": f"{other}/models"}
        found = probed(Endpoint("sk-probe-1234", url), MODEL)
    assert found.abilities.window_tokens is None
    assert elsewhere == []


def test_a_server_that_is_not_there_is_no_fault() -> None:
    assert probed(Endpoint(None, "http://127.0.0.1:9/v1"), MODEL).abilities.probed


def test_the_settings_go_before_the_endpoint_and_it_before_the_usual() -> None:
    with answering(listed({"id": MODEL, "max_model_len": 40_960})) as (url, seen):
        models = ModelSettings(base_url=url)
        own = Settings(models=models, context=ContextSettings(window_tokens=9_000))
        assert rates_of(f"openai/{MODEL}", own)[1] == 9_000
        assert seen == []
        assert rates_of(f"openai/{MODEL}", Settings(models=models))[1] == 40_960
