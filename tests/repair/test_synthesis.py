"""What is filled in from recorded states: each family offers the right program for one that lacks
something; no program is from a benchmark.
"""

import ast
import copy
import sys
from collections.abc import Iterator
from contextlib import suppress
from textwrap import dedent

import pytest

from swe_agent.repair.evaluate import Unknown, evaluated
from swe_agent.repair.growth import asked, grown
from swe_agent.repair.history import State
from swe_agent.repair.holes import synthesis
from swe_agent.repair.propose import proposed
from swe_agent.repair.rank import Weights
from swe_agent.repair.syntax import Code
from swe_agent.repair.terms import Term
from swe_agent.repair.wording import prose_of, spoken_for

CASES = {
    "a guard around a statement": (
        "def heights(trees):\n    total = 0\n    for name, tall in trees:\n        total += tall\n"
        "    return total\n",
        lambda trees: sum(tall for _, tall in trees if tall > 0),
        [[[["oak", 7], ["fir", -1], ["ash", 4]]], [[["yew", -3], ["elm", 1]]]],
    ),
    "a demand more in a condition": (
        "def ripe(days, colour):\n    if days > 20:\n        return True\n    return False\n",
        lambda days, colour: days > 20 and colour.islower(),
        [[25, "GREEN"], [25, "red"], [3, "red"], [40, "Red"], [21, "blue"]],
    ),
    "a case more in a condition": (
        "def spare(days, colour):\n    if days > 20:\n        return True\n    return False\n",
        lambda days, colour: days > 20 or colour == "",
        [[25, "green"], [5, ""], [3, "red"], [19, "blue"]],
    ),
    "a filter in a comprehension": (
        "def shelf(jars):\n    return sum(len(jar) for jar in jars)\n",
        lambda jars: sum(len(jar) for jar in jars if jar.islower()),
        [[["Plum", "fig", "Quince"]], [["sloe", "haw", "Rose"]]],
    ),
    "a member that is passed over": (
        "def rows(lines):\n    found = []\n    for line in lines:\n        last = line[-1]\n"
        "        found.append(last)\n    return found\n",
        lambda lines: [line[-1] for line in lines if not line.isdigit()],
        [[["a", "12", "c"]], [["7", "xy"]]],
    ),
    "a result of its own": (
        "def share(cake, guests):\n    return cake * (guests + 1)\n",
        lambda cake, guests: 0 if cake < guests else cake * (guests + 1),
        [[12, 3], [2, 5], [3, 3], [7, 9]],
    ),
    "a call more": (
        "def label(name):\n    return name\n",
        lambda name: name.title(),
        [["sea salt"], ["dill"], ["Bay leaf"]],
    ),
    "a term more": (
        "def fence(posts, gap):\n    wide = posts * gap\n    return wide\n",
        lambda posts, gap: posts * gap - gap,
        [[3, 4], [5, 2], [2, 9]],
    ),
    "a variable that is never set": (
        "def room(jar, spoon):\n    return [jar, left]\n",
        lambda jar, spoon: [jar, jar // spoon],
        [[9, 2], [7, 3], [20, 6]],
    ),
    "the first of a kind": (
        "def tallest(trees):\n    top = None\n    for tree in trees:\n        top = tree\n"
        "    return top\n",
        max,
        [[[3, 8, 2]], [[4, 1]], [[7]], [[-3, -2, -5]]],
    ),
    "a guard around several": (
        "def warm(days):\n    count = 0\n    total = 0\n    for day in days:\n"
        "        if day == 20:\n            continue\n        count += 1\n        total += day\n"
        "    return [count, total]\n",
        lambda days: [sum(d > 20 for d in days), sum(d for d in days if d > 20)],
        [[[20, 25, 12, 30]], [[3, 21]]],
    ),
    "an assignment": (
        "def window(start, size, limit):\n    end = start + size\n    return [start, end]\n",
        lambda start, size, limit: [start, min(start + size, limit)],
        [[0, 3, 9], [7, 5, 9], [2, 6, 7]],
    ),
}
"""Program, what is meant, inputs of which the first half is recorded."""


@pytest.mark.parametrize("name", CASES)
def test_what_is_missing_is_offered(name: str) -> None:
    text, meant, inputs = CASES[name]
    wanted = [meant(*each) for each in inputs]
    recorded = inputs[: (len(inputs) + 1) // 2]
    assert wanted in (results(one, inputs) for one in offered(text, recorded))
    assert results(text, inputs) != wanted


def results(text: str, inputs: list[list]) -> list:
    """What the program gives for the inputs; what loops without end gives a fault."""
    names: dict = {}
    exec(text, names)
    function = names[next(Code("shop.py", text).functions()).name]
    steps = iter(range(500))

    def bounded(frame, event, value):
        if next(steps, None) is None:
            raise ArithmeticError
        return bounded

    sys.settrace(bounded)
    try:
        return [function(*copy.deepcopy(each)) for each in inputs]
    except (
        ValueError,
        TypeError,
        ArithmeticError,
        LookupError,
        AttributeError,
        NameError,
    ) as fault:
        return [fault]
    finally:
        sys.settrace(None)


def test_nothing_is_offered_twice_for_what_the_states_do_not_tell_apart() -> None:
    text = "def ends(word):\n    if word:\n        return word[0]\n    return word\n"
    made = list(offered(text, [["abc"], ["tomato"], ["pea"], ["leek"], ["bean"]]))
    starts = [one for one in made if "if word and " in one]
    tests = [one.split("if word and ")[1].split(":\n")[0] for one in starts]
    words = ("abc", "tomato", "pea", "leek", "bean")
    told = [tuple(bool(eval(test, {"word": word})) for word in words) for test in tests]
    assert tests
    assert max(told.count(one) for one in told) <= 2


def test_what_changes_nothing_in_any_state_is_not_offered() -> None:
    text = "def kept(n):\n    if n > 3:\n        return n\n    return 0\n"
    made = list(offered(text, [[5], [9], [1], [2]]))
    assert made
    assert not [one for one in made if "n > 3 and n > 0" in one]
    assert not [one for one in made if "return abs(n)\n    return" in one]


def test_the_cheapest_terms_come_first() -> None:
    leaves = [Term("n", (4, 7, 9)), Term("1", (1, 1, 1))]
    texts = [term.text for term in grown(leaves).terms]
    assert texts.index("n") < texts.index("n - 1") < texts.index("(n - 1) * n")
    assert "n % 2 == 0" in [term.text for term in asked(grown(leaves).terms, leaves).terms]


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("n % 3 == 1 and word", "leek"),
        ("word[1:][::-1].upper()", "KEE"),
        ("len(sorted(set(word))) + self.size", 8),
        ("{1: 2}", None),
        ("word * 10 ** 9", None),
        ("open(word)", None),
        ("n // 0", None),
        ("'%999999999d' % n", None),
        ("missing", None),
        ("n if 'e' in word else -n", 4),
        ("1 < n <= 4", True),
    ],
)
def test_an_expression_is_evaluated_as_far_as_it_is_known(source: str, value: object) -> None:
    state = {"n": 4, "word": "leek", "self.size": 5}
    node = ast.parse(source, mode="eval").body
    if value is None:
        with pytest.raises(Unknown):
            evaluated(node, state)
    else:
        assert evaluated(node, state) == value


