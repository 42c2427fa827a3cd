"""The money of a run: its purse as its events leave it, and what its folder says is gone.

Who runs many tasks makes one purse for all, with what earlier lives of them spent already, and
hands it to each run as `total`:

    spent = sum((spent_in(folder) for folder in folders), Spent())
    total = total_purse(max_total_usd, max_total_tokens, spent)
    solve(RunRequest(..., total=total), watch)
    resume(folder, watch, company=Company(total=total))

A run draws on both: its own cap (`limits.max_cost_usd`) and the total. Where the total stops it,
the run's limit is `total_cost` or `total_tokens`.
"""

from dataclasses import dataclass
from pathlib import Path

from swe_agent.agent.money import Money
from swe_agent.agent.state import State
from swe_agent.models.purse import Caps, Purse
from swe_agent.settings.schema import Settings
from swe_agent.trajectory.log import read_log

TOTAL = "total_"
"""What the limits of a purse for many runs begin with."""
LOG = "events.jsonl"


@dataclass(frozen=True, slots=True)
class Spent:
    """What is gone, reserves of requests without a reply included."""

    usd: float = 0.0
    tokens: int = 0
    """Of models whose price is unknown."""

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.usd + other.usd, self.tokens + other.tokens)


def purse_of(settings: Settings, state: State, total: Purse | None = None) -> Purse:
    """The purse of a run as its events leave it; it draws on `total`, where there is one.

    What the run spent so far is taken to be in the total already.
    """
    limits = settings.limits
    caps = Caps(limits.max_cost_usd, limits.max_unpriced_tokens)
    return Purse(caps, state.money.spent_usd, state.money.spent_tokens, total)


def total_purse(usd: float, tokens: int, spent: Spent | None = None) -> Purse:
    """A purse that many runs of one process share; safe to use from all their threads.

    Args:
        usd: what they may cost together.
        tokens: what they may use together of models without a known price.
        spent: what earlier lives of these runs used up (`spent_in`).
    """
    gone = spent or Spent()
    return Purse(Caps(usd, tokens, TOTAL), gone.usd, gone.tokens)


def spent_in(run_folder: Path) -> Spent:
    """What a run's log says is gone; nothing where it never began.

    Raises:
        UsageFault: its log is damaged.
    """
    log = run_folder / LOG
    if not log.exists():
        return Spent()
    money = Money()
    for line in read_log(log):
        money.apply(line.event)
    return Spent(money.spent_usd, money.spent_tokens)
