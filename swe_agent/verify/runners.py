"""Runs test commands in a sandbox and says what each test came to.

A recorder is written to a scratch folder outside the repository and offered through the
environment, so the command itself stays as given. Its results, not the printed output, are read
where it was loaded.
"""

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources

from swe_agent.core.chunks import file_chunks
from swe_agent.core.errors import EnvironmentFault, SandboxStarved, ToolFailure
from swe_agent.core.protocols import BlobStore, CommandResult, Sandbox
from swe_agent.core.task import TestReport
from swe_agent.core.text import decoded
from swe_agent.verify.reports import (
    FAILURES_SHOWN,
    Outcomes,
    from_records,
    from_summary,
    last_lines,
    merged,
)

NOTHING_COLLECTED = 5
"""Exit code of pytest, and of unittest since Python 3.12, for a run without tests."""
TIMED_OUT = 124
_RESULTS_LIMIT_BYTES = 200_000_000
_TAIL_LINES = 60
_UNITTEST = re.compile(r"(?<=-m )unittest(?![\w.])")
_PYTEST = re.compile(r"(?<![\w.-])py\.?test(?![\w-])")
_OWN_PATH = re.compile(r"(^|[\s;&|(])PYTHONPATH=")
"""A command's own assignment, which would hide ours."""
_TELLING = re.compile(r"ERROR|E  |Ran 0 tests|no tests ran", re.IGNORECASE)
_NOT_RUNNABLE = (126, 127)
_KILLED = 137


@dataclass(frozen=True, slots=True)
class _Ran:
    command: str
    result: CommandResult
    outcomes: Outcomes
    per_test: bool
    """Whether the runner named single tests."""
    has_starved: bool = False
    """Whether the sandbox had ended for want of memory when it was over."""


def run_tests(
    sandbox: Sandbox,
    commands: Sequence[str],
    timeout_s: float,
    targets: Sequence[str] = (),
    blobs: BlobStore | None = None,
) -> TestReport:
    """Run each command once, in order, and report every test.

    `timeout_s` bounds each command. `targets` restrict pytest and unittest to these ids (or their
    files or classes); a command named by its own text runs whole; a target that nobody knows is an
    `error`. A command that ends badly although no test failed is an `error` of its own; so is one
    that uses up the sandbox's memory and ends it, and those that come after.

    Raises:
        SandboxLost: the sandbox is gone.
    """
    wanted = tuple(target for target in targets if target not in commands)
    todo = [(command, tuple[str, ...]()) for command in commands if command in targets]
    if wanted or not targets:
        todo += [(command, wanted) for command in commands if command not in targets]
    ran: list[_Ran] = []
    for command, among in todo:
        if ran and ran[-1].has_starved:
            ran.append(_starved(command, "was not run: the one before it ended the sandbox"))
        else:
            ran.append(_run_one(sandbox, command, timeout_s, among))
    whole = merged(one.outcomes for one in ran)
    for target in wanted:
        if not _is_known(target, whole):
            broken = _broken_above(target, whole)
            why = f"{broken} does not load" if broken else "no test command collects it"
            why = "the sandbox ended" if ran and ran[-1].has_starved else why
            whole.note(target, "error", f"Unknown test {target!r}: {why}.")
    return _report(ran, whole, blobs)


def require_collected(report: TestReport, commands: Sequence[str]) -> None:
    """Raise where the test commands found no test at all, or could not even look for one.

    A command that timed out, was killed or broke in the repository's own conftest.py did run the
    repository's code: that may be the very bug, so it counts as a failing test.

    Raises:
        EnvironmentFault: with the command and the last line that it printed.
    """
    if report.outcomes and not any(_is_unusable(report, command) for command in commands):
        return
    codes = [f"`{command}` (exit {report.exit_codes.get(command, '?')})" for command in commands]
    said = [line.strip(" =") for line in report.tail.splitlines() if line.strip(" =")]
    telling = [line for line in said if _TELLING.match(line)]
    last = f": {(telling or said)[-1]}" if said else "."
    raise EnvironmentFault(
        f"The test command collects nothing: {', '.join(codes) or 'no command'}{last}",
        "Run it yourself in the repository, then give the right one with --test 'COMMAND' "
        "(and --setup 'COMMAND' if something must be installed first).",
    )


