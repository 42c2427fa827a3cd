"""What both fake forges share: HTTP, recorded calls, faults, and a real bare repository behind git.

State is real where it can be: branches are those of the bare repository, which `git http-backend`
serves under the same address.
"""

import base64
import json
import os
import re
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

Json = Any
Answer = tuple[int, Json]
Route = Callable[..., Answer]

TOKEN = "forge-token-CANARY-8f21"
CORE = "/usr/lib/git-core"


@dataclass(frozen=True, slots=True)
class Made:
    """One API call as it came in."""

    method: str
    path: str
    query: dict[str, str]
    body: Json
    status: int
    token: str

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(slots=True)
class Fault:
    """What the forge answers instead, so many times."""

    pattern: str
    """Of `METHOD PATH`, searched."""
    status: int
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Json = None
    after: bool = False
    """The call is done all the same, and only then answered so."""


class ForgeServer:
    """A forge on a local port; use as a context manager."""

    def __init__(self, bare: Path, repository: str, prefix: str) -> None:
        self.bare, self.repository, self.prefix = bare, repository, prefix
        self.calls: list[Made] = []
        self.pushes: list[str] = []
        """`Authorization` of every push."""
        self.faults: list[Fault] = []
        self.routes: list[tuple[str, str, Route]] = []
        self._lock = threading.Lock()
        forge = self

        class Visit(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                pass

            def _visit(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                place = urlsplit(self.path)
                if ".git/" in place.path:
                    forge._git(self, place.path, place.query, body)
                else:
                    forge._api(self, place.path, place.query, body)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _visit

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Visit)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def api_url(self) -> str:
        return self.url + self.prefix

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def lines(self) -> list[str]:
        """Every API call so far, as `METHOD PATH`."""
        return [call.line for call in self.calls]

    def writes(self) -> list[str]:
        return [call.line for call in self.calls if call.method != "GET"]

    def tip(self, branch: str) -> str:
        """Commit of a branch of the bare repository; empty where there is none."""
        done = subprocess.run(
            ["git", "rev-parse", "-q", "--verify", f"refs/heads/{branch}"],
            cwd=self.bare,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.strip()

    def branches(self) -> set[str]:
        done = subprocess.run(
            ["git", "for-each-ref", "--format=%(refname)"],
            cwd=self.bare,
            capture_output=True,
            text=True,
            check=True,
        )
        return set(done.stdout.split())

    def _api(self, visit: BaseHTTPRequestHandler, path: str, query: str, body: bytes) -> None:
        path = path.removeprefix(self.prefix)
        auth = visit.headers.get("Authorization") or visit.headers.get("PRIVATE-TOKEN") or ""
        asked = dict(parse_qsl(query))
        sent = json.loads(body) if body else None
        with self._lock:
            fault = self._fault(f"{visit.command} {path}")
            status, answer = (0, None)
            if fault is None or fault.after:
                status, answer = self._routed(visit.command, path, asked, sent)
            if fault is not None:
                status, answer = fault.status, fault.body or {"message": "made to fail"}
            token = auth.removeprefix("token ").removeprefix("Bearer ")
            self.calls.append(Made(visit.command, path, asked, sent, status, token))
        raw = answer if isinstance(answer, str) else json.dumps(answer)
        kind = "text/plain" if isinstance(answer, str) else "application/json"
        content = b"" if status == 204 else raw.encode()
        visit.send_response(status)
        for name, value in (fault.headers if fault else {}).items():
            visit.send_header(name, value)
        visit.send_header("Content-Type", kind)
        visit.send_header("Content-Length", str(len(content)))
        visit.end_headers()
        visit.wfile.write(content)

    def _fault(self, line: str) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and re.search(fault.pattern, line):
                fault.times -= 1
                return fault
        return None

    def _routed(self, method: str, path: str, query: dict[str, str], body: Json) -> Answer:
        for wanted, pattern, route in self.routes:
            match = re.fullmatch(pattern, path)
            if wanted == method and match:
                parts = [unquote(part) for part in match.groups()]
                return route(*parts, query=query, body=body)
        return 404, {"message": "Not Found"}

    def _git(self, visit: BaseHTTPRequestHandler, path: str, query: str, body: bytes) -> None:
        """Hand the request to git's own server program."""
        auth = visit.headers.get("Authorization", "")
        pair = base64.b64decode(auth.removeprefix("Basic ") or b"").decode()
        is_push = "git-receive-pack" in path + query
        if is_push and not pair.endswith(f":{TOKEN}"):
            visit.send_response(401)
            visit.send_header("WWW-Authenticate", 'Basic realm="forge"')
            visit.send_header("Content-Length", "0")
            visit.end_headers()
            return
        if is_push and visit.command == "POST":
            self.pushes.append(auth)
        name = f"/{self.repository}.git"
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.bare),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path.removeprefix(name),
            "QUERY_STRING": query,
            "REQUEST_METHOD": visit.command,
            "CONTENT_TYPE": visit.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": visit.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": visit.headers.get("Git-Protocol", ""),
            "REMOTE_USER": "pusher" if is_push else "",
        }
        done = subprocess.run(
            ["git", "http-backend"], input=body, env=environment, capture_output=True, check=False
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        visit.send_response(int(headers.pop("Status", "200").split()[0]))
        for key, value in headers.items():
            visit.send_header(key, value)
        visit.send_header("Content-Length", str(len(content)))
        visit.end_headers()
        visit.wfile.write(content)
