"""The steps of `swe-agent ci`, each given what it needs and no more."""

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import typer

from swe_agent.cli.ci_calls import CallsShown
from swe_agent.cli.ci_options import CiOptions
from swe_agent.cli.ci_run import run_apart, run_here
from swe_agent.cli.screen import say
from swe_agent.core.errors import Interrupted, SweAgentError, UsageFault
from swe_agent.core.text import visible
from swe_agent.jobs.ci.artifact import forget_answer
from swe_agent.jobs.ci.gate import Gate
from swe_agent.jobs.ci.intake import event_bytes, read_event
from swe_agent.jobs.ci.outputs import add_dotenv, add_outputs, add_summary
from swe_agent.jobs.ci.plan import Plan, is_skipped, keep_plan, keep_skip, read_plan
from swe_agent.jobs.ci.publish import Desk, Published, publish, tell_failure
from swe_agent.jobs.ci.source import head_of, prepare
from swe_agent.jobs.ci.start import start
from swe_agent.jobs.ci.surroundings import Surroundings, github_surroundings, gitlab_surroundings
from swe_agent.jobs.ci.trigger import Skip, Trigger
from swe_agent.jobs.ci.wording import step_summary
from swe_agent.jobs.forges.connect import Account, Dry, connect
from swe_agent.jobs.forges.dry import Assumed
from swe_agent.jobs.forges.forge import Forge, ForgeName
from swe_agent.settings.load import load
from swe_agent.settings.schema import CiSettings

_NO_COMMIT = "0" * 40


@dataclass(frozen=True, slots=True)
class _Session:
    """One call of the command."""

    options: CiOptions
    around: Surroundings
    rules: CiSettings
    work: Path
    calls: CallsShown

    def note(self, text: str) -> None:
        if not self.options.quiet:
            say(text)

    def forge(self, repository: str, trigger: Trigger | None = None) -> Forge:
        account = Account(
            self.around.forge,
            repository,
            self.around.api_url,
            self.around.token,
            self.rules.identity,
        )
        dry = None
        if self.options.dry_run:
            log = self.options.job_log
            assumed = Assumed(
                writes=trigger is None or trigger.seems_writer,
                head=head_of(self.options.repository) or _NO_COMMIT,
                default_branch="main",
                branch_prefix=self.rules.branch_prefix,
                repository=repository,
                change_branch=trigger.branch if trigger is not None else "",
                job_log=event_bytes(log).decode("utf-8", "replace") if log else "",
            )
            dry = Dry(self.calls.call, assumed)
        return connect(account, self.note, dry)


def answer_event(forge: ForgeName, options: CiOptions) -> NoReturn:
    """Do the step that is asked for, or all; leave with its exit code.

    Raises:
        SweAgentError: a step failed; what it had written to the forge is taken back.
    """
    named = github_surroundings if forge == "github" else gitlab_surroundings
    around = named(os.environ)
    loaded = load(options.config or (), options.assignments or (), options.overrides())
    with _no_commands(), _work_folder(options) as work:
        session = _Session(options, around, loaded.settings.ci, work, CallsShown(options.as_json))
        match options.step:
            case "gate":
                _gate(session)
                code = 0
            case "run" | "publish" if is_skipped(work / "plan"):
                say("skipped: the gate said so")
                code = 0
            case "run":
                run_here(options, around, work, read_plan(work / "plan"))
                code = 0
            case "publish":
                _publish(session, read_plan(work / "plan"))
                code = 0
            case None:
                code = _all(session)
    raise typer.Exit(code)


def _all(session: _Session) -> int:
    """Every step; the run is a process of its own, without a token of the forge."""
    plan = _gate(session)
    if plan is None:
        return 0
    remote = session.around.remote(plan.repository)
    if plan.is_dry and not session.around.token and not head_of(session.options.repository):
        session.note("There is no repository here to work on; the dry run ends with the gate.")
        return 0
    try:
        prepare(plan, session.options.repository, remote, session.work)
        run_apart(session.around.forge, session.options, session.work)
    except (SweAgentError, KeyboardInterrupt) as fault:
        ended = fault if isinstance(fault, SweAgentError) else Interrupted("It was interrupted.")
        tell_failure(_desk(session, plan), plan, ended)
        raise
    published = _publish(session, plan)
    return 0 if published.state == "stopped" else published.answer.exit_code


