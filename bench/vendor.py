"""A scripted Chat Completions endpoint that knows when each request came.

Usage: python bench/vendor.py SCRIPT [THINK_MS [many]] (a JSON list of {"name", "arguments"}, how
long each answer takes: 0, and whether many conversations are held at once: then a reply follows
from those in its request); it prints its port. A GET answers with one [came, answered, bytes] a
request, seconds of this machine's clock. It checks nothing: the strict servers are in
tests/vendors. Run it as a process of its own, so that its work is not the client's.
"""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def main() -> None:
    """Serve until killed."""
    script = json.loads(Path(sys.argv[1]).read_text())
    think_s = float(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.0
    is_many = len(sys.argv) > 3
    times: list[tuple[float, float, int]] = []

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            self.answer(times)

        def do_POST(self) -> None:
            came = time.time()
            size = int(self.headers["Content-Length"])
            raw, number = self.rfile.read(size), len(times)
            if is_many:
                said = json.loads(raw)["messages"]
                number = sum(message["role"] == "assistant" for message in said)
            time.sleep(think_s)
            self.answer(reply(script, number))
            times.append((came, time.time(), size))

        def answer(self, said: object) -> None:
            raw = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)
            self.wfile.flush()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    ThreadingHTTPServer.request_queue_size = 256
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    print(server.server_address[1], flush=True)
    server.serve_forever(0.05)


def reply(script: list[dict], number: int) -> dict:
    """The reply to request `number`, from 0; the script's last line answers all that come after."""
    call = script[min(number, len(script) - 1)]
    function = {"name": call["name"], "arguments": json.dumps(call["arguments"])}
    message = {
        "role": "assistant",
        "content": f"Step {number + 1}.",
        "tool_calls": [{"id": f"call_{number}", "type": "function", "function": function}],
    }
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }


if __name__ == "__main__":
    main()
