"""One prediction tried in a sandbox: patch, tests, log. What is graded is the log alone."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from shlex import quote

from swe_agent.core.errors import EnvironmentFault, ToolFailure
from swe_agent.core.protocols import CommandResult
from swe_agent.core.text import decoded
from swe_agent.jobs.evaluation.applying import (
    Applied,
    TrialBox,
    apply_patch,
    files_of,
    put_tests,
    require_git,
)
from swe_agent.jobs.evaluation.markers import (
    APPLIED,
    APPLY_FAILED,
    END,
    EXIT_CODE,
    START,
    defused,
)
from swe_agent.jobs.tasks_instance import AnswerKey

_SCRIPT = "/tmp/eval.sh"
_FIX, _FIX_SCRIPT = "/home/fix.patch", "/home/fix-run.sh"
"""Of an image that brings its own scripts: what it takes a fix from, and what it tries it with."""
_TIMEOUT_S = 300.0
_TAIL_BYTES = 60_000
_TOLD = re.compile(r"(?:^|\s)(?:-rA\b|-v+\b|--verbose\b|-json\b)")
_SILENT = re.compile(r"( -m unittest\b[^;&|]*?) (?:-q|--quiet)(?=\s|$)")
_QUIET = re.compile(r"(\bpython[\d.]* (?:-\S+ )*-m unittest\b|\bgo test\b)")
_HEAD = ("#!/bin/bash", "set -uxo pipefail")


@dataclass(frozen=True, slots=True)
class Exam:
    """How the tests of a task are run."""

    commands: Sequence[str]
    """The grading commands; unused where the task brings a script."""
    cwd: str = "."
    env: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 1800.0
    """Of all tests together."""
    script: str = ""
    """The task's own eval script, which applies the test patch and writes the markers itself."""
    fixes: bool = False
    """Whether the commands apply both patches themselves, the fix from where the image expects
    it."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A fresh box at a task's base, and how its tests are run as far as that was found."""

    box: TrialBox
    commands: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    """Folders of the environment inside the work tree."""
    is_own_image: bool = False
    """Whether it is the task's image as it stands."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What trying a prediction came to."""

    applied: bool
    journal: str
    """What was done, for a reader."""
    output: str = ""
    """The log that is graded; empty where no tests were run."""
    timed_out: bool = False


def exam_of(key: AnswerKey, ground: Ground, timeout_s: float) -> Exam:
    """How a task is graded: by its own script, its own commands, else by those that were found,
    over the files of the test patch."""
    if key.brings_scripts and ground.is_own_image:
        return Exam((_own_script(ground.box),), ".", ground.env, timeout_s, fixes=True)
    found = (_over_files(one, key.test_patch) for one in ground.commands)
    commands = tuple(map(telling, key.test or found))
    return Exam(commands, key.test_cwd, ground.env, timeout_s, key.eval_script)


def try_prediction(ground: Ground, key: AnswerKey, patch: str, exam: Exam) -> Trial:
    """Apply the patch to the base and run the tests.

    Raises:
        EnvironmentFault: the box has no git, or is lost.
    """
    box = ground.box
    if exam.fixes:
        return _try_own(box, patch, exam)
    applied = apply_patch(box, patch, ground.kept) if patch else Applied(True, "no patch")
    if not applied.ok:
        return Trial(False, applied.log)
    if exam.script:
        result = _run_script(box, exam)
        return _trial(applied.log, _whole(result), result.timed_out, exam)
    tests = put_tests(box, key.test_patch)
    journal = f"{applied.log}\ntest patch: {'applied' if tests.ok else 'FAILED'}\n{tests.log}"
    if not tests.ok:
        return Trial(True, journal, output=f"test patch\n{defused(tests.log)}")
    output, code, timed_out = _run_commands(box, exam)
    return _trial(journal, _marked(output, code), timed_out, exam)


def _own_script(box: TrialBox) -> str:
    """The script that the image tries a fix with.

    Raises:
        EnvironmentFault: there is none.
    """
    result = box.execute(f"cat {_FIX_SCRIPT}", _TIMEOUT_S)
    if result.exit_code:
        raise EnvironmentFault(f"The task's image has no {_FIX_SCRIPT}, which its tests need.")
    return decoded(result.output)


