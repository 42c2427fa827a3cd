"""Who may start what: every event passes here first, the cheapest questions before any API call."""

from dataclasses import dataclass
from typing import Literal

from swe_agent.jobs.ci.commands import Command, command_in
from swe_agent.jobs.ci.trigger import Skip, Trigger
from swe_agent.jobs.forges.forge import Forge, Topic
from swe_agent.settings.schema import CiSettings


@dataclass(frozen=True, slots=True)
class Gate:
    """Where an event is judged."""

    forge: Forge
    repository: str
    rules: CiSettings
    run: str = ""
    """The pipeline that this process is a part of, by the forge's id."""
    is_rerun: bool = False
    """A person asked the forge to run this very pipeline again."""


def admitted(gate: Gate, trigger: Trigger) -> Command | Skip:
    """What the event asks for, if its actor may ask for it; else why not.

    Raises:
        ForgeFault: the forge could not be asked.
    """
    command = _wish(trigger, gate.rules)
    if isinstance(command, Skip):
        return command
    if trigger.actor.is_bot and trigger.actor.login not in gate.rules.allowed_bots:
        return Skip(f"{trigger.actor.login} is a bot")
    if trigger.is_foreign:
        return Skip("the code lies in a fork, which never meets our secrets")
    if trigger.topic is not None and (skip := _at_rest(trigger, trigger.topic, command)):
        return skip
    login = trigger.actor.login
    if login not in gate.rules.allowed_users and not gate.forge.may_write(trigger.actor):
        return Skip(f"{login} may not write to {gate.repository}")
    return command


def at_rest(trigger: Trigger, topic: Topic, command: Command) -> Skip | None:
    """Why a thread that had to be asked for may not be worked on; None if it may."""
    return _at_rest(trigger, topic, command)


def _wish(trigger: Trigger, rules: CiSettings) -> Command | Skip:
    match trigger.kind:
        case "labeled":
            if trigger.label == rules.label:
                return Command("fix")
            return Skip(f"the label {trigger.label!r} is not {rules.label!r}")
        case "assigned":
            if rules.assignee and trigger.assignee == rules.assignee:
                return Command("fix")
            return Skip(f"assigned to {trigger.assignee}, not to the login in ci.assignee")
        case "opened" | "comment":
            found = command_in(trigger.text, rules.phrase)
            asks: Literal["issue", "comment"] = "issue" if trigger.kind == "opened" else "comment"
            return found or Skip(f"the {asks} says neither {rules.phrase} nor /swe-agent COMMAND")
        case "review":
            return command_in(trigger.text, rules.phrase) or Command("fix", trigger.text)
        case "failure" | "dispatch":
            return Command("fix", trigger.text)


def _at_rest(trigger: Trigger, topic: Topic, command: Command) -> Skip | None:
    if command.word == "stop":
        return None
    what = trigger.thread.kind if trigger.thread else "thread"
    if topic.is_closed:
        return Skip(f"the {what} is closed")
    if topic.is_locked:
        return Skip(f"the {what} is locked")
    if topic.is_confidential:
        return Skip(f"the {what} is confidential, and what is published is not")
    others = [who for who in topic.assignees if who not in (trigger.assignee, trigger.actor.login)]
    if what == "issue" and others and trigger.actor.login not in topic.assignees:
        return Skip(f"the issue is assigned to {', '.join(others)}")
    return None
