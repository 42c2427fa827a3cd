"""What to fold now: a choice under the provider's cache prices, or one that the window forces.

A fold changes the prompt from its first message on, so all that follows is written to the cache
again; every later request then reads less. Folding what was shown last, right after its use, writes
little again; the same fold made late writes everything again. The file that is being worked on
stays: it is what the next steps need, and what later views of it are shown against. Replies fold
like observations, their words to the sentences that matter; their calls stay as they were.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from swe_agent.context.digest import pointer
from swe_agent.context.settle import SMALL_TOKENS
from swe_agent.context.story import Fold, Story
from swe_agent.context.tokens import tokens_of
from swe_agent.core.messages import Observation, Turn

FEWEST_STEPS, MOST_STEPS = 6, 25
"""Bounds of the steps that are expected to follow."""
ROOM_LEFT = 0.5
"""Share of the window that a forced fold leaves in use, so that it is not forced again soon."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What cached input costs, in units of the price of fresh input."""

    read: float = 0.1
    write: float = 1.25


def steps_expected(done: int, most: int) -> int:
    """How many steps are still to come: as many as were made, within bounds and the run's limit."""
    return min(max(FEWEST_STEPS, min(MOST_STEPS, done)), max(1, most - done))


def worthwhile(story: Story, rates: Rates, expected: int) -> Fold | None:
    """The fold that saves most over the steps expected; None if none saves anything."""
    last = story.last_turn()
    shorts = {at: short for at, short in story.shorts() if at < last and not _is_open(story, at)}
    best, start, saved = 0.0, -1, 0
    for at in sorted(shorts, reverse=True):
        tail = story.tokens_between(at, last)
        saved += story.entries[at].tokens - shorts[at].tokens
        now = rates.write * (tail - saved) - rates.read * tail
        gain = rates.read * saved * expected - now
        if gain > best:
            best, start = gain, at
    if start < 0:
        return None
    return _fold(story, {at: short.text for at, short in shorts.items() if at >= start})


def forced(story: Story, budget_tokens: int) -> Fold | None:
    """The fold that brings the messages under a share of the budget; None if nothing is left to
    fold.

    First digests for all but the last step, then pointers, then the oldest steps are left out.
    """
    entries = story.entries
    last = story.last_turn()
    shorts = {at: short for at, short in story.shorts() if at < last}
    texts = {at: short.text for at, short in shorts.items()}
    sizes = {at: short.tokens for at, short in shorts.items()}
    excess = sum(entry.tokens for entry in story.visible()) - ROOM_LEFT * budget_tokens
    excess -= sum(entries[at].tokens - size for at, size in sizes.items())
    for at in range(story.left_out, last):
        if excess <= 0:
            break
        message = entries[at].message
        if isinstance(message, Observation) and entries[at].tokens > SMALL_TOKENS // 2:
            texts[at] = pointer(entries[at].step, message.tool, message.text)
            before, sizes[at] = sizes.get(at, entries[at].tokens), tokens_of(texts[at])
            excess -= before - sizes[at]
    leave_out = _left_out(story, excess, sizes)
    return _fold(story, texts, leave_out) if texts or leave_out else None


def _is_open(story: Story, place: int) -> bool:
    return bool(story.open_file) and story.entries[place].path == story.open_file


def _left_out(story: Story, excess: float, sizes: dict[int, int]) -> int:
    """Where the entries that are shown begin, once enough of the oldest steps are left out."""
    entries = story.entries
    end = story.last_turn()
    at = max(story.left_out, next((i for i, e in enumerate(entries) if e.step), len(entries)))
    before = at
    while at < end and (excess > 0 or not isinstance(entries[at].message, Turn)):
        excess -= sizes.get(at, entries[at].tokens)
        at += 1
    return at if at > before else 0


def _fold(story: Story, texts: dict[int, str], leave_out: int = 0) -> Fold:
    """The fold that shows the entries at these places as these texts."""
    digests: dict[str, str] = {}
    replies: dict[int, str] = {}
    arguments: dict[str, Mapping[str, str]] = {}
    for at, text in texts.items():
        entry = story.entries[at]
        if isinstance(entry.message, Observation):
            digests[entry.message.call_id] = text
        else:
            replies[entry.step] = text
            arguments |= entry.short.arguments if entry.short else {}
    return Fold(digests, replies, arguments, leave_out)
