"""The layers of a request: named, packed by priority, and every cut in the ledger."""

import random
from dataclasses import replace

import pytest

from swe_agent.context.economy import Rates, forced, worthwhile
from swe_agent.context.layers import LAYERS, Layer, Piece, layer_of, packed
from swe_agent.context.render import Head, changed, count, render
from swe_agent.context.story import Story
from swe_agent.context.tokens import tokens_of
from swe_agent.core.messages import Image, Note, NoteKind, Observation, ToolCall, Turn
from swe_agent.core.protocols import ToolSpec


def piece(name: str, priority: int, chars: int, reserve: int = 0) -> Piece:
    layer = Layer(name, (name,), priority, "in this test", "run", reserve)
    return Piece(layer, {"full": "x" * chars, "short": "x" * (chars // 4), "pointer": "see"})


def forms(budget_tokens: int, *pieces: Piece) -> list[str | None]:
    return [one.form for one in packed(pieces, budget_tokens)]


def test_what_is_worth_most_is_shown_longest() -> None:
    low, high = piece("low", 10, 3600), piece("high", 90, 3600)
    assert forms(5000, low, high) == ["full", "full"]
    assert forms(1500, low, high) == ["short", "full"]
    assert forms(1015, low, high) == ["pointer", "full"]
    assert forms(1004, low, high) == [None, "full"]
    assert forms(300, low, high) == ["pointer", "short"]


def test_what_is_reserved_is_left_to_a_layer() -> None:
    low, high = piece("low", 10, 1440, reserve=404), piece("high", 90, 3600)
    assert forms(1100, low, high) == ["full", "short"]


def test_a_pack_is_never_over_its_budget() -> None:
    chance = random.Random(5)
    for _ in range(300):
        pieces = [
            piece(f"p{n}", chance.randrange(100), chance.randrange(5, 9000), chance.randrange(600))
            for n in range(chance.randrange(1, 6))
        ]
        budget = chance.randrange(4000)
        made = packed(pieces, budget)
        assert sum(tokens_of(one.text) for one in made if one.text) <= budget
        assert [one.layer for one in made] == [one.layer.id for one in pieces]
        assert all(one.text or one.form is None for one in made)


def test_each_layer_has_rows_of_its_own() -> None:
    rows = [row for layer in LAYERS for row in layer.rows]
    assert len(rows) == len(set(rows))
    assert {layer.id for layer in LAYERS} >= {
        *("system", "examples", "playbook", "rules", "task", "documents", "outline", "plan"),
        *("history", "reminders", "tools"),
    }


KINDS: list[NoteKind] = ["task", "phase", "outlook", "documents", "tests", "rollback", "reminder"]
IMAGE = Image(media_type="image/png", blob="0" * 64, width=900, height=700)


def random_step(story: Story, step: int, chance: random.Random) -> None:
    """Notes, one reply with up to three calls, and what they observed."""
    for _ in range(chance.randrange(3)):
        images = (IMAGE,) if chance.random() < 0.2 else ()
        text = f"note {step} " * chance.randrange(30)
        story.add(Note(kind=chance.choice([*KINDS, "human"]), text=text, images=images), step)
    names = [chance.choice(["view", "shell", "plan"]) for _ in range(chance.randrange(4))]
    calls = tuple(
        ToolCall(id=f"c{step}-{n}", name=name, arguments={"path": f"{step % 3}.py"})
        for n, name in enumerate(names)
    )
    story.add(Turn(text="so " * chance.randrange(40), calls=calls), step)
    for call in calls:
        first, last = chance.randrange(40), chance.randrange(40, 200)
        text = "\n".join(f"{n}| value_{n} = part_{n % 17}(é)" for n in range(first, last))
        images = (IMAGE,) if chance.random() < 0.1 else ()
        seen = Observation(
            call_id=call.id, tool=call.name, text=text, images=images, data={"path": "a.py"}
        )
        story.add(seen, step)


@pytest.mark.parametrize("seed", range(12))
def test_every_ledger_of_a_random_conversation_adds_up_and_names_every_cut(seed: int) -> None:
    chance = random.Random(seed)
    story, known = Story(), {}
    tools = tuple(ToolSpec(name, "Does it.", {"type": "object"}) for name in ("view", "shell"))
    layers = packed(
        [piece("rules", 70, 3000), piece("examples", 50, 9000)], chance.randrange(20, 4000)
    )
    head = Head("You fix issues. " * chance.randrange(60), tools[:1], layers, tools[1:])
    for step in range(1, 60):
        fold = worthwhile(story, Rates(), 20) if chance.random() < 0.5 else None
        if chance.random() < 0.1:
            fold = forced(story, chance.randrange(500, 4000)) or fold
        if fold is not None:
            summary = "the oldest steps" if fold.leave_out else ""
            story.fold(replace(fold, summary=summary))
        ratio = chance.choice([1.0, 0.83, 1.31])
        prompt, rows = render(head, story, 1000, ratio)
        assert sum(row.tokens for row in rows) == count(prompt, ratio)
        known |= {row.layer: row for row in changed(rows, known)}
        assert sum(row.tokens for row in known.values()) == count(prompt, ratio)
        assert all(layer_of(row.layer) for row in rows)
        cut = " ".join(row.cut for row in rows if row.cut)
        shown = {m.call_id: m for m in prompt.history if isinstance(m, Observation)}
        for entry in story.entries:
            message = entry.message
            if isinstance(message, Observation) and message != shown.get(message.call_id):
                rows_cut = {row.layer for row in rows if row.cut}
                assert rows_cut & {entry.layer, "left out"}, (step, entry.layer)
        for one in layers:
            assert (one.form == "full") == (one.layer not in {r.layer for r in rows if r.cut})
        assert cut or len(prompt.history) >= len(story.entries)
        random_step(story, step, chance)
