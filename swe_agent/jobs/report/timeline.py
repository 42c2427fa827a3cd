"""What a run did when: spans of work along its time, drawn as lanes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from swe_agent.core.events import EnvironmentReady, ModelReplied, TestsRan, ToolReturned
from swe_agent.jobs.report.plots import Axis, Bar, Plot, time_axis
from swe_agent.trajectory.steps import Recording

Kind = Literal["setup", "model", "tool", "tests"]
LANES: tuple[Kind, ...] = ("setup", "model", "tool", "tests")
PAUSE_S = 60.0
"""A longer time without work is a pause: the run was stopped and resumed. It is cut out."""
_WIDTH, _LANE, _TOP, _BOTTOM, _LEFT, _RIGHT = 1080, 22, 6, 38, 16, 34


@dataclass(frozen=True, slots=True)
class Span:
    """Work from one moment to another, in seconds since the epoch."""

    kind: Kind
    begin: float
    end: float
    step: int = 0
    """0: it belongs to no step."""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """One instance along the batch's time."""

    name: str
    begin: float
    end: float
    resolved: bool
    link: str


def spans_of(recording: Recording) -> list[Span]:
    """All work that the log gives times for, by its end."""
    spans: list[Span] = []
    step = 0
    for line in recording.lines:
        match line.event:
            case EnvironmentReady():
                spans.append(Span("setup", recording.began, line.ts, words="set-up"))
            case ModelReplied() as event:
                step = event.step
                words = f"step {step}: reply"
                spans.append(Span("model", line.ts - event.duration_s, line.ts, step, words))
            case ToolReturned() as event:
                words = f"step {event.step}: {event.observation.tool}"
                begin = line.ts - event.duration_s
                spans.append(Span("tool", begin, line.ts, event.step, words))
            case TestsRan() as event:
                begin = line.ts - event.report.duration_s
                spans.append(Span("tests", begin, line.ts, step, f"tests ({event.purpose})"))
            case _:
                pass
    return spans


def timeline(recording: Recording, prefix: str) -> Plot:
    """Lanes of set-up, model, tools and tests; a span of a step links to it.

    Args:
        recording: the run.
        prefix: of the anchors of its steps.
    """
    spans = spans_of(recording)
    clock = _clock(spans, recording.began)
    length = max((clock(span.end) for span in spans), default=0.0)
    across = time_axis(length, _LEFT, _WIDTH - _RIGHT, count=8)
    bars = []
    for span in spans:
        left, right = across.at(clock(span.begin)), across.at(clock(span.end))
        top = _TOP + LANES.index(span.kind) * _LANE
        took = f"{span.end - span.begin:.1f} s"
        link = f"#{prefix}s{span.step}" if span.step and span.kind != "tests" else ""
        size = (round(max(right - left, 1.0), 2), _LANE - 4)
        bars.append(Bar(left, top, *size, span.kind, f"{span.words}, {took}", link))
    return _drawn(("timeline", "time of work"), across, bars, len(LANES) * _LANE)


def lanes_plot(lanes: Sequence[Lane]) -> Plot:
    """One bar an instance along the time of the batch; it links to the instance."""
    start = min((lane.begin for lane in lanes), default=0.0)
    clock = _clock([Span("tool", lane.begin, lane.end) for lane in lanes], start)
    length = max((clock(lane.end) for lane in lanes), default=0.0)
    row = 16 if len(lanes) <= 60 else 9
    across = time_axis(length, _LEFT, _WIDTH - _RIGHT, count=8)
    bars = []
    for at, lane in enumerate(sorted(lanes, key=lambda lane: (lane.begin, lane.name))):
        left, right = across.at(clock(lane.begin)), across.at(clock(lane.end))
        tone = "good" if lane.resolved else "bad"
        size = (round(max(right - left, 1.5), 2), row - 3)
        words = f"{lane.name}, {lane.end - lane.begin:.0f} s"
        bars.append(Bar(left, _TOP + at * row, *size, tone, words, lane.link))
    return _drawn(
        ("instances over time", "time of work since the first began"),
        across,
        bars,
        len(lanes) * row,
    )


def _drawn(words: tuple[str, str], across: Axis, bars: Sequence[Bar], high: int) -> Plot:
    """Bars along the time: title and name of the axis, the axis, the bars, how high they stand."""
    return Plot(
        *words,
        "",
        across.ticks("s"),
        bars=tuple(bars),
        width=_WIDTH,
        height=_TOP + high + _BOTTOM,
        left=_LEFT,
        right=_RIGHT,
        bottom=_BOTTOM,
    )


def _clock(spans: Sequence[Span], began: float) -> Callable[[float], float]:
    """Seconds of work since the beginning, of a moment: pauses do not count."""
    pauses: list[tuple[float, float]] = []
    lost, busy_until = 0.0, began
    for span in sorted(spans, key=lambda span: span.begin):
        if span.begin - busy_until > PAUSE_S:
            lost += span.begin - busy_until
            pauses.append((span.begin, lost))
        busy_until = max(busy_until, span.end)

    def worked(ts: float) -> float:
        before = max((total for end, total in pauses if ts >= end), default=0.0)
        return max(0.0, ts - began - before)

    return worked
