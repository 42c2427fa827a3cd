"""Each repair template offers the right program for a wrong one; no program is from a benchmark."""

import ast
from textwrap import dedent

import pytest

from swe_agent.repair.localize import Failing, suspicions
from swe_agent.repair.propose import proposed
from swe_agent.repair.rank import Weights, weights_from
from swe_agent.repair.syntax import Code
from swe_agent.repair.templates import TEMPLATES
from swe_agent.repair.templates.donors import told_numbers
from swe_agent.repair.templates.signatures import signatures_of
from swe_agent.repair.told import Told
from tests.repair.cases import CASES
from tests.repair.more_cases import MORE_CASES
from tests.repair.project_cases import PROJECT_CASES, SEEN

NONE = weights_from("")
NAMES = [template.name for template in TEMPLATES]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in PROJECT_CASES])
def test_a_template_offers_the_right_program(name: str) -> None:
    wrong, old, new = (CASES | MORE_CASES)[name]
    weights = weights_from("KeyError, TypeError, ValueError")
    assert _offering(Code("shop.py", wrong), old, new, weights) == [name]


@pytest.mark.parametrize("name", PROJECT_CASES)
def test_a_template_for_projects_offers_the_right_program_there_alone(name: str) -> None:
    wrong, old, new, told = PROJECT_CASES[name]
    code = Code("shop.py", wrong, told)
    code.signatures = signatures_of({"shop.py": code})
    code.types = {function.lineno: SEEN for function in code.functions()}
    assert _offering(code, old, new, weights_from("", in_project=True)) == [name]
    assert _offering(code, old, new, weights_from("")) == []


def _offering(code: Code, old: str, new: str, weights: Weights) -> list[str]:
    """The templates that offer the program with a text replaced."""
    assert code.text.count(old) == 1
    right = ast.dump(ast.parse(code.text.replace(old, new)))
    places = {("shop.py", function.lineno): 1.0 for function in code.functions()}
    return [
        candidate.template
        for candidate in proposed({"shop.py": code}, places, weights)
        if ast.dump(ast.parse(_changed(code.text, candidate))) == right
    ]


@pytest.mark.parametrize(
    ("table", "longer"),
    [
        ("{'fig': 1, 'kiwi': 2}", "{'fig': 1, 'kiwi': 2, 'plum': 2}"),
        ("[\n    'fig', 'kiwi',\n]", "[\n    'fig', 'kiwi', 'plum',\n]"),
        ("[\n    'fig',  # sweet\n]", "[\n    'fig',  # sweet\n    'plum',\n]"),
        ("{\n    'fig': 1}", "{\n    'fig': 1,\n    'plum': 1}"),
        ("{\n    'fig': 1\n}", "{\n    'fig': 1,\n    'plum': 1\n}"),
        ("[\n    'fig'  # sweet\n]", "[\n    'fig',  # sweet\n    'plum'\n]"),
    ],
)
def test_a_new_entry_follows_the_layout_of_the_table(table: str, longer: str) -> None:
    text = f"FRUIT = {table}\n"
    code = Code("shop.py", text, Told(texts=("plum",)))
    weights = weights_from("", in_project=True)
    made = {_changed(text, c) for c in proposed({"shop.py": code}, {("shop.py", 1): 1.0}, weights)}
    assert f"FRUIT = {longer}\n" in made


def test_a_parameter_may_go_through_a_function_that_the_file_calls() -> None:
    text = "from bowl import washed\n\n\ndef cut(plum):\n    return washed(plum)\n\n\n"
    code = Code("shop.py", text + "def eat(plum):\n    return plum.stone\n")
    wanted = "def eat(plum):\n    plum = washed(plum)\n    return plum.stone\n"
    made = {
        _changed(code.text, c) for c in proposed({"shop.py": code}, {("shop.py", 8): 1.0}, NONE)
    }
    assert text + wanted in made


