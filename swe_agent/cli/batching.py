"""A batch from its options to its exit code."""

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from swe_agent import __version__
from swe_agent.agent.shared import Shared
from swe_agent.agent.spending import total_purse
from swe_agent.cli.asking import require_key
from swe_agent.cli.batch_options import BatchOptions
from swe_agent.cli.batch_view import BatchView
from swe_agent.cli.beginning import first_line, warn_of_no_sandbox, with_model, with_sandbox
from swe_agent.cli.eval_options import EvalOptions
from swe_agent.cli.home import state_home
from swe_agent.cli.run import RunOptions
from swe_agent.cli.screen import say, show
from swe_agent.core.errors import ExitCode, Interrupted, UsageFault
from swe_agent.core.text import visible
from swe_agent.jobs.batch import Gate, OpenGate, Parts, earlier_spending, run_batch
from swe_agent.jobs.batch_guard import LeakGuard
from swe_agent.jobs.batch_origin import Places, settings_of
from swe_agent.jobs.batch_room import ImageShelf, MachineGate
from swe_agent.jobs.batch_run import Hearing, Workplace, work_on
from swe_agent.jobs.executors.executor import Executor
from swe_agent.jobs.executors.threads import Threads
from swe_agent.jobs.folder import BatchFolder, has_room
from swe_agent.jobs.tasks import Selection, load_tasks, selected
from swe_agent.jobs.tasks_instance import Instance
from swe_agent.models.purse import Purse
from swe_agent.runtime.crew import Crew
from swe_agent.settings.load import Loaded, load

if TYPE_CHECKING:
    from swe_agent.runtime.engine import Engine

WORKERS_TO_ONE_AHEAD = 4
"""For so many attempts at work one more instance is made ready meanwhile."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked for, read."""

    options: BatchOptions
    tasks: tuple[Instance, ...]
    settings: Loaded


def conduct(options: BatchOptions, run: RunOptions) -> ExitCode:
    """Work on all tasks and say what they came to.

    Raises:
        SweAgentError: it could not begin, or was interrupted; started again it goes on.
    """
    asked = _asked(options, run)
    model = asked.settings.settings.model or ""
    path = (options.output or _usual_folder(options.tasks, model)).expanduser().absolute()
    about = {
        "tasks": _source(options.tasks),
        "model": model,
        "strategy": asked.settings.settings.strategy,
        "version": __version__,
    }
    with ExitStack() as stack:
        folder = stack.enter_context(BatchFolder(path, about))
        spent = earlier_spending(folder, asked.tasks)
        total = None
        if options.max_total_cost is not None:
            tokens = asked.settings.settings.limits.max_unpriced_tokens * len(asked.tasks)
            total = total_purse(options.max_total_cost, tokens, spent)
        view = BatchView(asked.tasks, options, run)
        executor = _executor(asked, stack, view, total)
        parts = Parts(
            folder,
            executor,
            view,
            gate=_gate(asked, stack),
            longest_wait_s=asked.settings.settings.models.longest_wait_s,
            has_room=lambda: has_room(path),
        )
        with _signals(path), view:
            code = run_batch(asked.tasks, parts, options.redo)
        view.show_ending(folder, code)
    if options.evaluate:
        _grade(asked, path)
    return code


def _grade(asked: _Asked, path: Path) -> None:
    """Grade the batch's predictions; the report lies in its folder."""
    from swe_agent.cli.evaluating import grade_batch

    ids = tuple(task.id for task in asked.tasks)
    grade_batch(
        EvalOptions(
            tasks=asked.options.tasks,
            predictions=str(path),
            workers=asked.options.workers,
            split=asked.options.split,
            mirror=asked.options.mirror,
        ),
        ids,
        asked.settings,
    )


def _asked(options: BatchOptions, run: RunOptions) -> _Asked:
    """The tasks and the settings; what is odd is said."""
    found = load_tasks(options.tasks, options.split, keyed=False)
    wanted = selected(found.tasks, Selection(options.shuffle, options.matching, options.part))
    if not wanted:
        raise UsageFault(
            f"None of the {len(found.tasks)} tasks is selected.", "See --filter and --slice."
        )
    overrides = run.overrides() | {"tests.skip": options.no_tests or None}
    loaded = load(run.config or (), run.assignments or (), overrides)
    loaded, why = with_model(loaded)
    model = loaded.settings.model or ""
    require_key(model, loaded.settings.models.base_url)
    loaded, why_sandbox = with_sandbox(loaded)
    warn_of_no_sandbox(loaded.settings.sandbox.kind)
    if not run.quiet:
        say(first_line(model, why, loaded.settings.sandbox.kind or "", why_sandbox))
    for fault in found.faults:
        name = f" ({fault.id})" if fault.id else ""
        show(f"not a task: {fault.place}{name}: {fault.reason}", "warn")
    return _Asked(options, wanted, loaded)


