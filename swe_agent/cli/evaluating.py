"""An evaluation from its options to its report."""

import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from swe_agent.cli.eval_options import EvalOptions
from swe_agent.cli.screen import print_json, say, show
from swe_agent.cli.wording import Tone, one_line, time_words
from swe_agent.core.errors import UsageFault
from swe_agent.core.text import visible
from swe_agent.jobs.batch_origin import Places
from swe_agent.jobs.evaluation.evaluate import EvalRequest, evaluate
from swe_agent.jobs.evaluation.ground import Grounds
from swe_agent.jobs.evaluation.harness import Official, run_official
from swe_agent.jobs.evaluation.predictions import (
    GOLD,
    Prediction,
    read_predictions,
    require_known,
)
from swe_agent.jobs.evaluation.summary import Outcome, Summary
from swe_agent.jobs.recordings import is_batch
from swe_agent.jobs.tally import EVALUATION
from swe_agent.jobs.tasks import Selection, load_tasks, selected
from swe_agent.jobs.tasks_instance import TaskSet
from swe_agent.runtime.sandboxes import choose_sandbox
from swe_agent.settings.load import Loaded, load
from swe_agent.settings.registries import passed_on

if TYPE_CHECKING:
    from swe_agent.runtime.engine import Engine

_TONES: dict[str, Tone] = {"resolved": "good", "unresolved": "warn", "error": "bad"}


def conduct(options: EvalOptions) -> None:
    """Grade, and say what came of it.

    Raises:
        SweAgentError: it could not begin.
    """
    _require_name(options.run_id)
    tasks = load_tasks(options.tasks, options.split)
    predictions = read_predictions(options.predictions, tasks.keys)
    require_known(predictions, (task.id for task in tasks.tasks))
    folder = (options.output or _usual_folder(options.predictions)).expanduser().absolute()
    if options.harness == "swebench":
        wanted = _wanted(options, tasks, predictions)
        summary, report = run_official(_official(options, tuple(wanted.values()), folder))
    else:
        with ExitStack() as stack:
            request = _request(options, tasks, predictions, folder, stack)
            summary, report = _evaluated(request)
    if options.as_json:
        print_json(summary.model_dump(mode="json"))
    _show(summary, report)


def _evaluated(request: EvalRequest) -> tuple[Summary, Path]:
    try:
        return evaluate(request)
    except KeyboardInterrupt:
        say("Interrupted. The same command grades the rest.")
        raise


def grade_batch(options: EvalOptions, ids: tuple[str, ...], settings: Loaded) -> None:
    """Grade what a batch predicted for these instances, with the batch's own settings.

    Raises:
        SweAgentError: it could not begin.
    """
    tasks = load_tasks(options.tasks, options.split)
    predictions = read_predictions(options.predictions, tasks.keys)
    folder = _usual_folder(options.predictions)
    chosen = {task.id: task for task in tasks.tasks}
    # A model's name may hold a place for the task's id; grading asks no model.
    plain = settings.settings.model_copy(update={"model": None})
    with ExitStack() as stack:
        wanted = tuple(chosen[name] for name in ids if name in chosen)
        kept = {name: one for name, one in predictions.items() if name in ids}
        if not kept:
            say("There is no prediction to grade yet.")
            return
        grounds = _grounds(options, replace(settings, settings=plain), stack)
        summary, report = _evaluated(
            EvalRequest(
                tasks=wanted,
                keys=tasks.keys,
                predictions=kept,
                folder=folder,
                open_ground=grounds.open,
                source=options.tasks,
                workers=options.workers,
                watch=_Watch(len(kept)),
            )
        )
    _show(summary, report)


def _request(
    options: EvalOptions,
    tasks: TaskSet,
    predictions: dict[str, Prediction],
    folder: Path,
    stack: ExitStack,
) -> EvalRequest:
    chosen = selected(tasks.tasks, Selection(False, options.matching, options.part))
    if not chosen:
        raise UsageFault(f"None of the {len(tasks.tasks)} tasks is selected.", "See --filter.")
    for fault in tasks.faults:
        show(f"not a task: {fault.place}: {fault.reason}", "warn")
    return EvalRequest(
        tasks=chosen,
        keys=tasks.keys,
        predictions=predictions,
        folder=folder,
        open_ground=_grounds(options, _settings(options), stack).open,
        run_id=options.run_id,
        source=options.tasks,
        workers=options.workers,
        timeout_s=options.timeout_s,
        redo=options.redo,
        watch=_Watch(sum(task.id in predictions for task in chosen)),
    )


