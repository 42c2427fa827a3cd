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
NAMES = ("repo_map", "find_symbol", "find_references", "query_graph")
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
