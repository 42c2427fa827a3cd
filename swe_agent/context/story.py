"""The conversation as a model is shown it: a fold over the log.

Every message has a form: whole; with runs of lines replaced that still stand above; a digest; or a
pointer. Messages are only added, and forms before a fold do not change, so the provider's cache
holds. What a form leaves out, `recall(step)` brings back.

What may come to stand for a message (`settle.py`) is worked out once, so a story told again from
the log comes to the same digests.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from swe_agent.context.cover import names_in
from swe_agent.context.entry import Arguments, Entry, Form, Short, entry_of
from swe_agent.context.repeats import Seen
from swe_agent.context.settle import settle
from swe_agent.context.sums import Sum, Sums
from swe_agent.context.tokens import message_tokens
from swe_agent.core.messages import Message, Note, Observation, Turn

_SHORT: tuple[Form, ...] = ("digest", "summary")
"""Forms that a fold gave."""


@dataclass(frozen=True, slots=True)
class Fold:
    """A change of forms: what the event `history_folded` says."""

    digests: Mapping[str, str] = field(default_factory=dict)
    """Call id to the text that stands for its observation."""
    replies: Mapping[int, str] = field(default_factory=dict)
    """Step to the words that stand for those of its reply."""
    arguments: Arguments = field(default_factory=dict)
    """What stands for long arguments of the calls of those replies."""
    leave_out: int = 0
    """Entries before this one are left out; 0: as before."""
    summary: str = ""
    """What is said in place of what is left out."""
    summarised: Collection[str] = ()
    """Those of `digests` that a model wrote."""


@dataclass(slots=True)
class Story:
    """All messages of an attempt, in order, with their forms."""

    entries: list[Entry] = field(default_factory=list)
    left_out: int = 0
    """Entries at the front that are not shown; what was said first, the task and what a human said
    are."""
    summary: Note | None = None
    """What is said in place of the entries that are left out."""
    known: set[str] = field(default_factory=set)
    """Names that stand in the prompt for good: in notes, calls, small outputs and digests."""
    open_file: str = ""
    """The file that was shown last; empty where none was."""
    sums: Sums = field(default_factory=Sums)
    """What is shown, layer by layer."""
    gone: Sum = field(default_factory=Sum)
    """What is left out."""
    _foldable: set[int] = field(default_factory=set)
    """Places of what may be shown shorter than it is."""
    _seen: Seen = field(default_factory=Seen)
    _kept: list[Entry] = field(default_factory=list)
    """What is shown of the entries at the front."""
    _places: dict[str, int] = field(default_factory=dict)
    """Call id to the place of its observation."""
    _turns: dict[int, int] = field(default_factory=dict)
    """Step to the place of its reply."""
    _settled: int = 0
    """The place up to which digests are worked out."""
    _due: tuple[int, int] | None = None
    """A place up to which they are to be worked out, and the step of the reply that comes there."""
    _shown: list[Message] = field(default_factory=list)
    """All entries as they are shown."""
    _upto: list[int] = field(default_factory=lambda: [0])
    """Tokens before each entry, and in all."""
    _before: tuple[Message, ...] = ()

    def add(self, message: Message, step: int) -> None:
        """Take a message in; an observation shows what is new in it."""
        self.settle()
        entry = entry_of(message, step, page=len(self._seen.pages))
        match message:
            case Turn():
                self.expect(step)
                self.settle()
                self._turns[step] = len(self.entries)
            case Note():
                self.known |= names_in(message.text)
            case Observation():
                self._show(entry)
                self._places[message.call_id] = len(self.entries)
                self.open_file = entry.path or self.open_file
        self.entries.append(entry)
        self._shown.append(entry.shown)
        self._upto.append(self._upto[-1] + entry.tokens)
        self._count(entry)

    def fold(self, fold: Fold) -> None:
        """Show what a fold says from now on."""
        self.settle()
        places = {self._places[call_id]: text for call_id, text in fold.digests.items()}
        places |= {self._turns[step]: text for step, text in fold.replies.items()}
        written = {self._places[call_id] for call_id in fold.summarised}
        first = min(places, default=len(self.entries))
        first = min(first, self.left_out) if fold.leave_out else first
        for at in range(max(first, self.left_out), len(self.entries)):
            self._count(self.entries[at], -1)
        for at, text in places.items():
            form: Form = "summary" if at in written else "digest"
            self.entries[at].shorten(text, fold.arguments, form)
            self.known |= names_in(text)
            self._foldable.discard(at)
        if fold.leave_out > self.left_out:
            self._leave_out(fold.leave_out)
        if fold.summary:
            self.summary = Note(kind="reminder", text=fold.summary)
        self._reshow(first)

    def visible(self) -> list[Entry]:
        """What is shown: task and human notes that are always kept, then all that is not left
        out."""
        return self._kept + self.entries[self.left_out :] if self.left_out else self.entries

    def messages(self) -> tuple[Message, ...]:
        """The messages as the model is shown them."""
        if not self.left_out:
            return tuple(self._shown)
        kept = [entry.shown for entry in self._kept]
        if self.summary:
            kept.append(self.summary)
        return (*kept, *self._shown[self.left_out :])

    def before(self) -> tuple[Message, ...]:
        """The messages up to the last that is left out, as they were."""
        return self._before

    def shorts(self) -> list[tuple[int, Short]]:
        """Places of what may be shown shorter than it is, in order, and how."""
        self.settle()
        entries = self.entries
        return [(at, short) for at in sorted(self._foldable) if (short := entries[at].short)]

    def last_turn(self) -> int:
        """Place of the last reply: what follows it was never sent; 0 where there is none."""
        places = range(len(self.entries) - 1, -1, -1)
        return next((at for at in places if isinstance(self.entries[at].message, Turn)), 0)

    def tokens_between(self, first: int, last: int) -> int:
        """Tokens of the entries from `first` up to `last`, that one not included."""
        return self._upto[last] - self._upto[first]

    def expect(self, step: int) -> None:
        """A reply is asked for: what may come to stand for all that was said since the last one is
        to be worked out, as soon as there is time and before anything else is taken in."""
        self.settle()
        self._due = len(self.entries), step

    def settle(self) -> None:
        """Work out what is due, if anything is."""
        if self._due is None:
            return
        (end, step), self._due = self._due, None
        settle(self.entries[self._settled : end], self.known, step)
        for at in range(self._settled, end):
            if self.entries[at].short:
                self._foldable.add(at)
        self._settled = end

    def _count(self, entry: Entry, sign: int = 1) -> None:
        self.sums.of(entry.layer).add(entry.step, entry.tokens, entry.whole_tokens, sign)

    def _leave_out(self, place: int) -> None:
        """Entries from those that are left out already up to `place` are no longer shown."""
        for entry in self.entries[self.left_out : place]:
            if _stays(entry):
                self._kept.append(entry)
                self._count(entry)
            else:
                self.gone.add(entry.step, entry.whole_tokens, entry.whole_tokens)
        self.left_out = place
        self._before = tuple(entry.message for entry in self.entries[:place])
        self._foldable = {at for at in self._foldable if at >= place}

    def _reshow(self, first: int) -> None:
        """Work out again the forms from an entry on: what stood above may be gone."""
        if first < len(self.entries):
            self._seen.forget(self.entries[first].page)
        del self._upto[first + 1 :]
        for at, entry in enumerate(self.entries[first:], first):
            if isinstance(entry.message, Observation):
                if entry.form in _SHORT or at < self.left_out:
                    self._seen.hide(entry.step)
                else:
                    self._show(entry)
            self._shown[at] = entry.shown
            self._upto.append(self._upto[-1] + entry.tokens)
            if at >= self.left_out:
                self._count(entry)

    def _show(self, entry: Entry) -> None:
        message = entry.message
        assert isinstance(message, Observation), "only observations have lines"
        shown = self._seen.show(entry.step, entry.lines)
        if len(shown) == len(entry.lines):
            entry.form, entry.shown, entry.tokens = "whole", message, entry.whole_tokens
            return
        text = "\n".join(line.text for line in shown)
        entry.form, entry.shown = "repeat", message.model_copy(update={"text": text})
        entry.tokens = message_tokens(entry.shown)


def told(messages: Sequence[tuple[Message, int]]) -> Story:
    """The story of these messages and their steps."""
    story = Story()
    for message, step in messages:
        story.add(message, step)
    return story


def _stays(entry: Entry) -> bool:
    message = entry.message
    return isinstance(message, Note) and (entry.step == 0 or message.kind in ("task", "human"))