def _gate(session: _Session) -> Plan | None:
    options, around = session.options, session.around
    forget_answer(session.work / "answer")
    repository, triggers = read_event(around, options.event, options.event_name or "")
    if around.repository and around.repository.lower() != repository.lower():
        raise UsageFault(
            f"The event is of {visible(repository)}, "
            f"this pipeline of {visible(around.repository)}.",
            "Unset GITHUB_REPOSITORY, or give the event of this pipeline.",
        )
    answer: Plan | Skip = Skip("the event asks for nothing")
    for trigger in triggers:  # the first that leads to a plan counts
        answer = trigger if isinstance(trigger, Skip) else _judged(session, repository, trigger)
        if isinstance(answer, Plan):
            break
    if isinstance(answer, Skip):
        keep_skip(session.work / "plan", answer.reason)
        session.calls.outcome("skipped", reason=answer.reason)
        say(f"skipped: {answer.reason}")
        _tell(session, {"go": "false", "reason": answer.reason, "conclusion": "skipped"})
        return None
    plan = answer.model_copy(update={"is_dry": options.dry_run})
    keep_plan(plan, session.work / "plan")
    session.note(f"{plan.work}: {plan.title} ({plan.base_branch} at {plan.start_commit[:12]})")
    _tell(session, {"go": "true", "reason": "", "work": plan.work, "branch-name": plan.branch})
    return plan


def _judged(session: _Session, repository: str, trigger: Trigger) -> Plan | Skip:
    forge = session.forge(repository, trigger)
    around = session.around
    return start(Gate(forge, repository, session.rules, around.run, around.is_rerun), trigger)


def _publish(session: _Session, plan: Plan) -> Published:
    around = session.around
    if around.repository and around.repository.lower() != plan.repository.lower():
        raise UsageFault(
            f"The plan is of {plan.repository}, this pipeline of {around.repository}.",
            "Run the gate.",
        )
    folder = session.work / "answer"
    published = publish(_desk(session, plan), plan, folder)
    change, answer = published.change, published.answer
    link = change.url if change else ""
    if around.summary is not None:
        add_summary(around.summary, step_summary(plan, answer, link))
    _tell(
        session,
        {
            "conclusion": "stopped" if published.state == "stopped" else answer.conclusion,
            "branch-name": plan.branch if change else "",
            "pr-url": link,
            "pr-number": str(change.number) if change else "",
            "patch-file": str(folder / "patch.diff"),
            "cost-usd": f"{answer.cost_usd:.4f}",
            "run-id": answer.run_id,
        },
    )
    session.calls.outcome(answer.conclusion, state=published.state, url=link)
    say(f"{answer.conclusion}: {published.state}{' ' + link if link else ''}")
    return published


def _desk(session: _Session, plan: Plan) -> Desk:
    return Desk(
        forge=session.forge(plan.repository),
        rules=session.rules,
        remote=session.around.remote(plan.repository),
        run_url=session.around.run_url,
        say=session.note,
        dry_push=session.calls.push if session.options.dry_run else None,
    )


def _tell(session: _Session, outputs: dict[str, str]) -> None:
    if session.around.outputs is not None:
        add_outputs(session.around.outputs, outputs)
    if session.around.dotenv is not None:
        add_dotenv(session.around.dotenv, outputs)


@contextmanager
def _no_commands() -> Iterator[None]:
    """Inside, no line that is printed is a command to the runner, whoever wrote it."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        yield
        return
    word = secrets.token_hex(16)
    print(f"::stop-commands::{word}", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        print(f"::{word}::", file=sys.stderr, flush=True)


@contextmanager
def _work_folder(options: CiOptions) -> Iterator[Path]:
    """The folder that the steps share: as given, else the runner's, else one for this call."""
    runner = os.environ.get("RUNNER_TEMP")
    if options.work is not None or runner:
        folder = (options.work or Path(runner or "") / "swe-agent").expanduser().absolute()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield folder
        return
    if options.step is not None and options.step != "gate":
        raise UsageFault("The steps share a folder.", "Name it with --work DIR.")
    with tempfile.TemporaryDirectory(prefix="swe-agent-ci-") as name:
        yield Path(name)
