"""Records what the variables of a few functions hold before each line, as the tests run them; runs
inside the sandbox.
"""

# mypy: ignore-errors

import os
import sys
import types

from probes import is_literal

LINE_LIMIT = 24
"""Different states that are kept of one line."""
EVENT_LIMIT = 4000
TOTAL_CHARS = 300000
VALUE_CHARS = 160
NAME_LIMIT = 16
KIND_LIMIT = 3
COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")


class Tracer:
    """Reports `state`, path, line, whether inside a comprehension, and the values by name; to be
    set as the interpreter's trace function.
    """

    def __init__(self, root: str, wanted: "list[dict]", channel: object) -> None:
        self.wanted = {(one["path"], one["function"]) for one in wanted}
        self.names = {function for _, function in self.wanted}
        self.root, self.channel = root, channel
        self.paths = {}  # type: dict[str, str]
        self.seen = {}  # type: dict[tuple, set[str]]
        self.events = self.chars = 0

    def __call__(self, frame: object, event: str, value: object) -> object:
        """Whether a frame is looked at: its function was asked for."""
        if event != "call":
            return None
        code = frame.f_code
        if code.co_name in COMPREHENSIONS:
            outer = frame.f_back
            return self.in_comprehension if outer and outer.f_trace == self.in_function else None
        if code.co_name not in self.names:
            return None
        path = self.paths.get(code.co_filename)
        if path is None:
            path = os.path.relpath(os.path.realpath(code.co_filename), self.root)
            self.paths[code.co_filename] = path
        return self.in_function if (path, code.co_name) in self.wanted else None

    def in_function(self, frame: object, event: str, value: object) -> object:
        if event == "line":
            self.report(frame, frame.f_locals, False)
        return self.in_function

    def in_comprehension(self, frame: object, event: str, value: object) -> object:
        if event == "line" and frame.f_back:
            self.report(frame, {**frame.f_back.f_locals, **frame.f_locals}, True)
        return self.in_comprehension

    def report(self, frame: object, values: dict, is_inner: bool) -> None:
        self.events += 1
        if self.events > EVENT_LIMIT or self.chars > TOTAL_CHARS:
            sys.settrace(None)
            return
        at = (self.paths[frame.f_code.co_filename], frame.f_lineno, is_inner)
        seen = self.seen.setdefault(at, set())
        if len(seen) >= LINE_LIMIT:
            return
        shown = {}
        for name, value in list(values.items())[:NAME_LIMIT]:
            shown.update(literals(name, value, frame.f_code.co_names))
        key = repr(shown)
        if key not in seen:
            seen.add(key)
            self.chars += len(key)
            self.channel.send(["state", *at, shown])


def literals(name: str, value: object, read: "tuple[str, ...]" = ()) -> "dict[str, str]":
    """A variable's value as a literal, or its type and what its object's attributes hold; of those
    that are no literals, the types of the ones that are read.
    """
    text = literal(value)
    found = {name: text or kind(value)}
    if not text and hasattr(value, "__dict__") and not isinstance(value, type):
        for attribute, inner in list(vars(value).items())[:NAME_LIMIT]:
            text = literal(inner)
            if text or attribute in read:
                found["%s.%s" % (name, attribute)] = text or kind(inner)  # noqa: UP031
    return {place: text for place, text in found.items() if text}


def kind(value: object) -> str:
    """A value's type and what that is derived from: module and names; empty for what code is made
    of.
    """
    if isinstance(value, (type, types.ModuleType, types.FunctionType, types.MethodType)):
        return ""
    names = [one.__name__ for one in type(value).__mro__[:-1][:KIND_LIMIT]]
    return "<%s %s>" % (type(value).__module__, " ".join(names)) if names else ""  # noqa: UP031


def literal(value: object) -> str:
    """Source for a value; empty where it has none, or a long one."""
    if type(value) not in (int, float, str, bool, type(None), list, tuple, dict, set):
        return ""
    if isinstance(value, (list, tuple, dict, set)) and len(value) > VALUE_CHARS:
        return ""
    shown = repr(value)
    return shown if len(shown) <= VALUE_CHARS and is_literal(shown, value) else ""
