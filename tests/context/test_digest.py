"""Digests: which lines stay, and that they stay as they were."""

import pytest

from swe_agent.context.digest import Around, briefly, digest, pointer, shortened
from swe_agent.context.lines import shown_lines

MODULE = '''[File: src/shop.py (90 lines)]
11|     total of all that was bought, with the discount
12|     that the customer has.
13|     """
14|     return sum(item.price for item in basket.items)
15|
16| class Basket(Sequence):
17|     """What a customer carries around the shop."""
18|
19|     # a remark on remarks and remarkable things
20|     def settle_bill(self, wallet):
21|         pass
22|         pass
'''


def kept(text: str, **around: object) -> list[str]:
    """The lines of its digest, without the first."""
    given = Around(**{"expected": 20, **around})  # type: ignore[arg-type]
    return digest(4, shown_lines(text), given).split("\n")[1:]


def test_a_file_folds_to_its_name_and_its_definitions() -> None:
    lines = kept(MODULE)
    assert lines[0] == "[File: src/shop.py (90 lines)]"
    assert "16| class Basket(Sequence):" in lines
    assert "20|     def settle_bill(self, wallet):" in lines


def test_what_the_model_wrote_stays_once() -> None:
    assert "21|         pass" not in kept(MODULE)
    text = f"{MODULE}23|         pass\n24|         end"
    written = kept(text, written=frozenset({"pass"}))
    assert [line for line in written if line.endswith("pass")] == ["21|         pass"]


def test_a_view_says_where_it_began_and_ended_and_keeps_round_lines_to_go_on_from() -> None:
    lines = kept("\n".join(f"{n}| pass" for n in range(380, 460)), expected=40)
    assert lines == ["380| pass", "400| pass", "450| pass", "459| pass"]


def test_lines_near_the_one_that_was_asked_for_count_more() -> None:
    rows = [f"{n}|     x{n} = go_to_{n}({'x, ' * 7})" for n in range(401, 430)]
    lines = kept("\n".join(rows), expected=50, numbers=frozenset({415}))
    assert lines == [rows[0], *rows[9:20], rows[-1]]


def test_a_long_argument_keeps_its_first_line_and_what_is_named_nowhere_else() -> None:
    text = "\n".join(["import os", "", *["pass"] * 40, "def settle_bill(wallet):", "    pass"])
    around = Around(frozenset({"wallet"}), expected=20)
    first, mark, *rest = briefly(7, text, around).split("\n")
    assert first == "import os"
    assert mark == "[2 of 44 lines; recall(7) shows all]"
    assert rest == ["def settle_bill(wallet):"]
    elsewhere = Around(frozenset({"settle_bill", "wallet"}), expected=20)
    assert briefly(7, text, elsewhere).count("\n") == 1


def test_the_line_that_was_asked_for_stays() -> None:
    text = f"{MODULE}23|         end"
    assert "22|         pass" in kept(text, numbers=frozenset({22}))
    assert "22|         pass" not in kept(text)


def test_lines_whose_names_stand_elsewhere_go() -> None:
    line = "14|     return sum(item.price for item in basket.items)"
    ends = ["13|", "15|     return None"]
    text = f"{ends[0]}\n{line}\n{ends[1]}"
    assert kept(text, expected=5) == [ends[0], line, ends[1]]
    assert kept(text, expected=5, known=frozenset({"basket"})) == ends


def test_of_two_lines_that_name_the_same_the_shorter_stays() -> None:
    long = "1|     settle_bill(wallet)  # here and now, and not a moment later than that"
    short = "2|     settle_bill(wallet)"
    text = f"0|\n{long}\n{short}\n3|"
    assert kept(text, known=frozenset({"moment"})) == ["0|", short, "3|"]


def test_names_in_an_output_count_less_unless_the_call_named_their_line() -> None:
    found = "src/shop.py: def settle_bill(self, wallet):"
    assert kept(found, expected=15) == []
    assert kept(found, expected=15, said=frozenset({"settle_bill"})) == [found]


def test_the_more_often_it_is_read_the_shorter_it_is() -> None:
    text = "\n".join(f"{n}|     first_{n} = second(third_{n % 7}, {n})" for n in range(60))
    sizes = [len(kept(text, expected=expected)) for expected in (1, 10, 40, 200)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1]


@pytest.mark.parametrize(
    "line",
    [
        "FAILED tests/test_shop.py::test_total - assert 3 == 4",
        "E   KeyError: 'price'",
        '  File "src/shop.py", line 14, in total',
        "src/shop.py:14: in total",
        "===== 1 failed, 12 passed in 0.3s =====",
    ],
)
def test_outcomes_and_places_stay_in_a_long_log(line: str) -> None:
    banner = [f"collecting number {n} of them" for n in range(200)]
    lines = kept("\n".join([*banner[:100], line, *banner[100:]]), expected=30)
    assert line in lines
    assert len(lines) < 62


def test_the_place_that_an_error_points_at_stays_though_its_names_stand_elsewhere() -> None:
    path = "a_path/that_is_long/" * 4 + "shop.py"
    frames = "\n".join(f"{path}:{n}: in total" for n in range(10, 40))
    known = frozenset({path, "shop", "a_path", "that_is_long", "KeyError"})
    text = f"{frames}\n    price = row[name]\nE   KeyError: 'price'"
    lines = kept(text, known=known, expected=30)
    assert lines == ["...", f"{path}:39: in total", "...", "E   KeyError: 'price'"]


@pytest.mark.parametrize(
    "line",
    [
        "django.db.utils.OperationalError: no such table: " + "a_long_name_" * 9,
        "E   AssertionError: assert " + "that " * 40,
        "=" * 60 + " 3 failed, 120 passed in 2.35s " + "=" * 60,
    ],
    ids=["error", "assertion", "counts"],
)
def test_a_verdict_stays_however_long_it_is_and_often_it_will_be_read(line: str) -> None:
    known = frozenset(
        {"OperationalError", "AssertionError", "a_long_name_" * 9, "passed", "failed"}
    )
    assert kept(f"banner\n{line}\nbanner\n{line}", known=known, expected=40) == ["...", line]


SAID = """The total is wrong because `settle_bill` skips the discount. It is a pity.
Nobody knows why it was done so. Let's open src/shop.py."""


def test_of_a_reply_what_it_names_and_what_it_was_going_to_do_stay() -> None:
    around = Around(expected=10)
    assert shortened(SAID, around) == (
        "The total is wrong because `settle_bill` skips the discount. [...] Let's open src/shop.py."
    )
    told = Around(known=frozenset({"settle_bill", "discount", "because", "Nobody"}), expected=10)
    assert shortened(SAID, told) == "[...] Let's open src/shop.py."


def test_a_reply_of_one_sentence_stays() -> None:
    assert shortened("Let's open src/shop.py.", Around(expected=40)) == "Let's open src/shop.py."
    assert shortened("", Around(expected=40)) == ""


def test_a_pointer_says_what_was_there_and_how_to_see_it() -> None:
    assert pointer(7, "view", "a\nb") == "[step 7: view showed 2 lines; recall(7) shows them]"
