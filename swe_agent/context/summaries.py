"""What a model may write in place of a digest, and the check that it is never worse than one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from swe_agent.context.cover import names_in
from swe_agent.context.entry import Entry
from swe_agent.context.lines import shown_lines
from swe_agent.context.story import Story
from swe_agent.context.tokens import tokens_of
from swe_agent.core.messages import Observation
from swe_agent.core.text import elided

MOST_AT_ONCE = 6
"""Observations of one fold that are summarised, the longest of them."""
SMALL_TOKENS = 300
"""Shorter ones are left to their digests."""
LONGER, MORE_TOKENS = 1.5, 60
"""How much longer than the digest a summary may be: so many times, and some words more."""
SHOWN_CHARS = 16_000
"""Of an observation that the summariser reads."""
EARLIER = "earlier"
"""The section that speaks of the steps that are left out."""
EARLIER_CHARS = 2_000
_SECTION = re.compile(r"^===[ \t]*([\w-]+)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An observation that is to be summarised."""

    key: str
    """How the reply names it."""
    call_id: str
    step: int
    tool: str
    text: str
    digest: str
    """What stands for it where the summary does not hold."""


def wanted(story: Story, digests: Mapping[str, str]) -> tuple[Wanted, ...]:
    """The observations of a fold that are worth a summary, in their order."""
    entries = [entry for entry in story.entries if _is_wanted(entry, digests)]
    longest = sorted(entries, key=lambda entry: -entry.whole_tokens)[:MOST_AT_ONCE]
    chosen = [entry.message for entry in entries if entry in longest]
    steps = [entry.step for entry in entries if entry in longest]
    return tuple(
        Wanted(
            str(number),
            message.call_id,
            step,
            message.tool,
            elided(message.text, SHOWN_CHARS),
            digests[message.call_id],
        )
        for number, (message, step) in enumerate(zip(chosen, steps, strict=True), 1)
        if isinstance(message, Observation)
    )


def sections_of(reply: str) -> dict[str, str]:
    """What a reply says under each of its headings.

    >>> sections_of("=== 1\\nall passed\\n=== earlier\\nlooked around")
    {'1': 'all passed', 'earlier': 'looked around'}
    """
    parts = _SECTION.split(reply)
    return {key: text.strip() for key, text in zip(parts[1::2], parts[2::2], strict=True)}


def accepted(wanted: Sequence[Wanted], sections: Mapping[str, str]) -> dict[str, str]:
    """Call id to what stands for its observation, for the summaries that hold."""
    found: dict[str, str] = {}
    for one in wanted:
        said = sections.get(one.key, "")
        head = f"[step {one.step}, summarised by a model; recall({one.step}) shows all]"
        text = f"{head}\n{said}"
        most = LONGER * tokens_of(one.digest) + MORE_TOKENS
        if said and holds(said, one.digest) and tokens_of(text) <= most:
            found[one.call_id] = text
    return found


def holds(summary: str, digest: str) -> bool:
    """Whether a summary keeps what a digest keeps: the lines of an output as they stood, and of a
    file's lines all names.

    >>> holds("run() fails:\\nE   ValueError: x", "[head]\\nE   ValueError: x\\n 7| def run(self):")
    True
    >>> holds("run() fails", "[head]\\nE   ValueError: x")
    False
    """
    lines, names = _flat(summary), names_in(summary)
    for line in shown_lines(digest)[1:]:
        if line.number is None and line.body.strip() not in ("", "..."):
            if _flat(line.body) not in lines:
                return False
        elif not names_in(line.body) <= names:
            return False
    return True


def _is_wanted(entry: Entry, digests: Mapping[str, str]) -> bool:
    message = entry.message
    return (
        isinstance(message, Observation)
        and message.call_id in digests
        and entry.whole_tokens >= SMALL_TOKENS
    )


def _flat(text: str) -> str:
    return " ".join(text.split())
