"""One route: validate, permit, run, elide, observe."""

import time
from pathlib import Path

import pytest
from pydantic import Field

from swe_agent.aci.load import load_tools
from swe_agent.aci.permissions import Permissions
from swe_agent.aci.route import Route
from swe_agent.aci.tool import ToolArguments, ToolLimits, ToolOutput
from swe_agent.core.errors import SandboxLost, ToolFailure
from swe_agent.core.messages import ToolCall
from swe_agent.core.text import short_mark
from tests.aci.local_sandbox import Bench, LocalSandbox

TOOLS = Path(__file__).parents[2] / "tools"


class Echo:
    """Give back what it gets."""

    name = "echo"
    writes = False

    class Arguments(ToolArguments):
        text: str
        count: int = Field(1, ge=1, le=1_000_000)
        names: tuple[str, ...] = ()
        path: str | None = None

    def run(self, arguments, bench):
        match arguments.text:
            case "fail":
                raise ToolFailure("no")
            case "lost":
                raise SandboxLost("gone")
            case "bug":
                raise ZeroDivisionError("oops")
            case text:
                return ToolOutput(text * arguments.count, {"names": [*arguments.names]})


class Person:
    def __init__(self, *, says: bool) -> None:
        self.says = says
        self.asked: list[str] = []

    def objection(self, call: ToolCall, writes: bool) -> str | None:
        self.asked.append(call.name)
        return None if self.says else "not today"


@pytest.fixture
def bench(tmp_path):
    return Bench(LocalSandbox(tmp_path), ToolLimits(output_chars=1000))


def act(bench, name="echo", permissions=None, /, **arguments):
    tools = [Echo(), *load_tools([TOOLS], ["view", "create", "plan"])]
    route = Route(tools, permissions or Permissions(), bench.blobs)
    return route.act(ToolCall(id="1", name=name, arguments=arguments), bench)


def test_good_call_becomes_an_observation(bench):
    seen = act(bench, text="hi", names=["a"])
    assert (seen.outcome, seen.text, seen.data) == ("ok", "hi", {"names": ["a"]})


@pytest.mark.parametrize(
    ("sent", "names"),
    [('["a", "b"]', ["a", "b"]), ("a", ["a"]), (None, []), (["a"], ["a"]), ("[1, 2", ["[1, 2"])],
)
def test_common_slips_in_lists_are_put_right(bench, sent, names):
    assert act(bench, text="x", names=sent).data == {"names": names}


def test_numbers_pass_for_text_and_text_for_numbers(bench):
    assert act(bench, text=3, count="2").text == "33"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "`text` is missing."),
        ({"text": ["a"]}, '`text`: expected text, got ["a"].'),
        ({"text": "a", "count": "many"}, '`count`: expected a whole number, got "many".'),
        ({"text": "a", "count": 0}, "`count`: expected greater than or equal to 1, got 0."),
        (
            {"text": "a", "cuont": 1},
            "`cuont` is not an argument; it takes text, count?, names?, path?.",
        ),
        ({"text": "a", "names": {"a": 1}}, '`names`: expected a list, got {"a": 1}.'),
    ],
)
def test_bad_arguments_get_one_exact_correction(bench, sent, said):
    seen = act(bench, **sent)
    assert (seen.outcome, seen.text) == ("invalid", f"echo was not run.\n{said}")


def test_each_problem_has_its_line(bench):
    assert len(act(bench, count="x", foo=1).text.split("\n")) == 4


def test_unknown_tool_names_the_nearest(bench):
    seen = act(bench, "creat")
    assert (seen.outcome, "create" in seen.text) == ("invalid", True)


def test_failures_are_observations_and_faults_are_not(bench):
    assert act(bench, text="fail").outcome == "failed"
    broken = act(bench, text="bug")
    assert broken.data == {"reason": "broken_tool"}
    assert "test_route.py" in broken.text
    with pytest.raises(SandboxLost):
        act(bench, text="lost")


def test_long_text_is_elided_and_kept(bench):
    seen = act(bench, text="abcdefghij", count=500)
    assert "[... 4000 characters elided ...]" in seen.text
    assert bench.blobs.get(seen.blob) == b"abcdefghij" * 500


def test_a_call_that_copies_the_mark_of_a_shortened_one_is_not_run(bench):
    short = f"import os\n{short_mark(1, 40, step=3)}"
    seen = act(bench, "create", path="a.py", text=short)
    assert (seen.outcome, seen.data) == ("invalid", {"reason": "shortened"})
    assert "`text`" in seen.text
    assert bench.sandbox.tree().entry("a.py") is None
    assert act(bench, text=f"such as {short_mark(1, 40, step=3)} in a line").outcome == "ok"


def test_path_outside_is_refused_before_the_tool_runs(bench):
    assert act(bench, text="bug", path="../x").outcome == "refused"


def test_confirm_asks_before_writing_only(bench):
    person = Person(says=False)
    asks = Permissions("confirm", person)
    assert act(bench, "create", asks, path="a.txt", text="x").outcome == "refused"
    assert act(bench, "echo", asks, text="x").outcome == "ok"
    assert person.asked == ["create"]
    assert bench.sandbox.tree().entry("a.txt") is None


def test_human_is_asked_before_every_action(bench):
    person = Person(says=True)
    asks = Permissions("human", person)
    assert act(bench, "echo", asks, text="x").outcome == "ok"
    act(bench, "plan", asks, items=["a"])
    assert person.asked == ["echo"]


def test_nobody_to_ask_is_a_refusal(bench):
    assert act(bench, "create", Permissions("confirm"), path="a", text="x").outcome == "refused"


def test_schema_is_plain():
    tools = load_tools([TOOLS], ["view", "run_tests"])
    view, tests = Route(tools, Permissions(), Bench(LocalSandbox(Path()))).specs()
    assert view.schema == {
        "type": "object",
        "additionalProperties": False,
        "required": ["path"],
        "properties": {
            "path": {
                "type": "string",
                "description": "File or folder, relative to the repository; `.` is the repository.",
            },
            "start": {"type": "integer", "minimum": 1, "description": "First line, from 1."},
            "end": {
                "type": "integer",
                "minimum": -1,
                "description": "Last line, inclusive; -1 is the file's last.",
            },
        },
    }
    assert tests.schema["properties"]["targets"]["items"] == {"type": "string"}
    assert view.description.startswith("Show a file")


def test_route_costs_under_a_millisecond(bench):
    route = Route([Echo()], Permissions(), bench.blobs)
    call = ToolCall(id="1", name="echo", arguments={"text": "x", "path": "a/b.py"})
    route.act(call, bench)
    spent = []
    for _ in range(50):
        began = time.perf_counter()
        route.act(call, bench)
        spent.append(time.perf_counter() - began)
    assert sorted(spent)[25] < 0.001
