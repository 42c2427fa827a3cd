"""A reply counts only when it is provably whole: cut anywhere, it is a transient fault."""

import json
import threading
from collections.abc import Iterator

import pytest

from swe_agent.core.errors import TransientModelFault
from swe_agent.models import sdk
from swe_agent.models.script import Line
from tests.models.conversation import call, model_of, prompt, raw_server
from tests.vendors.anthropic import AnthropicDialect
from tests.vendors.openai import OpenAIDialect

LINE = Line(text="Look.", thinking="Hm.", tool_calls=[call("a"), call("b")])
ASKED = {"model": "m", "messages": []}
EVENTS = AnthropicDialect().events(LINE, ASKED)
BODY = json.dumps(OpenAIDialect(frozenset(), False).whole(LINE, ASKED))
STREAM = "text/event-stream"
FOREVER = threading.Event()


def complete(vendor: str, parts, timeout_s: float = 10.0):
    with raw_server(parts, STREAM if vendor == "anthropic" else "application/json") as url:
        return model_of(vendor, url, timeout_s).complete(prompt())


@pytest.mark.parametrize(("vendor", "parts"), [("anthropic", EVENTS), ("openai", [BODY])])
def test_the_whole_reply_counts(vendor, parts):
    assert [c.arguments["path"] for c in complete(vendor, parts).calls] == ["a", "b"]


@pytest.mark.parametrize("count", range(len(EVENTS)))
def test_a_stream_that_ends_after_any_event_does_not(count):
    with pytest.raises(TransientModelFault):
        complete("anthropic", EVENTS[:count])


@pytest.mark.parametrize("share", range(8))
def test_a_body_that_is_cut_anywhere_does_not(share):
    with pytest.raises(TransientModelFault):
        complete("openai", [BODY[: len(BODY) * share // 8]])


def test_a_block_that_was_not_closed_does_not():
    closed = [event for event in EVENTS if '"content_block_stop", "index": 3' not in event]
    assert len(closed) == len(EVENTS) - 1
    with pytest.raises(TransientModelFault, match="not closed"):
        complete("anthropic", closed)


@pytest.mark.parametrize(
    "event",
    ["[]", "nonsense", '{"type": "content_block_delta", "index": 9, "delta": {}}'],
    ids=["list", "text", "stray"],
)
def test_a_stream_with_a_broken_event_does_not(event):
    with pytest.raises(TransientModelFault):
        complete("anthropic", [*EVENTS[:-1], f"event: x\ndata: {event}\n\n", EVENTS[-1]])


def test_an_error_inside_the_stream_keeps_its_meaning():
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    with pytest.raises(TransientModelFault, match="529: Overloaded"):
        complete("anthropic", [*EVENTS[:4], f"event: error\ndata: {json.dumps(error)}\n\n"])


def trickle(part: str) -> Iterator[str]:
    """The part again and again, slowly, for at most 20 s."""
    for _ in range(400):
        yield part
        FOREVER.wait(0.05)


@pytest.mark.parametrize(
    ("vendor", "part"),
    [("anthropic", 'event: ping\ndata: {"type": "ping"}\n\n'), ("openai", " ")],
    ids=["anthropic", "openai"],
)
def test_a_reply_that_trickles_ends_at_the_time_limit(vendor, part):
    with pytest.raises(TransientModelFault, match=r"longer than 0\.4 s"):
        complete(vendor, trickle(part), timeout_s=0.4)


@pytest.mark.parametrize("vendor", ["anthropic-whole", "openai", "responses"])
def test_a_reply_that_never_ends_is_read_up_to_a_size(vendor, monkeypatch):
    monkeypatch.setattr(sdk, "LONGEST_REPLY_BYTES", 1000)
    with pytest.raises(TransientModelFault, match="longer than 1000 bytes"):
        complete(vendor, trickle(" " * 500))
