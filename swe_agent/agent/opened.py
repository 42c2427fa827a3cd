"""An open run: its folder, log and store, and its state so far; what is proved in it and what it
came to. `solve.py` says how it goes on."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from swe_agent.aci.permissions import Human
from swe_agent.agent.outcome import exit_of, result_of
from swe_agent.agent.shared import Shared
from swe_agent.agent.state import State
from swe_agent.core.chunks import CHUNK_BYTES, file_chunks
from swe_agent.core.errors import EnvironmentFault, SweAgentError, UsageFault
from swe_agent.core.events import EnvironmentReady, Event, RunFinished, RunStarted, TestsRan
from swe_agent.core.messages import Note
from swe_agent.core.protocols import Watcher
from swe_agent.core.result import RunResult
from swe_agent.core.task import TestReport, Verdict
from swe_agent.core.text import joined
from swe_agent.models.purse import Purse
from swe_agent.runtime.patch import patch_parts
from swe_agent.runtime.shipping import Shipment, ship
from swe_agent.runtime.store import TreeStore
from swe_agent.settings.keys import known_secrets
from swe_agent.settings.prompts import prompt
from swe_agent.settings.schema import Settings
from swe_agent.trajectory.full_disk import DiskPatience
from swe_agent.trajectory.log import EventLog
from swe_agent.trajectory.redact import CleanBlobs, Redactor
from swe_agent.verify.compare import failing_of
from swe_agent.verify.missing import require_modules
from swe_agent.verify.runners import require_collected
from swe_agent.verify.verdict import Aims, ProvingGround, prove

_PATCH = "patch.diff"
BASELINE_ROUNDS = 2
"""What passes in one of them only is flaky."""
_SHOWN_FAILURES = 10
_SHARED_BYTES = 1_000_000
"""Of a shared round's output; a longer one stays with the run that made it."""


@dataclass(frozen=True, slots=True)
class Company:
    """Who a run has to do with, beside who sees its events."""

    say: Callable[[str], None] = lambda _: None
    """Told of waits and pulls, a line each."""
    human: Human | None = None
    """Approves actions, where the settings want it."""
    listen: Callable[[str], None] | None = None
    """Hears the model's text as it comes in; for the eye alone."""
    total: Purse | None = None
    """What this run may spend together with others; None: its own limits alone hold."""
    shared: Shared | None = None
    """What this run has in common with others of the process; None: nothing."""
    base_url: str | None = None
    """Whole address for a run that goes on and whose record lacks the password; None: the user's
    settings have it."""


