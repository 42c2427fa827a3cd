"""The project's own source as the house tests read it: files, imports, floors."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "swe_agent"

FLOORS = {
    "core": 1,
    "settings": 2,
    "trajectory": 2,
    "models": 3,
    "runtime": 3,
    "index": 3,
    "memory": 3,
    "verify": 3,
    "aci": 4,
    "context": 4,
    "repair": 4,
    "provision": 4,
    "agent": 5,
    "strategies": 6,
    "assemble": 7,
    "solve": 8,
    "jobs": 9,
    "cli": 10,
    "__main__": 11,
}


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module, and whether it happens when the file is imported."""

    module: str
    line: int
    is_late: bool


def python_files(*folders: str) -> list[Path]:
    """Every Python file below the folders of the checkout, sorted."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def module_name(path: Path) -> str:
    """`swe_agent.core.text` for `swe_agent/core/text.py`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(module: str) -> str:
    """The folder or file below `swe_agent` that a module belongs to; empty for the package."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


@cache
def imports(tree: ast.Module) -> tuple[Import, ...]:
    """Every import, wherever it stands; `from a import b` counts as `a.b`.

    Late: in a function or under TYPE_CHECKING.
    """
    late = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _is_type_checking(node)
        for inner in ast.walk(node)
    }
    return tuple(
        Import(module, node.lineno, id(node) in late)
        for node in ast.walk(tree)
        for module in _modules(node)
    )


def _modules(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (name.name for name in node.names)
    elif isinstance(node, ast.ImportFrom):
        start = "." * node.level + (node.module or "")
        yield from (f"{start}.{name.name}" for name in node.names)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
