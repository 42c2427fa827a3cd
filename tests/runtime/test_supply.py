"""Sandboxes are opened before they are asked for, and none is left behind."""

import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from swe_agent.core.errors import EngineAway, SandboxLost
from swe_agent.core.events import Checkpoint
from swe_agent.core.protocols import Entry, Sandbox
from swe_agent.runtime.box import Limits
from swe_agent.runtime.engineless import EnginelessSandboxes
from swe_agent.runtime.setup import SetUp
from swe_agent.runtime.store import TreeStore
from swe_agent.runtime.supply import Supply

PATIENCE_S = 120.0


class Maker:
    """Opens real sandboxes and tells when."""

    def __init__(self, folder: Path) -> None:
        self.store = TreeStore(folder / "store")
        self.tree = self.tree_of(b"one")
        sandboxes = EnginelessSandboxes("none", self.store, Limits(), folder)
        prepared = sandboxes.prepare(SetUp(""), self.tree)
        self._open = partial(sandboxes.open, prepared)
        self.made: list[Sandbox] = []
        self.fault: Exception | None = None
        self._more = threading.Condition()

    def tree_of(self, content: bytes) -> str:
        entry = Entry("file", self.store.put(content), len(content), 0o644)
        return self.store.overlay(self.store.empty, {"f": entry})

    def make(self, checkpoint: Checkpoint) -> Sandbox:
        if self.fault and self.made:
            fault, self.fault = self.fault, None
            raise fault
        sandbox = self._open(checkpoint)
        with self._more:
            self.made.append(sandbox)
            self._more.notify_all()
        return sandbox

    def wait_for(self, count: int) -> None:
        with self._more:
            assert self._more.wait_for(lambda: len(self.made) >= count, PATIENCE_S)


@pytest.fixture
def maker(tmp_path: Path) -> Iterator[Maker]:
    made = Maker(tmp_path)
    with closing(made.store):
        yield made


def content(sandbox: Sandbox) -> bytes:
    return sandbox.read_file("f")


def is_gone(sandbox: Sandbox) -> bool:
    try:
        sandbox.run("true", 10)
    except (SandboxLost, OSError, ValueError):
        return True
    return False


def test_the_next_is_opened_while_the_first_works(maker: Maker) -> None:
    with Supply(maker.make, maker.tree, ahead=2) as supply, supply.fresh(maker.tree) as first:
        maker.wait_for(2)
        assert content(first) == b"one"
        with supply.fresh(maker.tree) as second:
            assert second is maker.made[1]
            assert content(second) == b"one"
    assert len(maker.made) == 2


def test_one_that_was_opened_ahead_gets_the_tree_that_is_asked_for(maker: Maker) -> None:
    other = maker.tree_of(b"two")
    with Supply(maker.make, maker.tree, ahead=1) as supply, supply.fresh(other) as sandbox:
        assert content(sandbox) == b"two"
        assert sandbox is maker.made[0]


def test_beyond_what_was_foreseen_one_is_opened_when_asked_for(maker: Maker) -> None:
    with Supply(maker.make, maker.tree) as supply:
        assert maker.made == []
        with supply.fresh(maker.tree) as sandbox:
            assert content(sandbox) == b"one"


def test_all_are_taken_away_in_the_end_asked_for_or_not(maker: Maker) -> None:
    with Supply(maker.make, maker.tree, ahead=2) as supply, supply.fresh(maker.tree):
        maker.wait_for(2)
    assert [is_gone(sandbox) for sandbox in maker.made] == [True, True]


def test_one_that_was_lost_meanwhile_is_replaced(maker: Maker) -> None:
    with Supply(maker.make, maker.tree, ahead=1) as supply:
        maker.wait_for(1)
        with pytest.raises(SandboxLost):
            maker.made[0].run("kill -9 $PPID", 10)
        with supply.fresh(maker.tree) as sandbox:
            assert content(sandbox) == b"one"
            assert sandbox is maker.made[1]


def test_a_fault_ahead_is_told_to_who_asks_and_the_next_try_is_anew(maker: Maker) -> None:
    with Supply(maker.make, maker.tree, ahead=2) as supply, supply.fresh(maker.tree):
        pass
    maker.fault = EngineAway("away", "wait")
    with Supply(maker.make, maker.tree, ahead=1) as supply:
        with pytest.raises(EngineAway):
            supply.open(Checkpoint(tree=maker.tree))
        with supply.fresh(maker.tree) as sandbox:
            assert content(sandbox) == b"one"


def test_one_that_was_looked_into_is_the_next_that_is_given_out(maker: Maker) -> None:
    with Supply(maker.make, maker.tree, ahead=1) as supply:
        with supply.peek() as looked_into:
            assert content(looked_into) == b"one"
        with supply.fresh(maker.tree) as sandbox:
            assert sandbox is looked_into
    assert len(maker.made) == 1


def test_where_none_could_be_made_to_look_into_the_next_look_tries_anew(maker: Maker) -> None:
    with Supply(maker.make, maker.tree, ahead=2) as supply, supply.fresh(maker.tree):
        maker.wait_for(2)
    maker.fault = EngineAway("away", "wait")
    with Supply(maker.make, maker.tree) as supply:
        with pytest.raises(EngineAway):
            supply.peek()
        with supply.peek() as sandbox:
            assert content(sandbox) == b"one"
