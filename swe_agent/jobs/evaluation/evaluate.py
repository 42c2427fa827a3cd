"""All predictions graded, several at a time; what was graded before is kept.

The folder is laid out as the official harness does it, so that its own tools can grade the logs
again.
"""

import fcntl
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

from pydantic import ValidationError

from swe_agent.core.errors import (
    EnvironmentFault,
    Interrupted,
    SweAgentError,
    ToolFailure,
    UsageFault,
)
from swe_agent.core.text import visible
from swe_agent.jobs.evaluation.grading import Grade, grade
from swe_agent.jobs.evaluation.logs import Infra, holds_foreign_markers, infra_of, read_log
from swe_agent.jobs.evaluation.parsers import parser_for
from swe_agent.jobs.evaluation.predictions import Prediction
from swe_agent.jobs.evaluation.summary import Outcome, Summary, summary_of, write_json
from swe_agent.jobs.evaluation.trial import (
    Exam,
    Ground,
    Trial,
    exam_of,
    recording,
    try_prediction,
)
from swe_agent.jobs.tasks_instance import AnswerKey, Instance

LOGS = Path("logs") / "run_evaluation"
REPORT, OUTPUT, JOURNAL, PATCH, SCRIPT, RUN = (
    "report.json",
    "test_output.txt",
    "run_instance.log",
    "patch.diff",
    "eval.sh",
    "run.json",
)


OpenGround = Callable[[Instance, AnswerKey], AbstractContextManager[Ground]]
"""Opens the ground of a task; raises SweAgentError where it cannot be made."""


@dataclass(frozen=True, slots=True)
class EvalRequest:
    """What is to be graded."""

    tasks: Sequence[Instance]
    keys: Mapping[str, AnswerKey]
    predictions: Mapping[str, Prediction]
    folder: Path
    open_ground: OpenGround
    run_id: str = "eval"
    source: str = ""
    """The task file or data set, for the record."""
    workers: int = 1
    timeout_s: float = 1800.0
    """Of the tests of one instance."""
    redo: bool = False
    watch: Callable[[Outcome], None] = field(default=lambda _: None)
    """Sees each outcome; called from one thread at a time."""


def evaluate(request: EvalRequest) -> tuple[Summary, Path]:
    """Grade every prediction and write the report.

    Returns:
        The summary and where it was written.

    Raises:
        EnvironmentFault: the folder cannot be written.
        UsageFault: another process grades into it.
    """
    wanted = [task for task in request.tasks if task.id in request.predictions]
    asked = {"dataset": request.source, "split": "", "task_repo": None}
    place = request.folder / LOGS / request.run_id
    write_json(place / RUN, asked)
    with _owned(request.folder / LOGS / f".{request.run_id}.lock"):
        outcomes = _outcomes(request, wanted)
    known = tuple(task.id for task in request.tasks)
    submitted = tuple(task.id for task in wanted)
    summary = summary_of(known, submitted, outcomes)
    model = next((request.predictions[name].model_folder for name in submitted), "None")
    path = request.folder / f"{model}.{request.run_id}.json"
    write_json(path, summary.model_dump(mode="json"))
    return summary, path


def log_folder(request: EvalRequest, prediction: Prediction) -> Path:
    """Where the logs of a prediction lie."""
    run = request.folder / LOGS / request.run_id
    return run / prediction.model_folder / prediction.instance_id


@contextmanager
def _owned(lock: Path) -> Iterator[None]:
    """
    Raises:
        UsageFault: another process grades into this folder.
    """
    with lock.open("wb") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageFault(
                f"Another evaluation is at work in {lock.parent}.", "Wait for it, or give -o DIR."
            ) from error
        yield


def _outcomes(request: EvalRequest, wanted: Sequence[Instance]) -> dict[str, Outcome]:
    """All outcomes, several worked out at a time.

    The threads are daemons: one that is interrupted need not wait for tests that run for long, and
    a container goes away with the process that made it.
    """
    waiting: SimpleQueue[Instance] = SimpleQueue()
    done: SimpleQueue[Outcome | BaseException] = SimpleQueue()
    for task in wanted:
        waiting.put(task)

    def work() -> None:
        with suppress(Empty):
            while True:
                task = waiting.get_nowait()
                try:
                    done.put(_outcome(request, task))
                except BaseException as error:
                    done.put(error)
                    raise

    for number in range(min(max(1, request.workers), len(wanted))):
        threading.Thread(target=work, name=f"eval-{number}", daemon=True).start()
    found: dict[str, Outcome] = {}
    while len(found) < len(wanted):
        outcome = done.get()
        if isinstance(outcome, BaseException):
            raise outcome
        found[outcome.instance_id] = outcome
        request.watch(outcome)
    return found


