"""Tools load from files; a broken one is one clear sentence."""

from pathlib import Path

import pytest

from swe_agent.aci.load import load_file, load_tools
from swe_agent.core.errors import UsageFault

GOOD = '''from __future__ import annotations
from dataclasses import dataclass
from swe_agent.aci.tool import ToolArguments, ToolOutput


@dataclass(frozen=True)
class Row:
    x: int


class Hello:
    """Say hello."""

    name = "NAME"
    writes = False

    class Arguments(ToolArguments):
        who: str

    def run(self, arguments, bench):
        return ToolOutput(f"hello {arguments.who} {Row(1).x}")
'''
BUILT_IN = Path(__file__).parents[2] / "tools"


def folder_with(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for stem, text in files.items():
        (folder / f"{stem}.py").write_text(text)
    return folder


def test_default_tools_load_in_the_order_of_the_settings():
    assert [tool.name for tool in load_tools([BUILT_IN], ["submit", "view"])] == ["submit", "view"]


def test_user_tool_is_offered_after_those_named(tmp_path):
    mine = folder_with(tmp_path / "mine", hello=GOOD.replace("NAME", "hello"), _part="1/0")
    assert [tool.name for tool in load_tools([BUILT_IN, mine], ["plan"])] == ["plan", "hello"]


def test_user_tool_replaces_the_built_in_of_its_name(tmp_path):
    mine = folder_with(tmp_path / "mine", other=GOOD.replace("NAME", "view"))
    (tool,) = load_tools([BUILT_IN, mine], ["view"])
    assert tool.__doc__ == "Say hello."


def test_unknown_name_says_what_is_near():
    with pytest.raises(UsageFault) as raised:
        load_tools([BUILT_IN], ["serach", "search"])
    assert "search" in raised.value.next_step


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("x = 1\ndef f(:\n", 2, "SyntaxError"),
        ("import os\n\nimport nowhere_at_all\n", 3, "ModuleNotFoundError"),
        ("def f():\n    1 / 0\n\n\nf()\n", 2, "ZeroDivisionError"),
        ("raise SystemExit(3)\n", 1, "SystemExit"),
        ("x = 1\n", 1, "none"),
        (GOOD + GOOD.split("\n", 4)[4].replace("Hello", "Bye"), 1, "Hello, Bye"),
        (GOOD.replace("    writes = False\n", ""), 11, "`writes`"),
        (GOOD.replace('    """Say hello."""\n', ""), 11, "docstring"),
        (GOOD.replace("(ToolArguments)", ""), 11, "pydantic"),
        (GOOD.replace("NAME", "a b"), 11, "a name of letters"),
    ],
    ids=["syntax", "import", "runs", "exit", "empty", "two", "writes", "doc", "arguments", "name"],
)
def test_broken_file_is_named_with_its_line(tmp_path, text, line, said):
    path = tmp_path / "broken.py"
    path.write_text(text.replace("NAME", "hello"))
    with pytest.raises(UsageFault) as raised:
        load_file(path)
    assert f"{path}, line {line}:" in raised.value.message
    assert said in raised.value.message
    assert "\n" not in raised.value.message
