"""What a runner left behind, read as outcomes: the recorders' lines, else pytest's printed summary.

Nothing here runs anything.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from swe_agent.core.task import Status, TestReport
from swe_agent.core.text import lines_of

FAILURES_SHOWN = 20
FAILURE_LINES = 30
_WORST: tuple[Status, ...] = ("error", "failed", "passed", "skipped")
_SUMMARY_HEAD = re.compile(r"^=+ short test summary info =+$")
_SUMMARY_LINE = re.compile(
    r"^(?:(PASSED|FAILED|ERROR|XFAIL|XPASS) |SUBFAILED(?:\[.*?\])?(?:\(.*?\))? )(.+)$"
)
_COUNT = re.compile(r"(\d+) (passed|failed|errors?)\b")
_STATUS_OF: Mapping[str, Status] = {
    "PASSED": "passed",
    "XPASS": "passed",
    "FAILED": "failed",
    "ERROR": "error",
    "XFAIL": "skipped",
}


@dataclass(slots=True)
class Outcomes:
    """What one command said of single tests."""

    statuses: dict[str, Status] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    """Id to failure text."""
    ended: bool = True
    """Whether every session of the runner said how it ended."""

    def note(self, test: str, status: Status, text: str = "") -> None:
        """Count an outcome; of two for one test the worse holds."""
        self.statuses[test] = worse(self.statuses.get(test, status), status)
        if text and len(self.texts) < FAILURES_SHOWN:
            self.texts.setdefault(test, text)

    @property
    def has_failed(self) -> bool:
        """Whether some test failed or broke."""
        return any(status in ("failed", "error") for status in self.statuses.values())


def worse(one: Status, other: Status) -> Status:
    """The status that counts where a test has two.

    >>> worse("passed", "failed")
    'failed'
    """
    return min(one, other, key=_WORST.index)


@dataclass(slots=True)
class _Session:
    collected: set[str] = field(default_factory=set)
    tests: list[tuple[str, Status, str]] = field(default_factory=list)
    end: int | None = None


def from_records(raw: bytes) -> Outcomes:
    """The outcomes that a recorder wrote; lines that are not its own are passed over.

    Tests that were collected but have no outcome are errors, unless the session ended by its own
    account with a failure (`-x`, a collection error): then they are unknown, which is not passing
    either.
    """
    sessions: dict[str, _Session] = {}
    for line in raw.splitlines():
        _take(line, sessions)
    outcomes = Outcomes()
    for session in sessions.values():
        for test, status, text in session.tests:
            outcomes.note(test, status, text)
        outcomes.ended = outcomes.ended and session.end is not None
        stopped_by_failure = session.end not in (None, 0) and any(
            status in ("failed", "error") for _, status, _ in session.tests
        )
        for test in () if stopped_by_failure else _unrun(session):
            outcomes.note(test, "error", "The test was collected, but its session ended before it.")
    return outcomes


def _unrun(session: _Session) -> list[str]:
    """Collected tests without an outcome; those of a skipped class or module are none."""
    skipped = tuple(f"{test}." for test, status, _ in session.tests if status == "skipped")
    seen = {test for test, _, _ in session.tests}
    return sorted(test for test in session.collected - seen if not test.startswith(skipped))


def _take(line: bytes, sessions: dict[str, _Session]) -> None:
    try:
        record = json.loads(line)
    except ValueError:
        return
    match record:
        case ["begin", str(name)]:
            sessions.setdefault(name, _Session())
        case ["collected", str(name), list(ids)]:
            sessions.setdefault(name, _Session()).collected.update(map(str, ids))
        case [
            "test",
            str(name),
            str(test),
            ("passed" | "failed" | "error" | "skipped") as status,
            str(text),
        ]:
            sessions.setdefault(name, _Session()).tests.append((test, status, text))
        case ["broken", str(name), str(test), str(text)]:
            sessions.setdefault(name, _Session()).tests.append((test, "error", text))
        case ["end", str(name), int(status)]:
            sessions.setdefault(name, _Session()).end = status
        case _:
            return


def from_summary(output: str) -> Outcomes | None:
    """The outcomes in pytest's last `short test summary info`; None where there is none to trust.

    A test may print such lines too, so their number must agree with the counts of pytest's last
    line.
    """
    lines = lines_of(output)
    heads = [number for number, line in enumerate(lines) if _SUMMARY_HEAD.match(line)]
    if not heads:
        return None
    outcomes = Outcomes()
    shown: list[str] = []
    for line in lines[heads[-1] + 1 :]:
        if match := _SUMMARY_LINE.match(line):
            word = match[1] or "FAILED"
            shown.append(word)
            text = match[2] if word in ("FAILED", "ERROR") else ""
            test = match[2] if word == "PASSED" else _id_in(match[2])
            outcomes.note(test, _STATUS_OF[word], text)
    counts = {word.rstrip("s"): int(number) for number, word in _COUNT.findall(lines[-1])}
    agree = all(
        counts.get(word.lower(), 0) == shown.count(word) for word in ("PASSED", "FAILED", "ERROR")
    )
    return outcomes if agree else None


def _id_in(entry: str) -> str:
    """The id at the start of a summary line; what follows its ` - ` is a message.

    >>> _id_in("a.py::t[x - y] - assert [1] == 2"), _id_in("a.py::t - assert a[1] - 2")
    ('a.py::t[x - y]', 'a.py::t')
    """
    bracket, dash = entry.find("["), entry.find(" - ")
    if dash < 0:
        return entry
    if bracket < 0 or dash < bracket:
        return entry[:dash]
    end = entry.find("] - ", bracket)
    return entry[: end + 1] if end >= 0 else entry


def merged(parts: Iterable[Outcomes]) -> Outcomes:
    """The outcomes of several commands as one."""
    whole = Outcomes()
    for part in parts:
        for test, status in part.statuses.items():
            whole.note(test, status, part.texts.get(test, ""))
        whole.ended = whole.ended and part.ended
    return whole


def last_lines(text: str, count: int = FAILURE_LINES, limit_chars: int = 8000) -> str:
    """The end of a text: at most so many lines and characters."""
    return "\n".join(lines_of(text.rstrip("\n"))[-count:])[-limit_chars:]


def passes(report: TestReport, test: str) -> bool:
    """Whether a report holds proof that a test passes.

    A test that broke before its tests were known (a file that did not import, a command that
    crashed) passes when its tests are there and none of them fails.

    >>> passes(TestReport(outcomes={"a.py::t": "passed"}), "a.py")
    True
    """
    status = report.outcomes.get(test)
    if status is not None:
        return status == "passed"
    if test in report.exit_codes:
        return report.exit_codes[test] == 0 and bool(report.passed)
    starts = (f"{test}::", f"{test}/", f"{test}.", f"{test}[")
    children = {
        known: status for known, status in report.outcomes.items() if known.startswith(starts)
    }
    return "passed" in children.values() and not {"failed", "error"} & set(children.values())