@pytest.mark.parametrize(
    ("said", "old", "new", "factor"),
    [
        ("The names in alphabetical order.", "return found", "return sorted(found)", 4.0),
        ("Those that are even.", "if n:", "if n % 2 == 0:", 3.0),
        ("How many there are.", "n = 0", "n += 1", 1.6),
        ("Those divisible by the size.", "if n % m == 1:", "if n % m == 0:", 3.0),
        ("All names.", "return found", "return sorted(found)", 1.0),
        ("The names, sorted.", "return sorted(found)", "return found", 0.6),
        ("The names, sorted.", "return sorted(found)", "return sorted(names)", 1.0),
    ],
)
def test_a_docstring_speaks_for_what_it_names(said: str, old: str, new: str, factor: float) -> None:
    assert spoken_for(prose_of("listed", said), old, new) == factor


def test_the_input_of_an_example_speaks_for_nothing() -> None:
    assert "sorted" not in prose_of("names_of", "Names.\n\n>>> names_of('sorted')\n[]\n")


def test_what_the_docstring_speaks_of_comes_earlier() -> None:
    plain = "def listed(names):\n    '''Names%s.'''\n    found = names\n    return found\n"
    ranks = []
    for said in ("", " in ascending order"):
        text = plain % said
        code = Code("shop.py", text)
        made = proposed({"shop.py": code}, {("shop.py", 1): 1.0}, Weights({}))
        written = [candidate.edits[0].new for candidate in made]
        ranks.append(next(n for n, new in enumerate(written) if "return sorted(found)" in new))
    assert ranks[1] < ranks[0]


def offered(text: str, inputs: list[list]) -> Iterator[str]:
    """Programs that synthesis alone offers, from what the first function held for these inputs."""
    code = Code("shop.py", dedent(text))
    templates = synthesis(states_of(code.text, copy.deepcopy(inputs)))
    first = next(code.functions())
    places = {("shop.py", first.lineno): 1.0}
    names = {template.name for template in templates}
    for candidate in proposed({"shop.py": code}, places, Weights({}, more=templates)):
        if candidate.template in names:
            (edit,) = candidate.edits
            yield text.replace(edit.old, edit.new)


def states_of(text: str, inputs: list[list]) -> list[State]:
    """What the variables held before each line."""
    found = []

    def trace(frame, event, value):
        if frame.f_code.co_filename != "shop.py":
            return None
        inner = frame.f_code.co_name.startswith("<")
        held = {**(frame.f_back.f_locals if inner else {}), **frame.f_locals}
        shown = tuple((n, repr(v)) for n, v in held.items() if not n.startswith("."))
        if event == "line":
            found.append(State("shop.py", frame.f_lineno, inner, shown))
        return trace

    names: dict = {}
    exec(compile(text, "shop.py", "exec"), names)
    function = names[next(Code("shop.py", text).functions()).name]
    sys.settrace(trace)
    try:
        for each in inputs:
            with suppress(NameError):
                function(*each)
    finally:
        sys.settrace(None)
    return found


@pytest.mark.parametrize(
    "value",
    [{"a": 1}, {1, 2}, [1, "a"], (None,), [[1], {}], float("nan"), 10**400, {}, ""],
    ids=repr,
)
def test_values_of_any_kind_may_be_recorded(value: object) -> None:
    rows = ((None, value, value), (value, value, value), (value, None, 1))
    leaves = [Term(name, row, 0.9) for name, row in zip("abc", rows, strict=True)]
    assert "a is None" in [term.text for term in asked(grown(leaves).terms, leaves).terms]
