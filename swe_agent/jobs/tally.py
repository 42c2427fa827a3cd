"""What a batch came to, a row for each instance: what comparisons and reports count."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from swe_agent.core.errors import ExitCode, UsageFault
from swe_agent.jobs.recordings import is_batch, run_folders_in
from swe_agent.trajectory.steps import Recording, read_recording

RESULTS = "results.json"
EVALUATION = "evaluation"
"""Where a batch folder keeps what `eval` said of it."""
SCHEMA = 2

By = Literal["evaluation", "verdict"]
"""What counts as resolved: the hidden tests' word, or the run's own."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One instance."""

    id: str
    resolved: bool
    state: str = "done"
    verdict: str = ""
    failure: str = ""
    """Class of the failure; empty where there is none."""
    cost_usd: float = 0.0
    steps: int = 0
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Tally:
    """A whole batch."""

    name: str
    rows: Mapping[str, Tried]
    by: By

    @property
    def resolved(self) -> frozenset[str]:
        return frozenset(name for name, row in self.rows.items() if row.resolved)


def tally_of(batch: Path) -> Tally:
    """The rows of a batch folder: of `results.json`, else of the runs themselves.

    Where the folder holds an evaluation, that says what is resolved.

    Raises:
        UsageFault: it is no batch folder, or has no instance.
    """
    if not is_batch(batch) and not (batch / RESULTS).is_file():
        raise UsageFault(f"{batch} is not a batch folder.", "One has `results.json` and `runs/`.")
    rows = {row.id: row for row in _rows(batch)}
    for folder in run_folders_in(batch):
        if folder.name not in rows:
            rows[folder.name] = _from_run(folder)
    if not rows:
        raise UsageFault(f"{batch} has no instances yet.", "Start it with `swe-agent batch`.")
    graded = evaluation_of(batch)
    if graded is None:
        return Tally(batch.name, rows, "verdict")
    resolved = {
        name: _with_grade(row, name in graded.resolved, name in graded.known)
        for name, row in rows.items()
    }
    return Tally(batch.name, resolved, "evaluation")


@dataclass(frozen=True, slots=True)
class Graded:
    """What an evaluation said."""

    resolved: frozenset[str]
    known: frozenset[str]
    """Instances that it has a word on."""


def evaluation_of(batch: Path) -> Graded | None:
    """The newest evaluation that lies in a batch folder; None where there is none."""
    for path in sorted((batch / EVALUATION).glob("*.json"), key=_age):
        told = _object(path)
        if told.get("schema_version") == SCHEMA:
            ids = {name: _texts(told.get(f"{name}_ids")) for name in ("resolved", "submitted")}
            return Graded(ids["resolved"], ids["submitted"])
    return None


def _with_grade(row: Tried, resolved: bool, known: bool) -> Tried:
    failure = "" if resolved else row.failure or ("wrong_patch" if known else "not_graded")
    return Tried(
        row.id,
        resolved,
        row.state,
        row.verdict,
        failure,
        row.cost_usd,
        row.steps,
        row.duration_s,
    )


def tried_of(name: str, recording: Recording) -> Tried:
    """The row of a run."""
    finished = recording.finished
    verdict = finished.verdict.word if finished else ""
    return Tried(
        id=name,
        resolved=verdict == "verified",
        state="done" if finished else "unfinished",
        verdict=verdict,
        failure=failure_of(recording),
        cost_usd=recording.usage.cost_usd,
        steps=len(recording.steps),
        duration_s=round(recording.duration_s, 3),
    )


def failure_of(recording: Recording) -> str:
    """The class of a run's failure; empty where its patch is verified."""
    finished = recording.finished
    if finished is None:
        return "unfinished"
    if finished.verdict.word == "verified":
        return ""
    by_code = {ExitCode.MODEL: "model", ExitCode.ENVIRONMENT: "environment"}
    by_code |= {ExitCode.LIMIT: "limit", ExitCode.REFUSED: "policy", ExitCode.INTERNAL: "internal"}
    return by_code.get(ExitCode(finished.exit_code), finished.verdict.word)


def _rows(batch: Path) -> list[Tried]:
    """The rows of `results.json`; none where it is missing or not whole."""
    rows = _object(batch / RESULTS).get("instances")
    found = rows if isinstance(rows, list) else []
    return [_row(row) for row in found if isinstance(row, dict) and row.get("instance_id")]


def _row(row: dict[str, JsonValue]) -> Tried:
    verdict = str(row.get("verdict") or "")
    return Tried(
        id=str(row["instance_id"]),
        resolved=verdict == "verified",
        state=str(row.get("state") or ""),
        verdict=verdict,
        failure=str(row.get("failure") or ""),
        cost_usd=_number(row.get("cost_usd")),
        steps=int(_number(row.get("steps"))),
        duration_s=_number(row.get("duration_s")),
    )


def _from_run(folder: Path) -> Tried:
    try:
        return tried_of(folder.name, read_recording(folder))
    except UsageFault:
        return Tried(folder.name, False, "unreadable", failure="unreadable")


def _object(path: Path) -> dict[str, JsonValue]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _texts(value: JsonValue) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset()


def _number(value: JsonValue) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _age(path: Path) -> float:
    """Newest first; a file that is gone comes last."""
    try:
        return -path.stat().st_mtime
    except OSError:
        return 0.0
