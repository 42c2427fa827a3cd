"""Summaries by the model that has the role `summariser`: asked for when a fold is made, held in the
purse, written down, checked; where one fails, the digest stands."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from swe_agent.agent.desk import Desk
from swe_agent.context.story import Fold, Story
from swe_agent.context.summaries import (
    EARLIER,
    EARLIER_CHARS,
    Wanted,
    accepted,
    sections_of,
    wanted,
)
from swe_agent.core.errors import LimitReached, ModelFault
from swe_agent.core.events import Event, LimitHit, ModelReplied, SummaryWritten
from swe_agent.core.messages import Note, Turn
from swe_agent.core.protocols import Model, Prompt
from swe_agent.core.text import elided
from swe_agent.models.purse import Purse
from swe_agent.settings.prompts import prompt

LONGEST_REPLY_TOKENS = 4_000
_SAID_LINES, _SAID_CHARS = 60, 300


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote for a fold."""

    texts: dict[str, str] = field(default_factory=dict)
    """Call id to the summary that stands in place of its digest."""
    earlier: str = ""
    """What it says of the steps that are left out."""


@dataclass(frozen=True, slots=True)
class Summariser:
    """Who writes summaries, and what that may cost."""

    model: Model
    purse: Purse
    append: Callable[[Event], None]

    def written(self, story: Story, fold: Fold, step: int, earlier: str) -> Written:
        """Summaries for a fold, as far as they hold; nothing where no reply can be had or afforded.

        Args:
            story: the conversation before the fold.
            fold: what is folded.
            step: whose request it makes room for.
            earlier: what is said of the steps that are left out without a model; empty: none are.
        """
        asked = wanted(story, fold.digests)
        if not asked and not earlier:
            return Written()
        began = time.monotonic()

        def record(event: Event) -> None:
            # A limit ends no run here; the reply is none of the conversation's.
            if isinstance(event, ModelReplied):
                spent = round(time.monotonic() - began, 4)
                event = SummaryWritten(step=step, turn=event.turn, duration_s=spent)
            if not isinstance(event, LimitHit):
                self.append(event)

        try:
            with Desk(step, self.purse, record) as desk:
                turn = self.model.complete(_prompt(story, fold, asked, earlier, desk))
                desk.replied(turn)
        except (ModelFault, LimitReached):
            return Written()
        sections = sections_of(turn.text)
        told = elided(sections.get(EARLIER, ""), EARLIER_CHARS) if earlier else ""
        return Written(accepted(asked, sections), told)


def _prompt(
    story: Story, fold: Fold, asked: tuple[Wanted, ...], earlier: str, desk: Desk
) -> Prompt:
    gone = story.entries[: fold.leave_out]
    said = [one.message.text for one in gone if isinstance(one.message, Turn)]
    lines = [elided(" ".join(text.split()), _SAID_CHARS) for text in said if text.strip()]
    text = prompt(
        "summarise", wanted=asked, earlier=earlier, key=EARLIER, said=lines[-_SAID_LINES:]
    )
    return Prompt(
        system=prompt("summarise_system"),
        history=(Note(kind="task", text=text),),
        tools=(),
        max_output_tokens=LONGEST_REPLY_TOKENS,
        watch=desk,
    )
