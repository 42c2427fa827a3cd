"""The story of one run: take the repository in, prepare, prove that the tests run, attempt, prove
the patch."""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Self

from swe_agent import __version__
from swe_agent.aci.permissions import Human
from swe_agent.agent.attempt import Attempt, Kit
from swe_agent.agent.outcome import exit_of, result_of
from swe_agent.agent.reflect import salvage
from swe_agent.agent.state import State
from swe_agent.assemble import model_named, rates_of, route_of, sandboxes_of, strategy_named
from swe_agent.core.errors import Interrupted, LimitReached, SweAgentError, UsageFault
from swe_agent.core.events import (
    Checkpoint,
    EnvironmentReady,
    Event,
    HumanSaid,
    PhaseStarted,
    RunFinished,
    RunStarted,
    TestsRan,
)
from swe_agent.core.messages import Note
from swe_agent.core.protocols import Model, Watcher
from swe_agent.core.result import RunResult
from swe_agent.core.task import Task, TestReport, Verdict
from swe_agent.models.registry import default_model
from swe_agent.provision import Wanted, again, provision, record_consent
from swe_agent.runtime.environment import Prepared
from swe_agent.runtime.intake import take_in
from swe_agent.runtime.patience import Made, patiently
from swe_agent.runtime.repository import read_repository
from swe_agent.runtime.sandboxes import Sandboxes
from swe_agent.runtime.setup import passed_on
from swe_agent.runtime.shipping import Shipment, ship
from swe_agent.runtime.store import TreeStore
from swe_agent.settings.keys import api_key, known_secrets
from swe_agent.settings.load import Loaded
from swe_agent.settings.prompts import prompt
from swe_agent.settings.schema import Settings
from swe_agent.trajectory.log import EventLog, read_log
from swe_agent.verify.compare import failing_of, guards_of
from swe_agent.verify.runners import require_collected
from swe_agent.verify.verdict import Aims, ProvingGround, prove, targets_of

DEFAULT_ISSUE = "Make the failing tests pass."
"""The issue where none is given: every test that fails at base is a target then."""
_SHOWN_FAILURES = 10


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a run is asked for."""

    repository: Path
    issue: str
    """Empty: make the failing tests pass."""
    settings: Loaded
    run_folder: Path
    say: Callable[[str], None] = lambda _: None
    """Told of waits and pulls, a line each."""
    human: Human | None = None
    listen: Callable[[str], None] | None = None
    """Hears the model's text as it comes in; for the eye alone."""


def solve(request: RunRequest, watch: Watcher) -> RunResult:
    """Solve one issue; the run's folder holds all that it came to.

    Raises:
        SweAgentError: it could not begin, or stopped on the way (`resume` goes on).
    """
    settings = request.settings.settings
    strategy_named(settings.strategy)
    spec, _ = default_model(settings, api_key)
    model = model_named(spec, settings, request.say)
    repository = read_repository(request.repository, settings.sandbox.include)
    with _Run(request.run_folder, watch, request.say, request.human) as run:
        run.listen = request.listen
        tree, behind = take_in(repository, run.store, settings.sandbox.include)
        record_consent(request.settings, run.store.reader(tree))
        task = Task(
            id=request.run_folder.name,
            issue=request.issue or DEFAULT_ISSUE,
            repository=str(repository.root),
            test_commands=settings.tests.commands,
        )
        run.store.flush()
        run.append(
            RunStarted(
                run_id=request.run_folder.name,
                version=__version__,
                task=task,
                model=spec,
                strategy=settings.strategy,
                base_tree=tree,
                head=repository.head,
                version_tag=repository.version_tag,
                left_behind=behind,
                settings=settings.model_dump(mode="json"),
            )
        )
        run.keep("task.json", task.model_dump_json(indent=2))
        run.keep("settings.json", settings.model_dump_json(indent=2))
        return run.go_on(model)


def resume(
    run_folder: Path,
    watch: Watcher,
    issue: str = "",
    say: Callable[[str], None] = lambda _: None,
    human: Human | None = None,
) -> RunResult:
    """Go on with a run where it stopped; with an issue, go on with a finished one.

    Raises:
        UsageFault: there is no such run, or it is at work now.
        SweAgentError: it stopped again.
    """
    events = [line.event for line in read_log(run_folder / "events.jsonl")]
    started = next((event for event in events if isinstance(event, RunStarted)), None)
    if started is None:
        raise UsageFault(f"the run {run_folder.name} never began", "start it anew: `swe-agent run`")
    if isinstance(events[-1], RunFinished) and not issue:
        return RunResult.model_validate_json((run_folder / "result.json").read_bytes())
    settings = Settings.model_validate(started.settings)
    model = model_named(started.model, settings, say)
    with _Run(run_folder, watch, say, human) as run:
        for event in events:
            run.state.apply(event)
        if issue:
            run.append(HumanSaid(note=Note(kind="human", text=prompt("resumed", text=issue))))
            run.append(PhaseStarted(phase="edit", iteration=max(1, run.state.iteration)))
        return run.go_on(model)


