"""Geometry of plots: every drawn thing lies inside its drawing and means what it says."""

import pytest

from swe_agent.core.events import (
    Checkpoint,
    EnvironmentReady,
    ModelReplied,
    RunStarted,
    ToolReturned,
)
from swe_agent.core.messages import Observation, ToolCall, Turn
from swe_agent.core.task import Task
from swe_agent.jobs.report.plots import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Column,
    Plot,
    Sample,
    axis,
    columns,
    histogram,
    label,
    resolved_curve,
    time_axis,
)
from swe_agent.jobs.report.timeline import Lane, lanes_plot, timeline
from swe_agent.trajectory.log import Line
from swe_agent.trajectory.steps import recorded


def inside(plot: Plot) -> bool:
    return all(
        bar.x >= 0
        and bar.x + bar.width <= plot.width
        and bar.y >= 0
        and bar.height >= 0
        and bar.y + bar.height <= plot.height - plot.bottom + 0.01
        for bar in plot.bars
    )


@pytest.mark.parametrize("most", [0.0, 1e-6, 0.37, 1, 9.99, 87, 12345, 1e9])
def test_an_axis_ends_at_or_beyond_the_largest_value_in_few_round_steps(most: float) -> None:
    made = axis(most, 0, 100)
    assert made.most >= most
    assert 1 <= len(made.ticks()) - 1 <= 6
    assert made.at(0) == 0
    assert made.at(made.most) == 100


@pytest.mark.parametrize("most", [0.5, 3, 59, 61, 3599, 40_000, 1e6])
def test_a_time_axis_has_steps_that_people_count_in(most: float) -> None:
    made = time_axis(most, 0, 100)
    assert made.most >= most
    assert made.step < 1 or 60 % made.step == 0 or made.step % 60 == 0
    assert len(made.ticks("s")) <= 8


def test_a_histogram_counts_every_instance_once() -> None:
    samples = [Sample(value / 10, value % 3 == 0) for value in range(101)]
    plot = histogram("cost", samples, "$")
    assert inside(plot)
    assert sum(int(bar.title.split()[0]) for bar in plot.bars) == 101
    heights = sum(bar.height for bar in plot.bars if bar.tone == "good")
    per_one = plot.bars[0].height / int(plot.bars[0].title.split()[0])
    assert heights / per_one == pytest.approx(34, abs=0.1)


def test_histograms_of_nothing_and_of_one_value_are_drawn() -> None:
    assert histogram("steps", [], "", whole=True).bars == ()
    (bar,) = histogram("cost", [Sample(0.0, True)], "$").bars
    assert bar.tone == "good"


def test_the_curve_climbs_one_for_each_resolved_instance() -> None:
    samples = [Sample(1, True), Sample(4, True), Sample(8, False)]
    plot = resolved_curve("resolved over cost", samples, "$")
    points = [tuple(map(float, point.split(","))) for point in plot.curve.split(" ")]
    assert points[0] == (LEFT, HEIGHT - BOTTOM)
    assert points[-1][0] == WIDTH - RIGHT
    levels = sorted({y for _, y in points}, reverse=True)
    assert len(levels) == 3
    assert levels[0] - levels[1] == pytest.approx(levels[1] - levels[2], abs=0.02)
    assert all(TOP <= y <= HEIGHT - BOTTOM for _, y in points)


def test_columns_link_to_their_steps() -> None:
    plot = columns("tokens", [Column(n, f"step {n}", f"#i1s{n}") for n in range(1, 201)], "step")
    assert inside(plot)
    assert len(plot.bars) == 200
    assert plot.bars[6].link == "#i1s7"
    assert len(plot.x_ticks) <= 13


def test_labels_are_short() -> None:
    assert [label(value, "s") for value in (0, 30, 300, 5400)] == ["0 s", "30 s", "5 min", "1.5 h"]
    assert label(0.005, "$") == "$0.005"


def run(pause_s: float) -> Plot:
    """The timeline of a run of two steps with so long a pause between them."""
    call = ToolCall(id="c", name="view", arguments={})
    seen = Observation(call_id="c", tool="view", text="x")
    task = Task(id="t", issue="i", repository="/r")
    base = Checkpoint(tree="")
    started = RunStarted(
        run_id="r", version="1", task=task, model="m", strategy="react", base_tree=""
    )
    ready = EnvironmentReady(
        sandbox="docker",
        image="",
        profile="",
        root="/",
        shell="sh",
        test_commands=(),
        checkpoint=base,
    )
    turn = Turn(calls=(call,))
    events = [
        (0.0, started),
        (10.0, ready),
        (12.0, ModelReplied(step=1, turn=turn, duration_s=2.0)),
        (13.0, ToolReturned(step=1, observation=seen, duration_s=1.0)),
        (15.0 + pause_s, ModelReplied(step=2, turn=Turn(), duration_s=2.0)),
    ]
    lines = [Line(n, 1000 + ts, event) for n, (ts, event) in enumerate(events, 1)]
    return timeline(recorded(lines), "i1")


def test_a_timeline_has_a_span_for_all_work_and_links_to_the_steps() -> None:
    plot = run(0)
    assert inside(plot)
    assert [bar.tone for bar in plot.bars] == ["setup", "model", "tool", "model"]
    assert [bar.link for bar in plot.bars] == ["", "#i1s1", "#i1s1", "#i1s2"]


def test_the_time_between_an_interruption_and_its_resumption_is_cut_out() -> None:
    assert [bar.x for bar in run(100_000).bars] == [bar.x for bar in run(0).bars]
    assert [bar.x for bar in run(30).bars] != [bar.x for bar in run(0).bars]


def test_lanes_are_in_the_order_in_which_instances_began() -> None:
    lanes = [Lane("b", 1030, 1060, False, "#i2"), Lane("a", 1000, 1050, True, "#i1")]
    plot = lanes_plot(lanes)
    assert inside(plot)
    assert [(bar.link, bar.tone) for bar in plot.bars] == [("#i1", "good"), ("#i2", "bad")]
    assert plot.bars[0].x < plot.bars[1].x
    assert lanes_plot([]).bars == ()
