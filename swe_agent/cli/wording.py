"""Events in words: one or a few lines each, for a terminal or a log. All of it is safe to print."""

import json
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from swe_agent.core.events import (
    EnvironmentReady,
    Event,
    HumanSaid,
    LimitHit,
    ModelReplied,
    PhaseStarted,
    ReminderGiven,
    RolledBack,
    RunFinished,
    RunStarted,
    StrategyChosen,
    TestsRan,
    ToolCalled,
    ToolReturned,
)
from swe_agent.core.messages import ToolCall, Usage
from swe_agent.core.task import TestReport
from swe_agent.core.text import lines_of, visible

Tone = Literal["plain", "strong", "faint", "good", "bad", "warn"]

WIDTH = 100
"""Characters of a shortened text."""
QUOTED_LINES = 12
"""Lines shown of a reply or an observation with --verbose."""

_TELLING = ("path", "command", "pattern", "glob", "targets", "items", "summary", "step")


@dataclass(frozen=True, slots=True)
class Line:
    """One line for the user."""

    text: str
    tone: Tone = "plain"


def lines(event: Event, verbose: bool = False) -> list[Line]:
    """What the user is told of an event; nothing for most."""
    match event:
        case RunStarted():
            return [Line(f"issue    {one_line(event.task.issue).lstrip('# ')}", "faint")]
        case EnvironmentReady():
            return _environment(event)
        case StrategyChosen():
            return [Line(f"strategy {event.strategy}: {one_line(event.why)}", "faint")]
        case PhaseStarted():
            return [Line(f"{event.phase} (round {event.iteration})", "strong")]
        case TestsRan():
            return [_tests(event)]
        case RolledBack():
            return _rollback(event)
        case LimitHit():
            return [Line(f"limit reached: {one_line(event.message)}", "warn")]
        case RunFinished():
            return [Line(one_line(event.error), "bad")] if event.error else []
        case ReminderGiven(name="rebuilt"):
            return [Line(f"{one_line(event.note.text.partition('. ')[0])}.", "warn")]
        case ReminderGiven(name="not_restored"):
            return [Line(one_line(line), "warn") for line in event.note.text.splitlines()]
        case HumanSaid():
            return [Line(f"you said: {one_line(event.note.text)}", "faint")]
        case _:
            return _step(event, verbose)


def _step(event: Event, verbose: bool) -> list[Line]:
    match event:
        case ModelReplied() if verbose and event.turn.text.strip():
            return _quoted(event.turn.text, "> ")
        case ToolCalled():
            return [Line(f"{event.step:>4}  {call_words(event.call)}")]
        case ToolReturned() if event.observation.outcome != "ok":
            first = one_line(event.observation.text)
            return [Line(f"      {event.observation.outcome}: {first}", "warn")]
        case ToolReturned() if verbose:
            return _quoted(event.observation.text, "      ")
        case ReminderGiven() if verbose:
            return [Line(f"      reminder {event.name}", "faint")]
        case _:
            return []


def call_words(call: ToolCall) -> str:
    """A tool call in one line: its name and its most telling argument."""
    arguments = call.arguments
    candidates = arguments.get("candidates")
    if isinstance(candidates, list):
        plural = "" if len(candidates) == 1 else "s"
        return f"{visible(call.name)} {len(candidates)} candidate{plural}"
    for name in _TELLING:
        if name in arguments:
            return f"{visible(call.name)} {one_line(_plain(arguments[name]))}".rstrip()
    return f"{visible(call.name)} {one_line(_plain(arguments) if arguments else '')}".rstrip()


def report_words(report: TestReport) -> str:
    """A test report in a few words."""
    if not report.outcomes:
        return "no tests were found"
    counts = [f"{len(report.passed)} passed"]
    if report.failed:
        counts.insert(0, f"{len(report.failed)} failed")
    skipped = sum(status == "skipped" for status in report.outcomes.values())
    if skipped:
        counts.append(f"{skipped} skipped")
    return ", ".join(counts)


def usage_words(usage: Usage, cost_usd: float) -> str:
    """Tokens and money in a few words."""
    sent = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    if not sent and not usage.output_tokens:
        return "no tokens, $0.00"
    cached = f" ({count_words(usage.cache_read_tokens)} cached)" if usage.cache_read_tokens else ""
    read, written = count_words(sent), count_words(usage.output_tokens)
    return f"{read} tokens in{cached}, {written} out, ${cost_usd:.2f}"


def count_words(number: int) -> str:
    """A number at a glance.

    >>> count_words(950), count_words(12_345), count_words(2_500_000)
    ('950', '12.3k', '2.5M')
    """
    if number < 1000:
        return str(number)
    if number < 1_000_000:
        return f"{number / 1000:.1f}k"
    return f"{number / 1_000_000:.1f}M"


def time_words(seconds: float) -> str:
    """A time span at a glance.

    >>> time_words(4.2), time_words(75), time_words(7300)
    ('4.2 s', '1:15', '2:01:40')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def one_line(text: str, width: int = WIDTH) -> str:
    """The first line that says something, safe to print, shortened to `width` characters.

    >>> one_line("\\n  make\\n  make test\\n"), one_line("abcdefgh", 6)
    ('make ...', 'abc...')
    """
    said = [line.strip() for line in lines_of(text) if line.strip()]
    first = f"{said[0]} ..." if len(said) > 1 else "".join(said)
    shown = visible(first).replace("\t", " ")
    return shown if len(shown) <= width else f"{shown[: width - 3]}..."


def _plain(value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(str(item) for item in value)
    return json.dumps(value, ensure_ascii=False)


def _environment(event: EnvironmentReady) -> list[Line]:
    tests = " && ".join(event.test_commands) or "none found"
    image = f" ({visible(event.image)})" if event.image else ""
    return [
        Line(f"sandbox  {visible(event.sandbox)}{image}", "faint"),
        Line(f"tests    {one_line(tests)}", "faint"),
    ]


def _tests(event: TestsRan) -> Line:
    when = {"baseline": "before", "verdict": "on a fresh base"}.get(event.purpose, "now")
    report = event.report
    broken = not report.outcomes or any(code not in (0, 1) for code in report.exit_codes.values())
    tone: Tone = "bad" if report.failed else "warn" if broken else "good"
    return Line(f"tests {when}: {report_words(report)} ({time_words(report.duration_s)})", tone)


def _rollback(event: RolledBack) -> list[Line]:
    lost = f" (lost: {one_line(', '.join(event.lost))})" if event.lost else ""
    return [Line(f"rolled back: {one_line(event.reason)}{lost}", "warn")]


def _quoted(text: str, indent: str) -> list[Line]:
    shown = lines_of(text.strip())
    quoted = [Line(f"{indent}{visible(line)[:200]}", "faint") for line in shown[:QUOTED_LINES]]
    if len(shown) > QUOTED_LINES:
        quoted.append(Line(f"{indent}[... {len(shown) - QUOTED_LINES} more lines ...]", "faint"))
    return quoted


def age_of(seconds: float) -> str:
    """A time span in its largest unit.

    >>> age_of(90), age_of(200_000)
    ('2 min', '2 d')
    """
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
