"""Processes that wait where something is loaded, and fork children from there: before the files
that configure pytest, and after the project and its tests.
"""

# mypy: ignore-errors

import gc
import json
import os
import select
import sys

from preload import thread_count
from rounds import COLLECT_S, Round, run_round
from swap import Declined, Loaded, Ran

WARM_LEAST = 6
"""Candidates for which it pays to load the project once more, to fork from there."""


def leave_behind(spec: "dict", scratch: str, limits_s: "tuple[float, float]") -> None:
    """Fork a process that waits here for turns to run the tests, where some candidate needs it;
    `early` gets where it is asked and where it tells. Raises `Forked` as `start_child` does.
    """
    if not spec["stale"]:
        return
    asked, ask = os.pipe()
    told, tell = os.pipe()
    if os.fork() == 0:
        os.close(ask)
        os.close(told)
        while os.read(asked, 1):
            found = run_round(spec, scratch, *limits_s)
            os.write(tell, (json.dumps(vars(found)) + "\n").encode())
        os._exit(0)
    os.close(asked)
    os.close(tell)
    spec["early"] = (ask, os.fdopen(told))


def early_round(spec: "dict") -> Round:
    """A round of the process that was left behind."""
    ask, told = spec["early"]
    os.write(ask, b"?")
    return read_round(told)


def read_round(told: "object") -> Round:
    found = Round()
    for name, value in json.loads(told.readline()).items():
        setattr(found, name, value)
    return found


class Server:
    """A process that has loaded the project and collected the tests, and forks children in which
    changed functions take the place of loaded ones.
    """

    def __init__(self, spec: "dict", scratch: str, limits_s: "tuple[float, float]") -> None:
        self.spec, self.scratch, self.limits_s = spec, scratch, limits_s
        self.ran, self.loaded, self.changed = Ran(), None, {}
        self.asked, self.ask = os.pipe()
        self.told, self.tell = os.pipe()

    def serve(self) -> None:
        """Run the tests each time that it is asked to; raises `Forked` as `start_child` does."""
        sys.setprofile(None)
        if thread_count() > 1:  # a child would not have them
            os._exit(0)
        self.loaded = Loaded(self.spec["repository"], self.scratch, self.ran)
        if hasattr(gc, "freeze"):
            gc.freeze()
        os.write(self.tell, b"ready\n")
        with os.fdopen(self.asked) as stream:
            for line in stream:
                try:
                    self.changed = {}
                    for path in json.loads(line):
                        self.changed.update(self.loaded.plan(path))
                except Declined:
                    found = Round()
                    found.declined = True
                else:
                    found = run_round(self.spec, self.scratch, *self.limits_s)
                os.write(self.tell, (json.dumps(vars(found)) + "\n").encode())
        os._exit(0)


def warmed(spec: "dict", scratch: str, limits_s: "tuple[float, float]") -> "Server | None":
    """Fork a process that goes on to load the project and collect the tests; `warm` gets where it
    is asked and where it tells. There, what forks its children; here nothing.
    """
    if spec["probe"] or len(spec["candidates"]) < WARM_LEAST:
        return None
    server = Server(spec, scratch, limits_s)
    if os.fork() == 0:
        os.close(server.ask)
        os.close(server.told)
        sys.setprofile(server.ran)
        return server
    os.close(server.asked)
    os.close(server.tell)
    spec["warm"] = (server.ask, os.fdopen(server.told))
    return None


def await_warm(spec: "dict") -> None:
    """Wait until that process has loaded the project, which no change must have reached by then."""
    if spec.get("warm"):
        told = spec["warm"][1]
        ready, _, _ = select.select([told], [], [], COLLECT_S)
        if not ready or not told.readline():
            spec["warm"] = None


def warm_round(spec: "dict", changed: "set[str]") -> "Round | None":
    """A round of the process that has loaded the project; None where it cannot be had."""
    if not spec.get("warm"):
        return None
    ask, told = spec["warm"]
    try:
        os.write(ask, (json.dumps(sorted(changed)) + "\n").encode())
        found = read_round(told)
    except (OSError, ValueError):  # it ended
        spec["warm"] = None
        return None
    return None if found.declined else found
