"""Sees how one function behaves: records what the tests pass to it, makes more inputs like those,
and says in short what comes back for each; runs inside the sandbox.
"""

# ruff: noqa: UP031
# mypy: ignore-errors

import ast
import copy
import os
import random
import signal
import sys
import zlib
from itertools import islice

RECORDED_LIMIT = 12
INPUT_LIMIT = 60
REPR_LIMIT = 400
CALL_S = 0.1
TOTAL_FAULTS = 8
"""Inputs in a row that take too long, after which the rest is not tried."""


class Overlong(BaseException):
    """A call took longer than it may."""


class Recorder:
    """Reports the arguments of calls from outside of one top-level function of a file; to be set as
    the interpreter's profile function.
    """

    def __init__(self, path: str, function: str, channel: object) -> None:
        self.path, self.function, self.channel = path, function, channel
        self.seen = set()  # type: set[str]

    def __call__(self, frame: object, event: str, value: object) -> None:
        code = frame.f_code
        if event != "call" or code.co_name != self.function:
            return
        if frame.f_back is not None and frame.f_back.f_code is code:  # first, as it costs least
            return
        if len(self.seen) >= RECORDED_LIMIT:
            sys.setprofile(None)
            return
        if os.path.realpath(code.co_filename) != self.path or code.co_flags & 0x0C:
            return
        names = code.co_varnames[: code.co_argcount]
        arguments = [frame.f_locals[name] for name in names]
        shown = repr(arguments)
        if len(shown) <= REPR_LIMIT and shown not in self.seen and is_literal(shown, arguments):
            self.seen.add(shown)
            self.channel.send(["input", shown])


def is_literal(shown: str, value: object) -> bool:
    try:
        return ast.literal_eval(shown) == value
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return False


def more_like(recorded: "list[list]") -> "list[list]":
    """The recorded inputs, and others near them; the same each time."""
    choose = random.Random(0)
    found = {repr(each): each for each in recorded}
    for _ in range(8 * INPUT_LIMIT):
        if len(found) >= INPUT_LIMIT or not recorded:
            break
        near = [nearby(value, choose) for value in choose.choice(recorded)]
        found.setdefault(repr(near), near)
    return list(found.values())[:INPUT_LIMIT]


def nearby(value: object, choose: random.Random) -> object:
    """A value of the same shape, a little different."""
    if isinstance(value, bool):
        return choose.random() < 0.5
    if isinstance(value, int):
        near = (value, value + 1, value - 1, value * 2, choose.randint(0, abs(value) + 3))
        return choose.choice(near if value >= 0 else (*near, -value))
    if isinstance(value, float):
        return choose.choice((value, value + 1, value / 2, -value, round(value * 1.37, 2)))
    if isinstance(value, str):
        letters = [c.swapcase() if choose.random() < 0.1 else c for c in value]
        return "".join(reshaped(letters, choose))
    if isinstance(value, (list, tuple)):
        members = [nearby(v, choose) if choose.random() < 0.4 else v for v in value]
        return type(value)(reshaped(members, choose))
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if choose.random() < 0.8}
        return {k: nearby(v, choose) if choose.random() < 0.5 else v for k, v in kept.items()}
    return value


def reshaped(members: list, choose: random.Random) -> list:
    """Some members dropped, doubled or in another order."""
    for _ in range(choose.randint(0, 3)):
        turn = choose.random()
        if turn < 0.4 and members:
            del members[choose.randrange(len(members))]
        elif turn < 0.75 and members:
            members.insert(choose.randrange(len(members) + 1), choose.choice(members))
        else:
            choose.shuffle(members)
    return members


def behaviour_of(path: str, function: str, inputs: "list[list]") -> "list[str]":
    """What the function of a file that is imported by now returns for each input: a word for its
    type and a checksum, or the exception's name after `!`.
    """
    module = next((m for m in list(sys.modules.values()) if is_at(m, path)), None)
    called = getattr(module, function, None)
    if not callable(called):
        return []
    signal.signal(signal.SIGPROF, stopped)
    found, faults = [], 0
    for each in inputs:
        if faults >= TOTAL_FAULTS:
            found.append("!Overlong")
            continue
        found.append(outcome(called, copy.deepcopy(each)))
        faults = faults + 1 if found[-1] == "!Overlong" else 0
    return found


def outcome(called: object, arguments: list) -> str:
    try:
        signal.setitimer(signal.ITIMER_PROF, CALL_S)
        result = called(*arguments)
        if hasattr(result, "__next__"):
            result = list(islice(result, 1000))
        shown = repr(result) + (repr(arguments) if result is None else "")
    except Overlong:
        return "!Overlong"
    except Exception as problem:  # noqa: BLE001
        return "!" + type(problem).__name__
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return "%s %08x" % (type(result).__name__, zlib.crc32(shown.encode("utf-8", "replace")))


def stopped(number: int, frame: object) -> None:
    raise Overlong


def is_at(module: object, path: str) -> bool:
    place = getattr(module, "__file__", None)
    return isinstance(place, str) and os.path.realpath(place) == path