class OpenRun:
    """A run that this process works on; use as a context manager."""

    def __init__(
        self, folder: Path, watch: Watcher, company: Company, secrets: Sequence[str] = ()
    ) -> None:
        """
        Args:
            folder: the run's.
            watch: sees each event.
            company: who the run has to do with.
            secrets: what no file of the run may hold, beside the keys of this process.

        Raises:
            UsageFault: another process is working on it.
            EnvironmentFault: its folder cannot be written.
        """
        self.folder, self.company = folder, company
        self.began = time.monotonic()
        self.patience = DiskPatience(company.say)
        secrets = (*known_secrets(), *secrets)
        self._redactor = Redactor(secrets)
        with ExitStack() as stack:  # what is open goes with a fault, the log's lock first of all
            self.log = stack.enter_context(
                EventLog(folder / "events.jsonl", watch, secrets, self.patience)
            )
            self.store = TreeStore(folder / "checkpoints", self.patience)
            stack.callback(self.store.close)
            self._open = stack.pop_all()
        self.outputs = CleanBlobs(self.store, self._redactor)
        self.state = State()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
        if self.state.started is None:
            self._leave_no_trace()

    def _leave_no_trace(self) -> None:
        """A run that never began is no run."""
        log = self.folder / "events.jsonl"
        with suppress(OSError):
            if log.stat().st_size == 0:
                shutil.rmtree(self.folder / "checkpoints", ignore_errors=True)
                log.unlink()

    def append(self, event: Event) -> None:
        """Write an event, then take it in as it was written."""
        self.state.apply(self.log.append(event))

    def keep(self, name: str, text: str) -> None:
        """Write a file of the run's folder, for readers, without secrets; nothing is read back from
        it to go on."""
        text = self._redactor.redacted(text)
        self.patience.write_whole(self.folder / name, (text + "\n").encode())

    @property
    def started(self) -> RunStarted:
        """How it began."""
        assert self.state.started is not None, "the first event of a run"
        return self.state.started

    @property
    def settings(self) -> Settings:
        """The settings that it began with."""
        return Settings.model_validate(self.started.settings)

    @property
    def environment(self) -> EnvironmentReady:
        """Its environment, once that was made."""
        assert self.state.environment is not None, "made before anything is tested"
        return self.state.environment

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The attempt's time, where only so many work at once; the wait for it is not the run's."""
        shared, waits_from = self.company.shared, time.monotonic()
        with (shared and shared.turns) or nullcontext():
            self.began += time.monotonic() - waits_from
            yield

    def prove_base(self, ground: ProvingGround) -> None:
        """Run the tests twice before anything is changed or paid.

        Raises:
            EnvironmentFault: they collect nothing.
            UsageFault: no issue is given, and no test fails.
        """
        tree = self.environment.checkpoint.tree
        while len(self.state.baseline) < BASELINE_ROUNDS:
            last = len(self.state.baseline) == BASELINE_ROUNDS - 1
            report = self._round_of_base(ground, tree, last)
            if ground.commands:
                require_collected(report, ground.commands)
            if not self.started.task.fail_to_pass:
                require_modules(report, self.store.reader(tree), self.started.task.issue)
            note = _baseline_note(report) if last else None
            self.store.flush()
            self.append(TestsRan(purpose="baseline", tree=tree, report=report, note=note))
        if self._is_default() and not failing_of(self.state.baseline):
            raise UsageFault(
                "No issue is given, and no test fails.",
                "Say what to do with --issue TEXT, or how to test with --test 'COMMAND'.",
            )

    def _round_of_base(self, ground: ProvingGround, tree: str, last: bool) -> TestReport:
        """A round of the untouched base; runs with the same base and environment share it."""
        shared = self.company.shared
        if shared is None:
            return ground.round(tree)

        def made() -> tuple[TestReport, bytes | None]:
            report = ground.round(tree)
            whole = self.store.get(report.blob) if report.blob else None
            return report, whole if whole is None or len(whole) <= _SHARED_BYTES else None

        image = self.environment.image
        report, whole = shared.once((image, tree, ground.commands, ground.timeout_s, last), made)
        blob = None if whole is None else self.outputs.put(whole)
        return report.model_copy(update={"blob": blob})

    def _is_default(self) -> bool:
        return self.started.task.issue == no_issue()

    def aims(self) -> Aims:
        """What the patch has to reach."""
        task = self.started.task
        return Aims(
            issue=task.issue,
            given=bool(task.test_commands),
            fail_to_pass=task.fail_to_pass,
            named=tuple(failing_of(self.state.baseline)) if self._is_default() else (),
        )

    def shipment(self) -> Shipment:
        """The best patch so far."""
        environment, best = self.state.environment, self.state.best
        if environment is None or best is None:
            tree = self.started.base_tree
            return Shipment(tree, tree, tree)
        start, keep = environment.checkpoint.tree, self.settings.patch.keep
        unstored = best.checkpoint.left_out
        as_before = {path: self.store.find(start, path) for path in unstored}
        end = self.store.overlay(best.checkpoint.tree, {p: e for p, e in as_before.items() if e})
        made = ship(self.store, self.started.base_tree, start, end, keep)
        return replace(made, left_out={**unstored, **made.left_out})

    def finish(self, ground: ProvingGround) -> RunResult:
        """Prove the patch in fresh sandboxes and write what the run came to."""
        shipment = self.shipment()
        proof = prove(
            ground,
            self.environment.checkpoint.tree,
            shipment.patched,
            self.aims(),
            self.state.baseline,
        )
        for one in proof.rounds:
            self.append(TestsRan(purpose="verdict", tree=one.tree, report=one.report))
        after = proof.rounds[0].report if proof.rounds else None
        patch, blob = self._write_patch(shipment), ""
        if patch:
            place = self.folder / _PATCH
            blob = self.store.put_stream(place.stat().st_size, file_chunks(place))
        self.store.flush()
        finished = RunFinished(
            verdict=proof.verdict,
            exit_code=int(exit_of(proof.verdict, self.state)),
            patch=blob,
            left_out=dict(shipment.left_out),
            flagged=shipment.flagged,
            error=self.state.limit.message if self.state.limit else "",
            usage=self.state.money.usage,
            duration_s=round(time.monotonic() - self.began, 3),
        )
        self.append(finished)
        result = result_of(self.state, proof.verdict, patch, after, finished.error)
        self._keep_result(result)
        return result

    def stopped(self, fault: SweAgentError) -> None:
        """Leave the best patch so far and the reason; the run itself is not finished."""
        if self.state.started is None:
            return
        self.patience.give_up()
        with suppress(EnvironmentFault):  # the disk may be what is at fault
            patch = self._write_patch(self.shipment())
            verdict = Verdict(word="unverified" if patch else "no_patch", reason=fault.message)
            result = result_of(self.state, verdict, patch, None, fault.message)
            stopped = result.model_copy(update={"exit_code": int(fault.exit_code)})
            self._keep_result(stopped)

    def _write_patch(self, shipment: Shipment) -> str:
        """Write `patch.diff`; returns its text. A long one is in memory once."""
        place, user, shipped = self.folder / _PATCH, shipment.user, shipment.shipped
        self.patience.write_parts(place, lambda: patch_parts(self.store, user, shipped))
        return joined(file_chunks(place))

    def _keep_result(self, result: RunResult) -> None:
        """Write `result.json`; a long patch is not copied as a whole."""
        patch = self._redactor.redacted(result.patch)
        rest = result.model_copy(update={"patch": ""}).model_dump_json(indent=2)
        head, mark, tail = self._redactor.redacted(rest).partition('"patch": "')

        def parts() -> Iterator[bytes]:
            yield (head + mark).encode()
            for start in range(0, len(patch), CHUNK_BYTES):
                part = json.dumps(patch[start : start + CHUNK_BYTES], ensure_ascii=False)
                yield part[1:-1].encode()
            yield (tail + "\n").encode()

        self.patience.write_parts(self.folder / "result.json", parts)


def finished_result(run_folder: Path, events: Sequence[Event]) -> RunResult:
    """What a finished run came to; `result.json` is written anew where it is not of that end, since
    the run may have been killed right before."""
    place, finished = run_folder / "result.json", events[-1]
    assert isinstance(finished, RunFinished), "the last event of a finished run"
    with suppress(OSError, ValidationError):
        known = RunResult.model_validate_json(place.read_bytes())
        if (known.exit_code, known.duration_s) == (finished.exit_code, finished.duration_s):
            return known
    state = State()
    for event in events:
        state.apply(event)
    last = [*takewhile(lambda event: isinstance(event, TestsRan), reversed(events[:-1]))]
    rounds = [one.report for one in last if isinstance(one, TestsRan) and one.purpose == "verdict"]
    patch = joined(file_chunks(run_folder / _PATCH))
    after = rounds[-1] if rounds else None
    result = result_of(state, finished.verdict, patch, after, finished.error)
    place.write_text(result.model_dump_json(indent=2) + "\n", "utf-8")
    place.chmod(0o600)
    return result


def no_issue() -> str:
    """The issue where none is given: every test that fails at base is a target then."""
    return prompt("no_issue").strip()


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
