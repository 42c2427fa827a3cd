"""`events.jsonl`: append-only, one JSON object a line, a torn last line is dropped.

What is written here counts; all else about a run is derived from it.
"""

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from swe_agent.core.errors import EnvironmentFault, UsageFault
from swe_agent.core.events import Event
from swe_agent.core.protocols import EventSink, Watcher
from swe_agent.trajectory.forcing import Forcing
from swe_agent.trajectory.full_disk import DiskPatience
from swe_agent.trajectory.redact import Redactor

_CODEC: TypeAdapter[Event] = TypeAdapter(Event)
_INWARD = frozenset(
    {
        "phase_started",
        "context_rendered",
        "history_folded",
        "reminder_given",
        "tool_called",
        "tool_returned",
        "checkpoint_saved",
        "candidate_scored",
    }
)
"""Events that are forced to disk with the next one that is not among them: with the next request at
the latest. A killed process loses none of them, since they are written at once."""
_BEHIND = frozenset({"model_called", "model_replied"})
"""Events that are forced while what they speak of goes on: a request once it is on its way
(`force_behind`) and before its reply is written, a reply within `SOON_S`."""
_SLOW = _INWARD | _BEHIND


@dataclass(frozen=True, slots=True)
class Line:
    """One event with what the writer added to it."""

    seq: int
    ts: float
    event: Event


def read_log(path: Path) -> list[Line]:
    """All whole events of a log, oldest first; a torn last line is left out.

    Raises:
        UsageFault: there is no log, or a line before the last one is damaged.
    """
    return list(_lines(path))


def follow(line: str) -> Line:
    """Decode one line.

    Raises:
        ValueError: it is not a whole event.
    """
    fields = json.loads(line)
    if not isinstance(fields, dict) or not isinstance(fields.get("seq"), int):
        raise ValueError("not an event")
    seq, ts = fields.pop("seq"), fields.pop("ts", None)
    if not isinstance(ts, int | float):
        raise ValueError("not an event")
    return Line(seq, float(ts), _CODEC.validate_python(fields))


def encoded(line: Line) -> bytes:
    """One line of a log, as `follow` reads it."""
    fields = {"seq": line.seq, "ts": line.ts, **line.event.model_dump(mode="json")}
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


class EventLog:
    """The open log of one run; one process at a time may hold it."""

    def __init__(
        self,
        path: Path,
        watch: Watcher | None = None,
        secrets: Sequence[str] = (),
        patience: DiskPatience | None = None,
    ) -> None:
        """Open to append; makes the file, cuts a torn last line.

        Args:
            path: the run's `events.jsonl`.
            watch: sees each event after it is written.
            secrets: keys that no line may hold, in any simple disguise.
            patience: waits where the disk is full; None: nobody does.

        Raises:
            UsageFault: another process is working on this run.
            EnvironmentFault: the file cannot be written.
        """
        self._path = path
        self._lock = threading.Lock()
        self._is_sent = False
        """Whether the last request is on its way, and being forced."""
        self._redactor = Redactor(secrets)
        self._patience = patience or DiskPatience()
        self._watchers: list[Callable[[Event], None]] = [watch] if watch else []
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._fd)
            raise UsageFault(
                f"another swe-agent is working on {path.parent}", "wait for it, or stop it"
            ) from error
        with ExitStack() as undo:
            undo.callback(os.close, self._fd)
            past = read_log(path)
            self._seq = past[-1].seq if past else 0
            self._end = _whole_length(path)
            os.ftruncate(self._fd, self._end)
            self._forcing = Forcing(self._fd)
            undo.pop_all()

    def subscribe(self, watch: Watcher) -> None:
        """Let one more watcher see each event after it is written."""
        self._watchers.append(watch)

    def append(self, event: Event) -> Event:
        """Write one event, then show it to the watchers.

        A request is forced to disk, with all before it, while it is on its way (`force_behind`) and
        before its reply is taken; a reply soon after.

        Returns:
            The event as it is written: without the secrets that it held.

        Raises:
            EnvironmentFault: it cannot be written; earlier events are intact.
        """
        with self._lock:
            text = _line(self._seq + 1, event)
            clean = self._redactor.redacted(text)
            if clean is not text:
                event = follow(clean).event
            raw = clean.encode() + b"\n"
            try:
                self._patience.through(self._path, lambda: self._write(raw, event.type))
            except OSError as error:
                raise _unwritable(self._path, error) from error
            self._seq += 1
            self._end += len(raw)
            for watch in self._watchers:
                watch(event)
            return event

    def _write(self, raw: bytes, kind: str) -> None:
        """The whole line, or nothing of it."""
        try:
            if kind in _BEHIND:
                self._hear_of_last(kind)
            written = os.write(self._fd, raw)
            while written < len(raw):
                written += os.write(self._fd, raw[written:])
            self._forcing.wrote()
            if kind not in _SLOW:
                self._forcing.now()
        except OSError:
            os.ftruncate(self._fd, self._end)
            raise

    def _hear_of_last(self, kind: str) -> None:
        """Wait for what is being forced; a request of which that never began is forced now, before
        its reply is written."""
        is_sent, self._is_sent = self._is_sent, False
        if is_sent or kind == "model_called":
            self._forcing.wait()
        else:
            self._forcing.now()

    def force_behind(self) -> None:
        """Begin to force what is written, and do not wait for it; the next reply does."""
        self._is_sent = True
        self._forcing.begin()

    def close(self) -> None:
        with suppress(OSError):  # what counts was forced to disk before
            self._forcing.now()
        self._forcing.close()
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _line(seq: int, event: Event) -> str:
    """One event as JSON, with what the writer adds."""
    head = f'{{"seq":{seq},"ts":{round(time.time(), 3)}'
    try:
        fields = event.model_dump_json()
    except PydanticSerializationError:  # half a character, which UTF-8 does not have
        fields = json.dumps(event.model_dump(mode="json"), separators=(",", ":"))
    return f"{head},{fields[1:]}"


def _lines(path: Path) -> Iterator[Line]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageFault(f"no event log at {path}", "`swe-agent runs` lists the runs") from error
    rows = raw.split(b"\n")
    for number, row in enumerate(rows[:-1], 1):
        try:
            yield follow(row.decode())
        except (ValueError, ValidationError) as error:
            if number == len(rows) - 1:
                return
            raise UsageFault(
                f"{path}: line {number} is not an event of this version",
                "the run was damaged or made by a newer swe-agent",
            ) from error


def _whole_length(path: Path) -> int:
    """Bytes up to and including the last whole line."""
    raw = path.read_bytes()
    end = raw.rfind(b"\n") + 1
    if end:
        start = raw.rfind(b"\n", 0, end - 1) + 1
        try:
            follow(raw[start:end].decode())
        except (ValueError, ValidationError):
            return start
    return end


def _unwritable(path: Path, error: OSError) -> EnvironmentFault:
    return EnvironmentFault(
        f"{path} cannot be written: {error.strerror}.",
        "Make room, or choose another folder.",
    )


if TYPE_CHECKING:
    _: type[EventSink] = EventLog
