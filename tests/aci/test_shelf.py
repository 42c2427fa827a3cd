"""Tools on the shelf: told by name, taken when asked for."""

from pathlib import Path

import pytest

from swe_agent.aci.load import load_tools
from swe_agent.aci.permissions import Permissions
from swe_agent.aci.route import Route
from swe_agent.core.messages import Observation, ToolCall
from tests.aci.local_sandbox import Bench, LocalSandbox

TOOLS = Path(__file__).parents[2] / "tools"
SHELF = ("find_symbol", "query_graph")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(LocalSandbox(tmp_path))


@pytest.fixture
def route(bench: Bench) -> Route:
    tools = load_tools([TOOLS], ("view", "tool_search", *SHELF))
    made = Route(tools, Permissions(), bench.blobs, SHELF)
    bench.shelf = made.shelf
    return made


def asked(route: Route, bench: Bench, query: str) -> Observation:
    return route.act(ToolCall(id="c", name="tool_search", arguments={"query": query}), bench)


def test_a_model_is_told_of_the_shelf_in_one_line_a_tool(route: Route) -> None:
    view, search = route.specs()
    assert (view.name, search.name) == ("view", "tool_search")
    listed = search.description.splitlines()[-len(SHELF) :]
    assert [line.split(":")[0] for line in listed] == ["- find_symbol", "- query_graph"]


def test_a_tool_is_found_by_its_name(route: Route, bench: Bench) -> None:
    seen = asked(route, bench, "query_graph")
    assert seen.data == {"tools": ["query_graph"]}
    assert '"sql"' in seen.text


def test_tools_are_found_by_what_they_are_for(route: Route, bench: Bench) -> None:
    assert asked(route, bench, "run some SQL").data == {"tools": ["query_graph"]}


def test_where_none_fits_the_shelf_is_shown(route: Route, bench: Bench) -> None:
    seen = asked(route, bench, "zzz")
    assert seen.outcome == "failed"
    assert "- find_symbol:" in seen.text


def test_what_is_taken_stands_in_the_order_of_taking(route: Route) -> None:
    taken = route.shelf.taken(["query_graph", "view", "find_symbol", "query_graph"])
    assert [spec.name for spec in taken] == ["query_graph", "find_symbol"]


def test_a_tool_of_the_shelf_can_be_called_at_once(route: Route, bench: Bench) -> None:
    seen = route.act(ToolCall(id="c", name="find_symbol", arguments={"name": "x"}), bench)
    assert "no tool" not in seen.text
