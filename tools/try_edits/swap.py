"""Puts a changed file's functions in the place of those that are loaded, so that a candidate costs
neither the import of the project nor the collection of its tests. What only a fresh import would
show (code outside of functions, functions that ran while the project was loaded, other signatures)
is declined.
"""

# ruff: noqa: B905, PTH118, PTH123, UP033
# mypy: ignore-errors

import __future__

import ast
import gc
import os
import sys
import types
from functools import lru_cache

OWN = (
    *("co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_flags"),
    *("co_argcount", "co_kwonlyargcount", "co_posonlyargcount", "co_exceptiontable", "co_name"),
)
SIGNATURE = (*("co_argcount", "co_kwonlyargcount", "co_posonlyargcount", "co_freevars", "co_name"),)
FUTURE = 0
for feature in __future__.all_feature_names:
    FUTURE |= getattr(__future__, feature).compiler_flag
METHOD = (ast.FunctionDef, ast.AsyncFunctionDef)
OPTIMIZED = 1
"""Flag of code objects that are function bodies, not those of modules and classes."""


class Declined(Exception):
    """The change cannot be made in what is loaded."""


class Ran:
    """A profile hook that keeps the places of functions that ran."""

    def __init__(self) -> None:
        self.codes = set()  # type: set[types.CodeType]

    def __call__(self, frame: object, event: str, arg: object) -> None:
        if event == "call":
            self.codes.add(frame.f_code)


class Loaded:
    """What is loaded of the project, before a change is made in it."""

    def __init__(self, repository: str, scratch: str, ran: Ran) -> None:
        self.repository, self.scratch = repository, scratch
        self.ran = {place_of(code) for code in ran.codes}
        self.sources = {}  # type: dict[str, Source]
        self.functions = {}  # type: dict[tuple, list]
        if hasattr(gc, "unfreeze"):
            gc.unfreeze()
        for found in gc.get_objects():
            if type(found) is types.FunctionType:
                place = place_of(found.__code__)
                if place[0].startswith(scratch):
                    self.functions.setdefault(place, []).append(found)
        files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
        self.files = {os.path.realpath(file) for file in files if isinstance(file, str)}

    def plan(self, path: str) -> "dict[tuple, types.CodeType]":
        """The functions of a file that are others now, by their places. Raises `Declined`."""
        place = os.path.join(self.scratch, path)
        if place not in self.files:  # the tests have yet to import it
            return {}
        if path not in self.sources:
            self.sources[path] = Source(lines_of(os.path.join(self.repository, path)))
        old, new = self.sources[path].part(lines_of(place), place)
        changed = {}  # type: dict[tuple, types.CodeType]
        self.compare(old, new, changed)
        return changed

    def swap(self, changed: "dict[tuple, types.CodeType]") -> None:
        """Make what is loaded so."""
        for key, code in changed.items():
            for function in self.functions.get(key, ()):
                function.__code__ = code

    def compare(self, old: types.CodeType, new: types.CodeType, changed: dict) -> None:
        """Gather the functions that changed. Raises `Declined`."""
        if not same(old, new, OWN) or not same_shape(old.co_consts, new.co_consts):
            raise Declined
        for one, two in zip(old.co_consts, new.co_consts):
            if not isinstance(one, types.CodeType) or equal(one, two):
                continue
            if one.co_flags & OPTIMIZED:
                self.replace(one, two, changed)
                if place_of(one) not in self.functions:
                    raise Declined
            else:
                self.compare(one, two, changed)

    def replace(self, old: types.CodeType, new: types.CodeType, changed: dict) -> None:
        """Note that a function is another one now, and those that it makes. Raises `Declined`."""
        if place_of(old) in self.ran or not same(old, new, SIGNATURE):
            raise Declined
        if parameters(old) != parameters(new):
            raise Declined
        changed[place_of(old)] = new
        inner, later = codes_in(old), codes_in(new)
        if [code.co_name for code in inner] == [code.co_name for code in later]:
            for one, two in zip(inner, later):
                if not equal(one, two):
                    self.replace(one, two, changed)
        elif any(place_of(code) in self.functions for code in inner):
            raise Declined


