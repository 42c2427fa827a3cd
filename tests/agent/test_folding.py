"""A long attempt's conversation: inside its window, cheap to render, the same after a resume, and
nothing lost. The model's part is played; events go through the state as in a run."""

import random
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from swe_agent.aci.load import load_tools
from swe_agent.aci.permissions import Permissions
from swe_agent.aci.route import Route
from swe_agent.agent.folding import Room
from swe_agent.agent.minds import Terms
from swe_agent.agent.state import State
from swe_agent.context.render import Head, count, render
from swe_agent.context.tokens import Exact
from swe_agent.core.events import (
    ContextRendered,
    Event,
    HistoryFolded,
    ModelReplied,
    PhaseStarted,
    ToolCalled,
    ToolReturned,
)
from swe_agent.core.messages import Note, Observation, ToolCall, Turn, Usage
from swe_agent.core.protocols import Prompt
from swe_agent.settings.schema import Settings
from tests.aci.local_sandbox import Bench, LocalSandbox

TOOLS = Path(__file__).resolve().parents[2] / "tools"
HEAD = Head("You fix one issue in one repository. " * 40)
WINDOW = 32_000
REPLY = 4_096


@dataclass
class Played:
    """An attempt in which a model looks at one file after another."""

    window: int = WINDOW
    folding: str = "economic"
    exact: Exact | None = None
    counted: float = 1.0
    """What the provider counts for a token of ours; 0: it counts nothing."""
    state: State = field(default_factory=State)
    log: list[Event] = field(default_factory=list)
    largest: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def append(self, event: Event) -> None:
        self.log.append(event)
        self.state.apply(event)

    @property
    def room(self) -> Room:
        settings = Settings.model_validate(
            {"limits": {"max_steps": 2000}, "context": {"folding": self.folding}}
        )
        terms = Terms(window_tokens=self.window, exact=self.exact)
        return Room(self.state, self.append, settings, terms)

    def begin(self) -> "Played":
        task = Note(kind="task", text="Fix the issue: the total is wrong.")
        self.append(PhaseStarted(phase="plan", iteration=1, note=task))
        return self

    def go(self, steps: int) -> "Played":
        for _ in range(steps):
            self.step()
        return self

    def step(self) -> None:
        fitted = self.room.fitted(HEAD, REPLY)
        prompt, tokens = fitted.prompt, fitted.tokens
        assert tokens == count(prompt, fitted.ratio)
        self.largest = max(self.largest, tokens)
        step = self.state.steps + 1
        self.append(fitted.event(step, self.state.ledger))
        own = self.exact.ratio([HEAD.system], prompt.history) if self.exact else 1.0
        self.reply(step, int(count(prompt) * own * self.counted))

    def reply(self, step: int, counted: int = 0) -> None:
        path, start = f"src/mod_{self.chance.randrange(40)}.py", self.chance.randrange(300)
        call = ToolCall(id=f"c{step}", name="view", arguments={"path": path, "start": start})
        said = "So far nothing was found that would be of any use here. " * 3
        said += f"Look for part_{step}."
        turn = Turn(text=said, calls=(call,), usage=Usage(input_tokens=counted))
        self.append(ModelReplied(step=step, turn=turn, duration_s=0))
        self.append(ToolCalled(step=step, call=call, writes=False))
        rows = (f"{n}|     item = make_{self.chance.randrange(900)}({n})" for n in range(90))
        seen = Observation(
            call_id=call.id,
            tool="view",
            text=f"{path}, step {step}\n" + "\n".join(rows),
            data={"path": path},
        )
        self.append(ToolReturned(step=step, observation=seen, duration_s=0))

    def prompt(self) -> Prompt:
        return render(HEAD, self.state.story, REPLY, self.state.scale.ratio)[0]


@pytest.fixture(scope="module")
def thousand() -> Played:
    """After 1,000 steps inside a window of 32k tokens."""
    return Played().begin().go(1000)


def test_a_thousand_steps_stay_inside_the_window(thousand: Played) -> None:
    assert thousand.state.steps == 1000
    assert thousand.largest + REPLY <= WINDOW
    assert thousand.prompt().history[0].text == "Fix the issue: the total is wrong."


def test_rendering_step_1000_takes_five_milliseconds_at_most(thousand: Played) -> None:
    def once() -> float:
        began = time.perf_counter()
        thousand.prompt()
        return time.perf_counter() - began

    assert min(once() for _ in range(20)) <= 0.005


