"""A batch's folder: one owner at a time, and files that are whole at every moment."""

import contextlib
import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import JsonValue, ValidationError

from swe_agent.core.errors import EnvironmentFault, UsageFault
from swe_agent.core.text import visible
from swe_agent.jobs.batch_rows import Results, Row, totals_of

PREDS = "preds.json"
PREDS_LINES = "preds.jsonl"
RESULTS = "results.json"
RUNS = "runs"
LOCK = "lock"
WRITING_SHARE = 0.05
"""Most of the time that may go into writing whole files anew; what waits is written later."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who works on a folder."""

    pid: int
    boot_id: str
    host: str
    since: float


class BatchFolder:
    """An open batch folder; use as a context manager. Its methods may be called from any thread."""

    def __init__(self, path: Path, asked: Mapping[str, JsonValue]) -> None:
        """Take the folder and read what an earlier life left in it.

        Args:
            path: is made where it is not there.
            asked: what the batch is, as `results.json` says it; `model` and `tasks` may not change.

        Raises:
            UsageFault: another process works on it, or it is another batch's.
            EnvironmentFault: it cannot be written.
        """
        self.path, self._asked = path, dict(asked)
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._free_at = 0.0
        self._dirty = False
        try:
            (path / RUNS).mkdir(mode=0o700, parents=True, exist_ok=True)
            path.chmod(0o700)
            self._fd = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unwritable(path, error) from error
        self._own()
        try:
            self.rows: dict[str, Row] = self._known_rows()
            self._predictions: dict[str, str] = self._known_predictions()
        except BaseException:
            os.close(self._fd)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self.save(force=True)
        os.close(self._fd)

    def run_folder(self, instance_id: str) -> Path:
        """Where an instance's run lies; it need not exist."""
        return self.path / RUNS / instance_id

    def set_row(self, row: Row, patch: str | None = None) -> None:
        """Take a row in, with its prediction where it has one, and write what changed.

        Raises:
            OSError: it cannot be written now; it is kept and written with the next.
        """
        with self._lock:
            self.rows[row.instance_id] = row
            if patch is not None:
                said = {
                    "instance_id": row.instance_id,
                    "model_name_or_path": self._asked.get("model") or row.model,
                    "model_patch": patch,
                }
                self._predictions[row.instance_id] = json.dumps(said)
            self._dirty = True
        self.save()

    def drop(self, instance_id: str) -> None:
        """Forget an instance's row and prediction."""
        with self._lock:
            self.rows.pop(instance_id, None)
            self._predictions.pop(instance_id, None)
            self._dirty = True

    def has_prediction(self, instance_id: str) -> bool:
        """Whether there is one, empty or not."""
        return instance_id in self._predictions

    def save(self, force: bool = False) -> None:
        """Write the files anew if anything changed; a large batch's are not written more often than
        is worth it, unless forced.

        Raises:
            OSError: they cannot be written; those that are there stay whole.
        """
        with self._writing:
            with self._lock:
                if not self._dirty or (not force and time.monotonic() < self._free_at):
                    return
                rows = tuple(self.rows.values())
                lines = list(self._predictions.items())
                self._dirty = False
            began = time.monotonic()
            try:
                self._write(rows, lines)
            except OSError:
                self._dirty = True
                raise
            took = time.monotonic() - began
            self._free_at = time.monotonic() + (took / WRITING_SHARE if took > 0.05 else 0.0)

    def _write(self, rows: tuple[Row, ...], lines: list[tuple[str, str]]) -> None:
        whole = ",\n".join(f"{json.dumps(name)}: {line}" for name, line in lines)
        write_whole(self.path / PREDS, f"{{{whole}}}\n".encode())
        write_whole(self.path / PREDS_LINES, "".join(f"{line}\n" for _, line in lines).encode())
        results = Results(batch=self._asked, totals=totals_of(rows), instances=rows)
        write_whole(self.path / RESULTS, results.model_dump_json(indent=1).encode() + b"\n")

    def _own(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = self._owner()
            os.close(self._fd)
            who = f"process {owner.pid} on {visible(owner.host)}" if owner else "another process"
            raise UsageFault(
                f"{visible(str(self.path))} is being worked on by {who}.",
                "Wait for it, stop it, or give another folder with -o.",
            ) from error
        owner = Owner(os.getpid(), boot_id(), socket.gethostname(), round(time.time(), 1))
        said = {name: getattr(owner, name) for name in ("pid", "boot_id", "host", "since")}
        try:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, json.dumps(said).encode(), 0)
        except OSError as error:
            os.close(self._fd)
            raise _unwritable(self.path, error) from error

    def _owner(self) -> Owner | None:
        try:
            return Owner(**json.loads(os.pread(self._fd, 4096, 0)))
        except (ValueError, TypeError):
            return None

    def _known_rows(self) -> dict[str, Row]:
        try:
            raw = (self.path / RESULTS).read_bytes()
        except FileNotFoundError:
            return {}
        try:
            found = Results.model_validate_json(raw)
        except ValidationError as error:
            raise UsageFault(
                f"{visible(str(self.path / RESULTS))} is not of a batch of this version.",
                "Give another folder with -o.",
            ) from error
        for key in ("model", "tasks"):
            before, now = found.batch.get(key), self._asked.get(key)
            if before != now:
                raise UsageFault(
                    f"{visible(str(self.path))} is a batch with {key} {visible(str(before))}, "
                    f"not {visible(str(now))}.",
                    "Give another folder with -o.",
                )
        return {row.instance_id: row for row in found.instances}

    def _known_predictions(self) -> dict[str, str]:
        try:
            known = json.loads((self.path / PREDS).read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return {name: json.dumps(said) for name, said in known.items()}


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file in one go: whoever reads it sees the old one or the new one, also after a
    crash.

    Raises:
        OSError: it cannot be written; the old one is intact.
    """
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def has_room(folder: Path, probe_bytes: int = 1 << 16) -> bool:
    """Whether the folder's disk takes anything."""
    try:
        write_whole(folder / "room", b"\0" * probe_bytes)
        (folder / "room").unlink()
    except OSError:
        return False
    return True


def boot_id() -> str:
    """Tells one start of this machine from another; empty where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def _unwritable(path: Path, error: OSError) -> EnvironmentFault:
    return EnvironmentFault(
        f"The batch folder {visible(str(path))} cannot be written: {error.strerror}.",
        "Make room or give another folder with -o.",
    )
