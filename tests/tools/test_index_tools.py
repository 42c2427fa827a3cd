"""The tools over the index: symbols, references, graph, map."""

from collections.abc import Callable
from pathlib import Path

import pytest

from swe_agent.aci.load import load_tools
from swe_agent.aci.permissions import Permissions
from swe_agent.aci.route import Route
from swe_agent.aci.tool import ToolLimits
from swe_agent.core.messages import Observation, ToolCall
from tests.aci.local_sandbox import Bench, LocalSandbox

TOOLS = Path(__file__).parents[2] / "tools"
NAMES = ("repo_map", "find_symbol", "find_references", "query_graph", "localize")
Call = Callable[..., Observation]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setenv("SWE_AGENT_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "repo").mkdir()
    sandbox = LocalSandbox(tmp_path / "repo")
    sandbox.write_file("a.py", b"class A:\n    def run_it(self):\n        return help_it()\n")
    sandbox.write_file("b.py", b"def help_it():\n    return 1\n")
    bench = Bench(sandbox, ToolLimits())
    route = Route(load_tools([TOOLS], NAMES), Permissions(), bench.blobs)

    def made(name: str, /, **arguments: object) -> Observation:
        return route.act(ToolCall(id="c", name=name, arguments=arguments), bench)

    return made


def test_a_symbol_has_path_lines_and_kind(call: Call) -> None:
    assert call("find_symbol", name="A.run_it").text == "a.py:2-3 function A.run_it"


def test_a_class_comes_with_its_members(call: Call) -> None:
    seen = call("find_symbol", name="A")
    assert seen.text.splitlines() == ["a.py:1-3 class A", "  2-3 function A.run_it"]


def test_an_unknown_symbol_is_answered_with_near_ones(call: Call) -> None:
    seen = call("find_symbol", name="helpit")
    assert seen.outcome == "failed"
    assert "help_it" in seen.text


def test_references_are_lines(call: Call) -> None:
    assert call("find_references", name="help_it").text.splitlines() == [
        "a.py:3: return help_it()",
        "b.py:1: def help_it():",
    ]


def test_the_graph_is_asked_in_sql(call: Call) -> None:
    seen = call("query_graph", sql="select path from files order by path")
    assert seen.text.splitlines() == ["path", "a.py", "b.py"]


def test_a_bad_query_is_answered_with_the_tables(call: Call) -> None:
    seen = call("query_graph", sql="select x from functions")
    assert seen.outcome == "failed"
    assert "symbols(id, path, name" in seen.text


def test_the_map_names_files_and_symbols(call: Call) -> None:
    text = call("repo_map", about="help_it").text
    assert "b.py:" in text
    assert "  1: help_it" in text


TESTS = b"""from b import help_it
from c import other


def test_help():
    assert other() + help_it() == 3


def test_other():
    assert other() == 1
"""


@pytest.mark.parametrize("formula", ["ochiai", "dstar"])
def test_failing_tests_point_to_what_they_alone_run(
    call: Call, tmp_path: Path, formula: str
) -> None:
    (tmp_path / "repo" / "c.py").write_text("def other():\n    return 1\n")
    (tmp_path / "repo" / "test_b.py").write_bytes(TESTS)
    seen = call("localize", formula=formula)
    assert seen.text.splitlines()[:2] == [
        "1 of 2 tests fail. Most suspicious:",
        "- b.py::help_it, lines 1-2: failing tests run it, passing ones less; lines 2",
    ]
    assert isinstance(seen.data, dict)
    assert seen.data["functions"][0][0] == "b.py::help_it"
    assert ["b.py", 2] in [row[:2] for row in seen.data["lines"]]


def test_where_no_test_fails_nothing_is_suspicious(call: Call, tmp_path: Path) -> None:
    (tmp_path / "repo" / "test_a.py").write_text("def test_a():\n    pass\n")
    seen = call("localize")
    assert (seen.outcome, seen.data["reason"]) == ("failed", "no_failure")


def test_where_no_test_runs_pytest_is_quoted(call: Call) -> None:
    assert "No test was recorded" in call("localize", tests=["nothing.py"]).text
