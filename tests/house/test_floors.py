"""A folder imports lower floors only, without circles; heavy libraries stay with their adapter.

Late imports count.
"""

import ast
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.house.source import (
    FLOORS,
    PACKAGE,
    ROOT,
    imports,
    module_name,
    parsed,
    python_files,
    room,
)

ADAPTERS = {
    "docker": ("swe_agent/runtime/",),
    "git": ("swe_agent/runtime/",),
    "tree_sitter": ("swe_agent/index/", "swe_agent/aci/"),
    "openai": ("swe_agent/models/",),
    "anthropic": ("swe_agent/models/",),
    "github": ("swe_agent/jobs/forges/",),
    "gitlab": ("swe_agent/jobs/forges/",),
    "ray": ("swe_agent/jobs/",),
    "textual": ("swe_agent/cli/",),
}
CONTENT_FLOOR = 4
"""A tool may import what a user's tool may: the interface of aci and what lies below."""


def wrong_arrows(source: str, module: str) -> list[str]:
    """Imports of our own package that do not point down, in one module's source."""
    floor, found = FLOORS.get(room(module), 0), []
    for arrow in imports(ast.parse(source)):
        if arrow.module.startswith("."):
            found.append(f"{module}:{arrow.line} relative import {arrow.module}")
        if not arrow.module.startswith("swe_agent."):
            continue
        to = room(arrow.module)
        if to in FLOORS and to != room(module) and FLOORS[to] >= floor:
            found.append(f"{module}:{arrow.line} imports {arrow.module}")
    return found


def test_every_folder_of_the_package_has_its_floor() -> None:
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert rooms - {"__init__", "__pycache__", "_content"} <= FLOORS.keys()


def test_imports_point_down_only() -> None:
    wrong = [
        line
        for path in python_files("swe_agent")
        for line in wrong_arrows(path.read_text("utf-8"), module_name(path))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "source",
    [
        "from swe_agent.agent import loop",
        "import swe_agent.models.client",
        "def late():\n    from swe_agent.verify import verdict",
        "if TYPE_CHECKING:\n    from swe_agent import solve",
        "from . import x",
    ],
)
def test_an_arrow_upward_or_sideways_is_seen(source: str) -> None:
    assert wrong_arrows(source, "swe_agent.runtime.docker")


def test_no_module_imports_itself_in_a_circle() -> None:
    modules = {module_name(path): parsed(path) for path in python_files("swe_agent")}
    graph = {
        name: {
            target for arrow in imports(tree) if (target := _known(arrow.module, modules)) != name
        }
        - {None, "swe_agent"}
        for name, tree in modules.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as fault:
        pytest.fail(f"imports in a circle: {fault.args[1]}")


def _known(module: str, modules: dict[str, ast.Module]) -> str | None:
    """The module that an imported name is, or lies in."""
    while module and module not in modules:
        module = module.rpartition(".")[0]
    return module or None


@pytest.mark.parametrize("library", ADAPTERS)
def test_a_heavy_library_is_imported_by_its_adapter_alone_and_only_when_used(library: str) -> None:
    wrong = []
    for path in python_files("swe_agent", "tools"):
        place = path.relative_to(ROOT).as_posix()
        for arrow in imports(parsed(path)):
            top = arrow.module.partition(".")[0]
            if (top == library or top.startswith(library + "_")) and not (
                arrow.is_late and place.startswith(ADAPTERS[library])
            ):
                wrong.append(f"{place}:{arrow.line} {arrow.module}")
    assert wrong == []


def test_content_is_never_imported() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{arrow.line} {arrow.module}"
        for path in python_files("swe_agent", "tools", "tests", "bench")
        for arrow in imports(parsed(path))
        if arrow.module.partition(".")[0] in ("tools", "sandbox", "configs")
    ]
    assert wrong == []


def test_tools_import_the_tool_interface_and_lower_floors_only() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{arrow.line} {arrow.module}"
        for path in python_files("tools")
        for arrow in imports(parsed(path))
        if arrow.module.startswith("swe_agent.")
        and FLOORS.get(room(arrow.module), 0) > CONTENT_FLOOR
    ]
    assert wrong == []
