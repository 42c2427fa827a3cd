"""Tries candidate edits against tests, one forked child each; runs inside the sandbox.

Usage: `python harness.py SPEC`, Python 3.6 or later. SPEC is JSON: `repository`, `candidates`
(lists of `{path, old, new}`), `tests` (ids), `commands` (the run's test commands), `files` (extra
ones, texts by path), `probe` (a `path` and `function` whose behaviour is looked at, or null),
`watch` (such functions whose variables are recorded on the unchanged project),
`total_s`, `memory_mb`, `folder` (scratch space, made here) and `results` (a file that gets one JSON
line a candidate). The project is never imported in this process: each child imports it afresh from
a scratch copy in which the candidate's edits were made, and the copy is put back after.
"""

# ruff: noqa: PTH103, PTH118, PTH123, UP031
# mypy: ignore-errors

import ast
import errno
import gc
import json
import os
import resource
import select
import shutil
import signal
import sys
import time

from edits import add_files, apply_edits, copy_repository, put_back
from preload import foreign_modules, preload
from probes import Recorder, behaviour_of, more_like
from runners import (
    MESSAGE_CHARS,
    RUNNERS,
    Channel,
    Forked,
    aim_imports,
    chosen_runner,
    pytest_options,
    run_session,
)
from states import Tracer

COLLECT_S = 30.0
BASELINE_S = 10.0
RECORDING_COST = 10
"""Times that a program of many small calls takes longer while its inputs are recorded."""
LENIENT = (["-o", "addopts="], ["-o", "filterwarnings=", "-W", "ignore"])
SLOW_S = 1.0
"""Where the unchanged tests take longer, quick tests come first and the first failure ends it."""


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


def result_of(index: int, told: Round, tests: "list[str]") -> "dict":
    failed = [t for t in tests if t not in set(told.passed)] if tests else sorted(told.failed)
    good = not failed and told.passed and not told.failed and told.ended
    status = "passed" if good else ("timeout" if told.timed_out else "failed")
    message = next(iter(told.failed.values()), "") or told.message
    return {
        "index": index,
        "status": status,
        "passed": len(told.passed),
        "failed": failed,
        "message": message[:MESSAGE_CHARS],
        "behaviour": told.behaviour,
    }


def limits_from(baseline: Round, spec: "dict") -> "tuple[float, float]":
    """Seconds of processor and of clock for one test, from what the unchanged project took."""
    if spec.get("timeout_s"):
        return spec["timeout_s"], spec["timeout_s"] * 4 + 1.0
    slowest = max(baseline.took_s.values(), default=0.0)
    cpu_s = min(20.0, max(0.4, 4 * slowest))
    return cpu_s, max(5.0, 3 * cpu_s)


def run_unchanged(spec: "dict", scratch: str, cpu_s: float) -> Round:
    """The tests of the unchanged project; where pytest runs none with the options of the test
    commands, it gets more that keep the project's settings from stopping it.
    """
    baseline = run_round(spec, scratch, cpu_s, 3 * cpu_s, writes_bytecode=True)
    preload(baseline.modules, [scratch, spec["repository"]])
    for more in LENIENT if spec["runner"] == "pytest" else ():
        if baseline.passed or baseline.failed or baseline.timed_out:
            break
        spec["options"] = spec["options"] + more
        baseline = run_round(spec, scratch, cpu_s, 3 * cpu_s, writes_bytecode=True)
    return baseline


def work(spec: "dict", number: int, queue: int, out: int) -> None:
    """Be one worker, with a scratch copy of its own; also be each of its children."""
    scratch = os.path.join(os.path.realpath(spec["folder"]), "copy%d" % number)
    copy_repository(spec, scratch)
    add_files(spec.get("files", {}), scratch)
    cpu_s = spec.get("timeout_s") or BASELINE_S
    baseline = run_unchanged(spec, scratch, cpu_s)
    spec["stops"] = baseline.timed_out or sum(baseline.took_s.values()) > SLOW_S
    if spec["stops"]:
        spec["order"] = dict(baseline.took_s)
        if baseline.timed_out:
            spec["order"][baseline.running] = cpu_s
    if baseline.ended:
        spec["inputs"] = more_like(baseline.inputs)
    limits_s = limits_from(baseline, spec)
    if spec.get("watch") and number == 0 and spec["runner"] != "commands":
        slowed = (RECORDING_COST * limit_s for limit_s in limits_s)
        watched = run_round(dict(spec, watching=True, inputs=[], probe=None), scratch, *slowed)
        os.write(out, (json.dumps({"states": watched.states}) + "\n").encode())

    def try_queued() -> None:
        try_candidates(spec, scratch, limits_s, number, queue, out)

    if is_session_fresh(spec, scratch, baseline):
        os.chdir(scratch)
        os.environ["PWD"] = scratch
        aim_imports(spec["repository"], scratch)
        sys.dont_write_bytecode = True
        spec["session"] = True
        channel = run_session(spec, try_queued, lambda: leave_behind(spec, scratch, limits_s))
        if channel:
            end_child(spec, scratch, channel)
    else:
        try_queued()


