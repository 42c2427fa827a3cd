"""Where the offline model looks first."""

import pytest

from swe_agent.repair.localize import (
    Failing,
    failing_test,
    frames,
    imported,
    is_test_file,
    steeper,
    suspicions,
)
from swe_agent.repair.rank import naturalness
from swe_agent.repair.syntax import Code

PATHS = {"shop/__init__.py", "shop/till.py", "shop/coins.py", "tests/test_till.py"}
SHOP = {
    "shop/till.py": Code(
        "shop/till.py",
        "from shop.coins import worth\n\n\n"
        "def total(coins):\n    return sum(map(worth, coins))\n\n\n"
        "def close(till):\n    till.open = False\n",
    ),
    "shop/coins.py": Code("shop/coins.py", "def worth(coin):\n    return coin.cents\n"),
    "tests/test_till.py": Code(
        "tests/test_till.py",
        "import unittest\nfrom shop.till import total\n\n\nclass T(unittest.TestCase):\n"
        "    def test_total(self):\n        self.assertEqual(total([]), 0)\n",
    ),
}


@pytest.mark.parametrize(
    "test",
    [
        "tests/test_till.py::T::test_total",
        "tests/test_till.py::T::test_total[a.b::c]",
        "test_total (test_till.T)",
        "test_till.T.test_total",
        "tests.test_till.T.test_total",
    ],
    ids=["pytest", "parameters", "old unittest", "unittest", "package"],
)
def test_a_test_is_found_by_its_id(test: str) -> None:
    assert failing_test(test, "", PATHS) == Failing("tests/test_till.py", "test_total", "")


def test_tracebacks_of_both_runners_name_files_of_the_repository() -> None:
    text = (
        '  File "/usr/lib/python3.11/unittest/case.py", line 57, in testPartExecutor\n'
        '  File "/repo/shop/till.py", line 5, in total\nshop/coins.py:2: AttributeError\n'
    )
    assert frames(text, PATHS) == [("shop/till.py", 5), ("shop/coins.py", 2)]


def test_imports_are_followed_to_files() -> None:
    code = Code("shop/till.py", "import os\nfrom . import coins\nfrom shop.till import total\n")
    assert imported(code, PATHS) == ["shop/__init__.py", "shop/coins.py", "shop/till.py"]


def test_nearer_functions_are_more_suspicious_and_tests_are_not() -> None:
    failing = [Failing("tests/test_till.py", "test_total", "")]
    scores = suspicions(SHOP, failing, "")
    assert scores["shop/till.py", 4] > scores["shop/coins.py", 1] > scores["shop/till.py", 8]
    assert not any(is_test_file(path) for path, _ in scores)


def test_a_traceback_and_the_issue_point_at_functions() -> None:
    failing = [Failing("tests/test_till.py", "test_total", "shop/coins.py:2: AttributeError")]
    scores = suspicions(SHOP, failing, "`worth` breaks")
    assert max(scores, key=lambda place: scores[place]) == ("shop/coins.py", 1)


def test_a_file_that_the_test_is_named_after_comes_before_others() -> None:
    body = "def worth(coin):\n    return coin.cents\n"
    test = "from shop import coins, till\n\n\ndef test_worth():\n    assert worth(1) == 1\n"
    codes = {path: Code(path, body) for path in ("shop/till.py", "shop/coins.py")}
    codes["tests/test_coins.py"] = Code("tests/test_coins.py", test)
    scores = suspicions(codes, [Failing("tests/test_coins.py", "test_worth", "")], "")
    assert scores["shop/coins.py", 1] > scores["shop/till.py", 1]


def test_what_writes_a_text_of_the_failure_is_more_suspicious() -> None:
    text = "def greet(name):\n    return f'Welcome back, {name}'\n\n\n"
    text += "def leave(name):\n    return f'Farewell {name}'\n"
    codes = {"shop/door.py": Code("shop/door.py", text)}
    said = "E       AssertionError: assert 'Farewell Ann' == 'Farewell, Ann'"
    scores = suspicions(codes, [Failing("tests/test_till.py", "test_total", said)], "")
    assert scores["shop/door.py", 5] > scores["shop/door.py", 1]


def test_how_an_object_is_shown_is_not_suspicious_because_failing_tests_show_it() -> None:
    text = "class Coin:\n    def __repr__(self):\n        return 'coin'\n\n"
    text += "    def worth(self):\n        return 1\n"
    codes = {"shop/coins.py": Code("shop/coins.py", text)}
    failing = [Failing("tests/test_till.py", "test_total", "")]
    scores = suspicions(codes, failing, "", {"shop/coins.py": {3: 1.0, 6: 0.7}})
    assert scores["shop/coins.py", 5] > scores["shop/coins.py", 2]
    failing = [Failing("tests/test_till.py", "test_total", "shop/coins.py:3: NameError")]
    scores = suspicions(codes, failing, "", {"shop/coins.py": {3: 1.0, 6: 0.7}})
    assert scores["shop/coins.py", 2] > scores["shop/coins.py", 5]


def test_in_a_project_the_first_places_stand_out_and_equal_ones_stay_equal() -> None:
    text = "LIMIT = 1\nDEPTH = 2\ndef a():\n    pass\ndef b():\n    pass\ndef c():\n    pass\n"
    scores = {("shop.py", 3): 1.0, ("shop.py", 5): 0.8, ("shop.py", 7): 0.8}
    constants = {("shop.py", 1): 0.5, ("shop.py", 2): 0.4}
    found = steeper({**scores, **constants}, {"shop.py": Code("shop.py", text)})
    assert found["shop.py", 3] == 1.0
    assert found["shop.py", 5] == found["shop.py", 7] < 0.5
    assert found["shop.py", 1] == 0.5  # a constant is held against constants alone
    assert found["shop.py", 2] < 0.4


def test_a_value_from_the_tests_and_an_idle_step_look_less_natural() -> None:
    plain = naturalness("x < 3", "x <= 3", "f(417)")
    assert naturalness("x < 300", "x < 417", "f(417)") < plain
    assert naturalness("1 + f(x)", "1 * f(x)", "") < naturalness("1 + f(x)", "2 + f(x)", "")