def _executor(asked: _Asked, stack: ExitStack, view: BatchView, total: Purse | None) -> Executor:
    options = asked.options
    if options.executor == "ray":
        from swe_agent.jobs.executors.ray_cluster import Cluster, Orders, RayCluster

        mirrors = tuple(str(one) for one in _mirrors(options))
        guarded = not options.allow_history
        return RayCluster(
            options.workers,
            Cluster(options.ray_address, options.ray_cpus, options.ray_memory),
            Orders(asked.settings, mirrors, guarded, total, view.event),
        )
    place = _workplace(asked, stack, view, total)
    slots = options.workers + options.workers // WORKERS_TO_ONE_AHEAD
    return Threads(slots, lambda job: work_on(job.instance, job.folder, job.tries, place))


def _gate(asked: _Asked, stack: ExitStack) -> Gate:
    """Room on this machine; a cluster's nodes are Ray's to fill."""
    if asked.options.executor == "ray" or asked.settings.settings.sandbox.kind != "docker":
        return OpenGate() if asked.options.executor == "ray" else MachineGate()
    from swe_agent.runtime.image_store import EngineImages

    engine = _engine(asked.settings, stack)
    places = Places(_mirrors(asked.options), engine)
    images = {
        task.id: settings_of(task, asked.settings, places).settings.sandbox.image
        for task in asked.tasks
    }
    wanted = [image for image in images.values() if image]
    store = EngineImages(engine, asked.settings.settings.engine.pull_timeout_s)
    shelf = ImageShelf(store, wanted, asked.options.workers)
    stack.callback(shelf.close)
    return MachineGate(lambda task: images.get(task.id), shelf)


def _mirrors(options: BatchOptions) -> tuple[Path, ...]:
    found = tuple(one.expanduser().absolute() for one in options.mirror or ())
    for one in found:
        if not one.is_dir():
            raise UsageFault(f"--mirror {visible(str(one))} is not a folder.", "Make it first.")
    return found


def _workplace(asked: _Asked, stack: ExitStack, view: BatchView, total: Purse | None) -> Workplace:
    engine = None
    if asked.settings.settings.sandbox.kind == "docker":
        engine = _engine(asked.settings, stack)
    mirrors = _mirrors(asked.options)
    # What a bare or bubblewrap sandbox sees beside its own git is this machine, not an image.
    guard = None if asked.options.allow_history or engine is None else LeakGuard()
    turns = threading.Semaphore(asked.options.workers)
    return Workplace(
        settings=asked.settings,
        places=Places(mirrors, engine),
        shared=Shared(engine, guard, stack.enter_context(closing(Crew())), turns),
        total=total,
        hearing=Hearing(view.event, view.said),
    )


def _engine(settings: Loaded, stack: ExitStack) -> "Engine":
    from swe_agent.runtime.engine import connect
    from swe_agent.runtime.reaping import reap

    engine = connect(settings.settings.engine.start_timeout_s)
    stack.callback(engine.close)
    reap(engine)
    return engine


def _source(tasks: str) -> str:
    """What tells one task source from another, wherever the command is typed."""
    place = Path(tasks).expanduser()
    return str(place.absolute()) if place.exists() else tasks


def _usual_folder(tasks: str, model: str) -> Path:
    """Where a batch goes by itself: the same for the same tasks and model, so it is found again."""
    import hashlib

    place, source = Path(tasks).expanduser(), _source(tasks)
    name = f"{place.stem}--{model.replace('/', '__')}"
    plain = "".join(char if char.isalnum() or char in "._-" else "-" for char in name)[:80]
    digest = hashlib.sha256(f"{source} {model}".encode()).hexdigest()[:6]
    return state_home() / "batches" / f"{plain.strip('.-')}-{digest}"


@contextmanager
def _signals(path: Path) -> Iterator[None]:
    """An interruption ends the block; what is on disk is enough to go on.

    Raises:
        Interrupted: Ctrl-C, SIGTERM or SIGHUP.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(
            "Interrupted; the state is saved.",
            f"The same command again goes on (the batch lies in {visible(str(path))}).",
        ) from None
    finally:
        for number, action in before.items():
            signal.signal(number, action)
