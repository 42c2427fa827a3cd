"""The page: what the template shows, and the file. Everything of a run is escaped, and the page
holds no script at all."""

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from swe_agent import __version__
from swe_agent.core.errors import EnvironmentFault, UsageFault
from swe_agent.core.text import decoded, elided, lines_of, visible
from swe_agent.jobs.recordings import RUNS, is_batch
from swe_agent.jobs.report.plots import Column, Plot, Sample, columns, histogram, resolved_curve
from swe_agent.jobs.report.timeline import LANES, Lane, lanes_plot, timeline
from swe_agent.jobs.tally import Tally, Tried, tally_of, tried_of
from swe_agent.settings.content import content_path
from swe_agent.trajectory.steps import Recording, read_recording

if TYPE_CHECKING:
    import jinja2

TEMPLATE = "page.html.j2"
PATCH = "patch.diff"
_PATCH_LINES = 1500


@dataclass(frozen=True, slots=True)
class Depth:
    """How much of each run the page holds, so that a page of many runs stays small."""

    text_chars: int
    """Of a reply, an argument or an observation; longer ones are cut in the middle. 0: none."""

    @property
    def steps(self) -> bool:
        return self.text_chars > 0


@dataclass(frozen=True, slots=True)
class Shown:
    """One instance on the page."""

    anchor: str
    tried: Tried
    folder: Path | None
    """None: it has no run, or one that cannot be read."""
    times: tuple[float, float] = (0.0, 0.0)
    """Of the run's first and last event."""


@dataclass(frozen=True, slots=True)
class PatchLine:
    """A line of a patch and its class in the style sheet."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class Detail:
    """One run in full."""

    shown: Shown
    recording: Recording
    timeline: Plot
    plots: tuple[Plot, ...]
    patch: tuple[PatchLine, ...]
    before: dict[str, int]
    after: dict[str, int]
    failing: tuple[str, ...]


def depth_for(runs: int) -> Depth:
    """The depth that keeps a page of so many runs readable in a browser.

    >>> [depth_for(count).text_chars for count in (1, 20, 500)]
    [20000, 3000, 0]
    """
    return Depth(20_000 if runs == 1 else 3_000 if runs <= 60 else 0)


def write_page(source: Path, target: Path) -> Path:
    """Write the page of a run's folder or a batch's.

    Raises:
        UsageFault: the source is neither.
        EnvironmentFault: the page cannot be written.
    """
    batch = is_batch(source)
    if batch:
        tally = tally_of(source)
    else:
        row = tried_of(source.name, read_recording(source))
        tally = Tally(source.name, {row.id: row}, "verdict")
    shown = _shown(source, tally, batch)
    depth = depth_for(len(shown))
    values = {
        "name": tally.name,
        "batch": batch,
        "by": tally.by,
        "shown": shown,
        "totals": _totals(shown),
        "failures": Counter(one.tried.failure for one in shown if one.tried.failure),
        "plots": _plots(shown) if batch else (),
        "lanes": _lanes(shown) if batch else None,
        "kinds": LANES,
        "depth": depth,
        "details": _details(shown),
        "version": __version__,
        "made": time.strftime("%Y-%m-%d %H:%M %Z"),
    }
    _write(target, _template().generate(**values))
    return target


def _template() -> "jinja2.Template":
    """The page's template; what a run said is spelled out and escaped wherever it is shown."""
    import jinja2

    root = content_path("configs", f"report/{TEMPLATE}").parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(root),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cut"] = elided
    environment.filters["rows"] = lines_of
    try:
        return environment.get_template(TEMPLATE)
    except jinja2.TemplateError as fault:
        raise UsageFault(
            f"The template {root / TEMPLATE} cannot be read: {fault}.", "Correct it."
        ) from fault


def _shown(source: Path, tally: Tally, batch: bool) -> list[Shown]:
    found = []
    for number, tried in enumerate(sorted(tally.rows.values(), key=lambda row: row.id), 1):
        folder = source / RUNS / tried.id if batch else source
        recording = None if "/" in tried.id else _recording(folder)
        times = (recording.began, recording.ended) if recording else (0.0, 0.0)
        found.append(Shown(f"i{number}", tried, folder if recording else None, times))
    return found


