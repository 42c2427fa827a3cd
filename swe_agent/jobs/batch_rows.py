"""What a batch knows of each instance: a row, and what the rows come to together."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from pydantic import Field, JsonValue

from swe_agent.core.errors import ExitCode
from swe_agent.core.messages import Record, Usage
from swe_agent.core.result import RunResult
from swe_agent.core.task import VerdictWord

State = Literal["waiting", "running", "done", "failed", "parked"]
"""`done` is for good; `failed` and `parked` are tried again when the batch is started again."""
Failure = Literal[
    "",
    "no_patch",
    "unverified",
    "regressed",
    "limit",
    "task",
    "environment",
    "disk",
    "leak",
    "model",
    "parked",
    "access",
    "policy",
    "internal",
]
"""Why an instance is not solved: the patch (first three), the budget, the task itself (repository
or commit), the environment, the disk, history that can be reached, the provider, a rule, a bug."""


class Row(Record):
    """One instance in `results.json`."""

    instance_id: str
    state: State = "waiting"
    verdict: VerdictWord | None = None
    exit_code: int | None = None
    failure: Failure = ""
    error: str = ""
    """What happened and what to do about it, safe to print."""
    cost_usd: float = 0.0
    """Of replies that came."""
    spent_usd: float = 0.0
    """The same and the reserves of requests that were never answered: what the caps count."""
    spent_tokens: int = 0
    """Of models whose price is unknown."""
    usage: Usage = Usage()
    steps: int = 0
    iterations: int = 0
    rollbacks: int = 0
    duration_s: float = 0.0
    tries: int = 0
    """How often it was begun or resumed."""
    model: str = ""
    tainted: tuple[str, ...] = ()
    """Commands of the model that dug for history."""


class Totals(Record):
    """All rows together."""

    instances: int
    states: dict[str, int]
    verdicts: dict[str, int]
    failures: dict[str, int]
    cost_usd: float
    spent_usd: float
    steps: int
    usage: Usage
    tainted: int
    duration_s: float
    """Of all instances, one after the other."""


class Results(Record):
    """`results.json`."""

    batch: dict[str, JsonValue]
    totals: Totals
    instances: tuple[Row, ...]


class Done(Record):
    """How an instance came back from its worker."""

    row: Row
    patch: str = ""
    """The prediction, where the row is done."""
    again_in_s: float | None = None
    """When it may be tried again in this batch; None: not by itself."""
    stops: ExitCode | None = Field(None)
    """Nothing else would fare better: start no more, and end with this code."""


def row_of(result: RunResult, spent: tuple[float, int], limit: str) -> Row:
    """The row of a run that has finished.

    Args:
        result: what it came to.
        spent: dollars and unpriced tokens that the caps count.
        limit: name of the limit that ended it; empty: none.
    """
    verified = result.verdict == "verified"
    failure: Failure = "" if verified else "limit" if limit else _failure_of(result.verdict)
    return Row(
        instance_id=result.task_id,
        state="done",
        verdict=result.verdict,
        exit_code=result.exit_code,
        failure=failure,
        error=result.error,
        cost_usd=round(result.usage.cost_usd, 6),
        spent_usd=round(spent[0], 6),
        spent_tokens=spent[1],
        usage=result.usage,
        steps=result.steps,
        iterations=result.iterations,
        rollbacks=result.rollbacks,
        duration_s=result.duration_s,
        model=result.model,
    )


def totals_of(rows: Iterable[Row]) -> Totals:
    """What the rows come to."""
    rows = tuple(rows)
    return Totals(
        instances=len(rows),
        states=dict(Counter(row.state for row in rows)),
        verdicts=dict(Counter(row.verdict for row in rows if row.verdict)),
        failures=dict(Counter(row.failure for row in rows if row.failure)),
        cost_usd=round(sum(row.cost_usd for row in rows), 6),
        spent_usd=round(sum(row.spent_usd for row in rows), 6),
        steps=sum(row.steps for row in rows),
        usage=sum((row.usage for row in rows), Usage()),
        tainted=sum(bool(row.tainted) for row in rows),
        duration_s=round(sum(row.duration_s for row in rows), 3),
    )


def _failure_of(verdict: VerdictWord) -> Failure:
    return "" if verdict == "verified" else verdict
