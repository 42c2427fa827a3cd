"""Many runs of one process share a total; a later life starts from what their logs say."""

import random
import threading
from pathlib import Path

import pytest

from swe_agent.agent.desk import Desk
from swe_agent.agent.spending import Spent, purse_of, spent_in, total_purse
from swe_agent.agent.state import State
from swe_agent.core.errors import LimitReached, TransientModelFault
from swe_agent.core.events import Event, ModelCalled, ModelReplied
from swe_agent.core.messages import Turn, Usage
from swe_agent.core.protocols import Reserve
from swe_agent.models.purse import Purse
from swe_agent.settings.schema import LimitSettings, Settings
from swe_agent.trajectory.log import EventLog, read_log

TOTAL_USD, RUN_USD = 1.0, 0.4
SETTINGS = Settings(limits=LimitSettings(max_cost_usd=RUN_USD))


class Vendor:
    """Bills up to each reserve, from many threads."""

    def __init__(self) -> None:
        self.billed_usd = 0.0
        self._lock = threading.Lock()

    def bill(self, usd: float) -> None:
        with self._lock:
            self.billed_usd += usd


def life(folder: Path, total: Purse, vendor: Vendor, seed: int) -> None:
    """One process's share of a run: asks until a purse says no, or it dies with a request out."""
    dice = random.Random(seed)
    state = State()
    if (folder / "events.jsonl").exists():
        for line in read_log(folder / "events.jsonl"):
            state.apply(line.event)
    with EventLog(folder / "events.jsonl") as log:

        def append(event: Event) -> None:
            state.apply(log.append(event))

        purse = purse_of(SETTINGS, state, total)
        for step in range(1, 12):
            reserve = Reserve(dice.uniform(0.01, 0.2))
            with Desk(step, purse, append) as desk:
                try:
                    desk.calling("fake/m", reserve)
                except LimitReached:
                    return
                cost = reserve.usd * dice.choice((0.1, 0.6, 1.0))
                fate = dice.random()
                if fate < 0.2:
                    desk.failed(TransientModelFault("busy"), 1.0)
                    continue
                vendor.bill(cost)
                if fate < 0.4:
                    return
                desk.replied(Turn(text="ok", model="fake/m", usage=Usage(cost_usd=cost)))


@pytest.mark.parametrize("seed", range(10))
def test_runs_side_by_side_pass_neither_their_own_cap_nor_the_total(
    seed: int, tmp_path: Path
) -> None:
    folders = [tmp_path / f"run-{number}" for number in range(8)]
    vendor = Vendor()
    for again in range(3):
        spent = sum(map(spent_in, folders), Spent())
        assert spent.usd >= vendor.billed_usd - 1e-9
        total = total_purse(TOTAL_USD, 0, spent)
        threads = [
            threading.Thread(target=life, args=(folder, total, vendor, seed * 100 + again * 10 + n))
            for n, folder in enumerate(folders)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        assert total.spent_usd == pytest.approx(sum(map(spent_in, folders), Spent()).usd)
    assert all(spent_in(folder).usd <= RUN_USD + 1e-9 for folder in folders)
    assert 0.5 < vendor.billed_usd <= TOTAL_USD + 1e-9


def test_the_limit_says_whether_it_is_the_total() -> None:
    total = total_purse(1.0, 0, Spent(0.9))
    with pytest.raises(LimitReached, match=r"over \$1") as reached:
        purse_of(SETTINGS, State(), total).hold(Reserve(0.2))
    assert (reached.value.limit, reached.value.value) == ("total_cost", 1.0)
    with pytest.raises(LimitReached) as reached:
        purse_of(SETTINGS, State(), total_purse(9.0, 0)).hold(Reserve(0.5))
    assert (reached.value.limit, reached.value.value) == ("cost", RUN_USD)


def test_a_run_that_never_began_spent_nothing(tmp_path: Path) -> None:
    assert spent_in(tmp_path / "nowhere") == Spent()


def test_a_request_without_a_reply_is_spent_but_no_cost_of_a_reply() -> None:
    state = State()
    for _ in range(2):  # killed with the first on its way, and asked again
        state.apply(ModelCalled(step=1, model="fake/m", reserve_usd=0.2))
    assert state.money.spent_usd == pytest.approx(0.4)
    turn = Turn(text="ok", model="fake/m", usage=Usage(cost_usd=0.05))
    state.apply(ModelReplied(step=1, turn=turn, duration_s=0.1))
    assert state.money.spent_usd == pytest.approx(0.25)
    assert state.money.usage.cost_usd == 0.05