def _is_unusable(report: TestReport, command: str) -> bool:
    if report.outcomes.keys() - report.exit_codes.keys() or report.outcomes.get(command) != "error":
        return False
    if "conftest" in report.failures.get(command, ""):
        return False
    return (
        report.exit_codes.get(command, 0) < TIMED_OUT or report.exit_codes[command] in _NOT_RUNNABLE
    )


def _run_one(sandbox: Sandbox, command: str, timeout_s: float, targets: Sequence[str]) -> _Ran:
    scratch = f"/tmp/tests-{secrets.token_hex(8)}"
    name = f"recorder_{secrets.token_hex(4)}"
    kind = "unittest" if _UNITTEST.search(command) else "pytest"
    source = _source(f"{kind}_recorder.py")
    try:
        sandbox.write_file(f"{scratch}/{name}.py", source)
        if targets:
            sandbox.write_file(f"{scratch}/targets.json", json.dumps(list(targets)).encode())
    except ToolFailure as failure:
        raise EnvironmentFault(
            f"The sandbox has no writable /tmp for test results: {failure}",
            "Use an image whose /tmp can be written.",
        ) from failure
    try:
        ran = _recorded(sandbox, command, timeout_s, (scratch, name))
        sandbox.discard(scratch)
    except SandboxStarved as fault:
        return _starved(command, f"ended the sandbox, out of memory: {fault.message}")
    return ran


def _recorded(sandbox: Sandbox, command: str, timeout_s: float, recorder: tuple[str, str]) -> _Ran:
    """Run a command with the recorder of this folder and name, or without it if it cannot load."""
    scratch, name = recorder
    is_unittest = bool(_UNITTEST.search(command))
    beside = _OWN_PATH.sub(rf"\1PYTHONPATH={scratch}:", command)
    line = f'export PYTHONPATH="{scratch}${{PYTHONPATH:+:$PYTHONPATH}}"; '
    line += _UNITTEST.sub(name, beside) if is_unittest else _with_options(f"-p {name}", beside)
    result = sandbox.execute(line, timeout_s)
    raw = _contents(sandbox, f"{scratch}/results.jsonl")
    if raw is not None:
        return _judged(command, result, from_records(raw), per_test=True)
    if name.encode() not in result.output:
        return _printed(command, result)
    _drop_spools([result])
    if is_unittest:
        return _printed(command, sandbox.execute(command, timeout_s))
    return _without_recorder(sandbox, command, timeout_s, scratch)


def _starved(command: str, what: str) -> _Ran:
    """The outcome of a command whose sandbox ended for want of memory."""
    outcomes = Outcomes({command: "error"}, {command: f"The command {what}."}, ended=False)
    result = CommandResult(_KILLED, b"", 0, 0.0, out_of_memory=True)
    return _Ran(command, result, outcomes, per_test=True, has_starved=True)


def _with_options(options: str, command: str) -> str:
    return f'export PYTEST_ADDOPTS="${{PYTEST_ADDOPTS-}} {options}"; {command}'


def _without_recorder(sandbox: Sandbox, command: str, timeout_s: float, scratch: str) -> _Ran:
    """Run pytest where it cannot import the recorder (`python -I`), and read what it prints.

    pytest writes its XML report when a session is over, so without one the printed lines may be a
    dying test's own.
    """
    report = f"{scratch}/over.xml"
    options = f"-rA --continue-on-collection-errors --junitxml={report}"
    result = sandbox.execute(_with_options(options, command), timeout_s)
    if _contents(sandbox, report) is None:
        return _judged(command, result, Outcomes(ended=False), per_test=True)
    return _printed(command, result)


def _printed(command: str, result: CommandResult) -> _Ran:
    """The outcome of a command that loaded no recorder."""
    is_pytest = bool(_PYTEST.search(command))
    outcomes = from_summary(decoded(result.output)) if is_pytest else None
    if outcomes is not None:
        return _judged(command, result, outcomes, per_test=True)
    if is_pytest and result.exit_code == NOTHING_COLLECTED:
        return _Ran(command, result, Outcomes(), per_test=True)
    return _judged(command, result, Outcomes(), per_test=False)


