"""Sandboxes are opened few at a time, those that are waited for first, and taken away behind."""

import threading
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from swe_agent.core.protocols import Sandbox
from swe_agent.runtime.crew import MOST_LEAVING, Crew, Wish
from swe_agent.runtime.supply import Supply
from tests.runtime.test_supply import PATIENCE_S, Maker, content, is_gone


def waiting(crew: Crew, count: int) -> None:
    """Until so many stand in line."""
    with crew._changed:
        assert crew._changed.wait_for(lambda: len(crew._queue) == count, PATIENCE_S)


def test_what_somebody_waits_for_goes_before_what_is_opened_ahead() -> None:
    order: list[str] = []
    with closing(Crew(at_once=1)) as crew:

        def come(name: str, wish: Wish) -> None:
            with crew.turn(wish):
                order.append(name)

        wishes = {"ahead": Wish(True), "later": Wish(True), "wanted": Wish(), "hurried": Wish(True)}
        with crew.turn(Wish()):
            threads = []
            for count, (name, wish) in enumerate(wishes.items(), 1):
                threads.append(threading.Thread(target=come, args=(name, wish)))
                threads[-1].start()
                waiting(crew, count)
            crew.hurry(wishes["hurried"])
            assert order == []
        for thread in threads:
            thread.join(PATIENCE_S)
    assert order == ["wanted", "hurried", "ahead", "later"]


def test_a_turn_is_given_back_where_the_work_fails() -> None:
    with closing(Crew(at_once=1)) as crew:
        with pytest.raises(OSError, match="broken"), crew.turn(Wish()):
            raise OSError("broken")
        with crew.turn(Wish()):
            pass


def test_it_waits_in_the_end_until_all_is_gone() -> None:
    class Slow:
        closed = threading.Event()

        def close(self) -> None:
            may_close.wait(PATIENCE_S)
            self.closed.set()

    may_close, crew, slow = threading.Event(), Crew(), Slow()
    crew.take_away(cast("Sandbox", slow))
    assert not slow.closed.is_set()
    may_close.set()
    crew.close()
    assert slow.closed.is_set()


def test_no_more_are_opened_than_are_taken_away_in_time(tmp_path: Path) -> None:
    class Slow:
        def close(self) -> None:
            may_close.wait(PATIENCE_S)

    may_close, opened = threading.Event(), threading.Event()
    with closing(Crew(at_once=1)) as crew:
        for _ in range(MOST_LEAVING):
            crew.take_away(cast("Sandbox", Slow()))

        def come() -> None:
            with crew.turn(Wish()):
                opened.set()

        thread = threading.Thread(target=come)
        thread.start()
        waiting(crew, 1)
        with crew._changed:
            assert crew._leaving == MOST_LEAVING
        assert not opened.is_set()
        may_close.set()
        assert opened.wait(PATIENCE_S)
        thread.join(PATIENCE_S)


def test_with_a_shared_crew_the_first_is_opened_ahead_too(tmp_path: Path) -> None:
    maker = Maker(tmp_path)
    with closing(maker.store), closing(Crew()) as crew:
        with Supply(maker.make, maker.tree, 4, crew) as supply:
            maker.wait_for(1)
            with supply.fresh(maker.tree) as sandbox:
                maker.wait_for(2)
                assert content(sandbox) == b"one"
            supply.expect(1)
            with supply.fresh(maker.tree) as ahead:
                assert ahead is maker.made[1]
        crew.close()
        assert len(maker.made) == 2
        assert all(map(is_gone, maker.made))
