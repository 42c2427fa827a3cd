"""Model-written summaries: asked for when a fold is made, checked, paid for, never the one copy."""

import re
from dataclasses import dataclass, field

import pytest

from swe_agent.agent.state import State
from swe_agent.agent.summarising import Summariser
from swe_agent.context.render import count, render
from swe_agent.core.errors import ModelFault
from swe_agent.core.events import Event, HistoryFolded, SummaryWritten
from swe_agent.core.messages import Turn, Usage
from swe_agent.core.protocols import Prompt, Reserve
from swe_agent.models.purse import Caps, Purse
from tests.agent.test_folding import HEAD, REPLY, Played

COST = 0.01


@dataclass
class Writer:
    """Keeps what has to stay and says a word more; or does not."""

    keeps: bool = True
    fails: bool = False
    prompts: list[Prompt] = field(default_factory=list)
    name: str = "fake/writer"

    def complete(self, prompt: Prompt) -> Turn:
        assert prompt.watch
        prompt.watch.calling(self.name, Reserve(COST))
        self.prompts.append(prompt)
        if self.fails:
            raise ModelFault("no")
        asked = prompt.history[0].text
        told = []
        for part in re.split(r"^=== (?=\d+$)", asked, flags=re.MULTILINE)[1:]:
            key, _, rest = part.partition("\n")
            stays = rest.partition("These have to stay:\n")[2].partition("\n=== ")[0]
            told.append(f"=== {key}\nA file.\n{stays if self.keeps else 'All well.'}")
        told.append("=== earlier\nThe cause was looked for in many files.")
        usage = Usage(input_tokens=100, output_tokens=50, cost_usd=COST)
        return Turn(text="\n".join(told), usage=usage, model=self.name)

    def worst_case_usd(self, prompt: Prompt) -> float | None:
        return COST

    def warm_up(self) -> None: ...


@dataclass
class Summarised(Played):
    """An attempt whose folds a model may rewrite."""

    writer: Writer = field(default_factory=Writer)
    purse: Purse = field(default_factory=lambda: Purse(Caps(5.0, 0)))

    @property
    def room(self):
        room = super().room
        return type(room)(
            room.state,
            room.append,
            room.settings,
            room.terms,
            Summariser(self.writer, self.purse, self.append),
        )

    def folds(self) -> list[HistoryFolded]:
        return [event for event in self.log if isinstance(event, HistoryFolded)]

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.log if isinstance(event, kind)]


def test_a_summary_that_keeps_what_a_digest_keeps_stands_in_its_place() -> None:
    played = Summarised().begin().go(40)
    written = [id for fold in played.folds() for id in fold.summarised]
    assert written
    texts = [fold.digests[id] for fold in played.folds() for id in fold.summarised]
    assert all("summarised by a model; recall(" in text and "A file." in text for text in texts)
    prompt, rows = render(HEAD, played.state.story, REPLY, played.state.scale.ratio)
    assert sum(row.tokens for row in rows) == count(prompt, played.state.scale.ratio)
    (row,) = [row for row in rows if row.layer == "observations: summary"]
    assert "a model's words" in row.why
    assert row.cut


@pytest.mark.parametrize("writer", [Writer(keeps=False), Writer(fails=True)], ids=["less", "fails"])
def test_a_summary_that_keeps_less_or_never_comes_leaves_the_digest(writer: Writer) -> None:
    played, plain = Summarised(writer=writer).begin().go(40), Played().begin().go(40)
    assert writer.prompts
    assert [fold.summarised for fold in played.folds()] == [()] * len(played.folds())
    assert [fold.digests for fold in played.folds()] == [
        event.digests for event in plain.log if isinstance(event, HistoryFolded)
    ]
    assert played.state.limit is None


def test_what_is_left_out_is_told_of_twice_by_rule_and_in_a_models_words() -> None:
    played = Summarised(window=10_000).begin().go(120)
    told = [fold.summary for fold in played.folds() if fold.leave_out]
    assert told
    assert "are left out here for want of room" in told[0]
    assert "The cause was looked for in many files." in told[0]


def test_a_summary_is_in_the_log_and_in_what_was_spent_and_no_reply_of_the_conversation() -> None:
    played = Summarised().begin().go(40)
    asked = len(played.of(SummaryWritten))
    assert asked
    assert played.state.steps == 40
    assert played.purse.spent_usd == pytest.approx(asked * COST)
    assert played.state.money.usage.cost_usd == pytest.approx(asked * COST)
    resumed = State()
    for event in played.log:
        resumed.apply(type(event).model_validate_json(event.model_dump_json()))
    assert render(HEAD, resumed.story, REPLY, 1.0)[0] == render(HEAD, played.state.story, REPLY)[0]


def test_where_the_purse_is_empty_the_digest_stands_and_the_run_goes_on() -> None:
    played = Summarised(purse=Purse(Caps(0.0, 0))).begin().go(40)
    assert played.writer.prompts == []
    assert played.folds()
    assert played.state.limit is None
    assert played.state.money.usage.cost_usd == 0
