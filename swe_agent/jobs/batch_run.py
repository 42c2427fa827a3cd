"""One instance of a batch in its worker: begun or resumed, and whatever comes of it made a record.

Three kinds of failure are told apart: the patch's, the provider's, the environment's. The last two
leave a run that is resumed, and no reply is paid for twice.
"""

import errno
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from swe_agent.agent.money import Money
from swe_agent.agent.opened import Company
from swe_agent.agent.shared import Shared
from swe_agent.agent.spending import TOTAL
from swe_agent.core.errors import (
    AccessRefused,
    EngineAway,
    EnvironmentFault,
    ExitCode,
    Interrupted,
    LimitReached,
    ModelFault,
    ModelParked,
    PolicyRefused,
    SandboxLost,
    SweAgentError,
    UsageFault,
)
from swe_agent.core.events import Event, LimitHit, RunFinished, RunStarted, ToolCalled
from swe_agent.core.result import RunResult
from swe_agent.core.text import visible
from swe_agent.jobs.batch_guard import LeakFound, digs
from swe_agent.jobs.batch_origin import Places, origin_of, settings_of
from swe_agent.jobs.batch_rows import Done, Failure, Row, row_of
from swe_agent.jobs.tasks_instance import Instance
from swe_agent.models.purse import Purse
from swe_agent.settings.load import Loaded
from swe_agent.solve import RunRequest, resume, solve
from swe_agent.trajectory.log import read_log

LOG = "events.jsonl"
INFRA_TRIES = 3
"""So often an instance is begun or resumed in one batch, while its environment fails."""
INFRA_PAUSE_S = 5.0
"""Before the second try; each later one waits twice as long."""
_DISK = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Hearing:
    """Who is told what goes on in an instance; called from its worker."""

    event: Callable[[str, Event], None] = lambda _, __: None
    said: Callable[[str, str], None] = lambda _, __: None


@dataclass(frozen=True, slots=True)
class Workplace:
    """What workers of one process need to work on instances."""

    settings: Loaded
    """Of the batch."""
    places: Places = field(default_factory=Places)
    shared: Shared | None = None
    total: Purse | None = None
    hearing: Hearing = field(default_factory=Hearing)


def work_on(instance: Instance, folder: Path, tries: int, place: Workplace) -> Done:
    """Begin or resume an instance, to its end or to a failure; does not raise.

    Args:
        instance: the task.
        folder: its run's folder; it need not exist.
        tries: how often it was begun before in this life of the batch.
        place: what is shared.
    """
    seen = _Seen(instance.id, place.hearing)
    try:
        result = _run(instance, folder, place, seen)
    except SweAgentError as fault:
        return _failed(instance, (fault, tries), seen)
    except Exception as error:  # noqa: BLE001 - the batch worker: a bug costs one instance
        if _is_disk(error):
            full = EnvironmentFault("The disk is full.", "Make room; the batch goes on by itself.")
            full.__cause__ = error
            return _failed(instance, (full, tries), seen)
        _keep_trace(folder, error)
        said = f"{type(error).__name__}: {error}"
        bug = SweAgentError(f"internal error: {said}", f"See {folder / 'crash.log'}.")
        return _failed(instance, (bug, tries), seen)
    row = row_of(result, (seen.money.spent_usd, seen.money.spent_tokens), seen.limit)
    patch = result.patch
    stops = ExitCode.LIMIT if seen.limit.startswith(TOTAL) else None
    changes = {"instance_id": instance.id, "tainted": tuple(seen.tainted)}
    return Done(row=row.model_copy(update=changes), patch=patch, stops=stops)


def is_begun(folder: Path) -> bool:
    """Whether a run's log says that it began."""
    try:
        return any(isinstance(line.event, RunStarted) for line in read_log(folder / LOG)[:1])
    except UsageFault:
        return False


