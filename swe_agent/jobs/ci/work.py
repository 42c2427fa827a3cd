"""The run step: the plan's task solved at the plan's commit, with the model's key alone."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from swe_agent.core.errors import SweAgentError
from swe_agent.core.events import Event, RunFinished, ToolCalled
from swe_agent.core.protocols import Watcher
from swe_agent.core.result import RunResult
from swe_agent.core.task import Status, Verdict
from swe_agent.core.text import decoded
from swe_agent.jobs.ci.artifact import MOST_TESTS, Answer, Conclusion, Counts, Place, keep_answer
from swe_agent.jobs.ci.plan import Plan
from swe_agent.settings.keys import known_secrets
from swe_agent.settings.load import Loaded
from swe_agent.trajectory.redact import Redactor

if TYPE_CHECKING:
    from swe_agent.solve import RunRequest

_LONGEST_WORDS = 20_000
_FAULTS: dict[int, Conclusion] = {5: "limit", 6: "environment", 7: "model"}


class Solve(Protocol):
    """What solves one issue; `swe_agent.solve.solve` is it."""

    def __call__(self, request: "RunRequest", watch: Watcher) -> RunResult: ...


class Locate(Protocol):
    """What ranks the places of an issue."""

    def __call__(self, folder: Path, issue: str) -> Sequence[Place]: ...


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where a plan is worked on."""

    source: Path
    """A repository whose work tree is the plan's start commit."""
    settings: Loaded
    runs: Path
    """Run folders are made in here."""
    answer: Path
    """Folder of what is left for publishing."""
    solve: Solve
    locate: Locate
    watch: Watcher = lambda _: None
    say: Callable[[str], None] = lambda _: None


def work(plan: Plan, place: Workplace) -> Answer:
    """Do what the plan says and leave the answer; faults of a run are answers too."""
    if plan.work == "explain":
        found = tuple(place.locate(place.source, plan.task))
        answer = _begun(plan, "explained", 0).model_copy(update={"places": found})
        keep_answer(place.answer, answer, b"")
        return answer
    name = plan.branch.replace("/", "-")
    answer, patch = _solved(plan, place, plan.test_commands, name)
    if answer.conclusion == "environment" and plan.test_commands:
        place.say("The job's own test command does not work here; tests are detected instead.")
        answer, patch = _solved(plan, place, (), f"{name}-detected")
    answer, patch = _discreet(answer, patch)
    keep_answer(place.answer, answer, patch)
    return answer


def _solved(
    plan: Plan, place: Workplace, commands: tuple[str, ...], name: str
) -> tuple[Answer, bytes]:
    from swe_agent.solve import RunRequest

    folder = _new_folder(place.runs, name)
    heard = _Heard()

    def watch(event: Event) -> None:
        heard.hear(event)
        place.watch(event)

    request = RunRequest(
        repository=place.source,
        issue=plan.task,
        settings=_with_tests(place.settings, commands),
        run_folder=folder,
        say=place.say,
    )
    try:
        result = place.solve(request, watch)
    except SweAgentError as fault:
        code = int(fault.exit_code)
        answer = _begun(plan, _FAULTS.get(code, "error"), code)
        told = f"{fault.message} {fault.next_step}".strip()
        return answer.model_copy(update={"reason": told[:_LONGEST_WORDS]}), b""
    patch = folder / "patch.diff"
    return _of_result(plan, result, heard), patch.read_bytes() if patch.is_file() else b""


def _new_folder(runs: Path, name: str) -> Path:
    """A run folder that no earlier run was in: a runner may keep its files."""
    taken = {path.name for path in runs.iterdir()} if runs.is_dir() else set()
    names = (name, *(f"{name}-{at}" for at in range(2, len(taken) + 3)))
    folder = runs / next(one for one in names if one not in taken)
    folder.mkdir(mode=0o700, parents=True)
    return folder


def _discreet(answer: Answer, patch: bytes) -> tuple[Answer, bytes]:
    """The answer without any key that this process knows; a patch that holds one is no patch."""
    redactor = Redactor(known_secrets())
    told = decoded(patch)
    if redactor.redacted(told) != told:
        why = "The patch holds an API key of ours, so it was thrown away."
        leak: dict[str, object] = {"conclusion": "error", "exit_code": 8, "reason": why}
        answer, patch = answer.model_copy(update=leak), b""
    words = {"summary": answer.summary, "reason": answer.reason}
    clean = {name: redactor.redacted(text) for name, text in words.items()}
    return answer.model_copy(update=clean), patch


@dataclass(slots=True)
class _Heard:
    """What the events tell beyond the result."""

    summary: str = ""
    verdict: Verdict | None = None

    def hear(self, event: Event) -> None:
        if isinstance(event, ToolCalled) and event.call.name == "submit":
            self.summary = str(event.call.arguments.get("summary", ""))
        elif isinstance(event, RunFinished):
            self.verdict = event.verdict


def _with_tests(settings: Loaded, commands: tuple[str, ...]) -> Loaded:
    """The job's own commands, unless whoever set the bot up named others."""
    origin = settings.provenance.get("tests.commands", "default")
    chosen = settings.is_the_users("tests.commands") and origin != "default"
    if not commands or chosen:
        return settings
    tests = settings.settings.tests.model_copy(update={"commands": commands})
    return replace(settings, settings=settings.settings.model_copy(update={"tests": tests}))


def _of_result(plan: Plan, result: RunResult, heard: _Heard) -> Answer:
    verdict = heard.verdict or Verdict(word=result.verdict)
    words: dict[str, Conclusion] = {
        "verified": "verified",
        "regressed": "regressed",
        "unverified": "unverified",
        "no_patch": "no-patch",
    }
    conclusion = words[result.verdict]
    if result.exit_code == 5 and conclusion == "no-patch":
        conclusion = "limit"
    answer = _begun(plan, conclusion, result.exit_code)
    return answer.model_copy(
        update={
            "reason": (result.error or verdict.reason)[:_LONGEST_WORDS],
            "summary": heard.summary[:_LONGEST_WORDS],
            "model": result.model,
            "run_id": result.run_id,
            "steps": result.steps,
            "cost_usd": result.usage.cost_usd,
            "tokens": result.usage.tokens,
            "duration_s": result.duration_s,
            "before": _counted(result.tests.before.values()),
            "after": _counted(result.tests.after.values()),
            "fixed": verdict.fixed[:MOST_TESTS],
            "lost": verdict.lost[:MOST_TESTS],
            "changed_tests": verdict.changed_tests[:MOST_TESTS],
            "left_out": dict(list(result.left_out.items())[:MOST_TESTS]),
        }
    )


def _counted(statuses: Iterable[Status]) -> Counts:
    found = list(statuses)
    failed = sum(status in ("failed", "error") for status in found)
    return Counts(passed=found.count("passed"), failed=failed)


def _begun(plan: Plan, conclusion: Conclusion, exit_code: int) -> Answer:
    return Answer(
        key=plan.key,
        start_commit=plan.start_commit,
        conclusion=conclusion,
        exit_code=exit_code,
    )
