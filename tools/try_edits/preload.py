"""Modules that are not the project's, imported once before children are forked: no candidate pays
for them.
"""

# ruff: noqa: PTH208
# mypy: ignore-errors

import contextlib
import importlib
import os
import sys

from runners import is_inside

PRELOAD_LIMIT = 3000


def foreign_modules(places: "list[str]") -> "list[str]":
    """Names of the modules that are loaded here and lie in none of these folders."""
    return [name for name in list(sys.modules) if not _is_own(name, places)][:PRELOAD_LIMIT]


def preload(names: "list[str]", places: "list[str]") -> None:
    """Import modules; what imports the project on its way, or starts threads, is left out."""
    wanted = [name for name in names if name not in sys.modules and name != "__main__"]
    barred = set()  # type: set[str]
    for _ in range(5):
        culprit = _culprit([name for name in wanted if name.split(".")[0] not in barred], places)
        if not culprit:
            break
        barred.add(culprit.split(".")[0])
    else:
        return
    for name in wanted:
        if name.split(".")[0] not in barred:
            _imported(name, places)


def _culprit(names: "list[str]", places: "list[str]") -> str:
    """The first module with which a thread begins, found out in a child; empty: there is none."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            before = thread_count()
            for name in names:  # told before, so that one that ends the process is known too
                os.write(writer, (name + "\n").encode())
                _imported(name, places)
                if thread_count() > before:
                    os._exit(1)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as stream:
        told = stream.read().split()
    status = os.waitpid(pid, 0)[1]
    return told[-1] if status and told else ""


def _imported(name: str, places: "list[str]") -> None:
    before = set(sys.modules)
    with contextlib.suppress(BaseException):
        importlib.import_module(name)
    fresh = set(sys.modules) - before
    if any(_is_own(one, places) for one in fresh):
        for one in fresh:
            del sys.modules[one]


def _is_own(name: str, places: "list[str]") -> bool:
    file = getattr(sys.modules[name], "__file__", None)
    if not isinstance(file, str):
        return False
    path = os.path.realpath(file)
    return any(is_inside(path, place) for place in places)


def thread_count() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 1
