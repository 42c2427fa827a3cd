"""Where the fault may be: files from tracebacks and imports, functions by how near the failing
tests call them.
"""

import ast
import re
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from swe_agent.repair.syntax import Code, Function, arguments_of

_FRAME = re.compile(r'File "([^"\n]+)", line (\d+)|^([\w./\\-]+\.py):(\d+):', re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_]\w*")
NEARER = 0.85
"""Factor of suspicion for each call between a test and a function."""
UNREACHED = 0.08
BY_SPECTRUM = 0.3
"""Least suspicion of a function that a failing test ran, before its lines' own weighs it."""
CONSTANT = 0.6
"""Suspicion of a constant as part of that of the functions that use it."""
BLAMED = 2.0
"""Factor for a line that a traceback names."""
UNCOVERED = 0.2
"""Factor for a function, or a line, that no failing test ran."""
NOT_NAMED = 0.6
"""Factor for other files where a failing test's file is named after one: `test_till.py`."""
STEEPNESS = 0.7
"""How fast suspicion falls with a place's rank in a project. Of 37 small fixes of 20 projects the
first function had 21, the next four 8, and constants 6.
"""
SHOWN = 0.3
"""Factor for `__repr__`: to tell of a failure runs it, in failing tests alone."""
WRITTEN_CHARS = 6
WRITERS = 3
WRITER = 0.9
"""Least suspicion, before its lines' own, of a function whose texts stand in a failure."""
_MESSAGE = re.compile(r"^E .*$|^\w*(?:Error|Exception)\b.*$", re.MULTILINE)
_PLACEHOLDER = re.compile(r"\{[^{}]*\}|%[-\w.]*[a-z]|\\n|\n")
_AFFIX = re.compile(r"^tests?_|_tests?$|^_+|_+$")


@dataclass(frozen=True, slots=True)
class Failing:
    """One failing test: where it is written, and what it said."""

    path: str
    """Its file; empty where it is not known."""
    name: str
    """The test function, without class and parameters."""
    text: str
    """The failure's text."""


def is_test_file(path: str) -> bool:
    """Whether a file belongs to the tests; such a file is never changed.

    >>> is_test_file("tests/test_stock.py"), is_test_file("shop/stock.py")
    (True, False)
    """
    parts = PurePosixPath(path).parts
    name = parts[-1] if parts else ""
    inside = any(part in ("test", "tests", "testing") for part in parts[:-1])
    return inside or name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"


def failing_test(test: str, text: str, paths: Collection[str]) -> Failing:
    """A test's file and function from its id, as pytest or unittest names it."""
    bare = re.sub(r"\[.*\]$", "", test, flags=re.DOTALL)
    if "::" in bare:
        path, *rest = bare.split("::")
        return Failing(path if path in paths else in_repository(path, paths), rest[-1], text)
    named = re.fullmatch(r"(\w+) \(([\w.]+)\)", bare)
    dotted = f"{named.group(2)}.{named.group(1)}" if named else bare
    parts = dotted.split(".")
    for depth in range(len(parts) - 1, 0, -1):
        found = in_repository("/".join(parts[:depth]) + ".py", paths)
        if found:
            return Failing(found, parts[-1], text)
    return Failing("", parts[-1], text)


def in_repository(path: str, paths: Collection[str]) -> str:
    """The repository's file that a path from elsewhere (absolute, or of an import) means; else
    empty.
    """
    parts = [part for part in PurePosixPath(path).parts if part not in ("/", ".")]
    for start in range(len(parts)):
        tail = "/".join(parts[start:])
        if tail in paths:
            return tail
        longer = [p for p in paths if p.endswith("/" + tail)]
        if longer and start == 0:
            return min(longer, key=len)
    return ""


def frames(text: str, paths: Collection[str]) -> list[tuple[str, int]]:
    """The repository's files and lines that a traceback names, outermost first."""
    found = []
    for unittest_path, unittest_line, pytest_path, pytest_line in _FRAME.findall(text):
        path = in_repository(unittest_path or pytest_path, paths)
        if path:
            found.append((path, int(unittest_line or pytest_line)))
    return found


def imported(code: Code, paths: Collection[str]) -> list[str]:
    """The repository's files that a file imports, in order."""
    found: dict[str, None] = {}
    for module in modules_of(code):
        for name in (f"{module}.py", f"{module}/__init__.py"):
            path = in_repository(name, paths) if "/" not in module else _whole(name, paths)
            if path:
                found[path] = None
    return list(found)