def test_the_same_log_gives_the_same_prompt(thousand: Played) -> None:
    resumed = State()
    for event in thousand.log:
        resumed.apply(type(event).model_validate_json(event.model_dump_json()))
    assert render(HEAD, resumed.story, REPLY, resumed.scale.ratio)[0] == thousand.prompt()


def test_step_3_can_be_recalled_after_a_thousand(thousand: Played, tmp_path: Path) -> None:
    bench = Bench(LocalSandbox(tmp_path))
    bench.calls = list(thousand.state.past)
    route = Route(load_tools([TOOLS], ("recall",)), Permissions(), bench.blobs)
    shown = route.act(ToolCall(id="r", name="recall", arguments={"step": 3}), bench)
    assert ", step 3\n" in shown.text
    assert "89|     item" in shown.text
    assert "Step 3, said:\nSo far nothing was found" in shown.text
    assert not any(", step 3\n" in message.text for message in thousand.prompt().history)


def test_the_log_grows_by_the_same_amount_per_step(thousand: Played) -> None:
    sizes = [len(event.model_dump_json()) for event in thousand.log]
    half = next(
        at for at, e in enumerate(thousand.log) if isinstance(e, ModelReplied) and e.step == 500
    )
    assert sum(sizes[half:]) < 1.3 * sum(sizes[:half])


def test_a_tokenizer_on_this_machine_makes_the_reckoning_exact() -> None:
    ours = Played().begin().go(8)
    assert ours.state.scale.error is not None
    exact = Exact(lambda text: len(text) // 3 + text.count(" "))
    theirs = Played(exact=exact, counted=1.03).begin()
    errors = []
    for _ in range(8):
        theirs.step()
        errors.append(theirs.state.scale.error)
    assert errors[0] == pytest.approx(0.03 / 1.03, abs=0.004)
    # What the provider adds to the texts is learned from its first count.
    assert all(error is not None and error < 0.002 for error in errors[1:])


def test_models_that_count_replies_still_can(thousand: Played) -> None:
    said = [message for message in thousand.prompt().whole if isinstance(message, Turn)]
    assert len({turn.calls[0].id for turn in said}) == 1000


def test_a_provider_that_counts_more_than_we_do_is_believed() -> None:
    played = Played(counted=1.4).begin().go(60)
    assert played.state.scale.ratio == pytest.approx(1.4, rel=0.02)
    assert played.state.scale.error is not None
    assert played.state.scale.error < 0.02
    assert played.largest + REPLY <= WINDOW


def test_each_model_has_a_count_of_its_own() -> None:
    state = State()
    for step, (model, counted) in enumerate([("a", 150), ("b", 80), ("a", 150), ("b", 80)], 1):
        ratio = state.scale_of(model).ratio
        tokens = int(100 * ratio + 0.5)
        state.apply(ContextRendered(step=step, tokens=tokens, rows=(), ratio=ratio))
        turn = Turn(text="so", usage=Usage(input_tokens=counted), model=model)
        state.apply(ModelReplied(step=step, turn=turn, duration_s=0))
    assert state.scale_of("a").ratio == pytest.approx(1.5, rel=0.01)
    assert state.scale_of("b").ratio == pytest.approx(0.8, rel=0.01)
    assert state.scale_of("b").error == pytest.approx(0, abs=0.01)


def test_a_wrong_reckoning_is_bounded() -> None:
    played = Played(counted=50).begin().go(5)
    assert played.state.scale.ratio == 2.0


def test_nothing_is_folded_before_the_window_is_full_where_that_is_asked_for() -> None:
    played = Played(folding="window").begin().go(60)
    folds = [event for event in played.log if isinstance(event, HistoryFolded)]
    assert folds
    assert {fold.why for fold in folds} == {"window"}
    assert played.largest + REPLY <= WINDOW


def test_exceeded_folds_harder_each_time_until_little_is_left() -> None:
    played = Played(window=1_000_000, folding="window").begin().go(40)
    sizes = [count(played.prompt())]
    while played.room.fold_harder(HEAD, sizes[-1]) and len(sizes) < 30:
        sizes.append(count(played.prompt()))
    assert len(sizes) > 2
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < sizes[0] / 8
    assert {e.why for e in played.log if isinstance(e, HistoryFolded)} == {"exceeded"}


def test_what_the_provider_refused_once_is_not_sent_again() -> None:
    played = Played(window=1_000_000, folding="window").begin().go(40)
    refused = count(played.prompt())
    played.largest = 0
    assert played.room.fold_harder(HEAD, refused)
    played.go(40)
    assert played.largest < refused
