"""The shape of the code: short files, no finalizers, few broad excepts, plain names."""

import ast
import re

import pytest

from tests.house.source import ROOT, parsed, python_files

LINES_PER_FILE = 400
LINES_PER_FUNCTION = 40
BOUNDARIES = (
    "swe_agent/aci/route.py",  # a broken tool is an observation
    "swe_agent/aci/load.py",  # a user's tool file may raise anything
    "swe_agent/cli/",  # a bug becomes exit code 1
    "swe_agent/jobs/batch_run.py",  # a bug costs a batch one instance
    "swe_agent/models/retry.py",  # an SDK's fault becomes ours
    "swe_agent/verify/inside/",  # runs in the sandbox, over foreign code
    "tools/try_edits/",  # the same
)
"""Where a broad except may stand."""
VAGUE = re.compile(
    r"manager|helper|util|handler|abstract|^base|base$|info$|process(or)?$", re.IGNORECASE
)

EVERYTHING = python_files("swe_agent", "tools", "tests", "bench")
ENGINE = python_files("swe_agent", "tools")


def broad_excepts(tree: ast.Module) -> list[int]:
    """Lines of excepts that catch all and go on; one that ends in a bare raise only cleans up."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or re.search(r"\b(Base)?Exception\b", ast.unparse(node.type)))
        and not (isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None)
    ]


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in EVERYTHING
    }
    assert {name: length for name, length in lengths.items() if length > LINES_PER_FILE} == {}


def test_no_function_of_the_engine_is_longer_than_a_screen() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has {length} lines"
        for path in ENGINE
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1 - _docstring_lines(node))
        > LINES_PER_FUNCTION
    ]
    assert long == []


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return (first.end_lineno or 0) - first.lineno + 1
    return 0


def test_nothing_is_cleaned_up_by_a_finalizer() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in ENGINE
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef) and node.name == "__del__"
    ]
    assert found == []


def test_only_the_boundaries_catch_everything() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in ENGINE
        if not path.relative_to(ROOT).as_posix().startswith(BOUNDARIES)
        for line in broad_excepts(parsed(path))
    ]
    assert found == []


@pytest.mark.parametrize(
    "clause", ["except:", "except Exception:", "except (OSError, BaseException) as x:"]
)
def test_a_broad_except_is_seen(clause: str) -> None:
    assert broad_excepts(ast.parse(f"try:\n    pass\n{clause}\n    pass")) == [3]


def test_names_of_files_and_classes_say_what_they_are() -> None:
    names = [
        (f"{path.relative_to(ROOT)}: {name}", name)
        for path in ENGINE
        for name in [
            path.stem,
            *(node.name for node in ast.walk(parsed(path)) if isinstance(node, ast.ClassDef)),
        ]
    ]
    assert [where for where, name in names if VAGUE.search(name)] == []


def test_every_module_of_the_engine_says_what_lives_there() -> None:
    silent = [str(path.relative_to(ROOT)) for path in ENGINE if not ast.get_docstring(parsed(path))]
    assert silent == []