def modules_of(code: Code) -> list[str]:
    """What a file imports, as paths without suffix; names from a module count as modules too."""
    found: list[str] = []
    package = PurePosixPath(code.path).parent
    for node in ast.walk(code.tree):
        if isinstance(node, ast.Import):
            found += [alias.name.replace(".", "/") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package
            for _ in range(node.level - 1):
                start = start.parent
            stem = (node.module or "").replace(".", "/")
            stem = (start / stem).as_posix() if node.level else stem
            found += [stem, *(f"{stem}/{alias.name}" for alias in node.names)]
    return found


def is_project_module(module: str) -> bool:
    """Whether a module may be the repository's own: not of Python itself.

    >>> is_project_module("os/path"), is_project_module("shop/till")
    (False, True)
    """
    return module.split("/")[0] not in sys.stdlib_module_names | {"pytest", ".", ""}


def _whole(name: str, paths: Collection[str]) -> str:
    """A module's file by its whole dotted name, below any folder."""
    if name in paths:
        return name
    return min((p for p in paths if p.endswith("/" + name)), key=len, default="")


Lines = Mapping[str, Mapping[int, float]]
"""Suspiciousness of lines that failing tests ran, in [0, 1], by path."""


def suspicions(
    codes: Mapping[str, Code], failing: Iterable[Failing], issue: str, lines: Lines | None = None
) -> dict[tuple[str, int], float]:
    """How suspicious each function is (path and first line; 0: a module's own code), in (0, 1].

    Near calls from failing tests count most, then tracebacks, then names in the issue; where it is
    known which lines the tests ran, that weighs all of it. Files of tests have none.
    """
    tests = list(failing)
    sources = {path: code for path, code in codes.items() if not is_test_file(path)}
    nearness = _nearness(codes, sources, tests)
    blamed = {frame for test in tests for frame in frames(test.text, sources)}
    namesakes, writers = _namesakes(sources, tests), _writers(sources, tests)
    words = set(_WORD.findall(issue))
    scores: dict[tuple[str, int], float] = {}
    for path, code in sources.items():
        scores[path, 0] = UNREACHED
        share = 1.0 if path in namesakes or not namesakes else NOT_NAMED
        for function in code.functions():
            last = function.end_lineno or function.lineno
            in_frame = any(p == path and function.lineno <= line <= last for p, line in blamed)
            own = share * (SHOWN if function.name == "__repr__" and not in_frame else 1.0)
            score = max(UNREACHED, nearness.get((path, function.lineno), 0.0)) * own
            if in_frame:
                score = max(score, 0.6) * 1.3
            if (path, function.lineno) in writers:
                score = max(score, WRITER) * 1.2
            if function.name in words:
                score *= 1.3
            if lines:
                ran = lines.get(path, {})
                inside = [s for line, s in ran.items() if function.lineno < line <= last]
                score = max(score, BY_SPECTRUM * own) * max(inside) if inside else score * UNCOVERED
            scores[path, function.lineno] = score
    scores.update(_of_constants(sources, scores))
    top = max(scores.values(), default=1.0)
    return {place: score / top for place, score in scores.items()}


def steeper(
    scores: Mapping[tuple[str, int], float], codes: Mapping[str, Code]
) -> dict[tuple[str, int], float]:
    """The same for a project, whose fault is in the first function more often than in all others
    together: less for a function, or a constant, the more of them come before it.
    """
    functions = {(path, f.lineno) for path, code in codes.items() for f in code.functions()}
    found = dict(scores)
    for places, steepness in (
        (functions & scores.keys(), STEEPNESS),
        (scores.keys() - functions, STEEPNESS / 2),
    ):
        ordered = sorted(scores[place] for place in places)
        for place in places:
            first, last = bisect_left(ordered, scores[place]), bisect_right(ordered, scores[place])
            before = len(ordered) - last + (last - first - 1) / 2
            found[place] = scores[place] / (1.0 + before) ** steepness
    return found


def blamed(lines: Lines, failing: Iterable[Failing]) -> Lines:
    """The lines' suspiciousness, more for those that tracebacks name."""
    named = {frame for test in failing for frame in frames(test.text, lines)}
    return {
        path: {n: score * (BLAMED if (path, n) in named else 1.0) for n, score in ran.items()}
        for path, ran in lines.items()
    }


def _namesakes(sources: Collection[str], tests: Iterable[Failing]) -> set[str]:
    """Files that the failing tests' files are named after."""
    wanted = {_AFFIX.sub("", PurePosixPath(test.path).stem) for test in tests}
    return {path for path in sources if _AFFIX.sub("", _stem(path)) in wanted}


def _writers(sources: Mapping[str, Code], tests: Iterable[Failing]) -> set[tuple[str, int]]:
    """Functions with a text that a failure's message has too, where few functions have it."""
    said = "\n".join(line for test in tests for line in _MESSAGE.findall(test.text))
    owners: dict[str, set[tuple[str, int]]] = {}
    for path, code in sources.items() if said else ():
        for node in code.nodes:
            function = code.function_of(node)
            is_docstring = isinstance(code.parents.get(node), ast.Expr)
            if function is None or is_docstring or not isinstance(node, ast.Constant):
                continue
            for part in _PLACEHOLDER.split(node.value) if isinstance(node.value, str) else ():
                if len(part.strip()) >= WRITTEN_CHARS and part.strip() in said:
                    owners.setdefault(part.strip(), set()).add((path, function.lineno))
    return {place for places in owners.values() if len(places) <= WRITERS for place in places}


def _stem(path: str) -> str:
    place = PurePosixPath(path)
    return place.parent.name if place.stem == "__init__" else place.stem


def _of_constants(
    sources: Mapping[str, Code], scores: Mapping[tuple[str, int], float]
) -> dict[tuple[str, int], float]:
    """How suspicious assignments outside of functions are: a part of what those are that use them;
    less for large tables, of which most entries have no part in a failure.
    """
    users: dict[str, float] = {}
    for path, code in sources.items():
        for function in code.functions():
            score = scores[path, function.lineno]
            for name in _names_in(function):
                users[name] = max(score, users.get(name, 0.0))
    found: dict[tuple[str, int], float] = {}
    for path, code in sources.items():
        for node in code.constants:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {n for target in targets for n in _names_in(target)}
            size = sum(1 for n in ast.walk(node) if isinstance(n, ast.Constant))
            used = max((users.get(name, 0.0) for name in names), default=0.0)
            if used and size and (path, node.lineno) not in scores:
                found[path, node.lineno] = CONSTANT * used / (1 + size / 10)
    return found


def _nearness(
    codes: Mapping[str, Code], sources: Mapping[str, Code], tests: list[Failing]
) -> dict[tuple[str, int], float]:
    """How near the failing tests call each function, by names alone; their mean, in [0, 1]."""
    defined: dict[str, list[tuple[str, Function]]] = {}
    for path, code in sources.items():
        for name, function in _definitions(code):
            defined.setdefault(name, []).append((path, function))
    places = {(test.path, test.name): 0 for test in tests if test.path in codes}
    nearness: dict[tuple[str, int], float] = {}
    for path, name in places:
        steps = _distances(_names_of_test(codes[path], name), defined)
        for place, count in steps.items():
            nearness[place] = nearness.get(place, 0.0) + NEARER**count / len(places)
    return nearness


def _distances(
    frontier: set[str], defined: Mapping[str, list[tuple[str, Function]]]
) -> dict[tuple[str, int], int]:
    """Calls between a test that uses these names and each function that it reaches."""
    found: dict[tuple[str, int], int] = {}
    steps = 0
    while frontier:
        reached = [pair for name in sorted(frontier) for pair in defined.get(name, ())]
        fresh = [(p, f) for p, f in reached if (p, f.lineno) not in found]
        found.update({(p, f.lineno): steps for p, f in fresh})
        frontier = {name for _, f in fresh for name in _names_in(f) - {*arguments_of(f)}}
        steps += 1
    return found


def _definitions(code: Code) -> Iterable[tuple[str, Function]]:
    """Functions by the names that reach them: their own, and the class's for special methods."""
    for function in code.functions():
        place = code.parents.get(function)
        if isinstance(place, ast.ClassDef):
            yield f".{function.name}", function
            if function.name.startswith("__"):
                yield place.name, function
        else:
            yield function.name, function
        outer = code.function_of(function)
        if outer is not None:
            yield outer.name, function


def _names_of_test(code: Code, name: str) -> set[str]:
    """Names that a test uses: its own, its class's set-up, the file's functions it calls."""
    functions = {f.name: f for f in code.functions()}
    test = functions.get(name)
    if test is None:
        return _names_in(code.tree)
    names = _names_in(test)
    place = code.parents.get(test)
    if isinstance(place, ast.ClassDef):
        for other in place.body:
            if isinstance(other, Function) and not other.name.startswith("test"):
                names |= _names_in(other)
    for called in sorted(names & functions.keys()):
        names |= _names_in(functions[called])
    return names


def _names_in(node: ast.AST) -> set[str]:
    """Names that code uses; one that follows a dot comes with and without the dot."""
    found = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            found.add(inner.id)
        elif isinstance(inner, ast.Attribute):
            found |= {inner.attr, f".{inner.attr}"}
    return found
