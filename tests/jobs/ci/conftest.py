"""Whole answers: the gate by the command line, a run whose outcome the test chose, publishing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from swe_agent.jobs.ci.plan import read_plan
from swe_agent.jobs.ci.source import prepare
from swe_agent.jobs.ci.work import Workplace, work
from swe_agent.jobs.forges.remote import Remote
from swe_agent.settings.load import load
from tests.jobs.conftest import Outcome, Said, event
from tests.jobs.fake_github import FakeGitHub
from tests.jobs.forge_server import TOKEN


@pytest.fixture
def run_step(hub: FakeGitHub, tmp_path: Path) -> Callable[[Outcome], None]:
    """The run step over the plan that the gate left, with `outcome` for a run."""

    def run(outcome: Outcome) -> None:
        folder = tmp_path / "work"
        plan = read_plan(folder / "plan")
        remote = Remote(f"{hub.url}/{hub.repository}.git", "x-access-token", TOKEN)
        source = prepare(plan, tmp_path / "elsewhere", remote, folder)
        settings = load(repository=source.settings)
        runs, answer = folder / "runs", folder / "answer"
        work(plan, Workplace(source.tree, settings, runs, answer, outcome, lambda *_: []))

    return run


@pytest.fixture
def answer(ci, run_step) -> Callable[..., Said]:
    """A labelled issue answered from end to end; what publishing said."""

    def run(
        outcome: Outcome | None = None,
        *options: str,
        name: str = "issues",
        payload: dict[str, Any] | None = None,
        between: Callable[[], None] = lambda: None,
    ) -> Said:
        payload = payload or event("issue_labeled")
        begun = ci(name, payload, "--step", "gate", *options)
        assert begun.code == 0, begun.err
        run_step(outcome or Outcome())
        between()
        return ci(name, payload, "--step", "publish", *options)

    return run
