"""Changes between two texts: whole, and small where the change is small, however long the texts."""

import random

import pytest

from swe_agent.runtime.linediff import opcodes

LONG = [b"row %d" % number for number in range(20_000)]


def made(old: list[bytes], new: list[bytes]) -> list[bytes]:
    """What the opcodes make of the old text."""
    found: list[bytes] = []
    for tag, i1, i2, j1, j2 in opcodes(old, new):
        if tag == "equal":
            assert old[i1:i2] == new[j1:j2]
            found += old[i1:i2]
        else:
            found += new[j1:j2]
    return found


def changed(old: list[bytes], new: list[bytes]) -> int:
    """How many lines are removed and added."""
    rows = [code for code in opcodes(old, new) if code[0] != "equal"]
    return sum(i2 - i1 + j2 - j1 for _, i1, i2, j1, j2 in rows)


def test_changes_far_apart_in_a_long_text_stay_small() -> None:
    new = [*LONG]
    new[5], new[-5] = b"here", b"there"
    del new[10_000]
    new[15_000:15_000] = [b"", b"added", b""]
    assert made(LONG, new) == new
    assert changed(LONG, new) == 2 + 1 + 3 + 2


def test_a_long_text_of_few_different_lines_is_told_by_those_that_stand_once() -> None:
    old = [b"}" if number % 10 else b"name %d" % number for number in range(20_000)]
    new = [*old]
    new[3], new[-3] = b"one", b"two"
    assert made(old, new) == new
    assert changed(old, new) == 4


def test_long_texts_without_a_line_in_common_are_replaced() -> None:
    new = [b"other %d" % number for number in range(9000)]
    assert opcodes(LONG, new) == [("replace", 0, 20_000, 0, 9000)]


@pytest.mark.parametrize("size", [0, 1, 30, 9000])
@pytest.mark.parametrize("seed", range(4))
def test_whatever_changes_the_new_text_comes_of_the_old(size: int, seed: int) -> None:
    dice = random.Random(seed)
    words = [b"%d" % number for number in range(3 if seed % 2 else size + 1)]
    old = dice.choices(words, k=size)
    new = [*old]
    for _ in range(dice.randint(0, 30)):
        at = dice.randint(0, len(new))
        new[at : at + dice.randint(0, 5)] = dice.choices(words, k=dice.randint(0, 5))
    assert made(old, new) == new
    assert made(new, old) == old
