"""The conversation as a model is shown it: repeats, digests, folds, and what is left out."""

import random
import re
from dataclasses import replace

from swe_agent.context.economy import Rates, forced, steps_expected, worthwhile
from swe_agent.context.render import Head, changed, count, render
from swe_agent.context.story import Fold, Story
from swe_agent.core.messages import Note, Observation, ToolCall, Turn

FILE = [f"    value_{n} = compute_{n}(value_{n - 1})" for n in range(1, 101)]

PLAIN = [f"    total = total + rows[{n}]" for n in range(1, 101)]
"""Lines that name nothing new."""


def view(start: int, lines: list[str], path: str = "a.py") -> Observation:
    text = "\n".join(f"{n}| {line}" for n, line in enumerate(lines, start))
    return Observation(call_id="", tool="view", text=text, data={"path": path})


def output(text: str) -> Observation:
    return Observation(call_id="", tool="shell", text=text)


def story_of(*observations: Observation) -> Story:
    """Each observation answers one call of its own step, from 1 on."""
    story = Story()
    story.add(Note(kind="task", text="Fix the issue."), 0)
    for step, seen in enumerate(observations, 1):
        step_on(story, step, seen)
    return story


def step_on(story: Story, step: int, seen: Observation, said: str = "") -> None:
    call = ToolCall(id=f"c{step}", name=seen.tool, arguments={"path": "a.py"})
    story.add(Turn(text=said, calls=(call,)), step)
    story.add(seen.model_copy(update={"call_id": call.id}), step)


def texts(story: Story) -> list[str]:
    return [m.text for m in story.messages() if isinstance(m, Observation)]


def test_a_view_that_stands_above_is_not_shown_twice() -> None:
    first, again = texts(story_of(view(1, FILE), view(1, FILE)))
    assert first.count("\n") == 99
    assert again == "[lines 1-100: unchanged since step 1]"


def test_a_changed_line_is_shown_with_its_surroundings() -> None:
    edited = [*FILE[:49], "    value_50 = None", *FILE[50:]]
    _, again = texts(story_of(view(1, FILE), view(1, edited)))
    assert "50|     value_50 = None" in again
    assert "49| " in again
    assert "51| " in again
    assert "[lines 1-48: unchanged since step 1]" in again
    assert len(again) < 500


def test_lines_that_moved_say_where_they_stood() -> None:
    _, again = texts(story_of(view(1, FILE), view(1, ["import os", *FILE])))
    assert "import os" in again
    assert re.search(r"\[lines 3-101: unchanged since step 1, there 2-100\]", again)


def test_what_refers_to_a_folded_view_is_shown_whole_again() -> None:
    story = story_of(view(1, FILE), view(1, FILE), output("ok"))
    story.fold(Fold({"c1": "digest"}))
    assert texts(story)[:2] == ["digest", view(1, FILE).text]


def test_adding_to_a_story_changes_nothing_before() -> None:
    story = story_of(view(1, FILE), view(20, FILE[19:60]))
    before = story.messages()
    step_on(story, 3, view(1, FILE))
    assert story.messages()[: len(before)] == before


def test_an_old_view_is_folded_once_another_file_is_open() -> None:
    story = story_of(view(1, FILE), view(1, ["x = 1"] * 3, "b.py"), output("done"))
    fold = worthwhile(story, Rates(), expected=20)
    assert fold is not None
    assert list(fold.digests) == ["c1"]


def test_the_open_file_is_not_folded() -> None:
    story = story_of(view(1, FILE), output("done"), output("done"))
    assert worthwhile(story, Rates(), expected=20) is None


def test_a_fold_that_would_write_more_than_it_saves_is_not_made() -> None:
    after = [output(f"{n} words" * 20) for n in range(40)]
    story = story_of(view(1, PLAIN), view(1, ["x = 1"], "b.py"), *after)
    assert worthwhile(story, Rates(read=0.1, write=1.25), expected=1) is None
    assert worthwhile(story, Rates(read=0.1, write=1.25), expected=40)


def test_dear_reading_makes_a_fold_worthwhile_that_cheap_reading_does_not() -> None:
    seen = (view(1, FILE), view(1, ["x = 1"] * 3, "b.py"), output("long\n" * 2000), output("ok"))
    assert worthwhile(story_of(*seen[:2], seen[3]), Rates(read=0.01), expected=2) is None
    assert worthwhile(story_of(*seen[:2], seen[3]), Rates(read=0.5, write=1.0), expected=20)


def test_an_error_outlives_a_banner() -> None:
    banner = [f"downloading package {n} of many things" for n in range(300)]
    text = "\n".join([*banner, "src/app.py:12: in run", "E   ValueError: bad mode", *banner])
    story = story_of(output(text), output("ok"), output("ok"))
    fold = worthwhile(story, Rates(), expected=20)
    assert fold is not None
    assert "E   ValueError: bad mode" in fold.digests["c1"]
    assert "src/app.py:12: in run" in fold.digests["c1"]
    assert len(fold.digests["c1"]) < len(text) / 4


