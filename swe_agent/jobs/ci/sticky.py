"""The one comment of a thread that shows progress, and remembers which events were answered.

What it remembers stands in an HTML comment at its end. Anybody can write such a comment, so only
those of our own login count.
"""

import re
from collections.abc import Sequence
from typing import Literal

from pydantic import Field, ValidationError

from swe_agent.core.messages import Record
from swe_agent.jobs.forges.forge import Comment, Forge, Thread

State = Literal["working", "done", "failed", "refused", "stopped"]

_MARK = re.compile(r"<!-- swe-agent (\{.*?\}) -->\s*\Z")
_KEPT_KEYS = 200


class Memory(Record):
    """What the comment remembers."""

    state: State = "working"
    keys: tuple[str, ...] = ()
    """Events that were answered, oldest first."""
    run: str = ""
    """The forge's own id of the pipeline at work."""


class Sticky(Record):
    """The comment as it stands."""

    id: int
    memory: Memory = Field(default_factory=Memory)


def with_memory(body: str, memory: Memory) -> str:
    """The comment's text with what it remembers; keys of long ago are let go."""
    kept = memory.model_copy(update={"keys": memory.keys[-_KEPT_KEYS:]})
    return f"{body}\n\n<!-- swe-agent {kept.model_dump_json()} -->"


def find_sticky(comments: Sequence[Comment], identity: str) -> Sticky | None:
    """Our comment, the oldest where there are more; None where there is none."""
    for comment in comments:
        mark = _MARK.search(comment.body)
        if mark and comment.author == identity:
            try:
                return Sticky(id=comment.id, memory=Memory.model_validate_json(mark[1]))
            except ValidationError:
                continue
    return None


def write_sticky(forge: Forge, thread: Thread, comment: int, body: str) -> int:
    """Edit the comment, or write it where there is none; its id.

    Raises:
        ForgeFault: it cannot be written.
    """
    if comment:
        forge.edit_comment(thread, comment, body)
        return comment
    return forge.add_comment(thread, body)
