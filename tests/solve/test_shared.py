"""Runs that share a process: what one waits for, and what it does not."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from swe_agent.agent.opened import Company
from swe_agent.agent.shared import Shared
from swe_agent.agent.spending import total_purse
from swe_agent.core.errors import LimitReached
from swe_agent.core.events import Event
from swe_agent.core.result import RunResult
from swe_agent.models.purse import Purse
from swe_agent.runtime.crew import Crew, Wish
from swe_agent.runtime.engine import connect
from swe_agent.settings.load import load
from swe_agent.solve import RunRequest, resume, solve
from tests.conftest import BASE_IMAGE
from tests.solve.conftest import SUBMIT, Reply
from tests.vendors import OpenAIServer

if TYPE_CHECKING:
    from swe_agent.runtime.engine import Engine

pytestmark = pytest.mark.docker

PATIENCE_S = 120.0
Begin = Callable[..., Future[RunResult]]


@pytest.fixture
def engine() -> Iterator["Engine"]:
    with closing(connect()) as client:
        yield client


@pytest.fixture
def begin(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Begin a run without tests in a thread: its name, endpoint, company, watcher and budget."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")

    def begun(
        name: str,
        url: str,
        shared: Shared,
        watch: Callable[[Event], None],
        total: Purse | None = None,
    ) -> Future[RunResult]:
        overrides = {
            "model": "openai/some",
            "models.base_url": url,
            "sandbox.image": BASE_IMAGE,
            "tests.skip": True,
        }
        settings = load(overrides=overrides)
        folder = tmp_path / name
        request = RunRequest(
            project, "test_add fails", settings, folder, shared=shared, total=total
        )
        return pool.submit(solve, request, watch)

    with ThreadPoolExecutor(2) as pool:
        yield begun


def test_the_first_request_waits_for_no_sandbox(begin: Begin, engine: "Engine") -> None:
    asked = threading.Event()

    def submitting(_: object) -> Reply:
        asked.set()
        return SUBMIT

    with closing(Crew(1)) as crew, OpenAIServer(submitting) as server:
        with crew.turn(Wish()):  # no other sandbox is opened meanwhile
            run = begin("run", server.url, Shared(engine, crew=crew), lambda _: None)
            was_asked = asked.wait(PATIENCE_S)
        assert run.result(PATIENCE_S).verdict == "no_patch"
    assert was_asked


def test_a_run_gets_ready_while_another_works_and_asks_when_that_is_done(
    begin: Begin, engine: "Engine"
) -> None:
    turns, ready, is_held = threading.Semaphore(1), threading.Semaphore(0), list[bool]()

    def submitting(_: object) -> Reply:
        if not is_held:
            assert all(ready.acquire(timeout=PATIENCE_S) for _ in range(2))
        is_held.append(not turns.acquire(blocking=False))
        return SUBMIT

    def watch(event: Event) -> None:
        if event.type == "environment_ready":
            ready.release()

    with closing(Crew()) as crew, OpenAIServer(submitting) as server:
        shared = Shared(engine, crew=crew, turns=turns)
        runs = [begin(name, server.url, shared, watch) for name in ("one", "other")]
        assert [run.result(PATIENCE_S).verdict for run in runs] == ["no_patch"] * 2
        assert all(is_held)
        assert len(is_held) == len(server.requests)
    assert turns.acquire(blocking=False)


def test_a_run_whose_first_request_the_budget_of_all_refuses_has_not_begun(
    begin: Begin, engine: "Engine", tmp_path: Path
) -> None:
    with closing(Crew()) as crew, OpenAIServer(lambda _: SUBMIT) as server:
        shared = Shared(engine, crew=crew)
        run = begin("run", server.url, shared, lambda _: None, total_purse(1.0, tokens=10))
        fault = run.exception(PATIENCE_S)
        assert isinstance(fault, LimitReached)
        assert (fault.limit, server.requests) == ("total_tokens", [])
        again = resume(tmp_path / "run", lambda _: None, company=Company(shared=shared))
        assert (again.verdict, again.steps > 0) == ("no_patch", True)
