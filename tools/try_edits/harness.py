"""Tries candidate edits against tests, one forked child each; runs inside the sandbox.

Usage: `python harness.py SPEC`, Python 3.6 or later. SPEC is JSON: `repository`, `candidates`
(lists of `{path, old, new}`), `tests` (ids), `commands` (the run's test commands), `options` (those
that set pytest up), `files` (extra ones, texts by path), `probe` (a `path` and `function` whose
behaviour is looked at, or null), `watch` (such functions whose variables are recorded on the
unchanged project), `total_s`, `memory_mb`, `folder` (scratch space, made here) and `results` (a
file that gets one JSON line a candidate).

The project is never imported in this process: each child imports it afresh from
a scratch copy in which the candidate's edits were made, and the copy is put back after; or, where
only functions change, it is forked from a process that has loaded the project (`warm.py`).
"""

# ruff: noqa: PTH103, PTH118, PTH123, UP031
# mypy: ignore-errors

import gc
import json
import os
import shutil
import sys
import time

from edits import add_files, apply_edits, copy_repository, put_back
from preload import preload
from probes import more_like
from rounds import BASELINE_S, Round, end_child, run_round
from runners import (
    MESSAGE_CHARS,
    aim_imports,
    chosen_runner,
    run_session,
)
from warm import Server, await_warm, early_round, leave_behind, warm_round, warmed

RECORDING_COST = 10
"""Times that a program of many small calls takes longer while its inputs are recorded."""
LENIENT = (["-o", "addopts="], ["-o", "filterwarnings=", "-W", "ignore"])
SLOW_S = 1.0
"""Where the unchanged tests take longer, quick tests come first and the first failure ends it."""


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

        def stand_by() -> "Server | None":
            leave_behind(spec, scratch, limits_s)
            return warmed(spec, scratch, limits_s)

        channel = run_session(spec, try_queued, stand_by)
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


def try_candidates(
    spec: "dict", scratch: str, limits_s: "tuple[float, float]", number: int, queue: int, out: int
) -> None:
    """Try candidates from the queue until it or the time is at its end."""
    stamp = 1000000000 + number
    await_warm(spec)
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
            told = warm_round(spec, changed)
            if told:
                pass
            elif spec.get("early") and changed & spec["stale"]:
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
