"""`swe-agent compare`: two batches side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swe_agent.cli.options import Json

if TYPE_CHECKING:
    from pydantic import JsonValue

    from swe_agent.jobs.compare import Comparison, Quantity

NAMED = 20
"""Flips that are named; --json has all."""


def compare(
    first: Annotated[Path, typer.Argument(metavar="RUN_A", help="A batch folder.")],
    second: Annotated[Path, typer.Argument(metavar="RUN_B", help="Another, of the same tasks.")],
    as_json: Json = False,
) -> None:
    """Compare two batches: resolved, flips, cost, steps, time, failures.

    Only instances that both have are counted. Resolved is what `eval` said where its report lies in
    the folder, else the run's own verdict. Intervals are 95 %, from 10,000 paired bootstrap rounds.

    \b
    Example:
      swe-agent compare batches/before batches/after
    """
    from swe_agent.cli.screen import print_json
    from swe_agent.jobs.compare import compare as compared
    from swe_agent.jobs.tally import tally_of

    found = compared(tally_of(first.absolute()), tally_of(second.absolute()))
    if as_json:
        print_json(_json(found))
    else:
        _show(found)


def _show(found: "Comparison") -> None:
    from swe_agent.cli.screen import print_table, say, show

    count = len(found.common)
    say(f"A  {found.names[0]}  (resolved by {found.by[0]})")
    say(f"B  {found.names[1]}  (resolved by {found.by[1]})")
    for name, only in zip("AB", found.only, strict=True):
        if only:
            say(f"only in {name}: {len(only)} instances, not counted")
    if not count:
        say("They have no instance in common.")
        return
    say()
    shares = (_share(one, count) for one in found.resolved)
    rows = [(f"resolved of {count}", *shares, _resolved_words(found))]
    rows += [row for one in found.quantities for row in _rows(one)]
    rows += [(f"failed: {name}", str(a), str(b), "") for name, (a, b) in found.failures.items()]
    print_table(("", "A", "B", "B - A, mean [95 %]"), rows)
    say()
    show(f"gained {len(found.gained)}", "good" if found.gained else "plain")
    _name(found.gained)
    show(f"lost {len(found.lost)}", "bad" if found.lost else "plain")
    _name(found.lost)
    say(f"chance of so uneven flips if A and B were equal: {found.p_value:.3f}")


def _name(ids: tuple[str, ...]) -> None:
    from swe_agent.cli.screen import say

    for one in ids[:NAMED]:
        say(f"  {one}")
    if len(ids) > NAMED:
        say(f"  and {len(ids) - NAMED} more")


def _share(resolved: int, count: int) -> str:
    return f"{resolved} ({resolved / count:.1%})"


def _resolved_words(found: "Comparison") -> str:
    one = found.difference
    return f"{one.mean:+.1%} [{one.low:+.1%}, {one.high:+.1%}]"


def _rows(one: "Quantity") -> list[tuple[str, str, str, str]]:
    """In all, in the middle and at the ninth tenth; a difference is of one instance."""
    sign, digits = ("$", 4) if one.name == "cost_usd" else ("", 1)
    name = {"cost_usd": "cost", "steps": "steps", "duration_s": "seconds"}[one.name]
    whole = {"cost_usd": 2, "steps": 0, "duration_s": 0}[one.name]
    first, second, gap = one.first, one.second, one.difference
    words = f"{gap.mean:+,.{digits}f} [{gap.low:+,.{digits}f}, {gap.high:+,.{digits}f}]"

    def cells(a: float, b: float, places: int) -> tuple[str, str]:
        return f"{sign}{a:,.{places}f}", f"{sign}{b:,.{places}f}"

    return [
        (name, *cells(first.total, second.total, whole), words),
        ("  median", *cells(first.median, second.median, digits), ""),
        ("  p90", *cells(first.p90, second.p90, digits), ""),
    ]


def _json(found: "Comparison") -> "JsonValue":
    from dataclasses import asdict

    from pydantic import TypeAdapter

    whole: JsonValue = TypeAdapter(dict[str, object]).dump_python(asdict(found), mode="json")
    return whole
