"""An open run."""

import threading
from pathlib import Path

import pytest

from swe_agent.agent.opened import Company, OpenRun
from swe_agent.agent.shared import Shared
from swe_agent.core.errors import SweAgentError


def opened(folder: Path) -> OpenRun:
    return OpenRun(folder, lambda _: None, Company())


def test_a_run_that_could_not_be_opened_can_be_opened_later(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "checkpoints").write_text("no room for a folder")
    with pytest.raises((SweAgentError, OSError)) as first:
        opened(run)
    (run / "checkpoints").unlink()
    with opened(run) as again:  # the first try is still known, as a batch's worker knows it
        assert again.state.started is None
    assert first.value is not None


def test_the_wait_for_a_turn_is_not_the_runs_time(tmp_path: Path) -> None:
    waited_s, turns = 0.05, threading.Semaphore(0)
    with OpenRun(tmp_path / "run", lambda _: None, Company(shared=Shared(turns=turns))) as run:
        began = run.began
        threading.Timer(waited_s, turns.release).start()
        with run.turn():
            assert run.began >= began + waited_s
            assert not turns.acquire(blocking=False)
        assert turns.acquire(blocking=False)