def test_of_a_long_text_of_a_test_the_beginning_becomes_an_entry() -> None:
    text = "SIGNS = ['permission denied']\n"
    told = Told(texts=("Cannot open the till: it was locked by somebody else",))
    weights, places = weights_from("", in_project=True), {("shop.py", 1): 1.0}
    offered = proposed({"shop.py": Code("shop.py", text, told)}, places, weights)
    made = {_changed(text, candidate) for candidate in offered}
    assert "SIGNS = ['permission denied', 'cannot open the till: it was locked by']\n" in made


@pytest.mark.parametrize("asked", ["'x' in a.b", "a.b > 3", "len(a.b) > 3"])
def test_what_a_condition_asks_may_have_to_be_there(asked: str) -> None:
    code = Code("shop.py", f"def holds(a):\n    if {asked}:\n        return 1\n    return 2\n")
    assert "null guard" in _offering(code, asked, f"a.b and {asked}", weights_from(""))


@pytest.mark.parametrize(
    ("wrong", "old", "new"),
    [
        ("def soft(c):\n    return c in 'aeo'\n", "'aeo'", "'aeiou'"),
        ("def each(row, n):\n    return row[:-1:n]\n", "[:-1:n]", "[::n]"),
        (
            "def loud(text):\n    out = ''\n    for c in text:\n        if c in 'abc':\n"
            "            out += c.upper()\n    return out\n",
            "c.upper()\n",
            "c.upper()\n        else:\n            out += c\n",
        ),
        (
            "def fits(a, b, c):\n    return a < b + c and b < a + c\n",
            "b < a + c",
            "b < a + c and c < a + b",
        ),
        (
            "def tally(row):\n    sums = [0] * 9\n    for at, size in enumerate(row):\n"
            "        sums[at] += 1\n    return sums\n",
            "sums[at]",
            "sums[int(size)]",
        ),
        (
            "def figures(n):\n    return len(str(n))\n",
            "    return",
            "    n = abs(n)\n    return",
        ),
        (
            "def ends(words):\n    n = 0\n    for i, word in enumerate(words):\n"
            "        if word == '.':\n            n += 1\n    return n\n",
            "== '.'",
            "== '.' or i == len(words) - 1",
        ),
        (
            "def bits(n):\n    count = 0\n    while n:\n        count += 1\n        n //= 2\n"
            "    return count\n",
            "        count += 1",
            "        if n % 2 == 1:\n            count += 1",
        ),
        (
            'def loud(text):\n    """Which capital letters a text has."""\n'
            "    return [c for c in text]\n",
            "in text]",
            "in text if c.isupper()]",
        ),
        (
            "def holding(words, part):\n    return [w for w in words]\n",
            "in words]",
            "in words if part in w]",
        ),
        (
            'def share(votes):\n    """Mean of positive votes; without one the result is 0."""\n'
            "    given = [v for v in votes if v > 0]\n    return sum(given) / len(given)\n",
            "    return",
            "    if not given:\n        return 0\n    return",
        ),
    ],
    ids=[
        "the whole run of letters",
        "a bound dropped beside a step",
        "other members kept as they are",
        "names in turn",
        "a variable that nothing reads, made a number",
        "a parameter without its sign",
        "the last place of a loop",
        "a condition about what a while loop goes by",
        "the kind of characters that the docstring names",
        "members that hold something",
        "a way out with the result that the docstring names",
    ],
)
def test_more_that_a_template_offers(wrong: str, old: str, new: str) -> None:
    assert _offering(Code("shop.py", wrong), old, new, weights_from(""))


def test_a_number_at_the_end_of_a_sentence_is_told() -> None:
    code = Code("shop.py", 'def fee(n):\n    """Of 250. Or 3.5, at most 40."""\n    return n\n')
    assert told_numbers(code, code.tree.body[0]) == [250, 40]


def test_what_is_asked_to_be_none_begins_as_none_early() -> None:
    text = "def top(row):\n    best = 0\n    for n in row:\n        if best%s or n > best:\n"
    text += "            best = n\n    return best\n"
    ranks = []
    for asked in (" is None", " == 9"):
        made = proposed({"shop.py": Code("shop.py", text % asked)}, {("shop.py", 1): 1.0}, NONE)
        ranks.append(next(n for n, c in enumerate(made) if "best = None" in c.edits[0].new))
    assert ranks[0] < 5 < ranks[1]


