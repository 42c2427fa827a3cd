"""The last step: a patch becomes a draft on our own branch, or the thread is told why not.

It is given a patch and plain JSON, and assumes that whoever wrote the issue also chose what is in
them. Everything is checked before anything is written; what fails half-way is taken back.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from swe_agent.core.errors import ForgeFault, PolicyRefused, SweAgentError
from swe_agent.jobs.ci import wording
from swe_agent.jobs.ci.artifact import Answer, read_answer
from swe_agent.jobs.ci.plan import Plan
from swe_agent.jobs.ci.protect import ProtectedPaths, require_publishable
from swe_agent.jobs.ci.sticky import Memory, State, find_sticky, with_memory, write_sticky
from swe_agent.jobs.forges.forge import Change, Forge, NewChange, Thread
from swe_agent.jobs.forges.remote import Remote, check_out, commit_of, fetch, push, take_back
from swe_agent.runtime.apply import apply_patch
from swe_agent.settings.schema import CiSettings


@dataclass(frozen=True, slots=True)
class Desk:
    """Where publishing is done from."""

    forge: Forge
    rules: CiSettings
    remote: Remote
    run_url: str = ""
    say: Callable[[str], None] = lambda _: None
    dry_push: Callable[[str, str], None] | None = None
    """Told what would be pushed (branch, and where it stood), instead of a push."""


@dataclass(frozen=True, slots=True)
class Published:
    """What is out."""

    answer: Answer
    state: Literal["published", "told", "stopped"]
    """told: there was nothing to publish, and the thread says so."""
    change: Change | None = None


def publish(desk: Desk, plan: Plan, folder: Path) -> Published:
    """Publish what the run step left in `folder`.

    The plan may have been forged by a run that broke out: what it names is used only where the
    forge says that it is ours.

    Raises:
        PolicyRefused: the patch may not be published; the thread says so, nothing else is written.
        SweAgentError: it could not be published; nothing of it is left, the thread says why where
            it could be told.
    """
    plan, memory = _with_own_comment(desk, plan)
    try:
        _require_ours(desk, plan)
        answer, patch = read_answer(folder, desk.rules.max_patch_bytes)
        if answer.key != plan.key or answer.start_commit != plan.start_commit:
            raise PolicyRefused("The answer is not the plan's.", "Run the steps in one pipeline.")
        if _is_stopped(desk, plan, memory):
            return Published(answer, "stopped")
        change = None
        if patch and _is_worth_it(answer, desk.rules):
            require_publishable(patch, desk.rules)
            change = _out(desk, plan, answer, patch)
    except SweAgentError as fault:
        tell_failure(desk, plan, fault)
        raise
    link = change.url if change else ""
    body = wording.ended_comment(plan, answer, link, desk.run_url)
    _tell(desk, plan, body, "done" if answer.exit_code == 0 or change else "failed")
    return Published(answer, "published" if change else "told", change)


def tell_failure(desk: Desk, plan: Plan, fault: SweAgentError) -> None:
    """Say in the thread why nothing is published."""
    paths = fault.paths if isinstance(fault, ProtectedPaths) else ()
    why = "The patch touches protected paths." if paths else fault.message
    body = wording.failed_comment(plan, why, paths, desk.run_url)
    _tell(desk, plan, body, "refused" if isinstance(fault, PolicyRefused) else "failed")


def _require_ours(desk: Desk, plan: Plan) -> None:
    prefix = desk.rules.branch_prefix
    odd = ".." in plan.branch or plan.branch == plan.base_branch
    if odd or not plan.branch.startswith(prefix) or plan.branch == prefix:
        raise PolicyRefused(
            f"The branch {plan.branch!r} is not one of ours; those begin with {prefix!r}.",
            "Run the gate and the publish step with the same ci.branch_prefix.",
        )


def _with_own_comment(desk: Desk, plan: Plan) -> tuple[Plan, Memory]:
    """The plan with the comment that is really ours, and what that remembers."""
    if plan.thread is None or desk.dry_push is not None:
        return plan, Memory()
    sticky = find_sticky(desk.forge.comments(plan.thread), desk.forge.identity())
    if sticky is None:
        return plan.model_copy(update={"comment": 0}), Memory()
    return plan.model_copy(update={"comment": sticky.id}), sticky.memory


def _is_worth_it(answer: Answer, rules: CiSettings) -> bool:
    if answer.conclusion == "verified":
        return True
    return answer.conclusion == "unverified" and rules.publish == "unverified"


def _is_stopped(desk: Desk, plan: Plan, memory: Memory) -> bool:
    """Whether a person ended the work, or the thread, while it went on."""
    if plan.thread is None:
        return False
    if memory.state == "stopped" and plan.key in memory.keys:
        desk.say("Stopped by a person; nothing is published.")
        return True
    if desk.forge.topic(plan.thread).is_closed:
        desk.say(f"The {plan.thread.kind} was closed meanwhile; nothing is published.")
        why = "It was closed while the work went on."
        _tell(desk, plan, wording.failed_comment(plan, why, (), desk.run_url), "stopped")
        return True
    return False


def _out(desk: Desk, plan: Plan, answer: Answer, patch: bytes) -> Change:
    """Push the branch and see to its draft; a branch without its draft is taken back."""
    ours = _own_change(desk, plan)
    if desk.dry_push is not None:
        desk.dry_push(plan.branch, plan.branch_tip)
        return _draft(desk, plan, answer, ours)
    with tempfile.TemporaryDirectory(prefix="swe-agent-publish-") as name:
        folder = Path(name) / "repository"
        fetch(desk.remote, folder, [plan.start_commit])
        check_out(folder, plan.start_commit)
        apply_patch(folder, patch, plan.branch, wording.commit_message(plan, answer))
        commit = commit_of(folder, plan.branch)
        push(desk.remote, folder, commit, plan.branch, plan.branch_tip)
        desk.say(f"Pushed {commit[:12]} to {plan.branch}.")
        try:
            return _draft(desk, plan, answer, ours)
        except ForgeFault as fault:
            _take_back(desk, plan, folder, commit, fault)
            raise


def _own_change(desk: Desk, plan: Plan) -> Change | None:
    """The open draft that the plan names; None where it names none.

    Raises:
        PolicyRefused: it is not the one of our branch, or was closed meanwhile.
    """
    if not plan.change:
        return None
    change = desk.forge.change(plan.change)
    is_dry = desk.dry_push is not None
    if change.is_foreign or not change.is_open or (change.branch != plan.branch and not is_dry):
        raise PolicyRefused(
            f"The change {plan.change} is no open draft of {plan.branch} (any more).",
            "Begin again with `/swe-agent retry` on the issue.",
        )
    return change


def _take_back(desk: Desk, plan: Plan, folder: Path, commit: str, why: ForgeFault) -> None:
    try:
        take_back(desk.remote, folder, plan.branch, plan.branch_tip, commit)
    except ForgeFault as fault:
        message = f"{why.message}. The branch {plan.branch} is left behind: {fault.message}"
        raise ForgeFault(message, why.status) from fault
    desk.say(f"Took {plan.branch} back.")


def _draft(desk: Desk, plan: Plan, answer: Answer, ours: Change | None) -> Change:
    """The open draft of our branch: the one that is there with a new text, else a new one."""
    forge = desk.forge
    body = wording.change_body(plan, answer, desk.run_url)
    if ours is not None:
        _try(desk, lambda: forge.edit_change(ours.number, body))
        return ours
    labels = desk.rules.labels
    wanted = NewChange(plan.branch, plan.base_branch, wording.change_title(plan), body, labels)
    try:
        change = forge.open_draft(wanted)
    except ForgeFault as fault:
        found = forge.change_from(plan.branch) if fault.is_uncertain else None
        if found is None:
            raise
        change = found
    if labels:
        _try(desk, lambda: forge.add_labels(Thread("change", change.number), labels))
    return change


def _tell(desk: Desk, plan: Plan, body: str, state: State) -> None:
    """Put the end into the thread's comment; a comment that is gone is written anew."""
    thread = plan.thread
    if thread is None:
        return
    whole = with_memory(body, Memory(state=state, keys=plan.keys))

    def tell() -> None:
        try:
            write_sticky(desk.forge, thread, plan.comment, whole)
        except ForgeFault as fault:
            if fault.status != 404:
                raise
            write_sticky(desk.forge, thread, 0, whole)

    _try(desk, tell)


def _try(desk: Desk, act: Callable[[], None]) -> None:
    """Do what is good to have; where it fails, say so and go on."""
    try:
        act()
    except ForgeFault as fault:
        desk.say(f"Left out: {fault.message}")