@dataclass(slots=True)
class _Seen:
    """What the worker notes of its run's events."""

    id: str
    hearing: Hearing
    limit: str = ""
    tainted: list[str] = field(default_factory=list)
    money: Money = field(default_factory=Money)

    def __call__(self, event: Event) -> None:
        self.money.apply(event)
        match event:
            case LimitHit():
                self.limit = event.limit
            case ToolCalled():
                found = digs(event.call)
                if found and found not in self.tainted:
                    self.tainted.append(found)
            case RunFinished() if event.verdict.word == "verified":
                self.limit = ""
            case _:
                pass
        self.hearing.event(self.id, event)

    def said(self, text: str) -> None:
        """Tell of a wait or a pull."""
        self.hearing.said(self.id, text)


def _run(instance: Instance, folder: Path, place: Workplace, seen: _Seen) -> RunResult:
    if is_begun(folder):
        for line in read_log(folder / LOG):
            seen(line.event)
        address = place.settings.settings.models.base_url
        company = Company(seen.said, total=place.total, shared=place.shared, base_url=address)
        return resume(folder, seen, company=company)
    settings = settings_of(instance, place.settings, place.places)
    request = RunRequest(
        repository=origin_of(instance, settings, place.places),
        issue=instance.issue,
        pictures=instance.pictures,
        settings=settings,
        run_folder=folder,
        say=seen.said,
        total=place.total,
        shared=place.shared,
        has_targets=not instance.is_graded_elsewhere,
    )
    return solve(request, seen)


def _failed(instance: Instance, what: tuple[SweAgentError, int], seen: _Seen) -> Done:
    fault, tries = what
    failure = _failure_of(fault)
    money = seen.money
    row = Row(
        instance_id=instance.id,
        state="parked" if failure == "parked" else "failed",
        exit_code=int(fault.exit_code),
        failure=failure,
        error=visible(f"{fault.message} {fault.next_step}".strip()),
        spent_usd=round(money.spent_usd, 6),
        cost_usd=round(money.spent_usd, 6),
        spent_tokens=money.spent_tokens,
        tainted=tuple(seen.tainted),
    )
    return Done(row=row, again_in_s=_again(fault, failure, tries), stops=_stops(fault))


def _failure_of(fault: SweAgentError) -> Failure:
    match fault:
        case LeakFound():
            return "leak"
        case EnvironmentFault():
            return "disk" if _is_disk(fault) else "environment"
        case AccessRefused():
            return "access"
        case ModelParked():
            return "parked"
        case ModelFault():
            return "model"
        case LimitReached():
            return "limit"
        case PolicyRefused():
            return "policy"
        case UsageFault():
            return "task"
        case _:
            return "internal"


def _again(fault: SweAgentError, failure: Failure, tries: int) -> float | None:
    """When it may be tried again; what a fresh try does not change is not tried."""
    if isinstance(fault, ModelParked):
        return fault.resume_after_s
    if failure == "disk":
        return 0.0
    passing = isinstance(fault, EngineAway | SandboxLost)
    most = INFRA_TRIES if passing else INFRA_TRIES - 1
    if failure == "environment" and tries + 1 < most:
        return float(INFRA_PAUSE_S * 2**tries)
    return None


def _stops(fault: SweAgentError) -> ExitCode | None:
    if isinstance(fault, AccessRefused):
        return ExitCode.MODEL
    if isinstance(fault, Interrupted):
        return ExitCode.INTERRUPTED
    if isinstance(fault, LimitReached) and fault.limit.startswith(TOTAL):
        return ExitCode.LIMIT
    return None


def _is_disk(error: BaseException | None) -> bool:
    """Whether a full disk is at the bottom of it."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _DISK:
            return True
        error = error.__cause__ or error.__context__
    return False


def _keep_trace(folder: Path, error: Exception) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / "crash.log").open("a", encoding="utf-8") as stream:
            stream.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}\n")
            stream.write(visible("".join(traceback.format_exception(error))))
    except OSError:
        return