def test_the_file_that_was_shown_last_stays_whole() -> None:
    story = story_of(view(1, FILE, "b.py"), view(1, FILE), output("ok"))
    fold = worthwhile(story, Rates(), expected=40)
    assert fold is not None
    assert set(fold.digests) == {"c1"}
    story = story_of(view(1, FILE), view(1, FILE, "b.py"))
    assert set((worthwhile(story, Rates(), expected=40) or fold).digests) == {"c1"}


def test_a_name_that_a_note_shows_is_not_copied() -> None:
    lines = [*PLAIN[:60], "    y = settle(x)", *PLAIN[60:]]
    for note, is_kept in (("Where is the bill?", True), ("Where is settle called?", False)):
        story = Story()
        story.add(Note(kind="task", text=note), 0)
        step_on(story, 1, view(1, lines))
        step_on(story, 2, view(1, ["x = 1"], "b.py"))
        step_on(story, 3, output("ok"))
        fold = worthwhile(story, Rates(), expected=10)
        assert fold is not None
        assert ("61|     y = settle(x)" in fold.digests["c1"]) is is_kept


THOUGHT = "That was not so near. " * 18 + "Now look at the file."


def test_a_reply_folds_to_what_it_was_going_to_do_and_keeps_its_call() -> None:
    story = Story()
    for step in (1, 2, 3):
        step_on(story, step, output("ok"), said=THOUGHT)
    fold = worthwhile(story, Rates(), expected=20)
    assert fold is not None
    assert fold.replies == {1: "[...] Now look at the file.", 2: "[...] Now look at the file."}
    whole = [m for m in story.messages() if isinstance(m, Turn)]
    story.fold(fold)
    shown = [m for m in story.messages() if isinstance(m, Turn)]
    assert [turn.calls for turn in shown] == [turn.calls for turn in whole]
    assert shown[-1] == whole[-1]
    assert {row.layer for row in render(Head("s"), story, 100)[1] if row.cut} == {"replies: digest"}


def test_a_reply_stays_that_could_not_be_recalled_or_sent_back() -> None:
    story = Story()
    step_on(story, 1, output("ok"), said=THOUGHT)
    thinking = ({"type": "thinking", "thinking": "Hm.", "signature": "s"},)
    call = ToolCall(id="c2", name="shell", arguments={})
    story.add(Turn(text=THOUGHT, calls=(call,), opaque=thinking), 2)
    story.add(output("ok").model_copy(update={"call_id": "c2"}), 2)
    story.add(Turn(text=THOUGHT), 3)
    step_on(story, 4, output("ok"))
    fold = worthwhile(story, Rates(read=0.5), expected=40)
    assert fold is not None
    assert set(fold.replies) == {1}


WRITTEN = "\n".join(["def settle(bill):", *(f"    part_{n} = bill[{n}]" for n in range(60))])
CLASS = "class Basket:\n    def open_basket(self):"


def wrote(story: Story, step: int, shown: str, text: str = WRITTEN) -> None:
    """A step that creates a file and observes this."""
    call = ToolCall(id=f"c{step}", name="create", arguments={"path": "b.py", "text": text})
    story.add(Turn(text="A new file.", calls=(call,)), step)
    story.add(Observation(call_id=call.id, tool="create", text=shown), step)


def test_long_text_of_an_old_call_folds_to_its_first_line_and_what_stands_nowhere_else() -> None:
    story = Story()
    wrote(story, 1, "\n".join(f"{n}| {line}" for n, line in enumerate(WRITTEN.split("\n"), 1)))
    step_on(story, 2, output("ok"))
    step_on(story, 3, output("ok"))
    fold = worthwhile(story, Rates(), expected=40)
    assert fold is not None
    story.fold(fold)
    turn, seen = story.messages()[:2]
    assert isinstance(turn, Turn)
    assert turn.text == "A new file."
    assert turn.calls[0].arguments["path"] == "b.py"
    mark = "[1 of 61 lines; recall(1) shows all]"
    assert turn.calls[0].arguments["text"] == f"def settle(bill):\n{mark}"
    assert "40|     part_38 = bill[38]" in seen.text
    assert count(render(Head("s"), story, 100)[0]) == sum(
        row.tokens for row in render(Head("s"), story, 100)[1]
    )


