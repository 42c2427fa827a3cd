"""What both fake vendors share: the HTTP server, the script, and faults on the wire."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

from swe_agent.core.messages import Message
from swe_agent.models.script import Line, Script, last_said, read_script

Json = dict[str, Any]
Play = Callable[[Json], Line | Mapping[str, Any]]
"""A script as a function: the request's body to the line that answers it."""
Source = Path | Sequence[Line | Mapping[str, Any]] | Play

CANNED = Line(text="Reading.", tool_calls=[{"name": "view", "arguments": {"path": "a/é.py"}}])
"""What a fault cuts where its line has no content."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: Json
    status: int
    """What it was answered with."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal of the vendor."""

    status: int
    kind: str
    message: str
    param: str | None = None
    """The field that it is about, where the vendor says so."""


class Dialect(Protocol):
    """How one vendor reads requests and writes replies."""

    path: str

    def check(self, body: Json, headers: Mapping[str, str]) -> Problem | None:
        """What the vendor would refuse; None where the request is good."""
        ...

    def history(self, body: Json) -> list[Message]:
        """The conversation in the request."""
        ...

    def problem(self, problem: Problem) -> Json:
        """The error body."""
        ...

    def whole(self, line: Line, body: Json) -> Json:
        """The reply as one JSON object."""
        ...

    def events(self, line: Line, body: Json) -> list[str]:
        """The reply as SSE blocks."""
        ...

    def context_problem(self) -> Problem:
        """The refusal of a prompt that is too long."""
        ...