class Source:
    """A file as it was, by the statements of its outermost level, each with what follows it up to
    the next.
    """

    def __init__(self, lines: "list[str]") -> None:
        self.lines = lines
        try:
            tree = ast.parse("".join(lines))
            whole = compile(tree, "-", "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as problem:
            raise Declined from problem
        self.flags = whole.co_flags & FUTURE
        self.tree = tree

    def part(self, lines: "list[str]", name: str) -> "tuple[types.CodeType, types.CodeType]":
        """Those statements that changed, as they were and as they are. Raises `Declined`."""
        low, high = 0, min(len(lines), len(self.lines))
        while low < high and lines[low] == self.lines[low]:
            low += 1
        same = 0
        while same < high - low and lines[-1 - same] == self.lines[-1 - same]:
            same += 1
        last = max(low, len(self.lines) - same - 1)
        head, found = "", stretch(self.tree.body, low + 1, last + 1, len(self.lines))
        if found and len(found[0]) == 1 and isinstance(found[0][0], ast.ClassDef):
            inner = stretch(found[0][0].body, low + 1, last + 1, found[2])
            if inner and all(isinstance(node, METHOD) for node in inner[0]):
                head, found = "class " + found[0][0].name + ":\n", inner
        if not found:
            raise Declined
        _, start, end = found
        old = self.lines[start - 1 : end]
        new = lines[start - 1 : end + len(lines) - len(self.lines)]
        above = "\n" * (start - 1 - bool(head)) + head
        return self.compiled(above, old, name), self.compiled(above, new, name)

    def compiled(self, above: str, lines: "list[str]", name: str) -> types.CodeType:
        try:
            text = above + "".join(lines)
            return compile(text, name, "exec", self.flags, dont_inherit=True)
        except (SyntaxError, ValueError) as problem:
            raise Declined from problem


def stretch(body: "list[ast.stmt]", low: int, last: int, end: int) -> "tuple | None":
    """The statements that these lines touch, with their first line and the last before the next
    one's; `end` is the last line of all. None where the lines begin before the first statement.
    """
    firsts = [first_line(node) for node in body]
    touched = [at for at, first in enumerate(firsts) if first <= low]
    if not touched:
        return None
    start = touched[-1]
    after = [at for at, first in enumerate(firsts) if first > last]
    stop = after[0] if after else len(body)
    return body[start:stop], firsts[start], firsts[stop] - 1 if after else end


def first_line(node: ast.stmt) -> int:
    return min([node.lineno] + [d.lineno for d in getattr(node, "decorator_list", ())])


def lines_of(path: str) -> "list[str]":
    """A file's lines. Raises `Declined` where it is not UTF-8."""
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.readlines()
    except (OSError, ValueError) as problem:
        raise Declined from problem


@lru_cache(maxsize=None)
def real(path: str) -> str:
    return os.path.realpath(path)


def place_of(code: types.CodeType) -> tuple:
    """Which function a code object is of, by where it stood when its file was loaded."""
    return (real(code.co_filename), code.co_firstlineno, code.co_name)


def parameters(code: types.CodeType) -> tuple:
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4)
    return (code.co_varnames[: count + bool(code.co_flags & 8)], code.co_flags & 0x2AC)


def codes_in(code: types.CodeType) -> "list[types.CodeType]":
    return [value for value in code.co_consts if isinstance(value, types.CodeType)]


def same(one: types.CodeType, two: types.CodeType, names: "tuple[str, ...]") -> bool:
    return all(getattr(one, name, None) == getattr(two, name, None) for name in names)


def same_shape(one: tuple, two: tuple) -> bool:
    """Whether two rows of constants differ in code objects at most."""
    if len(one) != len(two):
        return False
    for first, second in zip(one, two):
        if isinstance(first, types.CodeType) != isinstance(second, types.CodeType):
            return False
        if isinstance(first, types.CodeType):
            if first.co_name != second.co_name:
                return False
        elif type(first) is not type(second) or repr(first) != repr(second):
            return False
    return True


def equal(one: types.CodeType, two: types.CodeType) -> bool:
    """Whether two code objects do the same; on which lines they stand does not count."""
    if not same(one, two, OWN) or not same_shape(one.co_consts, two.co_consts):
        return False
    pairs = zip(one.co_consts, two.co_consts)
    return all(equal(a, b) for a, b in pairs if isinstance(a, types.CodeType))