def _grounds(options: EvalOptions, settings: Loaded, stack: ExitStack) -> Grounds:
    engine = _engine(settings, stack) if settings.settings.sandbox.kind == "docker" else None
    mirrors = tuple(one.expanduser().absolute() for one in options.mirror or ())
    for one in mirrors:
        if not one.is_dir():
            raise UsageFault(f"--mirror {visible(str(one))} is not a folder.", "Make it first.")
    places = Places(mirrors, engine, lambda text: show(one_line(text, 200), "faint"))
    return Grounds(settings, places, passed_on(os.environ))


def _settings(options: EvalOptions) -> Loaded:
    overrides = {"sandbox.network": options.network, "sandbox.kind": options.sandbox}
    loaded = load(options.config or (), options.assignments or (), overrides)
    kind = choose_sandbox(loaded.settings.sandbox.kind, loaded.settings.sandbox.image).kind
    return load(
        options.config or (), options.assignments or (), {**overrides, "sandbox.kind": kind}
    )


def _engine(settings: Loaded, stack: ExitStack) -> "Engine":
    from swe_agent.runtime.engine import connect
    from swe_agent.runtime.reaping import reap

    engine = connect(settings.settings.engine.start_timeout_s)
    stack.callback(engine.close)
    reap(engine)
    return engine


def _wanted(
    options: EvalOptions, tasks: TaskSet, predictions: dict[str, Prediction]
) -> dict[str, Prediction]:
    chosen = selected(tasks.tasks, Selection(False, options.matching, options.part))
    return {task.id: predictions[task.id] for task in chosen if task.id in predictions}


def _official(options: EvalOptions, predictions: tuple[Prediction, ...], folder: Path) -> Official:
    return Official(
        tasks=options.tasks,
        predictions=predictions,
        folder=folder,
        run_id=options.run_id,
        workers=options.workers,
        timeout_s=options.timeout_s,
        split=options.split or "test",
    )


class _Watch:
    """Says a line for each outcome."""

    def __init__(self, total: int) -> None:
        self._total, self._seen = total, 0

    def __call__(self, outcome: Outcome) -> None:
        self._seen += 1
        infra = f" [{outcome.infra.reason}]" if outcome.infra else ""
        why = f": {one_line(outcome.why, 200)}" if outcome.why else ""
        took = "graded before" if outcome.kept else time_words(outcome.duration_s)
        text = f"[{self._seen}/{self._total}] {outcome.state:<10} {outcome.instance_id}"
        show(f"{text} ({took}){infra}{why}", _TONES.get(outcome.state, "faint"))


def _show(summary: Summary, report: Path) -> None:
    share = f"{summary.resolved_instances} of {summary.total_instances} resolved"
    rest = {
        "unresolved": summary.unresolved_instances,
        "empty": summary.empty_patch_instances,
        "error": summary.error_instances,
        "without prediction": len(summary.incomplete_ids),
    }
    words = [f"{number} {name}" for name, number in rest.items() if number]
    show("; ".join((share, ", ".join(words))) if words else share, "strong")
    if summary.infra_failure_instances:
        show(f"{summary.infra_failure_instances} look like failures of the environment", "warn")
    say(f"report   {report}")


def _usual_folder(predictions: str) -> Path:
    """Beside the predictions: in a batch's own folder, else in one of its own."""
    place = Path(predictions).expanduser()
    if predictions != GOLD and place.is_dir() and (is_batch(place) or not place.suffix):
        return place / EVALUATION
    return (Path() if predictions == GOLD else place.parent) / EVALUATION


def _require_name(run_id: str) -> None:
    """
    Raises:
        UsageFault: it cannot be a folder's name.
    """
    plain = run_id.replace("-", "").replace("_", "").replace(".", "")
    if not plain.isalnum() or not plain.isascii():
        raise UsageFault(
            f"--run-id {visible(run_id)} is no name.", "Use letters, digits, dots, dashes."
        )