def is_session_fresh(spec: "dict", scratch: str, baseline: Round) -> bool:
    """Whether children may be forked from a session of pytest that is set up already. `stale` gets
    the paths that its conftest files import: who changes those starts from before them.
    """
    paths = {edit["path"] for edits in spec["candidates"] for edit in edits}
    places = {path: os.path.realpath(os.path.join(scratch, path)) for path in paths}
    loaded, early = set(baseline.loaded or ()), set(baseline.early or ())
    spec["stale"] = {path for path, place in places.items() if place in loaded}
    if baseline.loaded is None or (spec["stale"] and (baseline.early is None or spec["probe"])):
        return False
    return not early & set(places.values())


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
    found = Round()
    for name, value in json.loads(told.readline()).items():
        setattr(found, name, value)
    return found


def try_candidates(
    spec: "dict", scratch: str, limits_s: "tuple[float, float]", number: int, queue: int, out: int
) -> None:
    """Try candidates from the queue until it or the time is at its end."""
    stamp = 1000000000 + number
    while time.time() < spec["deadline"]:
        token = os.read(queue, 4)
        if len(token) < 4:
            return
        index = int.from_bytes(token, "big")
        stamp += 10
        undo, wrong = apply_edits(spec["candidates"][index], scratch, stamp)
        if wrong:
            row = dict(result_of(index, Round(), spec["tests"]), status="invalid", message=wrong)
        else:
            slowed = RECORDING_COST if spec.get("probe") and not spec["inputs"] else 1
            changed = {edit["path"] for edit in spec["candidates"][index]}
            if spec.get("early") and changed & spec["stale"]:
                told = early_round(spec)
            else:
                told = run_round(spec, scratch, *(slowed * limit_s for limit_s in limits_s))
            if told.inputs and told.ended and not told.failed:
                spec["inputs"] = more_like(told.inputs)  # the unchanged project did not get so far
                told = run_round(spec, scratch, *limits_s)
            row = result_of(index, told, spec["tests"])
            put_back(undo)
        os.write(out, (json.dumps(row) + "\n").encode())


def main() -> None:
    with open(sys.argv[1]) as stream:
        spec = json.load(stream)
    began = time.time()
    spec["deadline"] = began + spec["total_s"]
    spec["repository"] = os.path.realpath(spec["repository"])
    spec["inputs"] = []
    os.makedirs(spec["folder"], exist_ok=True)
    spec["options"] = pytest_options(spec["commands"])
    spec["runner"] = chosen_runner(spec)
    out = os.open(spec["results"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    if hasattr(gc, "freeze"):
        gc.freeze()  # children that never collect what they share with us copy fewer pages
    queue, feed = os.pipe()
    os.write(feed, b"".join(i.to_bytes(4, "big") for i in range(len(spec["candidates"]))))
    os.close(feed)
    count = min(4, len(os.sched_getaffinity(0)), 1 + len(spec["candidates"]) // 8)
    count = 1 if spec.get("probe") else count  # so that all candidates get the same inputs
    workers = []
    for number in range(count):
        pid = os.fork()
        if pid == 0:
            try:
                work(spec, number, queue, out)
                os._exit(0)
            finally:
                sys.stderr.flush()
                sys.excepthook(*sys.exc_info()) if sys.exc_info()[0] else None
                os._exit(1)
        workers.append(pid)
    codes = [os.waitpid(pid, 0)[1] for pid in workers]
    shutil.rmtree(spec["folder"], ignore_errors=True)
    print(json.dumps({"seconds": round(time.time() - began, 3), "runner": spec["runner"]}))
    sys.exit(0 if not any(codes) else 1)


if __name__ == "__main__":
    main()