def test_in_a_project_a_change_is_made_in_all_places_too() -> None:
    text = "def sizes(a, b):\n    one = f(a.tone)\n    two = f(a.tone)\n    return one, two\n"
    code = Code("shop.py", text)
    weights = weights_from("", in_project=True)
    made = {_changed(text, c) for c in proposed({"shop.py": code}, {("shop.py", 1): 1.0}, weights)}
    assert text.replace("a.tone", "str(a.tone)") in made


def test_lines_that_failing_tests_alone_run_are_changed_first() -> None:
    text = "def cost(a, b):\n    c = a < b\n    d = a < b\n    return c, d\n"
    code = Code("shop.py", text)
    lines = {"shop.py": {2: 0.2, 3: 0.9, 4: 0.2}}
    offered = proposed({"shop.py": code}, {("shop.py", 1): 1.0}, weights_from(""), lines)
    assert next(offered).line == 3


def _changed(text: str, candidate) -> str:
    (edit,) = candidate.edits
    assert text.count(edit.old) == 1
    return text.replace(edit.old, edit.new)


def test_numbers_and_texts_of_the_docstring_are_offered() -> None:
    text = (
        "def code(n, mark):\n    '''Every seven days, marked with `#`.'''\n"
        "    return n % 3 == 0 and mark == '?'\n"
    )
    made = {_changed(text, candidate) for candidate in proposed_for(text)}
    assert text.replace("% 3", "% 7") in made
    assert text.replace("'?'", "'#'") in made


def test_what_people_write_comes_before_what_nobody_writes() -> None:
    text = "def whole(n):\n    while n != 2:\n        n //= 10\n    return n\n"
    made = [_changed(text, candidate) for candidate in proposed_for(text)]
    assert made.index(text.replace("!= 2", "!= 0")) < made.index(text.replace("10", "9"))


def proposed_for(text: str):
    code = Code("shop.py", text)
    places = {("shop.py", function.lineno): 1.0 for function in code.functions()}
    return list(proposed({"shop.py": code}, places, weights_from("")))


def test_every_candidate_parses_and_no_two_are_the_same() -> None:
    text = dedent(
        """
        class Till:
            '''Counts coins.'''

            def take(self, coins, most=10):
                # never more than it holds
                total = 0
                for coin in coins:
                    if total + coin > most: break
                    total += coin
                return total
        """
    )
    code = Code("till.py", text)
    places = {("till.py", function.lineno): 1.0 for function in code.functions()}
    meanings = [
        ast.dump(ast.parse(_changed(text, candidate)))
        for candidate in proposed({"till.py": code}, places, weights_from(""))
    ]
    assert len(meanings) > 50
    assert len(set(meanings)) == len(meanings)
    assert ast.dump(ast.parse(text)) not in meanings


def test_candidates_come_best_first_and_the_same_way_each_time() -> None:
    text = "def seats(rows, each):\n    if rows > each:\n        return rows - 1\n    return each\n"

    def made():
        code = Code("hall.py", text)
        return list(proposed({"hall.py": code}, {("hall.py", 1): 1.0}, weights_from("")))

    scores = [candidate.score for candidate in made()][:100]
    assert scores == sorted(scores, reverse=True)
    assert made() == made()


def test_what_a_failure_says_favours_the_templates_that_fit() -> None:
    weights = weights_from("AttributeError: 'NoneType' object has no attribute 'city'")
    by_name = {template.name: template for template in TEMPLATES}
    assert weights.of(by_name["null guard"]) > by_name["null guard"].prior
    assert weights.of(by_name["arithmetic"]) == by_name["arithmetic"].prior