def _judged(command: str, result: CommandResult, outcomes: Outcomes, *, per_test: bool) -> _Ran:
    """Add what the exit code says and the tests do not."""
    code = result.exit_code
    if not per_test:
        broke = result.timed_out or code in _NOT_RUNNABLE or _PYTEST.search(command)
        outcomes.note(command, "passed" if code == 0 else "error" if broke else "failed")
    elif not outcomes.ended or (code not in (0, NOTHING_COLLECTED) and not outcomes.has_failed):
        outcomes.note(command, "error")
    if command in outcomes.statuses and outcomes.statuses[command] != "passed":
        outcomes.texts[command] = (
            f"The command {_how(result)}.\n{last_lines(decoded(result.output))}"
        )
    return _Ran(command, result, outcomes, per_test)


def _how(result: CommandResult) -> str:
    if result.timed_out:
        return "timed out"
    if result.disk_limit_mb:
        return f"was stopped: it passed the disk limit of {result.disk_limit_mb} MB"
    if result.out_of_memory:
        limit = f" (limit {result.memory_limit_mb} MB)" if result.memory_limit_mb else ""
        return (
            f"ended with exit code {result.exit_code}: a process was killed, out of memory{limit}"
        )
    return f"ended with exit code {result.exit_code}"


def _contents(sandbox: Sandbox, path: str) -> bytes | None:
    try:
        return sandbox.read_file(path, _RESULTS_LIMIT_BYTES)
    except ToolFailure:
        return None


def _is_known(target: str, outcomes: Outcomes) -> bool:
    starts = tuple(f"{target}{mark}" for mark in ("::", "[", ".", "/"))
    return target in outcomes.statuses or any(test.startswith(starts) for test in outcomes.statuses)


def _broken_above(target: str, outcomes: Outcomes) -> str:
    """The file, class or module of a target that broke before its tests were known."""
    broken = (test for test, status in outcomes.statuses.items() if status == "error")
    return next((test for test in broken if target.startswith((f"{test}::", f"{test}."))), "")


def _report(ran: Sequence[_Ran], whole: Outcomes, blobs: BlobStore | None) -> TestReport:
    outputs = [(one.command, one.result) for one in ran]
    if blobs is None:
        _drop_spools(result for _, result in outputs)
    tails = [
        f"$ {command}\n{last_lines(decoded(result.output), _TAIL_LINES)}"
        for command, result in outputs
    ]
    shown = list(whole.texts.items())[:FAILURES_SHOWN]
    return TestReport(
        outcomes=whole.statuses,
        exit_codes={command: result.exit_code for command, result in outputs},
        tail="\n\n".join(tails),
        failures=dict(shown),
        duration_s=sum(result.duration_s for _, result in outputs),
        blob=_stored(outputs, blobs) if blobs else None,
    )


def _stored(outputs: Sequence[tuple[str, CommandResult]], blobs: BlobStore) -> str:
    """Store the whole output of all commands as one blob; spools are used up."""
    heads = [f"$ {command}\n".encode() for command, _ in outputs]
    sizes = [
        result.spool.stat().st_size if result.spool else len(result.output) for _, result in outputs
    ]
    total = sum(len(head) for head in heads) + sum(sizes) + max(0, len(outputs) - 1)
    blob = blobs.put_stream(total, _pieces(heads, [result for _, result in outputs]))
    _drop_spools(result for _, result in outputs)
    return blob


def _pieces(heads: Sequence[bytes], results: Sequence[CommandResult]) -> Iterator[bytes]:
    """Heads and outputs in turn, with a newline between commands."""
    for number, (head, result) in enumerate(zip(heads, results, strict=True)):
        yield b"\n" + head if number else head
        yield from file_chunks(result.spool) if result.spool else (result.output,)


def _drop_spools(results: Iterable[CommandResult]) -> None:
    for result in results:
        if result.spool is not None:
            result.spool.unlink(missing_ok=True)


def _source(name: str) -> bytes:
    return resources.files("swe_agent.verify.inside").joinpath(name).read_bytes()
