"""A CI event as every forge has it: who did what to which thread, and in which words."""

from dataclasses import dataclass
from typing import Literal

from swe_agent.jobs.forges.forge import Actor, Thread, Topic

Kind = Literal["opened", "labeled", "assigned", "comment", "review", "failure", "dispatch"]


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing is done, and why; not a failure."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """One event that may be answered. All texts are as they were when it happened."""

    kind: Kind
    key: str
    """The same for every delivery of the same event."""
    actor: Actor
    thread: Thread | None = None
    """None: nowhere to talk (a failed pipeline, a task typed in by hand)."""
    topic: Topic | None = None
    """None: not told by the event, has to be asked for."""
    text: str = ""
    """The actor's own words: the comment, the review, the task typed in."""
    label: str = ""
    """The label that was just given."""
    assignee: str = ""
    """Who was just assigned."""
    author: str = ""
    """Who wrote the issue."""
    branch: str = ""
    """Where a pipeline failed, or where a task is to begin; empty: the default branch."""
    commit: str = ""
    """What the pipeline ran on."""
    is_foreign: bool = False
    """The code in question lies in a fork."""
    review: int = 0
    """Id of the review that the event is a part of."""
    place: str = ""
    """`path:line` that a single review comment is about."""
    run: int = 0
    """The pipeline that failed."""
    url: str = ""
    seems_writer: bool = True
    """What the event itself says of the actor's rights; only a dry run that cannot ask believes
    it."""
