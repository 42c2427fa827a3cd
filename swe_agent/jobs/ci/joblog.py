"""What the log of a failed CI job tells: how it tests, which tests fail, what it said at last."""

import re
import shlex
from dataclasses import dataclass

from swe_agent.core.text import lines_of

EXCERPT_LINES = 120
EXCERPT_CHARS = 8_000
MOST_FAILED = 30

_STAMP = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z ?(?:\d\d[OE]\+? ?)?")
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_SECTION = re.compile(r"^section_(?:start|end):\d+:\S+\r?")
_ENDED = re.compile(r"##\[error\]Process completed with exit code|ERROR: Job failed")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?::\S.*?|\S+\.py)(?: - .*)?$")
_UNITTEST = re.compile(r"^(?:FAIL|ERROR): (\w+) \((\w[\w.]*)\)")
_NESTED = re.compile(r"^(?:\S+: commands\[\d+\](?: \S+)?> |nox > |\$ |\+ )(.+)$")
_RUNNERS = re.compile(
    r"^(?:(?:\S*/)?python[\d.]* -m )?(?:pytest|py\.test|unittest)\b"
    r"|^(?:\S*/)?python[\d.]* \S*(?:runtests|manage)\.py\b"
    r"|^(?:go test|cargo test|npm (?:test|run test)|yarn (?:test|run test)|pnpm (?:test|run test)"
    r"|npx (?:jest|vitest|mocha)|mvn\b.*\b(?:test|verify)|(?:\./)?gradlew? .*\b(?:test|check)"
    r"|bundle exec (?:rspec|rake)|rspec|ctest|make (?:test|check))(?:\s|$)"
)
_WRAPPERS = re.compile(r"^(?:(?:uv|poetry|pdm|pipenv|hatch|rye) run|xvfb-run|time)\s+(?:--\s+)?")
_COVERAGE = re.compile(r"^(?:python[\d.]* -m )?coverage run\b.*?-m (?=pytest|unittest)")
_NOISE = re.compile(
    r"^(?:--cov(?:[-=].*)?|--no-cov|--junit-?xml(?:=.*)?|--color(?:=.*)?|--dist(?:=.*)?"
    r"|-n\S+|--numprocesses(?:=.*)?|--html(?:=.*)?|--durations(?:=.*)?)$"
)
_NOISE_WITH_VALUE = {
    "-n",
    "--numprocesses",
    "--dist",
    "--cov",
    "--cov-report",
    "--junitxml",
    "--junit-xml",
    "--color",
}


@dataclass(frozen=True, slots=True)
class LogFinding:
    """What a job's log tells."""

    command: str = ""
    """The test command that failed; empty: none was recognized."""
    failed: tuple[str, ...] = ()
    """Tests that it names as failed."""
    excerpt: str = ""
    """Its last lines before it gave up."""


def read_job_log(log: str) -> LogFinding:
    """Find the failing step of a job and what it ran.

    A log is output of programs that anybody may have written: the command found is run in the
    sandbox alone.
    """
    lines = [_plain(line) for line in lines_of(log)]
    end = max((at for at, line in enumerate(lines) if _ENDED.search(line)), default=len(lines))
    ran, start = _commands(lines, end)
    step = lines[start:end]
    nested = [match[1] for line in step if (match := _NESTED.match(line))]
    known = [found for line in (*ran, *nested) if (found := _runner(line))]
    failed: dict[str, None] = {}
    for line in step:
        if match := _FAILED.match(line):
            failed[match[1]] = None
        elif match := _UNITTEST.match(line):
            failed[match[2] if match[2].endswith(match[1]) else f"{match[2]}.{match[1]}"] = None
    excerpt = "\n".join(step[-EXCERPT_LINES:])[-EXCERPT_CHARS:]
    return LogFinding(known[-1] if known else "", tuple(failed)[:MOST_FAILED], excerpt)


def _plain(line: str) -> str:
    """A line without time stamp, colours and the parts that a carriage return overwrote."""
    bare = _ESCAPE.sub("", _SECTION.sub("", _STAMP.sub("", line.rstrip("\r"))))
    return bare.rpartition("\r")[2]


def _commands(lines: list[str], end: int) -> tuple[list[str], int]:
    """The commands of the last step that began before `end`, and where its output begins."""
    begun = max(
        (at for at, line in enumerate(lines[:end]) if line.startswith("##[group]Run ")), default=-1
    )
    if begun < 0:
        return [], 0
    closed = next((at for at in range(begun, end) if lines[at].startswith("##[endgroup]")), begun)
    said = [lines[begun].removeprefix("##[group]Run "), *lines[begun + 1 : closed]]
    shell = next((at for at, line in enumerate(said) if line.startswith("shell: ")), len(said))
    return _joined(said[:shell]), closed + 1


def _joined(lines: list[str]) -> list[str]:
    """Lines with a backslash at their end made one."""
    joined: list[str] = []
    is_open = False
    for line in lines:
        text = line.strip()
        if is_open:
            joined[-1] = f"{joined[-1].removesuffix(chr(92)).rstrip()} {text}"
        else:
            joined.append(text)
        is_open = text.endswith("\\")
    return [part.strip() for line in joined for part in re.split(r"&&|;", line)]


def _runner(line: str) -> str:
    """The test command in a line, without what only CI needs; empty if it is none."""
    text = re.sub(r"^(?:[A-Za-z_]\w*=\S* )+", "", line.strip())
    text = _COVERAGE.sub("python -m ", _WRAPPERS.sub("", text))
    if not _RUNNERS.match(text) or re.search(r"[|<>`$]", text):
        return ""
    try:
        words = shlex.split(text)
    except ValueError:
        return ""
    kept: list[str] = []
    skip = False
    for at, word in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else "-"
        if skip:
            skip = False
        elif word in _NOISE_WITH_VALUE:
            skip = not following.startswith("-")
        elif not _NOISE.match(word):
            kept.append(word)
    return shlex.join(kept)
