"""Garbage from an endpoint is a fault or a reply, never a crash."""

import json
import random
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from swe_agent.core.errors import ModelFault
from swe_agent.core.messages import Turn
from swe_agent.models.script import Line
from tests.models.conversation import VENDORS, call, model_of, prompt
from tests.vendors.anthropic import AnthropicDialect
from tests.vendors.openai import OpenAIDialect
from tests.vendors.responses import ResponsesDialect

LINE = Line(text="Look é.", thinking="Hm.", tool_calls=[call("a"), call("b")])
DIALECTS = {
    "anthropic": AnthropicDialect(),
    "openai": OpenAIDialect(frozenset(), False),
    "responses": ResponsesDialect(),
}
ASKED = {"model": "m", "messages": [], "input": []}
VALUES = ["null", "[]", "{}", "0", '""', "true", "-1e999", '"\\ud800"', "[[", '{"a":']


def damaged(raw: bytes, dice: random.Random) -> bytes:
    """Bytes lost, changed, doubled, and JSON values replaced."""
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(raw) + 1)
        end = min(len(raw), at + dice.randint(0, 40))
        match dice.randrange(4):
            case 0:
                raw = raw[:at] + raw[end:]
            case 1:
                raw = raw[:at] + dice.randbytes(dice.randint(1, 9)) + raw[end:]
            case 2:
                raw = raw[:end] + raw[at:]
            case _:
                colon = raw.find(b": ", at)
                stop = min((i for i in (raw.find(c, colon) for c in (b",", b"}")) if i > 0),
                           default=colon)  # fmt: skip
                value = dice.choice(VALUES).encode()
                raw = raw if colon < 0 else raw[: colon + 2] + value + raw[stop:]
    return raw


def serve(next_body: Callable[[], tuple[str, bytes]]) -> ThreadingHTTPServer:
    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            kind, body = next_body()
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return ThreadingHTTPServer(("127.0.0.1", 0), Answering)


@pytest.mark.parametrize("vendor", VENDORS)
def test_whatever_comes_back_is_a_turn_or_a_fault(vendor: str) -> None:
    dice = random.Random(vendor)
    name, _, whole = vendor.partition("-")
    dialect = DIALECTS[name]
    good = json.dumps(dialect.whole(LINE, ASKED)) if whole else "".join(dialect.events(LINE, ASKED))
    kind = "application/json" if whole else "text/event-stream"
    outcomes: list[Turn | ModelFault] = []
    with serve(lambda: (kind, damaged(good.encode(), dice))) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        model = model_of(vendor, f"http://127.0.0.1:{http.server_address[1]}")
        for _ in range(150):
            try:
                outcomes.append(model.complete(prompt()))
            except ModelFault as fault:
                outcomes.append(fault)
        http.shutdown()
        thread.join()
    faults = [one for one in outcomes if isinstance(one, ModelFault)]
    turns = [one for one in outcomes if isinstance(one, Turn)]
    assert faults
    assert all(len(fault.message) < 1000 for fault in faults)
    assert all(json.dumps(turn.model_dump(mode="json"), allow_nan=False) for turn in turns)