class _Run:
    """An open run: its folder, log and store, and its state so far."""

    def __init__(
        self, folder: Path, watch: Watcher, say: Callable[[str], None], human: Human | None
    ) -> None:
        self.folder, self._say, self._human = folder, say, human
        self._began = time.monotonic()
        self._open = ExitStack()
        self.log = self._open.enter_context(
            EventLog(folder / "events.jsonl", watch, known_secrets())
        )
        self.store = TreeStore(folder / "checkpoints")
        self._open.callback(self.store.close)
        self.state = State()
        self.listen: Callable[[str], None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def append(self, event: Event) -> None:
        """Write an event, then take it in as it was written."""
        self.state.apply(self.log.append(event))

    def keep(self, name: str, text: str) -> None:
        """Write a file of the run's folder, for readers; nothing is read back from it to go on."""
        path = self.folder / name
        path.write_text(text + "\n", "utf-8")
        path.chmod(0o600)

    def go_on(self, model: Model) -> RunResult:
        """From wherever the state stands to the end.

        Raises:
            Interrupted: stopped by the user; all is saved.
            SweAgentError: it stopped and can be resumed; `result.json` says why.
        """
        Thread(target=model.warm_up, name="warm-up", daemon=True).start()
        try:
            sandboxes = sandboxes_of(
                self.settings, self.store, self.started.run_id, self.folder / "checkpoints"
            )
            sandboxes.version_tag = self.started.version_tag
            prepared = self._prepared(sandboxes)
            ground = self._ground(sandboxes, prepared)
            self._prove_base(ground)
            self._attempt(model, sandboxes, prepared)
            return self._finish(ground)
        except KeyboardInterrupt as stop:
            raise Interrupted(
                "Stopped; all work so far is saved.",
                f"`swe-agent resume {self.started.run_id}` goes on.",
            ) from stop
        except SweAgentError as fault:
            self._stopped(fault)
            raise

    @property
    def started(self) -> RunStarted:
        assert self.state.started is not None, "the first event of a run"
        return self.state.started

    @property
    def settings(self) -> Settings:
        return Settings.model_validate(self.started.settings)

    def _prepared(self, sandboxes: Sandboxes) -> Prepared:
        """The environment: made now, or found again on resume."""
        known = self.state.environment
        if known is not None and (found := again(known, sandboxes)):
            return found
        tree = self.started.base_tree
        wanted = Wanted(
            self.settings, tree, self.store.reader(tree), self._say, passed_on(os.environ)
        )
        made = provision(wanted, sandboxes)
        if known is None:
            self.store.flush()
            self.append(
                EnvironmentReady(
                    sandbox=sandboxes.kind,
                    image=made.prepared.image,
                    profile=made.profile,
                    root=made.root,
                    shell=made.shell,
                    test_commands=made.commands,
                    checkpoint=Checkpoint(tree=made.prepared.tree),
                    ignored=made.prepared.ignored,
                )
            )
        return made.prepared

    def _ground(self, sandboxes: Sandboxes, prepared: Prepared) -> ProvingGround:
        environment = self.state.environment
        assert environment is not None, "made by `_prepared`"
        return ProvingGround(
            self.store,
            lambda tree: self._patiently(lambda: sandboxes.fresh(prepared, tree)),
            environment.test_commands,
            self.settings.tests.timeout_s,
            self.store,
        )

    def _patiently(self, make: Callable[[], Made]) -> Made:
        return patiently(make, self.settings.engine.away_timeout_s, self._say)

    def _prove_base(self, ground: ProvingGround) -> None:
        """Run the tests twice before anything is changed or paid.

        Raises:
            EnvironmentFault: they collect nothing.
            UsageFault: no issue is given, and no test fails.
        """
        environment = self.state.environment
        assert environment is not None, "made by `_prepared`"
        tree = environment.checkpoint.tree
        while len(self.state.baseline) < 2:
            report = ground.round(tree)
            require_collected(report, ground.commands)
            last = len(self.state.baseline) == 1
            note = _baseline_note(report) if last else None
            self.store.flush()
            self.append(TestsRan(purpose="baseline", tree=tree, report=report, note=note))
        if self._is_default() and not failing_of(self.state.baseline):
            raise UsageFault(
                "No issue is given, and no test fails.",
                "Say what to do with --issue TEXT, or how to test with --test 'COMMAND'.",
            )

    def _is_default(self) -> bool:
        return self.started.task.issue == DEFAULT_ISSUE

    def _aims(self) -> Aims:
        task = self.started.task
        return Aims(
            issue=task.issue,
            given=bool(task.test_commands),
            fail_to_pass=task.fail_to_pass,
            named=tuple(failing_of(self.state.baseline)) if self._is_default() else (),
        )

    def _attempt(self, model: Model, sandboxes: Sandboxes, prepared: Prepared) -> None:
        """Spend the attempt, unless it is over; a limit ends it without a fault."""
        state, settings = self.state, self.settings
        if state.accepted or state.limit:
            return
        _, targets = targets_of(state.baseline, self._aims())
        rates, window = rates_of(self.started.model, settings)
        kit = Kit(
            model=model,
            route=route_of(settings, self.store, self._human),
            store=self.store,
            log=self.log,
            settings=settings,
            open_sandbox=lambda at: self._patiently(lambda: sandboxes.open(prepared, at)),
            folder=self.folder,
            targets=frozenset(targets),
            guards=guards_of(state.baseline),
            deadline=self._began + settings.limits.max_time_s,
            listen=self.listen,
            rates=rates,
            window_tokens=window,
        )
        assert state.checkpoint is not None, "the environment's"
        attempt = Attempt(kit, state, kit.open_sandbox(state.checkpoint))
        try:
            strategy_named(self.started.strategy)(attempt)
        except LimitReached:
            salvage(attempt)
        finally:
            attempt.close()

    def _shipment(self) -> Shipment:
        environment, best = self.state.environment, self.state.best
        if environment is None or best is None:
            return Shipment(b"", self.started.base_tree)
        start = environment.checkpoint.tree
        keep = self.settings.patch.keep
        return ship(self.store, self.started.base_tree, start, best.checkpoint.tree, keep)

    def _finish(self, ground: ProvingGround) -> RunResult:
        """Prove the patch in fresh sandboxes and write what the run came to."""
        environment = self.state.environment
        assert environment is not None, "made by `_prepared`"
        shipment = self._shipment()
        proof = prove(
            ground,
            environment.checkpoint.tree,
            shipment.patched,
            self._aims(),
            self.state.baseline,
        )
        for one in proof.rounds:
            self.append(TestsRan(purpose="verdict", tree=one.tree, report=one.report))
        after = proof.rounds[0].report if proof.rounds else None
        blob = self.store.put(shipment.patch) if shipment.patch else ""
        self.store.flush()
        finished = RunFinished(
            verdict=proof.verdict,
            exit_code=int(exit_of(proof.verdict, self.state)),
            patch=blob,
            left_out=dict(shipment.left_out),
            flagged=shipment.flagged,
            error=self.state.limit.message if self.state.limit else "",
            usage=self.state.usage,
            duration_s=round(time.monotonic() - self._began, 3),
        )
        (self.folder / "patch.diff").write_bytes(shipment.patch)
        self.append(finished)
        result = result_of(self.state, proof.verdict, shipment.patch, after, finished.error)
        self.keep("result.json", result.model_dump_json(indent=2))
        return result

    def _stopped(self, fault: SweAgentError) -> None:
        """Leave the best patch so far and the reason; the run itself is not finished."""
        if self.state.started is None:
            return
        patch = self._shipment().patch
        (self.folder / "patch.diff").write_bytes(patch)
        verdict = Verdict(word="unverified" if patch else "no_patch", reason=fault.message)
        result = result_of(self.state, verdict, patch, None, fault.message)
        stopped = result.model_copy(update={"exit_code": int(fault.exit_code)})
        with suppress(OSError):
            self.keep("result.json", stopped.model_dump_json(indent=2))


def _baseline_note(report: TestReport) -> Note:
    """What the model is told of the tests before any change."""
    failing = sorted(report.failed)
    text = prompt(
        "baseline",
        passed=len(report.passed),
        failing={test: report.failures.get(test, "") for test in failing[:_SHOWN_FAILURES]},
        more=max(0, len(failing) - _SHOWN_FAILURES),
    )
    return Note(kind="tests", text=text)
