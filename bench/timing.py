"""Interleaved rounds, medians, and how a benchmark shows what it measured.

A case is a function that returns its own milliseconds, so it can make ready and clear away outside
the timed part. All cases take turns within a round: the machine's noise meets them alike.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Case = Callable[[], float]
Samples = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    key: str
    meaning: str
    aim: float | None = None
    """Most that it should be, in the key's own unit."""


def arguments(doc: str, rounds: int, quick_rounds: int) -> argparse.ArgumentParser:
    """A parser with the options that every benchmark takes; `rounds_of` reads them."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--quick", action="store_true", help=f"{quick_rounds} rounds")
    parser.add_argument("--rounds", type=int, help=f"default: {rounds}")
    parser.set_defaults(usual_rounds=rounds, quick_rounds=quick_rounds)
    return parser


def rounds_of(options: argparse.Namespace) -> int:
    """How many rounds to measure."""
    return options.rounds or (options.quick_rounds if options.quick else options.usual_rounds)


def timed(action: Callable[[], object]) -> float:
    """Milliseconds that an action takes."""
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


def interleaved(cases: Mapping[str, Case], rounds: int, warm: int = 1) -> Samples:
    """Every case once a round, in an order that changes; the first `warm` rounds are not kept."""
    shuffled = random.Random(0)
    samples: Samples = {name: [] for name in cases}
    names = list(cases)
    for number in range(warm + rounds):
        shuffled.shuffle(names)
        for name in names:
            took = cases[name]()
            if number >= warm:
                samples[name].append(took)
    return samples


def medians(samples: Samples, digits: int = 2) -> dict[str, float]:
    """The median of each case."""
    return {name: round(median(values), digits) for name, values in samples.items() if values}


def ratio(samples: Samples, of: str, to: str) -> float:
    """Median of the rounds' own ratios, which noise that lasts longer than a round leaves alone."""
    pairs = zip(samples[of], samples[to], strict=True)
    return round(median(one / other for one, other in pairs), 2)


def table(title: str, rows: Sequence[Row], found: Mapping[str, object], samples: Samples) -> str:
    """The table for people: median, spread and aim of each key."""
    lines = [title, f"  {'key':<22} {'median':>9} {'min':>9} {'max':>9} {'aim':>8}  meaning"]
    for row in rows:
        value = found.get(row.key)
        spread = samples.get(row.key, [])
        aim = "" if row.aim is None else f"{row.aim:g}"
        late = isinstance(value, float) and row.aim is not None and value > row.aim
        numbers = [value, min(spread, default=None), max(spread, default=None)]
        shown = " ".join(f"{_shown(number):>9}" for number in numbers)
        lines.append(f"  {row.key:<22} {shown} {aim:>8}{'!' if late else ' '} {row.meaning}")
    return "\n".join(lines)


def publish(shown: str, found: Mapping[str, object], as_json: bool) -> None:
    """The table on stdout; with `as_json` it goes to stderr, and stdout gets one JSON object."""
    print(shown, file=sys.stderr if as_json else sys.stdout)
    if as_json:
        print(json.dumps(found))


def _shown(number: object) -> str:
    if isinstance(number, float):
        return (
            f"{number:.3f}" if number < 1 else f"{number:.2f}" if number < 100 else f"{number:.0f}"
        )
    return "-" if number is None else str(number)
