"""No line of the log holds a key, in any simple disguise; what is written is what counts."""

import base64
import json
from urllib.parse import quote

import pytest

from swe_agent.core.events import Event, HumanSaid, ToolReturned
from swe_agent.core.messages import Note, Observation
from swe_agent.settings.keys import known_secrets
from swe_agent.trajectory.blobs import Blobs
from swe_agent.trajectory.log import EventLog, read_log
from swe_agent.trajectory.redact import CleanBlobs, Redactor

KEY = "sk-canary-Zz09_-\\/0815"
RAW = KEY.encode()
DISGUISES = {
    "plain": KEY,
    "reversed": KEY[::-1],
    "hex": RAW.hex(),
    "HEX": RAW.hex().upper(),
    "base64": base64.b64encode(RAW).decode(),
    "base64 inside": base64.b64encode(b"x" + RAW + b"yy").decode(),
    "base64 further": base64.b64encode(b"xy" + RAW + b"z").decode(),
    "base64 url": base64.urlsafe_b64encode(b"\xff" + RAW).decode(),
    "in an address": quote(KEY, safe=""),
    "in a path": quote(KEY),
    "in JSON": json.dumps(KEY)[1:-1],
    "base64 reversed": base64.b64encode(RAW[::-1]).decode(),
}


def said(text: str) -> HumanSaid:
    return HumanSaid(note=Note(kind="human", text=text))


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_key_reaches_neither_disk_nor_watchers_nor_the_state(disguise, tmp_path):
    text = f"before {DISGUISES[disguise]} after"
    seen: list[Event] = []
    with EventLog(tmp_path / "events.jsonl", seen.append, [KEY]) as log:
        observation = Observation(call_id="c", tool="shell", text=text, data={"out": [text]})
        kept = log.append(ToolReturned(step=1, observation=observation, duration_s=0))
    raw = (tmp_path / "events.jsonl").read_text()
    stays = DISGUISES[disguise][4:-4]
    assert stays not in raw
    assert stays not in str(kept)
    assert seen == [kept]
    assert [line.event for line in read_log(tmp_path / "events.jsonl")] == [kept]
    assert "[redacted]" in raw


def test_an_event_without_a_key_is_written_as_it_is(tmp_path):
    with EventLog(tmp_path / "events.jsonl", secrets=[KEY]) as log:
        event = said("nothing to hide; short words like abc stay")
        assert log.append(event) is event


def test_short_words_are_no_keys(tmp_path):
    with EventLog(tmp_path / "events.jsonl", secrets=["none", ""]) as log:
        assert log.append(said("none at all")) == said("none at all")


def test_all_keys_of_the_environment_are_known(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-first-11111, sk-second-2222")
    assert {"sk-first-11111", "sk-second-2222"} <= set(known_secrets())


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_no_output_that_is_kept_holds_a_key_wherever_it_is_cut(disguise, size, tmp_path):
    content = f"before {DISGUISES[disguise]} after".encode() * 3 + b"\xff\x00 end"
    with Blobs(tmp_path) as blobs:
        outputs = CleanBlobs(blobs, Redactor([KEY]))
        pieces = (content[at : at + size] for at in range(0, len(content), size))
        kept = outputs.get(outputs.put_stream(len(content), pieces))
        assert outputs.get(outputs.put(content)) == kept
    assert len(kept) == len(content)
    assert DISGUISES[disguise][4:-4].encode() not in kept
    assert kept.count(b"[redacted]") == 3
    assert kept.endswith(b" after\xff\x00 end")


def test_an_output_without_a_key_is_kept_as_it_is(tmp_path):
    content = bytes(range(256)) * 500
    with Blobs(tmp_path) as blobs:
        for secrets in ([], [KEY]):
            outputs = CleanBlobs(blobs, Redactor(secrets))
            assert outputs.get(outputs.put(content)) == content
