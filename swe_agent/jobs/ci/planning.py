"""From an admitted event to a plan: which branch, from which commit, and what the model is told."""

from dataclasses import dataclass

from swe_agent.jobs.ci.cleaning import code, one_line, shown
from swe_agent.jobs.ci.commands import Command
from swe_agent.jobs.ci.gate import Gate
from swe_agent.jobs.ci.joblog import LogFinding, read_job_log
from swe_agent.jobs.ci.plan import Plan
from swe_agent.jobs.ci.trigger import Skip, Trigger
from swe_agent.jobs.forges.forge import Change, Remark, Thread, Topic
from swe_agent.settings.prompts import prompt

_TITLE_CHARS = 90


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the work stands on."""

    branch: str
    base_branch: str
    thread: Thread | None
    change: Change | None = None
    """Our open draft, where the work goes on with it or replaces it."""
    tip: str = ""
    """Where our branch stands now."""


def plan_of(gate: Gate, trigger: Trigger, command: Command, topic: Topic | None) -> Plan | Skip:
    """What is to be done.

    Args:
        topic: what the thread is about; None where there is no thread.

    Raises:
        ForgeFault: the forge could not be asked.
    """
    ground = _ground(gate, trigger)
    if isinstance(ground, Skip):
        return ground
    base = gate.forge.tip(ground.base_branch)
    if not base:
        return Skip(f"the branch {ground.base_branch} is gone")
    goes_on = ground.change is not None and command.word != "retry"
    told = _told(gate, trigger, command, topic or Topic("", ""))
    if isinstance(told, Skip):
        return told
    title, task, tests = told
    return Plan(
        forge=gate.forge.name,
        repository=gate.repository,
        work="explain" if command.word == "explain" else "update" if goes_on else "fix",
        key=trigger.key,
        actor=trigger.actor.login,
        title=one_line(title, _TITLE_CHARS) or "Make the failing tests pass",
        task=task,
        thread_kind=ground.thread.kind if ground.thread else None,
        thread_number=ground.thread.number if ground.thread else 0,
        base_branch=ground.base_branch,
        base_commit=base,
        start_commit=ground.change.head if goes_on and ground.change else base,
        branch=ground.branch,
        branch_tip=ground.tip,
        change=ground.change.number if ground.change else 0,
        test_commands=tests,
    )


def _ground(gate: Gate, trigger: Trigger) -> _Ground | Skip:
    thread = trigger.thread
    if trigger.kind == "failure":
        return _ground_of_failure(gate, trigger)
    if thread is not None and thread.kind == "change":
        change = gate.forge.change(thread.number)
        if change.is_foreign or not change.branch.startswith(gate.rules.branch_prefix):
            return Skip(f"change {thread.number} is not one of ours; only those are updated")
        if not change.is_open:
            return Skip(f"change {thread.number} is closed")
        return _Ground(change.branch, change.base_branch, thread, change, change.head)
    base = trigger.branch or gate.forge.default_branch()
    if thread is None:
        branch = f"{gate.rules.branch_prefix}task-{trigger.key.rpartition(':')[2]}"
        if gate.forge.tip(branch):
            return Skip(f"the branch {branch} is there: this event was answered")
        return _Ground(branch, base, None)
    branch = f"{gate.rules.branch_prefix}issue-{thread.number}"
    tip = gate.forge.tip(branch)
    change_of_ours = gate.forge.change_from(branch) if tip else None
    if change_of_ours is not None:
        base = change_of_ours.base_branch
    return _Ground(branch, base, thread, change_of_ours, tip)


def _ground_of_failure(gate: Gate, trigger: Trigger) -> _Ground | Skip:
    """Our own draft is updated; on another branch a draft against that branch is made."""
    if not trigger.branch:
        return Skip("the failed run names no branch")
    if trigger.branch.startswith(gate.rules.branch_prefix):
        change = gate.forge.change_from(trigger.branch)
        if change is None:
            return Skip(f"the branch {trigger.branch} has no open change")
        if trigger.commit and change.head != trigger.commit:
            return Skip("the branch has moved on since the run that failed")
        thread = Thread("change", change.number)
        return _Ground(change.branch, change.base_branch, thread, change, change.head)
    branch = f"{gate.rules.branch_prefix}run-{trigger.run}"
    if gate.forge.tip(branch):
        return Skip(f"the branch {branch} is there: this failure was answered")
    return _Ground(branch, trigger.branch, None)


def _told(
    gate: Gate, trigger: Trigger, command: Command, topic: Topic
) -> tuple[str, str, tuple[str, ...]] | Skip:
    """Title, task and test commands."""
    words = shown(command.more)
    match trigger.kind:
        case "failure":
            return _told_of_failure(gate, trigger)
        case "review":
            return topic.title, _review(gate, trigger, topic, words), ()
        case "dispatch" if trigger.thread is None:
            return trigger.text.strip().split("\n", 1)[0], words, ()
    if trigger.thread is not None and trigger.thread.kind == "change":
        return topic.title, _review(gate, trigger, topic, words), ()
    task = prompt(
        "ci_issue",
        number=trigger.thread.number if trigger.thread else 0,
        title=shown(topic.title, 500),
        body=shown(topic.body),
        actor=trigger.actor.login,
        words="" if trigger.kind == "opened" else words,
    )
    return topic.title, task, ()


def _review(gate: Gate, trigger: Trigger, topic: Topic, words: str) -> str:
    remarks: list[Remark] = []
    if trigger.review and trigger.thread is not None:
        found = gate.forge.remarks(trigger.thread.number, trigger.review)
        remarks = [remark for remark in found if remark.author == trigger.actor.login]
    places = [{"place": f"{one.path}:{one.line}", "body": shown(one.body)} for one in remarks]
    if trigger.place:
        places, words = [{"place": trigger.place, "body": words}], ""
    return prompt(
        "ci_review",
        title=shown(topic.title, 500),
        actor=trigger.actor.login,
        words=words,
        remarks=places,
    )


def _told_of_failure(gate: Gate, trigger: Trigger) -> tuple[str, str, tuple[str, ...]] | Skip:
    job = gate.forge.failed_job(trigger.run)
    if job is None:
        return Skip("no job of the run failed")
    found = read_job_log(job.log) if job.log else LogFinding()
    task = prompt(
        "ci_failure",
        job=shown(job.name, 200),
        branch=shown(trigger.branch, 200),
        failed=[shown(test, 300) for test in found.failed],
        command=shown(found.command, 500),
        excerpt=shown(found.excerpt),
    )
    title = f"Make CI pass on {trigger.branch}: {code(job.name)}"
    return title, task, (found.command,) if found.command else ()
