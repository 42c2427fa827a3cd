"""What an attempt does so that its conversation stays cheap and fits: folds, each in the log."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from swe_agent.agent.minds import Terms
from swe_agent.agent.state import State
from swe_agent.agent.summarising import Summariser, Written
from swe_agent.context.economy import forced, steps_expected, worthwhile
from swe_agent.context.entry import Entry
from swe_agent.context.render import Head, changed, render
from swe_agent.context.story import Fold
from swe_agent.context.tokens import spec_text
from swe_agent.core.events import ContextRendered, Event, HistoryFolded, LedgerRow
from swe_agent.core.messages import Turn
from swe_agent.core.protocols import Prompt
from swe_agent.core.text import elided
from swe_agent.settings.prompts import prompt as prompt_text
from swe_agent.settings.schema import Settings

Why = Literal["worthwhile", "window", "exceeded"]

SHRINK = 0.7
"""What is left of the budget each time that the provider says it is exceeded."""
LEAST_TOKENS = 500
"""A conversation is not folded below this."""
_LAST_STEPS = 6
_SAID_CHARS = 400
_CHANGES = ("edit", "edit_lines", "create", "undo")


@dataclass(frozen=True, slots=True)
class Fitted:
    """A prompt that fits, and what it is made of."""

    prompt: Prompt
    rows: tuple[LedgerRow, ...]
    ratio: float
    """The provider's tokens for one of ours, as far as it is known."""
    own: float | None
    """The same by the model's own tokenizer."""

    @property
    def tokens(self) -> int:
        return sum(row.tokens for row in self.rows)

    def event(self, step: int, before: Mapping[str, LedgerRow]) -> ContextRendered:
        """What is written down of the request of a step, given the ledger of the one before."""
        rows = changed(self.rows, before)
        return ContextRendered(
            step=step, tokens=self.tokens, rows=rows, ratio=self.ratio, own=self.own
        )


@dataclass(frozen=True, slots=True)
class Room:
    """What an attempt's conversation has to fit into, and where folds are written down."""

    state: State
    append: Callable[[Event], None]
    settings: Settings
    terms: Terms
    """Of the model that is asked."""
    summariser: Summariser | None = None
    """Writes summaries in place of digests; None: nobody does."""
    model: str = ""
    """Its name, under which counts are kept; empty: who replied last."""

    def fitted(self, head: Head, limit: int) -> Fitted:
        """The next prompt, after the folds that pay and those that the window forces."""
        story = self.state.story
        if self.settings.context.folding == "economic":
            expected = steps_expected(self.state.steps, self.settings.limits.max_steps)
            self._write(worthwhile(story, self.terms.rates, expected), "worthwhile")
        fitted = self._rendered(head, limit)
        budget = self._budget(head, limit, fitted.ratio)
        if fitted.tokens > head.tokens(fitted.ratio) + budget:
            self._write(forced(story, int(budget / fitted.ratio)), "window", budget)
            fitted = self._rendered(head, limit)
        return fitted

    def _rendered(self, head: Head, limit: int) -> Fitted:
        own = self._own(head)
        ratio = self.state.scale_of(self.model).now(own)
        return Fitted(*render(head, self.state.story, limit, ratio), ratio, own)

    def _own(self, head: Head) -> float | None:
        """What the model's own tokenizer counts for one of our tokens in the next request."""
        if self.terms.exact is None:
            return None
        texts = [head.system, *map(spec_text, head.offered)]
        return self.terms.exact.ratio(texts, (*head.notes, *self.state.story.messages()))

    def fold_harder(self, head: Head, sent_tokens: int) -> bool:
        """Fold because the provider said that a prompt of so many tokens exceeds its window;
        whether there was anything left to fold."""
        ratio = self.state.scale_of(self.model).now(self._own(head))
        budget = int((sent_tokens - head.tokens(ratio)) * SHRINK)
        fold = forced(self.state.story, int(budget / ratio)) if budget > LEAST_TOKENS else None
        self._write(fold, "exceeded", budget)
        return fold is not None

    def _budget(self, head: Head, limit: int, ratio: float) -> int:
        """Tokens that the conversation may take."""
        window, learned = self.terms.window_tokens, self.state.budget_tokens
        room = window - min(limit, window // 4) - head.tokens(ratio)
        return max(LEAST_TOKENS, min(room, learned) if learned else room)

    def _write(self, fold: Fold | None, why: Why, budget_tokens: int = 0) -> None:
        if fold is None:
            return
        story, step = self.state.story, self.state.steps + 1
        gone = story.entries[: fold.leave_out]
        summary, written = _summary(gone) if gone else "", Written()
        if self.summariser:
            written = self.summariser.written(story, fold, step, summary)
        self.append(
            HistoryFolded(
                step=step,
                folded=tuple(fold.digests),
                digests={**fold.digests, **written.texts},
                summarised=tuple(written.texts),
                replies=dict(fold.replies),
                arguments={call_id: dict(texts) for call_id, texts in fold.arguments.items()},
                leave_out=fold.leave_out,
                summary=f"{summary}\n{written.earlier}".strip(),
                why=why,
                budget_tokens=budget_tokens,
            )
        )


def _summary(gone: Sequence[Entry]) -> str:
    """What is said of steps that are left out: what was called, what was changed, the plan."""
    turns = [(entry.step, entry.message) for entry in gone if isinstance(entry.message, Turn)]
    calls = [(step, call) for step, turn in turns for call in turn.calls]
    changed: dict[str, list[int]] = {}
    plan: list[str] = []
    for step, call in calls:
        path, items = call.arguments.get("path"), call.arguments.get("items")
        if call.name in _CHANGES and isinstance(path, str):
            changed.setdefault(path, []).append(step)
        if call.name == "plan" and isinstance(items, list):
            plan = [str(item) for item in items]
    said = next((turn.text for _, turn in reversed(turns) if turn.text.strip()), "")
    return prompt_text(
        "left_out",
        first=turns[0][0] if turns else 0,
        last=turns[-1][0] if turns else 0,
        calls=dict(Counter(call.name for _, call in calls).most_common()),
        changed={path: steps[-_LAST_STEPS:] for path, steps in changed.items()},
        plan=plan,
        said=elided(said.strip(), _SAID_CHARS),
    )
