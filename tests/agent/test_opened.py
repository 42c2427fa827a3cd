"""An open run."""

from pathlib import Path

import pytest

from swe_agent.agent.opened import Company, OpenRun
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
