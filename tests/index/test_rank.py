"""What an issue says finds the place that it means."""

from pathlib import Path

import pytest

from swe_agent.index.build import build
from swe_agent.index.cache import Cache
from swe_agent.index.corpus import Corpus
from swe_agent.index.rank import rank
from tests.index.trees import Tree

SHOP = {
    "shop/till.py": (
        "class Till:\n"
        "    def open(self):\n        return 1\n"
        "    def total(self, prices):\n        return sum(prices)\n"
    ),
    "shop/stock.py": (
        "def count(items):\n    return len(items)\n\n"
        "def parse_header(line):\n    raise ValueError('line has no colon in it')\n"
    ),
    "shop/wallet.py": "class Wallet:\n    def open(self):\n        return 2\n",
    "tests/test_stock.py": (
        "from shop.stock import parse_header\ndef test_it():\n    parse_header('')\n"
    ),
}


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return build(Tree(SHOP), Cache("/shop", tmp_path)).corpus


@pytest.mark.parametrize(
    ("issue", "path", "function"),
    [
        ("Calling `parse_header` fails", "shop/stock.py", "parse_header"),
        ("Headers are not parsed", "shop/stock.py", "parse_header"),
        ("Wallet.open gives 2", "shop/wallet.py", "Wallet.open"),
        ('Crash\n  File "/home/x/shop/till.py", line 5, in total\n', "shop/till.py", "Till.total"),
        ("Crash\nshop/stock.py:2: TypeError\n", "shop/stock.py", "count"),
        ("See shop.till, open is wrong", "shop/till.py", "Till.open"),
    ],
    ids=["name", "words", "qualified", "traceback", "pytest", "module"],
)
def test_the_place_comes_first(corpus: Corpus, issue: str, path: str, function: str) -> None:
    found = rank(corpus, issue)
    assert found.files[0].name == path
    assert found.functions[0].name == f"{path}::{function}"


def test_tests_are_not_ranked(corpus: Corpus) -> None:
    found = rank(corpus, "tests/test_stock.py::test_it fails in parse_header")
    assert {place.name.partition("::")[0] for place in found.functions} <= {*SHOP} - {
        "tests/test_stock.py"
    }


def test_a_word_of_code_counts_more_than_one_of_documentation(tmp_path: Path) -> None:
    texts = {
        "a.py": 'def one():\n    """Sends a parcel."""\n    return 1\n',
        "b.py": "def two():\n    x = Parcel()\n    return x.sends\n",
    }
    corpus = build(Tree(texts), Cache("/docs", tmp_path)).corpus
    assert rank(corpus, "A parcel is never sends").functions[0].name == "b.py::two"


def test_reasons_say_what_spoke_for_a_place(corpus: Corpus) -> None:
    assert "the issue names it" in rank(corpus, "`parse_header` fails").functions[0].reasons


def test_an_issue_without_any_known_word_still_gives_a_ranking(corpus: Corpus) -> None:
    assert len(rank(corpus, "zzz").files) == 3


def test_an_endless_issue_is_read_in_bounded_time(corpus: Corpus) -> None:
    rank(corpus, "a.b/" * 500_000 + "`" * 100_000 + 'File "' * 10_000)


def test_a_reason_names_the_words_that_a_place_shares_with_the_issue(corpus: Corpus) -> None:
    first = rank(corpus, "Headers without a colon are not parsed by the stock").functions[0]
    assert first.name == "shop/stock.py::parse_header"
    assert first.reasons[0] == "it speaks of colon, Headers, parsed, stock"