LEFT_OUT = {
    "guard of an example": (
        "def mean(marks):\n    '''The mean.\n\n    >>> mean([])\n    -1\n    '''\n"
        "    return sum(marks) / len(marks)\n",
        "    return",
        "    if not marks:\n        return -1\n    return",
    ),
    "slice of a size": (
        "def window(rows, at, size):\n    return rows[at:size]\n",
        "at:size",
        "at:at + size",
    ),
    "mean": ("def mean(marks):\n    return sum(marks)\n", "(marks)\n", "(marks) / len(marks)\n"),
    "kept under a flag": (
        "def odd(numbers):\n    found = []\n    for n in numbers:\n        whole = n % 2 != 0\n"
        "    return found\n",
        "    return found",
        "        if whole:\n            found.append(n)\n    return found",
    ),
    "counter reset": (
        "def longest(steps):\n    run = 0\n    best = 0\n    for step in steps:\n"
        "        if step > 0:\n            best = max(best, run)\n        else:\n"
        "            run = 0\n    return best\n",
        "            best",
        "            run += 1\n            best",
    ),
    "several statements": (
        "def groups(marks):\n    found = []\n    part = []\n    for mark in marks:\n"
        "        part.append(mark)\n        found.append(part)\n        part = []\n"
        "    return found\n",
        "        found.append(part)\n        part = []\n",
        "        if mark == 0:\n            found.append(part)\n            part = []\n",
    ),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_logic_that_was_left_out_is_offered(name: str) -> None:
    wrong, old, new = LEFT_OUT[name]
    assert wrong.count(old) == 1
    made = {ast.dump(ast.parse(_changed(wrong, candidate))) for candidate in proposed_for(wrong)}
    assert ast.dump(ast.parse(wrong.replace(old, new))) in made


def test_a_change_that_reads_what_is_never_read_comes_first() -> None:
    text = "def cost(price, tax, rate):\n    return rate * price + rate\n"
    made = [_changed(text, candidate) for candidate in proposed_for(text)]
    assert made.index(text.replace("+ rate", "+ tax")) < made.index(
        text.replace("+ rate", "+ price")
    )


def test_a_number_that_the_docstring_names_comes_before_those_nearby() -> None:
    text = 'def thin(row):\n    """One of 7 stays."""\n    return row[::4]\n'
    made = [_changed(text, candidate) for candidate in proposed_for(text)]
    place = {n: made.index(text.replace("::4", f"::{n}")) for n in (3, 5, 7)}
    assert place[7] < min(place[3], place[5])


def test_a_count_is_not_made_a_maximum() -> None:
    text = "def hits(row):\n    return sum(1 for x in row if x)\n"
    made = [_changed(text, candidate) for candidate in proposed_for(text)]
    assert text.replace("sum(", "max(") not in made
    held = text.replace("sum(1", "sum(x")
    assert held.replace("sum(", "max(") in [_changed(held, c) for c in proposed_for(held)]


def test_types_of_exceptions_come_from_the_failures() -> None:
    head = "def whole(word):\n    try:\n        return int(word)\n"
    text = head + "    except ValueError:\n        return 0\n"
    code = Code("shop.py", text)
    offered = proposed({"shop.py": code}, {("shop.py", 1): 1.0}, weights_from("E   TypeError: no"))
    made = {_changed(text, candidate) for candidate in offered}
    assert text.replace("except ValueError", "except (ValueError, TypeError)") in made
    assert not any("KeyError" in each for each in made)


def test_the_constant_that_a_suspicious_function_uses_is_changed_too() -> None:
    text = (
        "import re\n\n\nclass Code:\n    SHAPE_RE = re.compile(r'[a-z]+')\n    UNUSED_RE = 'a+'\n\n"
        "    def fits(self, word):\n        return self.SHAPE_RE.match(word)\n"
    )
    codes = {"shop.py": Code("shop.py", text)}
    suspicious = suspicions(codes, [Failing("", "test_fits", "")], "`fits` takes `ab1`")
    assert suspicious["shop.py", 8] > suspicious["shop.py", 5] > 0
    assert ("shop.py", 6) not in suspicious
    made = {
        _changed(text, candidate) for candidate in proposed(codes, suspicious, weights_from(""))
    }
    assert text.replace("[a-z]+", "[a-z]+$") in made
