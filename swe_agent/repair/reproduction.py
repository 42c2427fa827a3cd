"""The test that the examples of an issue make."""

import ast
import re
import textwrap
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import PurePosixPath

from swe_agent.repair.blocks import blocks, sessions, tracebacks
from swe_agent.repair.expected import Example, parsed, told, unprinted
from swe_agent.repair.localize import is_test_file
from swe_agent.repair.syntax import Code, is_builtin

FILE = "test_of_the_issue.py"
EXAMPLE_LIMIT = 20
READ_LIMIT = 30_000
"""Characters of an issue that are looked through."""
LEADING_LIMIT = 40
"""Statements before a call that are looked through."""
_IMPORT = re.compile(r"^[\s>.`]*((?:from\s+[\w.]+\s+)?import\s+[\w., ]+?)\s*$", re.MULTILINE)
_REACHES_OUT = {
    *("open", "eval", "exec", "compile", "__import__", "input", "breakpoint", "exit", "quit"),
    *("getattr", "setattr", "delattr", "vars", "globals", "locals"),
}
_PURE = {
    *("abc", "base64", "bisect", "calendar", "collections", "copy", "dataclasses", "datetime"),
    *("decimal", "enum", "fractions", "functools", "heapq", "io", "itertools", "json", "math"),
    *("operator", "random", "re", "statistics", "string", "textwrap", "typing", "uuid"),
}
"""Modules that an example may import beside the project's own."""


@lru_cache(maxsize=8)
def examples_in(issue: str) -> tuple[Example, ...]:
    """The examples of an issue, each with the statements that it needs; of one call the first that
    says what should come, and those in words before those of code.

    >>> [(one.call, one.expected) for one in examples_in("`double(2)` gives 5 instead of 4.")]
    [('double(2)', '4')]
    """
    issue = issue[:READ_LIMIT].replace("\r\n", "\n")
    imports = tuple(line for line in _IMPORT.findall(issue) if parsed(line))
    known: dict[tuple[object, ...], Example] = {}
    for found in (*told(issue), *sessions(issue), *blocks(issue), *tracebacks(issue)):
        if (tree := parsed(unprinted(found.call))) is None:
            continue
        example = replace(
            found, before=_leading(found.call, (*imports, *found.before[-LEADING_LIMIT:]))
        )
        leading = tuple(line for line in example.before if line not in imports)
        key = (_bare(tree), leading)
        if key not in known or not (known[key].expected or known[key].raises):
            known[key] = example
        if len(known) == EXAMPLE_LIMIT:
            break
    return tuple(known.values())


def called_by(example: Example) -> set[str]:
    """Names of the functions and methods that an example calls."""
    tree = parsed("\n".join([*example.before, example.call]))
    nodes = ast.walk(tree) if tree else ()
    calls = (node.func for node in nodes if isinstance(node, ast.Call))
    names = {getattr(called, "attr", getattr(called, "id", "")) for called in calls}
    return {name for name in names if name and not is_builtin(name)}


