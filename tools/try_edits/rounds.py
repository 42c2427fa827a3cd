"""One run of the tests in a forked child, and what it said."""

# ruff: noqa: PTH118, UP031
# mypy: ignore-errors

import ast
import errno
import json
import os
import resource
import select
import signal
import sys
import time

from preload import foreign_modules
from probes import Recorder, behaviour_of
from runners import RUNNERS, Channel, Forked, aim_imports
from states import Tracer

COLLECT_S = 30.0
BASELINE_S = 10.0


def run_child(spec: "dict", scratch: str, channel: Channel, writes_bytecode: bool) -> None:
    """Be the child: bound what it may use, then run the tests. Never returns."""
    status = 1
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(nothing, fd)
        sys.dont_write_bytecode = not writes_bytecode
        os.chdir(scratch)
        os.environ["PWD"] = scratch
        aim_imports(spec["repository"], scratch)
        begin_child(spec, scratch, channel)
        RUNNERS[spec["runner"]](spec, channel)
        end_child(spec, scratch, channel)
        status = 0
    finally:
        os._exit(status)


def begin_child(spec: "dict", scratch: str, channel: Channel) -> None:
    os.setsid()
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    limit = spec["memory_mb"] << 20
    reserves = spec["runner"] == "commands"  # other languages set aside far more than they use
    bounded = resource.RLIMIT_DATA if reserves else resource.RLIMIT_AS
    resource.setrlimit(bounded, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Whoever waits for this child may be killed; what it started then still comes to an end.
    longest = int(spec["total_s"] + BASELINE_S) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (longest, longest))
    probe = spec.get("probe") or {}
    if probe and not spec["inputs"]:
        path = os.path.join(scratch, probe["path"])
        sys.setprofile(Recorder(path, probe["function"], channel))
    if spec.get("watching"):
        sys.settrace(Tracer(scratch, spec["watch"], channel))


def end_child(spec: "dict", scratch: str, channel: Channel) -> None:
    sys.setprofile(None)
    sys.settrace(None)
    if "stops" not in spec:  # the unchanged project
        channel.send(["modules", foreign_modules([scratch, spec["repository"]])])
    if spec["inputs"]:
        channel.send(["tested"])
        path = os.path.join(scratch, spec["probe"]["path"])
        behaviour = behaviour_of(path, spec["probe"]["function"], spec["inputs"])
        channel.send(["behaviour", behaviour])
    channel.send(["end"])


class Round:
    """What one child said."""

    def __init__(self) -> None:
        self.passed = []  # type: list[str]
        self.failed = {}  # type: dict[str, str]
        self.took_s = {}  # type: dict[str, float]
        self.running = ""
        self.collect_s = 0.0
        self.ended = False
        """Whether the tests came to their end."""
        self.over = False
        """Whether nothing more is to come."""
        self.timed_out = False
        self.message = ""
        self.inputs = []  # type: list[list]
        self.behaviour = []  # type: list[str]
        self.states = []  # type: list[list]
        self.modules = []  # type: list[str]
        self.loaded = None  # type: list[str] | None
        """Files of modules that were there before any test was."""
        self.early = None  # type: list[str] | None
        """The same before any conftest file was."""
        self.declined = False
        """Whether the change could not be made in what was loaded."""

    def take(self, event: "list", began: float) -> None:
        kind = event[0]
        if kind == "start":
            self.collect_s = self.collect_s or time.time() - began
            self.running = event[1]
        elif kind == "pass":
            self.passed.append(event[1])
            self.took_s[event[1]] = event[3]
        elif kind == "fail":
            self.failed[event[1]] = event[2]
            self.took_s[event[1]] = event[3]
        elif kind == "broken":
            self.message = event[1]
        elif kind == "input":
            self.inputs.append(ast.literal_eval(event[1]))
        elif kind in ("loaded", "early", "modules", "behaviour"):
            setattr(self, kind, event[1])
        elif kind == "state":
            self.states.append(event[1:])
        elif kind in ("tested", "end"):
            self.ended = True
            self.over = kind == "end"


def start_child(
    spec: "dict", scratch: str, cpu_s: float, writes_bytecode: bool
) -> "tuple[int, int]":
    """Fork a child that runs the tests; its process id, and where it is read.

    Raises:
        Forked: this is the child of a session that is ready; it has to go on with it.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        channel = Channel(writer)
        channel.cpu_s, channel.stops = cpu_s, spec.get("stops", False)
        if spec.get("session"):
            begin_child(spec, scratch, channel)
            raise Forked(channel)
        run_child(spec, scratch, channel, writes_bytecode)
    os.close(writer)
    return pid, reader


def run_round(
    spec: "dict", scratch: str, cpu_s: float, wall_s: float, writes_bytecode: bool = False
) -> Round:
    """Run the tests once in a forked child; a test gets `cpu_s` of processor time and `wall_s` of
    the clock. Raises `Forked` as `start_child` does.
    """
    began = time.time()
    pid, reader = start_child(spec, scratch, cpu_s, writes_bytecode)
    told, buffer, since, ready = Round(), b"", began, True
    while True:
        allowed = wall_s if told.collect_s and not told.ended else max(wall_s, COLLECT_S)
        ready, _, _ = select.select([reader], [], [], max(0.0, since + allowed - time.time()))
        if not ready:
            told.timed_out = not told.ended
            break
        chunk = os.read(reader, 65536)
        buffer += chunk
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            told.take(json.loads(line.decode()), began)
        since = time.time()
        if not chunk or told.over:
            break
    os.close(reader)
    try:
        if not ready:
            os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
        os.killpg(pid, signal.SIGKILL)
    except OSError as problem:
        if problem.errno not in (errno.ESRCH, errno.ECHILD, errno.EPERM):
            raise
    if os.WIFSIGNALED(status) and not told.ended:
        told.timed_out = told.timed_out or os.WTERMSIG(status) == signal.SIGPROF
        told.message = told.message or "died of signal %d" % os.WTERMSIG(status)
    return told