def _totals(shown: Sequence[Shown]) -> dict[str, float]:
    rows = [one.tried for one in shown]
    return {
        "instances": len(rows),
        "resolved": sum(row.resolved for row in rows),
        "cost_usd": sum(row.cost_usd for row in rows),
        "steps": sum(row.steps for row in rows),
        "duration_s": sum(row.duration_s for row in rows),
    }


def _plots(shown: Sequence[Shown]) -> tuple[Plot, ...]:
    rows = [one.tried for one in shown]
    costs = [Sample(row.cost_usd, row.resolved) for row in rows]
    steps = [Sample(row.steps, row.resolved) for row in rows]
    times = [Sample(row.duration_s, row.resolved) for row in rows]
    return (
        resolved_curve("resolved over cost", costs, "$"),
        resolved_curve("resolved over steps", steps, "", whole=True),
        histogram("cost", costs, "$"),
        histogram("steps", steps, "", whole=True),
        histogram("time", times, "s"),
    )


def _lanes(shown: Sequence[Shown]) -> Plot:
    begun = [one for one in shown if one.folder is not None]
    return lanes_plot(
        [Lane(one.tried.id, *one.times, one.tried.resolved, f"#{one.anchor}") for one in begun]
    )


def _details(shown: Iterable[Shown]) -> Iterator[Detail]:
    """The runs in full, one in memory at a time."""
    for one in shown:
        recording = _recording(one.folder) if one.folder else None
        if one.folder is not None and recording is not None:
            yield _detail(one, recording, one.folder)


def _detail(shown: Shown, recording: Recording, folder: Path) -> Detail:
    reports = [line.event for line in recording.lines if line.event.type == "tests_ran"]
    before = recording.baseline[-1].report if recording.baseline else None
    after = reports[-1].report if reports and reports[-1].purpose != "baseline" else None
    return Detail(
        shown=shown,
        recording=recording,
        timeline=timeline(recording, shown.anchor),
        plots=_step_plots(recording, shown.anchor),
        patch=_patch(folder / PATCH),
        before=dict(Counter(before.outcomes.values())) if before else {},
        after=dict(Counter(after.outcomes.values())) if after else {},
        failing=tuple(sorted(after.failed)) if after else (),
    )


def _step_plots(recording: Recording, anchor: str) -> tuple[Plot, ...]:
    """Tokens and money of each step; a plot of nothing is left out."""
    links = [f"#{anchor}s{step.number}" for step in recording.steps]
    tokens = [
        Column(step.tokens, f"step {step.number}: {step.tokens:,} tokens", link)
        for step, link in zip(recording.steps, links, strict=True)
    ]
    costs = [
        Column(step.usage.cost_usd, f"step {step.number}: ${step.usage.cost_usd:.4f}", link)
        for step, link in zip(recording.steps, links, strict=True)
    ]
    made = (
        (columns("tokens of each request", tokens, "step"), tokens),
        (columns("cost of each step", costs, "step", "$"), costs),
    )
    return tuple(plot for plot, values in made if any(one.value for one in values))


def _patch(path: Path) -> tuple[PatchLine, ...]:
    try:
        rows = lines_of(decoded(path.read_bytes()))
    except OSError:
        return ()
    shown = [PatchLine(row, _tone(row)) for row in rows[:_PATCH_LINES]]
    if len(rows) > _PATCH_LINES:
        shown.append(PatchLine(f"[... {len(rows) - _PATCH_LINES} more lines ...]", "cut"))
    return tuple(shown)


def _tone(row: str) -> str:
    if row.startswith(("diff --git", "+++", "---", "index ")):
        return "head"
    if row.startswith("@@"):
        return "hunk"
    return {"+": "plus", "-": "minus"}.get(row[:1], "same")


def _recording(folder: Path) -> Recording | None:
    try:
        return read_recording(folder)
    except UsageFault:
        return None


def _write(target: Path, pieces: Iterable[str]) -> None:
    """Write the page whole or not at all."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", errors="replace") as file:
            for piece in pieces:
                file.write(piece)
        part.replace(target)
    except OSError as error:
        raise EnvironmentFault(
            f"{target} cannot be written: {error.strerror}.", "Name another file with -o."
        ) from error
    finally:
        part.unlink(missing_ok=True)