def reproduction(
    issue: str, codes: Mapping[str, Code], paths: Collection[str]
) -> tuple[str, tuple[str, ...]]:
    """A test file of the issue's examples, and its tests' ids; empty where nothing can be run.

    An example calls the project's own code; what else it names does not reach out of the program.
    """
    places = {
        node.name: path
        for path, code in codes.items()
        if not is_test_file(path)
        for node in code.tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    modules = {path: _module_of(path, paths) for path in sorted({*places.values()})}
    folders = {module.split(".")[0]: folder for folder, module in modules.values()}
    needs = {
        example: names
        for example in examples_in(issue)
        if (names := _needed(example, {*places}, {*folders})) is not None and _compiles(example)
    }
    if not needs:
        return "", ()
    lines = ["import os, sys, unittest"]
    for folder in sorted({"", *folders.values()}):
        lines.append(f"sys.path.insert(0, os.path.join(os.path.dirname(__file__), {folder!r}))")
    for name in sorted(set().union(*needs.values())):
        of = f"from {modules[places[name]][1]} " if name in places else ""
        lines.append(f"{of}import {name}")
    ids = tuple(f"{FILE}::IssueTest::test_{n}" for n in range(1, len(needs) + 1))
    return "\n".join([*lines, *_written(needs)]), ids


def _needed(example: Example, defined: set[str], modules: set[str]) -> set[str] | None:
    """The project's names that an example needs imported; None where it cannot be run: it names
    what nobody defines, reaches out, or has nothing to do with the project.
    """
    tree = parsed("\n".join([*example.before, example.call, example.raises]))
    if tree is None:
        return None
    bound, loaded, is_ours = set[str](), set[str](), False
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                loaded.add(name)
            case ast.Name(id=name) | ast.arg(arg=name):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.Attribute(attr=name) if name.startswith("__"):
                return None
            case ast.Import() | ast.ImportFrom():
                roots = _roots(node)
                if not roots <= modules | _PURE:
                    return None
                is_ours |= bool(roots & modules)
                bound |= _bound_by(node)
    free = {name for name in loaded - bound if name in defined or not is_builtin(name)}
    if loaded & _REACHES_OUT or not free <= defined | modules or not (free or is_ours):
        return None
    return free


def _leading(call: str, before: tuple[str, ...]) -> tuple[str, ...]:
    """Of the statements before a call, those that bind or change what it names."""
    tree = parsed(call)
    wanted = _names(tree) if tree else set()
    kept: list[str] = []
    for line in reversed(before):
        tree = parsed(line)
        if tree is None:
            continue
        names = {name for node in tree.body for name in _touched(node)}
        if names & wanted and not (line in kept and _is_import(tree)):
            kept.insert(0, line)
            wanted |= _names(tree)
    return tuple(kept)


def _touched(node: ast.stmt) -> set[str]:
    """Names that a statement binds, or whose values it may change."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return _bound_by(node)
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return {name for target in targets for name in _names(target)}
    return _names(node)


def _is_import(tree: ast.Module) -> bool:
    return isinstance(tree.body[0], ast.Import | ast.ImportFrom)


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _bound_by(node: ast.Import | ast.ImportFrom) -> set[str]:
    return {(alias.asname or alias.name).split(".")[0] for alias in node.names}


def _roots(node: ast.Import | ast.ImportFrom) -> set[str]:
    """The top-level modules that an import names; a relative one has none that is known."""
    if isinstance(node, ast.ImportFrom):
        return {"" if node.level else (node.module or "").split(".")[0]}
    return {alias.name.split(".")[0] for alias in node.names}


def _bare(tree: ast.Module) -> str:
    """A call as written with one style, out of `str(…)` and `repr(…)`."""
    match tree.body:
        case [ast.Expr(ast.Call(ast.Name("str" | "repr"), [value]))]:
            return ast.unparse(value)
    return ast.unparse(tree)


def _written(examples: Collection[Example]) -> Iterator[str]:
    yield from ("", "", "class IssueTest(unittest.TestCase):")
    for number, example in enumerate(examples, start=1):
        yield textwrap.indent(_method(f"test_{number}", example), " " * 4)
    yield ""


def _method(name: str, example: Example) -> str:
    last = example.call
    if example.expected:
        last = f"self.assertEqual({example.call}, {example.expected})"
    elif example.raises:
        last = f"with self.assertRaises({example.raises}):\n    {example.call}"
    body = "\n".join([*example.before, last])
    return f"def {name}(self):\n{textwrap.indent(body, ' ' * 4)}"


def _compiles(example: Example) -> bool:
    """Whether it can stand in a method: `await` cannot."""
    try:
        compile(_method("test", example), FILE, "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def _module_of(path: str, paths: Collection[str]) -> tuple[str, str]:
    """The folder to import from and the module's name: packages are folders with `__init__.py`."""
    place = PurePosixPath(path)
    parts = [place.stem] if place.stem != "__init__" else []
    folder = place.parent
    while folder.name and f"{folder}/__init__.py" in paths:
        parts.insert(0, folder.name)
        folder = folder.parent
    if folder.name and folder.name not in ("src", "lib") and parts:
        return "", ".".join([*folder.parts, *parts])
    return ("" if folder == PurePosixPath() else folder.as_posix()), ".".join(parts)