class VendorServer:
    """A vendor on a local port; use as a context manager.

    The line that answers a request follows from the conversation in it, so a client that was
    killed and asks again gets the same reply. A fault is played once.
    """

    def __init__(self, dialect: Dialect, script: Source, key: str | None, port: int) -> None:
        self._dialect = dialect
        self._play = script if callable(script) else None
        self._script = Script(()) if callable(script) else _script(script)
        self._key = key
        self._spent: set[int] = set()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self.twist: Callable[[str, int], str] = lambda sent, number: sent
        """Changes what replies say on the wire (a whole body, or each event), by the number of the
        request."""
        self.hangs = 0
        """So many next replies stop in the middle and stay silent."""
        self.says_dates = False
        """Whether `retry-after` is an HTTP date."""
        self.requests: list[Recorded] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _answering(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def refused(self) -> list[Recorded]:
        """Requests that were answered with a status of 400 or more."""
        return [request for request in self.requests if request.status >= 400]

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, http: "BaseHTTPRequestHandler") -> None:
        """Answer one POST."""
        headers = {name.lower(): value for name, value in http.headers.items()}
        raw = http.rfile.read(int(headers.get("content-length", 0)))
        body = json.loads(raw)
        line: Line | None = None
        with self._lock:
            problem = self._refusal(http.path, body, headers)
            if problem is None:
                line = self._line(body)
                problem = self._scripted_problem(line, headers)
            status = problem.status if problem else 200
            self.requests.append(Recorded(http.path, headers, body, status))
        if problem is not None:
            headers = self._retry_headers(line.retry_after if line else None)
            text = json.dumps(self._dialect.problem(problem))
            _send(http, status, JSON | headers, text.encode())
        elif line is not None and line.error is not None:
            self._send_fault(http, line, body)
        elif line is not None:
            self._send_reply(http, line, body)

    def _refusal(self, path: str, body: Json, headers: Mapping[str, str]) -> Problem | None:
        if path != self._dialect.path:
            return Problem(404, "not_found_error", f"no such path: {path}")
        sent = headers.get("authorization", "").removeprefix("Bearer ") or headers.get("x-api-key")
        if not sent or (self._key is not None and sent != self._key):
            return Problem(401, "authentication_error", f"invalid API key provided: {sent}")
        return self._dialect.check(body, headers)

    def _line(self, body: Json) -> Line | None:
        if self._play:
            played = self._play(body)
            return played if isinstance(played, Line) else Line.model_validate(played)
        history = self._dialect.history(body)
        index: int | None = self._script.after(history)
        while (index := self._script.next_from(index, last_said(history))) is not None:
            line = self._script.lines[index]
            if line.error is None or index not in self._spent:
                if line.error is not None:
                    self._spent.add(index)
                return line
            index += 1
        return None

    def _scripted_problem(self, line: Line | None, headers: Mapping[str, str]) -> Problem | None:
        if line is None:
            return Problem(400, "invalid_request_error", "the script has no reply left")
        if line.error == "context":
            return self._dialect.context_problem()
        if line.error == 401:
            sent = headers.get("authorization", "").removeprefix("Bearer ")
            return Problem(401, "authentication_error", f"Incorrect API key provided: {sent}.")
        if isinstance(line.error, int):
            return Problem(line.error, _KINDS.get(line.error, "api_error"), line.text or "scripted")
        return None

    def _send_reply(self, http: BaseHTTPRequestHandler, line: Line, body: Json) -> None:
        if self.hangs:
            self.hangs -= 1
            self._send_part(http, line, body, "hang")
        elif body.get("stream"):
            events = self._dialect.events(line, body)
            _send_events(http, [self.twist(event, len(self.requests)) for event in events])
        else:
            text = self.twist(json.dumps(self._dialect.whole(line, body)), len(self.requests))
            _send(http, 200, JSON, text.encode())

    def _retry_headers(self, wait_s: float | None) -> dict[str, str]:
        if wait_s is None:
            return {}
        if self.says_dates:
            return {"retry-after": formatdate(time.time() + wait_s, usegmt=True)}
        return {"retry-after": f"{wait_s:g}"}

    def _send_fault(self, http: BaseHTTPRequestHandler, line: Line, body: Json) -> None:
        reply = line if line.text or line.tool_calls else CANNED
        reply = reply.model_copy(update={"number": line.number, "error": line.error})
        match line.error:
            case "html":
                page = b"<html><body>Bad gateway, but with status 200</body></html>"
                _send(http, 200, {"content-type": "text/html"}, page)
            case "timeout":
                self._over.wait(30)
                _reset(http)
            case "drop" | "truncated":
                self._send_part(http, reply, body, line.error)
            case _:  # cut_json, empty: the dialect writes them
                self._send_reply(http, reply, body)

    def _send_part(self, http: BaseHTTPRequestHandler, line: Line, body: Json, how: str) -> None:
        """Two thirds of a reply, then a clean end (`truncated`), a reset or silence."""
        if body.get("stream"):
            events = self._dialect.events(line, body)
            _send_events(http, events[: len(events) * 2 // 3], ends=how == "truncated")
        else:
            text = json.dumps(self._dialect.whole(line, body)).encode()
            part = text[: len(text) * 2 // 3]
            declared = len(part) if how == "truncated" else len(text)
            _send(http, 200, JSON | {"content-length": str(declared)}, part)
        if how == "hang":
            self._over.wait(30)
        if how != "truncated":
            _reset(http)


JSON = {"content-type": "application/json"}
_KINDS = {
    400: "invalid_request_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def pieces(text: str, count: int = 3) -> Iterator[str]:
    """The text in about `count` parts; empty text is one empty part."""
    size = max(1, -(-len(text) // count))
    yield from (text[i : i + size] for i in range(0, len(text), size))
    if not text:
        yield ""


def _script(source: Path | Sequence[Line | Mapping[str, Any]]) -> Script:
    if isinstance(source, Path):
        return read_script(source)
    lines = [step if isinstance(step, Line) else Line.model_validate(step) for step in source]
    return Script(tuple(li.model_copy(update={"number": n}) for n, li in enumerate(lines, 1)))


def _answering(server: VendorServer) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):
                server.answer(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Answering


def _send(
    http: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str], body: bytes
) -> None:
    http.send_response(status)
    for name, value in {"content-length": str(len(body)), **headers}.items():
        http.send_header(name, value)
    http.end_headers()
    http.wfile.write(body)
    http.wfile.flush()


def _send_events(http: BaseHTTPRequestHandler, events: list[str], ends: bool = True) -> None:
    http.send_response(200)
    http.send_header("content-type", "text/event-stream")
    http.send_header("transfer-encoding", "chunked")
    http.end_headers()
    for event in events:
        raw = event.encode()
        http.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
    if ends:
        http.wfile.write(b"0\r\n\r\n")
    http.wfile.flush()


def _reset(http: BaseHTTPRequestHandler) -> None:
    http.close_connection = True
    # Lingering for 0 s makes close() send RST.
    http.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    http.connection.close()
