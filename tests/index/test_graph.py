"""The graph answers SELECTs, and nothing else, in bounded time."""

from pathlib import Path

import pytest

from swe_agent.index.build import build
from swe_agent.index.cache import Cache
from swe_agent.index.corpus import Corpus
from swe_agent.index.graph import Graph
from swe_agent.index.lookup import members, near, symbols, uses
from swe_agent.index.outlook import CHARS_PER_TOKEN, outlook, page_rank
from tests.index.trees import Tree

CODE = {
    "app/core.py": (
        "class Root:\n    def parse_line(self, row):\n        return split_row(row)\n\n"
        "def split_row(row):\n    return row.split()\n"
    ),
    "app/use.py": (
        "from app.core import Root, split_row\n\n"
        "class Leaf(Root):\n    def go(self):\n        return split_row('a')\n"
    ),
    "app/alone.py": "def lonely_thing():\n    return 0\n",
}


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return build(Tree(CODE), Cache("/app", tmp_path)).corpus


def test_calls_inheritance_and_imports_are_tables(corpus: Corpus) -> None:
    graph = Graph(corpus)
    callers = graph.ask(
        "select a.qualified from edges join symbols a on a.id = caller"
        " join symbols b on b.id = callee where b.name = 'split_row' order by 1"
    )
    assert callers.rows == (("Leaf.go",), ("Root.parse_line",))
    leaf = graph.ask("select base from bases join symbols on id = class where name = 'Leaf'")
    assert leaf.rows == (("Root",),)
    assert graph.ask("select path from imports").rows == (("app/use.py",),)


@pytest.mark.parametrize(
    "sql",
    [
        "delete from files",
        "drop table files",
        "attach 'x.db' as x",
        "pragma user_version = 3",
        "select load_extension('x')",
        "select nothing from nowhere",
        "select 1; select 2",
        "select length(zeroblob(900000000))",
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n",
    ],
)
def test_what_is_no_quick_select_is_refused(corpus: Corpus, sql: str) -> None:
    graph = Graph(corpus)
    before = graph.ask("select count(*) from files").rows
    with pytest.raises(ValueError, match=r"."):
        graph.ask(sql, limit_s=0.5)
    assert graph.ask("select count(*) from files").rows == before


def test_long_answers_are_cut(corpus: Corpus) -> None:
    answer = Graph(corpus).ask(
        "with recursive n(i) as (select 1 union all select i + 1 from n limit 500) select i from n"
    )
    assert (len(answer.rows), answer.is_cut) == (200, True)


def test_a_symbol_is_found_by_the_end_of_its_qualified_name(corpus: Corpus) -> None:
    assert [p.first for p in symbols(corpus, "Root.parse_line")] == [2]
    assert [p.path for p in symbols(corpus, "split_row")] == ["app/core.py"]
    assert symbols(corpus, "Leaf.parse_line") == []
    assert near(corpus, "splitrow") == ["split_row"]


def test_a_symbol_is_found_by_its_module_too(corpus: Corpus) -> None:
    assert [p.first for p in symbols(corpus, "app.core.Root.parse_line")] == [2]
    assert symbols(corpus, "app.use.split_row") == []
    (root,) = symbols(corpus, "Root")
    assert [member.qualified for member in members(corpus, root)] == ["Root.parse_line"]


def test_a_call_that_hardly_any_caller_imports_is_no_edge(tmp_path: Path) -> None:
    code = {f"user{n}.py": "def use(rows):\n    rows.append(1)\n" for n in range(30)}
    code["plot.py"] = "class Plot:\n    def append(self, row):\n        pass\n"
    code["near.py"] = "from plot import Plot\n\ndef draw():\n    Plot().append(1)\n"
    graph = Graph(build(Tree(code), Cache("/plots", tmp_path)).corpus)
    callers = "select s.path from edges join symbols s on s.id = caller join symbols c on"
    found = graph.ask(f"{callers} c.id = callee where c.qualified = 'Plot.append'")
    assert found.rows == (("near.py",),)


def test_uses_are_whole_words_with_lines(corpus: Corpus) -> None:
    found = [(use.path, use.line) for use in uses(corpus, Tree(CODE), "split_row")]
    assert found == [("app/core.py", 3), ("app/core.py", 5), ("app/use.py", 1), ("app/use.py", 5)]


def test_a_map_fits_its_budget_and_centres_on_what_it_is_about(corpus: Corpus) -> None:
    for budget in (10, 30, 100, 1_000):
        assert len(outlook(corpus, budget)) <= budget * CHARS_PER_TOKEN
    assert outlook(corpus, 1_000).splitlines()[0] == "app/core.py:"
    assert outlook(corpus, 1_000, "lonely_thing fails").startswith("app/alone.py:")


def test_a_map_shows_an_overloaded_name_once(tmp_path: Path) -> None:
    tree = Tree({"a.py": "def over(x: int): ...\ndef over(x: str): ...\ndef over(x): return x\n"})
    assert outlook(build(tree, Cache("/over", tmp_path)).corpus, 100) == "a.py:\n  1: over"


def test_page_rank_follows_the_links() -> None:
    ranks = page_rank({"a": {"c": 1.0}, "b": {"c": 1.0}}, {"a": 1.0, "b": 1.0, "c": 1.0})
    assert ranks["c"] > ranks["a"] == ranks["b"]
    assert sum(ranks.values()) == pytest.approx(1.0)


def test_a_path_that_is_not_utf8_is_in_the_graph(tmp_path: Path) -> None:
    tree = Tree({"b\udcff.py": "def odd():\n    pass\n"})
    graph = Graph(build(tree, Cache("/odd", tmp_path)).corpus)
    assert graph.ask("select path from symbols where name = 'odd'").rows == (("b?.py",),)
