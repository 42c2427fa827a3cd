"""The tool `localize`: where failing tests go and passing ones do not."""

from typing import Literal

from pydantic import Field, JsonValue

from swe_agent.aci.tool import Failed, ToolArguments, ToolOutput, Workbench
from swe_agent.core.text import visible
from swe_agent.index.corpus import Corpus
from swe_agent.index.coverage import How, collect
from swe_agent.index.lookup import corpus_of
from swe_agent.index.rank import Ranked, rank
from swe_agent.index.spectrum import Line, dstar, ochiai, suspicious_lines, suspicious_units
from swe_agent.verify.launching import environment_of, interpreters_of, options_of

SHOWN = 12
LINES_SHOWN = 8
KEPT_LINES = 3_000
FORMULAS = {"ochiai": ochiai, "dstar": dstar}


class Localize:
    """Run Python tests (pytest) with a record of the lines that each runs, and rank the functions
    by what failing tests run and passing ones do not.

    Name the failing tests and some that pass near them. With `about`, the words of an issue count.
    """

    name = "localize"
    writes = True

    class Arguments(ToolArguments):
        tests: tuple[str, ...] = Field((), description="Test ids or files; none: all tests.")
        about: str = Field("", description="Text of the issue.")
        formula: Literal["ochiai", "dstar"] = Field("ochiai", description="How to count.")
        timeout_s: float = Field(120.0, gt=0, le=900, description="Time for all tests.")

    def run(self, arguments: Arguments, bench: Workbench) -> ToolOutput:
        """The most suspicious functions, each with its most suspicious lines."""
        given = bench.test_commands
        how = How(tuple(interpreters_of(given)), environment_of(given), tuple(options_of(given)))
        runs = collect(bench.sandbox, arguments.tests, arguments.timeout_s, how)
        failing = sum(run.has_failed for run in runs)
        if not failing:
            raise Failed(f"None of the {len(runs)} tests that ran fails.", "no_failure")
        lines = suspicious_lines(runs, FORMULAS[arguments.formula])
        corpus = corpus_of(bench.sandbox.tree())
        spectrum = suspicious_units(lines, corpus)
        ranking = rank(corpus, arguments.about, spectrum=spectrum)
        shown = [place for place in ranking.functions if place.reasons][:SHOWN]
        head = f"{failing} of {len(runs)} tests fail. Most suspicious:"
        text = "\n".join([head, *(_row(place, lines) for place in shown)])
        return ToolOutput(visible(text), _kept(lines, corpus, spectrum))


def _row(place: Ranked, lines: dict[Line, float]) -> str:
    path = place.name.partition("::")[0]
    inside = [
        (-score, line)
        for (file, line), score in lines.items()
        if file == path and place.first < line <= place.last
    ]
    worst = ", ".join(str(line) for _, line in sorted(inside)[:LINES_SHOWN])
    where = f"; lines {worst}" if worst else ""
    return f"- {place.name}, lines {place.first}-{place.last}: {'; '.join(place.reasons)}{where}"


def _kept(
    lines: dict[Line, float], corpus: Corpus, spectrum: dict[int, float]
) -> dict[str, JsonValue]:
    """The same for a program: scores of lines and of functions, the highest first."""
    best = sorted(lines.items(), key=lambda item: (-item[1], item[0]))[:KEPT_LINES]
    rows: list[JsonValue] = [[path, line, _finite(score)] for (path, line), score in best]
    places: list[JsonValue] = [
        [f"{corpus.places[number].path}::{corpus.places[number].qualified}", _finite(score)]
        for number, score in sorted(spectrum.items(), key=lambda item: (-item[1], item[0]))
    ]
    return {"lines": rows, "functions": places}


def _finite(score: float) -> float:
    """JSON has no infinity."""
    return min(score, 1e9)