def _outcome(request: EvalRequest, task: Instance) -> Outcome:
    """One prediction's outcome; a fault of its environment is recorded, the others go on."""
    prediction = request.predictions[task.id]
    if prediction.is_empty:
        return Outcome(instance_id=task.id, state="empty")
    place = log_folder(request, prediction)
    kept = None if request.redo else _kept(place, prediction)
    if kept is not None:
        return _graded(task.id, kept, place, 0.0).model_copy(update={"kept": True})
    began = time.monotonic()
    try:
        _begin(place, prediction)
        return _tried(request, task, place, began)
    except Interrupted:
        raise
    except (SweAgentError, ToolFailure, OSError) as fault:
        return _failed(task.id, place, fault, began)


def _tried(request: EvalRequest, task: Instance, place: Path, began: float) -> Outcome:
    key, prediction = request.keys[task.id], request.predictions[task.id]
    assert prediction.model_patch is not None, "empty ones are not tried"
    parse = parser_for(key)
    with request.open_ground(task, key) as ground:
        exam = exam_of(key, ground, request.timeout_s)
        parse = parser_for(key, " ".join(exam.commands))
        (place / SCRIPT).write_text(_script(exam), "utf-8", "replace")
        trial = try_prediction(ground, key, prediction.model_patch, exam)
    _write(place / JOURNAL, trial.journal)
    if trial.output:
        _write(place / OUTPUT, trial.output)
    took = round(time.monotonic() - began, 2)
    if not trial.applied or trial.timed_out:
        return _no_grade(task.id, trial, took)
    reading = read_log(trial.output, parse)
    found = grade(key, prediction.model_patch, reading, infra_of(trial.output))
    write_json(place / REPORT, {task.id: _official(found)})
    return _graded(task.id, found, place, took)


def _begin(place: Path, prediction: Prediction) -> None:
    """Empty the folder of an earlier try."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    _write(place / PATCH, prediction.model_patch or "")


def _kept(place: Path, prediction: Prediction) -> Grade | None:
    """The grade of the very same patch from before; None where there is none."""
    try:
        if (place / PATCH).read_bytes() != _raw(prediction.model_patch or ""):
            return None
        told = json.loads((place / REPORT).read_bytes())
        return Grade.model_validate(told[prediction.instance_id])
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        return None


def _graded(name: str, found: Grade, place: Path, took: float) -> Outcome:
    output = _text(place / OUTPUT)
    infra = None if found.resolved else infra_of(output, _text(place / JOURNAL))
    doubt = (
        "the tests printed markers of a grader: read the log"
        if holds_foreign_markers(output)
        else ""
    )
    return Outcome(
        instance_id=name,
        state="resolved" if found.resolved else "unresolved",
        why=found.error or doubt,
        infra=infra,
        duration_s=took,
    )


def _no_grade(name: str, trial: Trial, took: float) -> Outcome:
    """A patch that does not apply, or tests that did not end."""
    why = "the tests took too long" if trial.timed_out else "the patch does not apply"
    infra = infra_of(trial.output) if trial.output else None
    return Outcome(instance_id=name, state="error", why=why, infra=infra, duration_s=took)


def _failed(name: str, place: Path, fault: Exception, began: float) -> Outcome:
    """An environment that could not be made, or was lost."""
    next_step = f"\n{fault.next_step}" if isinstance(fault, SweAgentError) else ""
    with suppress(OSError):
        _write(place / JOURNAL, f"{fault}{next_step}\n")
    is_environment = isinstance(fault, EnvironmentFault | OSError)
    return Outcome(
        instance_id=name,
        state="error",
        why=visible(str(fault)),
        infra=Infra("environment_unavailable", "environment") if is_environment else None,
        duration_s=round(time.monotonic() - began, 2),
    )


def _official(found: Grade) -> dict[str, object]:
    """The grade with the official keys alone; those that say nothing are left out."""
    return {
        name: value for name, value in found.model_dump(mode="json").items() if value is not None
    }


def _script(exam: Exam) -> str:
    """What was run, for a reader."""
    if exam.script:
        return recording(exam.script)
    return "\n".join(("#!/bin/sh", f"cd {exam.cwd}", *exam.commands, ""))


def _write(path: Path, text: str) -> None:
    path.write_bytes(_raw(text))


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