def _try_own(box: TrialBox, patch: str, exam: Exam) -> Trial:
    """Hand the patch to the image's own script, which wants it to apply as it is."""
    require_git(box)
    box.write_file(_FIX, patch.encode("utf-8", "replace"))
    check = box.execute(f"git -c safe.directory='*' apply --check {_FIX}", _TIMEOUT_S)
    said = decoded(check.output)
    if check.exit_code:
        return Trial(False, f"{said}\n{APPLY_FAILED}")
    output, code, timed_out = _run_commands(box, exam)
    return _trial(f"{APPLIED}: by {_FIX_SCRIPT}", _marked(output, code), timed_out, exam)


def _marked(output: str, code: int) -> str:
    """A log as graders read it; what the tests print cannot write its markers."""
    return f"{START}\n{defused(output)}\n{END}\n{EXIT_CODE}: {code}\n"


def _over_files(command: str, test_patch: str) -> str:
    """A found command of pytest that names each test's outcome, for the test patch's files alone.

    >>> _over_files("python -m pytest", "+++ b/t/test_a.py\\n"), _over_files("make test", "")
    ('python -m pytest -rA t/test_a.py', 'make test')
    """
    if "pytest" not in command:
        return command
    names = [name for name in files_of(test_patch) if name.endswith(".py")]
    return " ".join((command, "-rA", *map(quote, names)))


def telling(command: str) -> str:
    """A task's own command so that its runner names each test: lists of tests are read from that.

    >>> telling("python3 -m unittest -q"), telling("go test ./... && echo done")
    ('python3 -m unittest -v', 'go test -v ./... && echo done')
    >>> telling("pytest -q")
    'export PYTEST_ADDOPTS="-rA $PYTEST_ADDOPTS"; pytest -q'
    """
    if _TOLD.search(command):
        return command
    if re.search(r"\bpytest\b", command):
        return f'export PYTEST_ADDOPTS="-rA $PYTEST_ADDOPTS"; {command}'
    return _QUIET.sub(r"\1 -v", _SILENT.sub(r"\1", command))


def recording(script: str) -> str:
    """A task's eval script that writes down how its tests ended, after the last marker.

    >>> print(recording(": '>>>>> Start Test Output'\\npytest\\n: '>>>>> End Test Output'"))
    #!/bin/bash
    set -uxo pipefail
    : '>>>>> Start Test Output'
    pytest
    TESTS_ENDED_WITH=$?
    : '>>>>> End Test Output'
    echo ">>>>> Test Exit Code: $TESTS_ENDED_WITH"
    """
    lines = script.rstrip("\n").split("\n")
    if lines[:2] != list(_HEAD):
        lines = [*_HEAD, *(lines[1:] if lines[0].startswith("#!") else lines)]
    at = next((at for at, line in enumerate(lines) if END in line), None)
    if at is None:
        return "\n".join(lines)
    told = f'echo "{EXIT_CODE}: $TESTS_ENDED_WITH"'
    return "\n".join((*lines[:at], "TESTS_ENDED_WITH=$?", lines[at], told, *lines[at + 1 :]))


def _run_script(box: TrialBox, exam: Exam) -> CommandResult:
    box.write_file(_SCRIPT, recording(exam.script).encode("utf-8", "replace"))
    return box.execute(f"/bin/bash {_SCRIPT}", exam.timeout_s)


def _run_commands(box: TrialBox, exam: Exam) -> tuple[str, int, bool]:
    """Output, exit code (of the first command that fails) and whether time ran out."""
    outputs: list[str] = []
    failed, left = 0, exam.timeout_s
    exports = "".join(f"export {name}={quote(text)}; " for name, text in exam.env.items())
    for command in exam.commands:
        line = f"{exports}cd {quote(exam.cwd)} && exec {box.shell} -c {quote(command)}"
        result = box.execute(line, left)
        outputs.append(_whole(result))
        failed = failed or result.exit_code
        left -= result.duration_s
        if result.timed_out or left <= 0:
            return "\n".join(outputs), failed, True
    return "\n".join(outputs), failed, False


def _trial(journal: str, log: str, timed_out: bool, exam: Exam) -> Trial:
    if timed_out:
        log += f"\n\nTimeout error: {exam.timeout_s:.0f} seconds exceeded."
    return Trial(True, journal, log, timed_out)


def _whole(result: CommandResult) -> str:
    """All that was written, as far as it was kept: of an endless output the beginning and the
    end."""
    if result.spool is None:
        return decoded(result.output)
    try:
        raw = result.spool.read_bytes()
    except OSError as error:
        raise ToolFailure(f"the output cannot be read back: {error.strerror}") from error
    finally:
        result.spool.unlink(missing_ok=True)
    if len(raw) < result.total_bytes:
        raw += b"\n[... elided ...]\n" + result.output[-_TAIL_BYTES:]
    return decoded(raw)
