"""What failing tests tell: read from their code and their failures."""

import ast

from swe_agent.repair.told import told_by

TESTS = """
import pytest

NAMES = ['fig', 'plum']

def helper():
    return 'unused'

@pytest.mark.parametrize('text', ['red\\nblue'])
def test_colour(text):
    with pytest.raises(LookupError):
        mix(text, NAMES)
"""


def told(*failures: str):
    return told_by([(ast.parse(TESTS), "test_colour")], failures)


def test_texts_of_the_test_and_of_the_constants_that_it_reads() -> None:
    assert told().texts == ("text", "red", "blue", "fig", "plum")


def test_exceptions_that_the_test_expects() -> None:
    assert told().types == ("LookupError",)


def test_attributes_that_are_missing() -> None:
    assert told("AttributeError: 'Box' object has no attribute 'lid'").lacking == ("lid",)


def test_arguments_that_are_not_taken() -> None:
    said = "TypeError: Box.__init__() got an unexpected keyword argument 'lid'"
    assert told(said).given == (("__init__", "lid"),)


def test_parameters_that_are_not_given() -> None:
    said = "TypeError: fill() missing 2 required positional arguments: 'lid' and 'by'"
    assert told(said).wanting == (("fill", ("lid", "by")),)


def test_what_came_and_what_was_expected() -> None:
    assert ("3 Byte", "3 Bytes") in told("E   assert '3 Byte' == '3 Bytes'").differences
    lines = "E     - three plums\nE     ?      ^\nE     + three pluns\nE     ?      ^"
    assert ("three pluns", "three plums") in told(lines).differences
