"""What a person is told when a server answers with something else than its vendor would."""

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from swe_agent.core.errors import AccessRefused, ModelFault, TransientModelFault
from swe_agent.models.client import Client, Line, Patience, Waiting
from swe_agent.models.endpoint import Endpoint
from swe_agent.models.openai import OpenAI
from tests.models.conversation import KEY, VENDORS, model_of, prompt

PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>...</body></html>"
JSON, HTML = "application/json", "text/html"
Seen = list[tuple[str, dict[str, str]]]


@contextmanager
def saying(
    status: int, body: object, kind: str = JSON, tls: ssl.SSLContext | None = None
) -> Iterator[tuple[str, Seen]]:
    """A server that always answers so, its base URL, and what it was sent."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    seen: Seen = []

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            seen.append((self.path, {name.lower(): text for name, text in self.headers.items()}))
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as http:
        if tls:
            http.socket = tls.wrap_socket(http.socket, server_side=True)
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http{'s' if tls else ''}://localhost:{http.server_address[1]}/v1", seen
        finally:
            http.shutdown()
            thread.join()


def fault_of(vendor: str, url: str) -> ModelFault:
    with pytest.raises(ModelFault) as caught:
        model_of(vendor, url).complete(prompt())
    return caught.value


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (200, PAGE, HTML, "no whole reply: it sent a web page: Sign in (is the base URL right?)"),
        (200, b"upstream gone", HTML, "it sent no whole JSON: upstream gone"),
        (200, b"", JSON, "it sent no whole JSON: nothing"),
        (502, b"<html><title>502 Bad Gateway</title></html>", HTML, "a web page: 502 Bad Gateway"),
        (404, {"detail": "Not Found"}, JSON, "HTTP 404: Not Found"),
        (422, {"detail": [{"loc": ["a"], "msg": "Field required"}]}, JSON, "422: Field required"),
        (503, b"no healthy upstream", "text/plain", "HTTP 503: no healthy upstream"),
    ],
    ids=["page", "text", "nothing", "gateway", "detail", "details", "plain"],
)
def test_what_it_said_is_shown(vendor: str, status: int, body: Any, kind: str, said: str) -> None:
    with saying(status, body, kind) as (url, _):
        assert said in fault_of(vendor, url).message


def test_of_a_long_body_the_first_part_is_shown_and_no_key() -> None:
    with saying(200, f"your key {KEY} ".encode() * 9000, "text/plain") as (url, _):
        said = fault_of("openai", url).message
    assert len(said) < 400
    assert KEY not in said


@pytest.mark.parametrize(
    ("status", "error", "kind", "step"),
    [
        (400, "Budget has been exceeded! Current cost: 2, Max budget: 1", AccessRefused, "credit"),
        (402, "Insufficient Balance", AccessRefused, "credit"),
        (400, "Invalid model name passed in model=x", AccessRefused, "model's name"),
        (400, "x/y is not a valid model ID", AccessRefused, "model's name"),
        (400, "triggering the content management policy", ModelFault, "filter"),
    ],
    ids=["budget", "balance", "name", "model id", "filter"],
)
def test_what_a_proxy_says_in_its_own_way_names_the_next_step(
    status: int, error: str, kind: type[ModelFault], step: str
) -> None:
    with saying(status, {"error": {"message": error, "code": str(status)}}) as (url, _):
        fault = fault_of("openai", url)
    assert type(fault) is kind
    assert f"HTTP {status}: {error}" in fault.message
    assert step in fault.next_step


def test_what_a_router_was_told_by_the_provider_behind_it_is_shown() -> None:
    error = {"message": "Provider returned error", "metadata": {"raw": "upstream reset"}}
    with saying(502, {"error": error}) as (url, _):
        assert "Provider returned error upstream reset" in fault_of("openai", url).message


def test_where_nothing_could_be_reached_the_last_word_names_the_base_url() -> None:
    with saying(200, {}) as (url, _):
        pass
    mind = Client(((Line(model_of("openai", url)),),), Patience(0.0), Waiting(lambda _: None))
    with pytest.raises(ModelFault) as caught:
        mind.complete(prompt())
    assert "base URL" in caught.value.next_step


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost that nobody vouches for, with its key."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    argv += ["-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", f"{path}.key"]
    argv += ["-addext", "subjectAltName=DNS:localhost", "-out", f"{path}.crt"]
    subprocess.run(argv, check=True, capture_output=True)
    path.write_bytes(b"".join(Path(f"{path}.{end}").read_bytes() for end in ("key", "crt")))
    return path


@pytest.mark.parametrize("vendor", ["anthropic", "openai"])
def test_a_certificate_that_nobody_vouches_for_is_not_asked_again(
    vendor: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with saying(503, {"detail": "busy"}, tls=tls) as (url, _):
        fault = fault_of(vendor, url)
        assert type(fault) is AccessRefused
        assert "SSL_CERT_FILE" in fault.next_step
        monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
        assert "busy" in fault_of(vendor, f"{url}/").message


def test_a_server_without_tls_is_told_apart_from_one_that_is_away() -> None:
    with saying(200, {}) as (url, _):
        fault = fault_of("openai", url.replace("http:", "https:"))
    assert type(fault) is AccessRefused
    assert "http://" in fault.next_step
    assert not isinstance(fault, TransientModelFault)


REPLY = {"choices": [{"message": {"content": "Done."}, "finish_reason": "stop"}]}


def test_a_base_url_with_a_version_of_the_api_is_asked_as_azure_wants_it() -> None:
    with saying(200, REPLY) as (url, seen):
        address = url.replace("/v1", "/openai/deployments/mine?api-version=2024-10-21")
        turn = OpenAI("mine", Endpoint(KEY, address)).complete(prompt())
    assert turn.text == "Done."
    (path, headers) = seen[0]
    assert path == "/openai/deployments/mine/chat/completions?api-version=2024-10-21"
    assert headers["api-key"] == KEY
    assert "authorization" not in headers
