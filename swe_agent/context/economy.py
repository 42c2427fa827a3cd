"""What to fold now: a choice under the provider's cache prices, or one that the window forces.

A fold changes the prompt from its first message on, so all that follows is written to the cache
again; every later request then reads less. Folding what was shown last, right after its use, writes
little again; the same fold made late writes everything again. The file that is being worked on
stays: it is what the next steps need, and what later views of it are shown against.
"""

from collections.abc import Collection
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
    entries = story.visible()
    last = _last_turn(entries)
    digests = _digests(story, entries[:last], _open_file(entries), expected)
    best, start = 0.0, -1
    tail = saved = 0.0
    for at in range(last - 1, -1, -1):
        entry = entries[at]
        tail += entry.tokens
        if _call_id(entry) not in digests:
            continue
        saved += entry.tokens - entry.digest_tokens
        now = rates.write * (tail - saved) - rates.read * tail
        gain = rates.read * saved * expected - now
        if gain > best:
            best, start = gain, at
    if start < 0:
        return None
    ids = {_call_id(entry) for entry in entries[start:last]}
    return Fold({call_id: text for call_id, text in digests.items() if call_id in ids})


def forced(story: Story, budget_tokens: int) -> Fold | None:
    """The fold that brings the messages under a share of the budget; None if nothing is left to
    fold.

    First digests for all but the last observations, then pointers, then the oldest steps are left
    out.
    """
    entries = story.visible()
    last = _last_turn(entries)
    goal = ROOM_LEFT * budget_tokens
    digests = _digests(story, entries[:last], "", MOST_STEPS)
    total = sum(entry.tokens for entry in entries)
    total -= sum(_gain(entry, digests) for entry in entries)
    for entry in entries[:last]:
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
    end = _last_turn(entries)
    at = max(story.left_out, next((i for i, e in enumerate(entries) if e.step), len(entries)))
    before = at
    while at < end and (excess > 0 or not isinstance(entries[at].message, Turn)):
        excess -= entries[at].tokens - _gain(entries[at], digests)
        at += 1
    return at if at > before else 0


def _digests(
    story: Story, entries: Collection[Entry], open_file: str, expected: int
) -> dict[str, str]:
    """Digests of what may be folded, where they are worth it."""
    found: dict[str, str] = {}
    for entry in entries:
        message = entry.message
        if not isinstance(message, Observation) or entry.form == "digest":
            continue
        if entry.whole_tokens < SMALL_TOKENS or (open_file and entry.path == open_file):
            continue
        if not entry.digest:
            around = Around(story.spoken, story.known, entry.written, expected)
            entry.digest = digest(entry.step, entry.lines, around)
            entry.digest_tokens = tokens_of(entry.digest)
        # A repeat is folded with what it repeats: alone it would be shown whole again.
        if entry.digest_tokens < WORTH_FOLDING * entry.whole_tokens:
            found[message.call_id] = entry.digest
    return found


def _open_file(entries: Collection[Entry]) -> str:
    """The file that was shown last."""
    return next((entry.path for entry in reversed(list(entries)) if entry.path), "")


def _last_turn(entries: list[Entry]) -> int:
    """Index of the last reply; what follows it was never sent."""
    return next(
        (at for at in range(len(entries) - 1, -1, -1) if isinstance(entries[at].message, Turn)), 0
    )


def _call_id(entry: Entry) -> str:
    return entry.message.call_id if isinstance(entry.message, Observation) else ""


def _gain(entry: Entry, digests: dict[str, str]) -> int:
    text = digests.get(_call_id(entry))
    return 0 if text is None else entry.tokens - tokens_of(text)
