"""Geometry of plots: what a template draws as SVG. Pure; all coordinates are in pixels of the
plot."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10

WIDTH, HEIGHT = 400, 220
LEFT, RIGHT, TOP, BOTTOM = 48, 24, 12, 40
"""Margins around the drawing."""
BINS = 14
_ROUND = (1, 2, 5, 10)
_ROUND_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200)
"""Round steps of time, in seconds; beyond half a day they are days."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A filled box with a word for whoever points at it."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    """A class of the style sheet."""
    title: str
    link: str = ""
    """An anchor of the page; empty: none."""


@dataclass(frozen=True, slots=True)
class Plot:
    """One drawing with its axes."""

    title: str
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...] = ()
    y_ticks: tuple[Tick, ...] = ()
    bars: tuple[Bar, ...] = ()
    curve: str = ""
    """Points of a line, as SVG wants them; empty: no line."""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = RIGHT
    bottom: int = BOTTOM


@dataclass(frozen=True, slots=True)
class Axis:
    """Values along a line of pixels; the last tick is at or beyond the largest value."""

    most: float
    step: float
    begin: float
    end: float

    def at(self, value: float) -> float:
        """Where a value lies."""
        share = value / self.most if self.most else 0.0
        return round(self.begin + share * (self.end - self.begin), 2)

    def ticks(self, unit: str = "") -> tuple[Tick, ...]:
        """Round values from 0 on."""
        count = round(self.most / self.step) if self.step else 0
        values = [number * self.step for number in range(count + 1)]
        return tuple(Tick(self.at(value), label(value, unit)) for value in values)


@dataclass(frozen=True, slots=True)
class Sample:
    """One instance's value in a histogram or a curve."""

    value: float
    resolved: bool


@dataclass(frozen=True, slots=True)
class Column:
    """One step's value in a column chart."""

    value: float
    title: str
    link: str = ""
    tone: str = "plain"


@dataclass(slots=True)
class _Bin:
    low: float
    high: float
    counts: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})


def axis(most: float, begin: float, end: float, whole: bool = False, count: int = 5) -> Axis:
    """An axis from 0 to a round number that holds `most`.

    >>> axis(87, 0, 100).most, axis(87, 0, 100).step
    (100, 20)
    """
    if most <= 0:
        return Axis(1, 1, begin, end)
    raw = most / count
    power = 10 ** floor(log10(raw))
    step = next(one * power for one in _ROUND if one * power >= raw * 0.9999)
    step = max(1, round(step)) if whole or step >= 1 else step
    return Axis(ceil(most / step - 1e-9) * step, step, begin, end)


def time_axis(most: float, begin: float, end: float, count: int = 5) -> Axis:
    """The same for seconds: minutes and hours are round too.

    >>> time_axis(400, 0, 100).step, time_axis(9000, 0, 100).step
    (120, 1800)
    """
    raw = most / count
    if raw <= _ROUND_S[0]:
        return axis(most, begin, end, count=count)
    day = 86_400
    step = next((one for one in _ROUND_S if one >= raw), ceil(raw / day) * day)
    return Axis(ceil(most / step - 1e-9) * step, step, begin, end)


def label(value: float, unit: str = "") -> str:
    """A tick's words.

    >>> label(0.25, "$"), label(12000), label(90, "s"), label(7200, "s")
    ('$0.25', '12k', '1.5 min', '2 h')
    """
    if unit == "s" and value >= 3600:
        return f"{value / 3600:.3g} h"
    if unit == "s" and value >= 60:
        return f"{value / 60:.3g} min"
    short = f"{value / 1000:.3g}k" if value >= 10_000 else f"{value:.4g}"
    if unit == "$":
        return f"${short}"
    return f"{short} {unit}".rstrip()


def histogram(title: str, samples: Sequence[Sample], unit: str, whole: bool = False) -> Plot:
    """How often a value comes; resolved instances stand below, the others on top of them."""
    across = _across(samples, unit, whole)
    size = across.most / BINS
    if whole:
        size = max(1, ceil(across.most / BINS))
    bins = [_Bin(at * size, (at + 1) * size) for at in range(max(1, ceil(across.most / size)))]
    for one in samples:
        bins[min(len(bins) - 1, int(one.value / size))].counts[one.resolved] += 1
    tallest = max((sum(one.counts.values()) for one in bins), default=0)
    up = axis(tallest, HEIGHT - BOTTOM, TOP, whole=True)
    bars = [bar for one in bins for bar in _stack(one, across, up, unit)]
    return Plot(
        title, _axis_name(title, unit), "instances", across.ticks(unit), up.ticks(), (*bars,)
    )


def resolved_curve(title: str, samples: Sequence[Sample], unit: str, whole: bool = False) -> Plot:
    """How many instances are resolved with at most so much."""
    values = sorted(one.value for one in samples if one.resolved)
    across = _across(samples, unit, whole)
    up = axis(max(1, len(samples)), HEIGHT - BOTTOM, TOP, whole=True)
    points = [(across.at(0), up.at(0))]
    for count, value in enumerate(values, 1):
        points += [(across.at(value), points[-1][1]), (across.at(value), up.at(count))]
    points.append((across.at(across.most), points[-1][1]))
    curve = " ".join(f"{x},{y}" for x, y in points)
    name = f"{_axis_name(title, unit)} of one instance, at most"
    return Plot(title, name, "resolved", across.ticks(unit), up.ticks(), curve=curve)


def columns(title: str, values: Sequence[Column], x_label: str, unit: str = "") -> Plot:
    """One column a step."""
    up = axis(max((one.value for one in values), default=0.0), HEIGHT - BOTTOM, TOP)
    width = (WIDTH - LEFT - RIGHT) / max(1, len(values))
    gap = min(2.0, width * 0.2)
    bars = tuple(
        Bar(
            round(LEFT + at * width, 2),
            up.at(one.value),
            round(max(width - gap, 0.5), 2),
            round(HEIGHT - BOTTOM - up.at(one.value), 2),
            one.tone,
            one.title,
            one.link,
        )
        for at, one in enumerate(values)
    )
    every = max(1, ceil(len(values) / 12))
    ticks = tuple(
        Tick(round(LEFT + (at + 0.5) * width, 2), str(at + 1))
        for at in range(0, len(values), every)
    )
    return Plot(title, x_label, "", ticks, up.ticks(unit), bars)


def _across(samples: Sequence[Sample], unit: str, whole: bool) -> Axis:
    most = max((one.value for one in samples), default=0.0)
    if unit == "s":
        return time_axis(most, LEFT, WIDTH - RIGHT)
    return axis(most, LEFT, WIDTH - RIGHT, whole)


def _stack(one: _Bin, across: Axis, up: Axis, unit: str) -> list[Bar]:
    left, right = across.at(one.low) + 0.5, across.at(min(one.high, across.most)) - 0.5
    bars, below = [], 0
    for resolved, tone in ((True, "good"), (False, "bad")):
        count = one.counts[resolved]
        if count:
            top, bottom = up.at(below + count), up.at(below)
            words = "resolved" if resolved else "not resolved"
            span = f"{label(one.low, unit)} to {label(one.high, unit)}"
            size = (round(max(right - left, 0.5), 2), round(bottom - top, 2))
            bars.append(Bar(left, top, *size, tone, f"{count} {words}, {span}"))
        below += count
    return bars


def _axis_name(title: str, unit: str) -> str:
    """What an axis measures.

    >>> _axis_name("cost", "$"), _axis_name("resolved over steps", "")
    ('cost', 'steps')
    """
    return title.rpartition(" over ")[2] if " over " in title else title
