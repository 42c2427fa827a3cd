"""The first step: judge the event, say in the thread that it is being worked on, leave a plan."""

from swe_agent.core.errors import ForgeFault
from swe_agent.jobs.ci.gate import Gate, admitted, at_rest
from swe_agent.jobs.ci.plan import Plan
from swe_agent.jobs.ci.planning import plan_of
from swe_agent.jobs.ci.sticky import Memory, Sticky, find_sticky, with_memory, write_sticky
from swe_agent.jobs.ci.trigger import Skip, Trigger
from swe_agent.jobs.ci.wording import stopped_comment, working_comment
from swe_agent.jobs.forges.forge import Thread

_FAILURES_IN_A_ROW = 2
"""Our own push may fail again, and again: this ends the circle, whoever's token pushes."""


def start(gate: Gate, trigger: Trigger) -> Plan | Skip:
    """The plan for an event, or why nothing is done.

    Nothing is written to the forge but one comment, and that only where a plan is made (or a
    person says stop).

    Raises:
        ForgeFault: the forge did not answer; nothing was begun.
    """
    command = admitted(gate, trigger)
    if isinstance(command, Skip):
        return command
    topic, thread = trigger.topic, trigger.thread
    if topic is None and thread is not None:
        topic = gate.forge.topic(thread)
        if skip := at_rest(trigger, topic, command):
            return skip
    sticky = _remembered(gate, thread)
    if command.word == "stop":
        return _stopped(gate, trigger, thread, sticky)
    if skip := _answered(gate, trigger, sticky):
        return skip
    if thread is not None and thread.kind == "issue" and (skip := _taken(gate, thread)):
        return skip
    plan = plan_of(gate, trigger, command, topic)
    if isinstance(plan, Skip):
        return plan
    if plan.thread != thread:  # a failed run of our own draft is told there
        sticky = _remembered(gate, plan.thread)
        if skip := _answered(gate, trigger, sticky):
            return skip
    return _claimed(gate, plan, sticky)


def _remembered(gate: Gate, thread: Thread | None) -> Sticky | None:
    if thread is None:
        return None
    return find_sticky(gate.forge.comments(thread), gate.forge.identity())


def _answered(gate: Gate, trigger: Trigger, sticky: Sticky | None) -> Skip | None:
    """Why this event is not answered again; None if it is new."""
    if sticky is None:
        return None
    memory = sticky.memory
    if trigger.kind == "failure" and _in_a_row(memory.keys) >= _FAILURES_IN_A_ROW:
        return Skip(f"{_FAILURES_IN_A_ROW} failures in a row were answered; a person has to go on")
    if trigger.key in memory.keys:
        if gate.is_rerun and memory.state in ("failed", "working"):
            return None
        return Skip(f"the event {trigger.key} was answered already (state: {memory.state})")
    if memory.state == "working" and not (gate.run and memory.run == gate.run):
        return Skip("there is work going on in this thread; say `/swe-agent stop` to end it")
    return None


def _in_a_row(keys: tuple[str, ...]) -> int:
    """How many events at the end were failed pipelines, with no word of a person between."""
    others = (at for at, key in enumerate(reversed(keys)) if not key.startswith("run:"))
    return next(others, len(keys))


def _taken(gate: Gate, thread: Thread) -> Skip | None:
    """Whether somebody else's open change speaks of the issue."""
    ours = gate.forge.identity()
    for rival in gate.forge.rivals(thread.number):
        if rival.author != ours:
            return Skip(f"{rival.author} has an open change for it: {rival.number}")
    return None


def _claimed(gate: Gate, plan: Plan, sticky: Sticky | None) -> Plan | Skip:
    """Write the comment; who comes second in a race takes theirs back."""
    if plan.thread is None:
        return plan.model_copy(update={"keys": (plan.key,)})
    before = sticky.memory.keys if sticky else ()
    keys = (*(key for key in before if key != plan.key), plan.key)
    memory = Memory(state="working", keys=keys, run=gate.run)
    body = with_memory(working_comment(plan), memory)
    comment = write_sticky(gate.forge, plan.thread, sticky.id if sticky else 0, body)
    if sticky is None:
        first = _remembered(gate, plan.thread)
        if first is not None and first.id != comment:
            gate.forge.delete_comment(plan.thread, comment)
            return Skip(f"another pipeline was first: comment {first.id}")
    return plan.model_copy(update={"comment": comment, "keys": keys})


def _stopped(gate: Gate, trigger: Trigger, thread: Thread | None, sticky: Sticky | None) -> Skip:
    if thread is None or sticky is None or sticky.memory.state != "working":
        return Skip("there is no work to stop")
    memory = sticky.memory
    kept = memory.model_copy(update={"state": "stopped", "keys": (*memory.keys, trigger.key)})
    body = with_memory(stopped_comment(trigger.actor.login), kept)
    gate.forge.edit_comment(thread, sticky.id, body)
    if memory.run.isdigit():
        try:
            gate.forge.cancel_run(int(memory.run))
        except ForgeFault as fault:
            return Skip(f"stopped; nothing will be published ({fault.message})")
    return Skip("stopped; nothing will be published")