def test_long_text_whose_lines_were_not_shown_keeps_more_of_itself() -> None:
    story = Story()
    wrote(story, 1, "b.py is made.", f"{WRITTEN}\n{CLASS}")
    step_on(story, 2, output("ok"))
    step_on(story, 3, output("ok"))
    fold = worthwhile(story, Rates(read=0.5), expected=40)
    assert fold is not None
    first, mark, *rest = fold.arguments["c1"]["text"].split("\n")
    assert first == "def settle(bill):"
    assert mark == "[3 of 63 lines; recall(1) shows all]"
    assert rest == ["class Basket:", "    def open_basket(self):"]


def test_a_story_told_again_folds_as_the_first_would() -> None:
    chance = random.Random(5)
    first, again = Story(), Story()
    for step in range(1, 60):
        fold = worthwhile(first, Rates(), steps_expected(step - 1, 200))
        for story in (first, again) if fold else ():
            story.fold(fold)
        start = chance.randrange(1, 60)
        seen = view(start, FILE[start - 1 : start + 39], f"{step // 9 % 3}.py")
        for story in (first, again):
            step_on(story, step, seen, said=THOUGHT)
            wrote(story, 1000 + step, "ok")
    fold = worthwhile(first, Rates(), 40)
    assert fold is not None
    assert worthwhile(again, Rates(), 40) == fold


def test_a_digest_says_how_to_see_the_rest_and_quotes_only() -> None:
    story = story_of(view(1, FILE), view(1, ["x = 1"], "b.py"), output("ok"))
    fold = worthwhile(story, Rates(), expected=40)
    assert fold is not None
    head, *rest = fold.digests["c1"].split("\n")
    assert re.fullmatch(r"\[\d+ of 100 lines; recall\(1\) shows all\]", head)
    assert set(rest) <= set(view(1, FILE).text.split("\n"))


def test_a_forced_fold_fits_whatever_it_takes() -> None:
    story = story_of(*[output(f"line {n} of a log\n" * 200) for n in range(60)])
    fold = forced(story, budget_tokens=3000)
    assert fold is not None
    story.fold(replace(fold, summary="summary"))
    prompt, _ = render(Head("system"), story, 1000)
    assert count(prompt) < 3000
    assert "Fix the issue." in [m.text for m in prompt.history]
    assert "summary" in [m.text for m in prompt.history]


def test_every_call_that_is_sent_is_sent_with_its_observation() -> None:
    story = story_of(*[output(f"line {n} of a log\n" * 200) for n in range(60)])
    fold = forced(story, budget_tokens=3000)
    assert fold is not None
    story.fold(replace(fold, summary="summary"))
    asked = [c.id for m in story.messages() if isinstance(m, Turn) for c in m.calls]
    seen = [m.call_id for m in story.messages() if isinstance(m, Observation)]
    assert asked == seen
    assert asked[-1] == "c60"


def test_the_ledger_adds_up_to_the_request_and_has_a_row_for_each_cut() -> None:
    story = story_of(
        view(1, FILE), view(1, FILE), view(1, ["x = 1"], "b.py"), *[output("ok" * 400)] * 9
    )
    story.fold(Fold({"c1": "digest"}, leave_out=7, summary="the oldest steps"))
    for ratio in (1.0, 1.37, 0.8):
        prompt, rows = render(Head("system"), story, 1000, ratio)
        assert sum(row.tokens for row in rows) == count(prompt, ratio)
    assert {row.layer for row in rows if row.cut} >= {"left out"}


def test_a_layer_that_is_gone_counts_nothing() -> None:
    story = story_of(view(1, FILE), view(1, ["x = 1"], "b.py"), output("ok"))
    _, before = render(Head("system"), story, 1000)
    story.fold(Fold({"c1": "digest", "c2": "digest", "c3": "digest"}))
    _, after = render(Head("system"), story, 1000)
    known = {row.layer: row for row in before}
    known |= {row.layer: row for row in changed(after, known)}
    assert sum(row.tokens for row in known.values()) == sum(row.tokens for row in after)


def test_as_many_steps_are_expected_as_were_made() -> None:
    assert [steps_expected(done, 100) for done in (0, 20, 90, 99)] == [6, 20, 10, 1]


def test_a_fold_makes_the_prompt_shorter_and_keeps_what_is_before_it() -> None:
    chance = random.Random(3)
    story = Story()
    folds = 0
    for step in range(1, 120):
        fold = worthwhile(story, Rates(), steps_expected(step - 1, 200))
        if fold is not None:
            folds += 1
            before = story.messages()
            tokens = sum(entry.tokens for entry in story.entries)
            story.fold(fold)
            assert sum(entry.tokens for entry in story.entries) < tokens
            first = next(
                at
                for at, message in enumerate(before)
                if isinstance(message, Observation) and message.call_id in fold.digests
            )
            assert story.messages()[:first] == before[:first]
        start = chance.randrange(1, 60)
        step_on(story, step, view(start, FILE[start - 1 : start + 39], f"{step // 9 % 3}.py"))
    assert folds > 5
