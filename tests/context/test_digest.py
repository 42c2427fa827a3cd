"""Digests: which lines stay, and that they stay as they were."""

import pytest

from swe_agent.context.digest import Around, digest, pointer
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


def test_prose_goes_even_where_the_window_opens_inside_it() -> None:
    lines = "\n".join(kept(MODULE))
    assert "customer" not in lines
    assert "remark" not in lines


def test_a_window_may_open_with_the_quotes_that_close() -> None:
    window = MODULE.split("\n", 3)[3]
    assert window.startswith('13|     """')
    assert "16| class Basket(Sequence):" in kept(window)


def test_what_the_model_wrote_stays() -> None:
    assert "22|         pass" not in kept(MODULE)
    assert "22|         pass" in kept(MODULE, written=frozenset({"pass"}))


def test_names_that_stand_elsewhere_add_nothing_unless_spoken_of() -> None:
    known = frozenset({"basket", "items", "item", "price", "return"})
    line = "14|     return sum(item.price for item in basket.items)"
    few = {"expected": 3, "known": known}
    assert line in kept(MODULE, expected=3)
    assert line not in kept(MODULE, **few)
    assert line in kept(MODULE, **few, spoken=frozenset({"basket", "price"}))


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


def test_a_pointer_says_what_was_there_and_how_to_see_it() -> None:
    assert pointer(7, "view", "a\nb") == "[step 7: view showed 2 lines; recall(7) shows them]"
