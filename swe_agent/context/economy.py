"""What to fold now: a choice under the provider's cache prices, or one that the window forces.

A fold changes the prompt from its first message on, so all that follows is written to the cache
again; every later request then reads less. Folding what was shown last, right after its use, writes
little again; the same fold made late writes everything again. The file that is being worked on
stays: it is what the next steps need, and what later views of it are shown against.
"""

from dataclasses import dataclass

from swe_agent.context.digest import Around, digest, pointer
from swe_agent.context.story import Entry, Story
from swe_agent.context.tokens import tokens_of
from swe_agent.core.messages import Observation, Turn

SMALL_TOKENS = 110
"""Observations below are not worth a digest."""
WORTH_FOLDING = 0.7
"""A digest is used when it is shorter than this share of what it stands for."""
FEWEST_STEPS, MOST_STEPS = 6, 40
"""Bounds of the steps that are expected to follow."""
ROOM_LEFT = 0.5
"""Share of the window that a forced fold leaves in use, so that it is not forced again soon."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What cached input costs, in units of the price of fresh input."""

    read: float = 0.1
    write: float = 1.25


@dataclass(frozen=True, slots=True)
class Fold:
    """A change of forms: what the event `history_folded` says."""

    digests: dict[str, str]
    """Call id to the text that stands for its observation."""
    leave_out: int = 0
    """Entries before this one are left out; 0: none."""


def steps_expected(done: int, most: int) -> int:
    """How many steps are still to come: as many as were made, within bounds and the run's limit."""
    return min(max(FEWEST_STEPS, min(MOST_STEPS, done)), max(1, most - done))


def worthwhile(story: Story, rates: Rates, expected: int) -> Fold | None:
    """The fold that saves most over the steps expected; None if none saves anything."""
    last = story.last_turn()
    digests = _digests(story, last, story.open_file, expected)
    best, start, saved = 0.0, -1, 0
    for at in sorted(digests, reverse=True):
        entry = story.entries[at]
        tail = story.tokens_between(at, last)
        saved += entry.tokens - entry.digest_tokens
        now = rates.write * (tail - saved) - rates.read * tail
        gain = rates.read * saved * expected - now
        if gain > best:
            best, start = gain, at
    if start < 0:
        return None
    chosen = {at: text for at, text in sorted(digests.items()) if at >= start}
    return Fold({_call_id(story.entries[at]): text for at, text in chosen.items()})


def forced(story: Story, budget_tokens: int) -> Fold | None:
    """The fold that brings the messages under a share of the budget; None if nothing is left to
    fold.

    First digests for all but the last observations, then pointers, then the oldest steps are left
    out.
    """
    last = story.last_turn()
    goal = ROOM_LEFT * budget_tokens
    found = _digests(story, last, "", MOST_STEPS)
    digests = {_call_id(story.entries[at]): text for at, text in sorted(found.items())}
    entries = story.visible()
    total = sum(entry.tokens for entry in entries)
    total -= sum(_gain(entry, digests) for entry in entries)
    for entry in story.entries[story.left_out : last]:
        if total <= goal:
            break
        message = entry.message
        if isinstance(message, Observation) and entry.tokens > SMALL_TOKENS // 2:
            total += _gain(entry, digests)
            digests[message.call_id] = pointer(entry.step, message.tool, message.text)
            total -= _gain(entry, digests)
    leave_out = _left_out(story, total - goal, digests)
    if not digests and not leave_out:
        return None
    return Fold(digests, leave_out)


def _left_out(story: Story, excess: float, digests: dict[str, str]) -> int:
    """Where the entries that are shown begin, once enough of the oldest steps are left out."""
    entries = story.entries
    end = story.last_turn()
    at = max(story.left_out, next((i for i, e in enumerate(entries) if e.step), len(entries)))
    before = at
    while at < end and (excess > 0 or not isinstance(entries[at].message, Turn)):
        excess -= entries[at].tokens - _gain(entries[at], digests)
        at += 1
    return at if at > before else 0


def _digests(story: Story, last: int, open_file: str, expected: int) -> dict[int, str]:
    """Digests of what may be folded before `last`, where they are worth it, by place."""
    found: dict[int, str] = {}
    never: list[int] = []
    for at, entry in story.unfolded.items():
        if at >= last or (open_file and entry.path == open_file):
            continue
        if not entry.digest and entry.whole_tokens >= SMALL_TOKENS:
            around = Around(story.spoken, story.known, entry.written, expected)
            entry.digest = digest(entry.step, entry.lines, around)
            entry.digest_tokens = tokens_of(entry.digest)
        # A repeat is folded with what it repeats: alone it would be shown whole again.
        if entry.digest and entry.digest_tokens < WORTH_FOLDING * entry.whole_tokens:
            found[at] = entry.digest
        else:
            never.append(at)
    for at in never:
        del story.unfolded[at]
    return found


def _call_id(entry: Entry) -> str:
    return entry.message.call_id if isinstance(entry.message, Observation) else ""


def _gain(entry: Entry, digests: dict[str, str]) -> int:
    text = digests.get(_call_id(entry))
    return 0 if text is None else entry.tokens - tokens_of(text)
