"""The log keeps every event that was written, whatever happens to the one after it."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from swe_agent.core.errors import EnvironmentFault, UsageFault
from swe_agent.core.events import (
    Checkpoint,
    CheckpointSaved,
    ContextRendered,
    Event,
    HumanSaid,
    ModelCalled,
    ModelReplied,
    ReminderGiven,
    ToolCalled,
    ToolReturned,
)
from swe_agent.core.messages import Note, Observation, ToolCall, Turn
from swe_agent.trajectory.log import EventLog, read_log


def said(text: str) -> HumanSaid:
    return HumanSaid(note=Note(kind="human", text=text))


def texts(path: Path) -> list[str]:
    return [line.event.note.text for line in read_log(path) if isinstance(line.event, HumanSaid)]


def test_events_come_back_in_order_with_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "run" / "events.jsonl"
    with EventLog(path) as log:
        log.append(said("one"))
        log.append(ModelCalled(step=1, model="offline", reserve_usd=0.5))
    with EventLog(path) as log:
        log.append(said("three"))
    lines = read_log(path)
    assert [line.seq for line in lines] == [1, 2, 3]
    assert [line.event.type for line in lines] == ["human_said", "model_called", "human_said"]
    assert lines[1].event == ModelCalled(step=1, model="offline", reserve_usd=0.5)
    assert lines[0].ts <= lines[2].ts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\r\n",
        '"\\',
        "\x00\x1b[2J\x7f",
        "\u2028\u2029\x85",
        "é\u202e\U0001f600",
        "x" * 300_000,
    ],
    ids=["empty", "newlines", "quotes", "controls", "line ends", "unicode", "long"],
)
def test_any_text_is_one_line_and_comes_back(tmp_path: Path, text: str) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        log.append(said(text))
        log.append(said("next"))
    assert path.read_bytes().count(b"\n") == 2
    assert texts(path) == [text, "next"]


def test_bytes_of_a_sandbox_that_are_not_utf8_come_back(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    odd = b"export A='\xff\xfe'".decode("utf-8", "surrogateescape")
    event = CheckpointSaved(checkpoint=Checkpoint(tree="t", cwd=odd, exports=odd))
    with EventLog(path) as log:
        log.append(event)
    assert read_log(path)[0].event == event


@pytest.mark.parametrize("cut", [1, 2, 10, 40])
def test_a_torn_last_line_is_dropped_and_written_over(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        for text in ("one", "two", "three"):
            log.append(said(text))
    path.write_bytes(path.read_bytes()[:-cut])
    assert texts(path) == ["one", "two"]
    with EventLog(path) as log:
        log.append(said("three again"))
    assert texts(path) == ["one", "two", "three again"]
    assert [line.seq for line in read_log(path)] == [1, 2, 3]


@pytest.mark.parametrize("torn", [b"\n", b"{}\n", b'{"seq": 9}\n', b"\0" * 4096, b"\xff\n", b"[1]"])
def test_rubbish_at_the_end_is_no_event(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        log.append(said("one"))
    with path.open("ab") as file:
        file.write(torn)
    assert texts(path) == ["one"]
    with EventLog(path) as log:
        log.append(said("two"))
    assert texts(path) == ["one", "two"]


def test_a_damaged_line_before_the_last_is_said(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        for text in ("one", "two", "three"):
            log.append(said(text))
    path.write_bytes(path.read_bytes().replace(b"two", b'tw"o'))
    with pytest.raises(UsageFault, match="line 2"):
        read_log(path)
    tries = [pytest.raises(UsageFault, match="line 2") for _ in range(2)]
    for one in tries:  # the first leaves no lock behind while its fault is held
        with one:
            EventLog(path)


def test_no_log_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match="no event log"):
        read_log(tmp_path / "none.jsonl")


def test_a_watcher_sees_an_event_once_it_is_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    seen: list[tuple[str, int]] = []

    def watch(event: Event) -> None:
        seen.append((event.type, len(read_log(path))))

    with EventLog(path, watch) as log:
        log.append(said("one"))
        log.append(said("two"))
    assert seen == [("human_said", 1), ("human_said", 2)]


def test_a_request_is_forced_to_disk_while_it_is_on_its_way_and_all_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, synced, forced = tmp_path / "events.jsonl", [0], threading.Event()
    sync = os.fdatasync

    def seen(descriptor: int) -> None:
        size = os.fstat(descriptor).st_size
        sync(descriptor)
        synced.append(size)
        forced.set()

    monkeypatch.setattr(os, "fdatasync", seen)
    call = ToolCall(id="c1", name="view", arguments={})
    observation = Observation(call_id="c1", tool="view", text="x")
    with EventLog(path) as log:
        log.append(ContextRendered(step=1, tokens=0, rows=()))
        assert synced == [0]
        log.append(ModelCalled(step=1, model="offline", reserve_usd=0.5))
        log.force_behind()
        assert forced.wait(60)
        assert synced[-1] == path.stat().st_size
        log.append(ModelReplied(step=1, turn=Turn(calls=(call,)), duration_s=0))
        log.append(ToolCalled(step=1, call=call, writes=False))
        log.append(ToolReturned(step=1, observation=observation, duration_s=0))
        assert len(read_log(path)) == 5
    assert synced[-1] == path.stat().st_size


@pytest.mark.parametrize(
    "event",
    [
        ModelCalled(step=1, model="offline", reserve_usd=0.5),
        ModelReplied(
            step=1, turn=Turn(calls=(ToolCall(id="c1", name="view", arguments={}),)), duration_s=0
        ),
    ],
    ids=("a request", "a reply"),
)
def test_a_request_and_a_reply_are_forced_to_disk_behind_what_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, event: Event
) -> None:
    path, begun, go_on = tmp_path / "events.jsonl", threading.Event(), threading.Event()
    sync = os.fdatasync

    def slow(descriptor: int) -> None:
        if threading.current_thread() is not threading.main_thread():
            begun.set()
            assert go_on.wait(60)
        sync(descriptor)

    monkeypatch.setattr(os, "fdatasync", slow)
    with EventLog(path) as log:
        log.append(event)
        log.force_behind()
        assert begun.wait(60)
        log.append(ReminderGiven(name="x", note=Note(kind="reminder", text="x")))
        assert len(read_log(path)) == 2
        go_on.set()


def test_a_disk_that_fails_behind_is_told_before_the_reply_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fdatasync

    def failing(descriptor: int) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise OSError(errno.EIO, "the disk is broken")
        sync(descriptor)

    monkeypatch.setattr(os, "fdatasync", failing)
    with EventLog(tmp_path / "events.jsonl") as log:
        log.append(ModelCalled(step=1, model="offline", reserve_usd=0.5))
        log.force_behind()
        with pytest.raises(EnvironmentFault, match="the disk is broken"):
            log.append(ModelReplied(step=1, turn=Turn(), duration_s=0))
        log.append(ModelReplied(step=1, turn=Turn(), duration_s=0))  # told once


def test_a_request_that_was_not_begun_to_be_forced_is_before_its_reply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, synced = tmp_path / "events.jsonl", list[int]()
    sync = os.fdatasync

    def seen(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_size)
        sync(descriptor)

    monkeypatch.setattr(os, "fdatasync", seen)
    with EventLog(path) as log:
        log.append(ModelCalled(step=1, model="offline", reserve_usd=0.5))
        size = path.stat().st_size
        log.append(ModelReplied(step=1, turn=Turn(), duration_s=0))
        assert synced == [size]


def test_half_a_character_is_written_and_read_back(tmp_path: Path) -> None:
    path, half = tmp_path / "events.jsonl", "a\ud800b é"
    with EventLog(path) as log:
        log.append(said(half))
    assert texts(path) == [half]


def test_a_secret_that_json_writes_otherwise_is_taken_out(tmp_path: Path) -> None:
    path, secret = tmp_path / "events.jsonl", 'sk-"schlüssel"-01\\23'
    with EventLog(path, secrets=[secret]) as log:
        log.append(said(f"it is {secret}, or {json.dumps(secret)}"))
    assert "schl" not in path.read_text("utf-8")


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    code = (
        "import sys; from pathlib import Path; from swe_agent.trajectory.log import EventLog; "
        "EventLog(Path(sys.argv[1]))"
    )
    with EventLog(path) as log:
        log.append(said("one"))
        second = subprocess.run(
            [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
        )
        assert "another swe-agent is working on" in second.stderr
        log.append(said("two"))
    assert texts(path) == ["one", "two"]


def test_a_killed_writer_frees_the_log_and_keeps_what_it_wrote(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    code = (
        "import os, sys; from pathlib import Path\n"
        "from swe_agent.trajectory.log import EventLog\n"
        "from tests.trajectory.test_log import said\n"
        "log = EventLog(Path(sys.argv[1]))\n"
        "[log.append(said(str(n))) for n in range(50)]\n"
        f"os.kill(os.getpid(), {signal.SIGKILL})\n"
    )
    root = str(Path(__file__).parents[2])
    subprocess.run([sys.executable, "-c", code, str(path)], cwd=root, check=False)
    assert texts(path) == [str(n) for n in range(50)]
    with EventLog(path) as log:
        log.append(said("on"))
    assert read_log(path)[-1].seq == 51


def test_a_full_disk_leaves_earlier_events_intact(small_disk: Path) -> None:
    path = small_disk / "events.jsonl"
    with EventLog(path) as log:
        written: list[int] = []

        def fill() -> None:
            for number in range(1000):
                log.append(said("x" * 1000))
                written.append(number)

        with pytest.raises(EnvironmentFault, match="No space left") as fault:
            fill()
        count = len(written)
        assert "Make room" in fault.value.next_step
        assert 20 < count < 70
        assert len(read_log(path)) == count
        with pytest.raises(EnvironmentFault):
            log.append(said("y" * 5000))
        assert len(read_log(path)) == count
        subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
        log.append(said("on"))
    lines = read_log(path)
    assert [line.seq for line in lines] == list(range(1, count + 2))
    assert path.read_bytes().count(b"\n") == count + 1


def test_the_log_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "run" / "events.jsonl"
    before = os.umask(0)
    try:
        with EventLog(path) as log:
            log.append(said("one"))
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        EventLog(tmp_path / "file" / "events.jsonl")


def test_a_line_can_be_read_without_this_program(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        log.append(said("one"))
    fields = json.loads(path.read_text())
    assert (fields["seq"], fields["type"], fields["note"]["text"]) == (1, "human_said", "one")
