"""The types that variables had as the failing tests ran, and what is made of them."""

import ast

from swe_agent.repair.asked import conditions_for
from swe_agent.repair.history import State
from swe_agent.repair.observed import types_seen
from swe_agent.repair.rank import weights_from
from swe_agent.repair.syntax import Code
from swe_agent.repair.templates.guards import TEMPLATES, seen_types

TEXT = """from farm import beds
from .crates import Crate


def weight(item, scale):
    if isinstance(item.place, beds.Row):
        return scale.of(item)
    return 0


def is_open(bed):
    return isinstance(bed, beds.Row)
"""
STATES = (
    State("shop.py", 6, False, (("item", "<farm.roots Carrot Root>"), ("scale", "'kg'"))),
    State("shop.py", 7, False, (("item.place", "<farm.beds Row>"), ("scale", "None"))),
    State("shop.py", 12, False, (("bed", "<farm.beds Frame Bed>"),)),
    State("other.py", 6, False, (("scale", "<shop.crates Crate>"),)),
)


def shop(states: tuple[State, ...] = STATES) -> Code:
    code = Code("shop.py", TEXT)
    code.types = types_seen(code, states)
    return code


def test_types_are_named_as_the_file_can_name_them() -> None:
    seen = shop().types[5]
    assert seen["item"] == ("beds.Carrot", "beds.Root")
    assert seen["item.place"] == ("beds.Row",)
    assert seen["scale"] == ("str",)  # of another file's state nothing is taken, of None no type


def test_a_type_that_the_file_imports_is_named_without_its_module() -> None:
    states = (State("shop.py", 6, False, (("scale", "<shop.crates Crate Box>"),)),)
    assert shop(states).types[5]["scale"][0] == "Crate"


def test_what_cannot_be_of_an_imported_module_is_not_named() -> None:
    states = (State("shop.py", 6, False, (("scale", "<zipfile ZipFile>"),)),)
    assert "scale" not in shop(states).types[5]


def test_a_condition_asks_first_for_the_types_that_were_seen() -> None:
    code = shop()
    place = next(n for n in ast.walk(code.tree) if isinstance(n, ast.If))
    found = dict(conditions_for(code, place, place.test))
    assert found["not isinstance(item, beds.Carrot)"] > found["isinstance(item, str)"]


def test_a_type_that_was_seen_is_one_more_to_ask_for() -> None:
    code = shop()
    by_rule = {template.rule: template for template in TEMPLATES}
    texts = [r.text for node in code.nodes for r in seen_types(code, node)]
    assert texts == ["(beds.Row, beds.Frame)", "(beds.Row, beds.Bed)"]
    assert weights_from("", in_project=True).prior(by_rule[seen_types]) > 0.1
